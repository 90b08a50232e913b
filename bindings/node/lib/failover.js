// HolySheepFailoverClient: the class of HolySheep's tutorial, with its signatures. Policy
// `document` in its TypeScript form: it waits after every failure, not after a 429 alone.
'use strict';

const { HolySheepClient } = require('./client.js');
const { checkClientOptions, checkOptions, over, startingPoint } = require('./configuration.js');
const { requestError } = require('./errors.js');

// The tutorial's defaults of chatCompletion().
const TEMPERATURE = 0.7;
const MAX_TOKENS = 1000;

const CHAT_OPTIONS = { temperature: 'number', maxTokens: 'count' };

class HolySheepFailoverClient {
  #client;

  constructor(apiKey, options) {
    options ??= {};
    checkClientOptions(options);
    const config = startingPoint(options);
    const retry = over(config.retry, { delay_on: 'any_failure' });
    this.#client = new HolySheepClient({
      ...options,
      apiKey,
      policy: 'document',
      config: { ...config, retry },
    });
  }

  async chatCompletion(model, messages, options) {
    if (typeof model !== 'string') throw requestError('model: expected a string');
    if (!Array.isArray(messages)) throw requestError('messages: expected an array');
    checkOptions(options || {}, CHAT_OPTIONS);
    const { temperature = TEMPERATURE, maxTokens = MAX_TOKENS } = options || {};
    return this.#client.chat.completions.create({
      model,
      messages,
      temperature,
      max_tokens: maxTokens,
    });
  }

  getEndpointStatus() {
    return this.#client.pool.map((endpoint) => ({
      name: endpoint.name,
      status: endpoint.status,
      lastError: endpoint.lastError ?? undefined,
      url: endpoint.url,
      cooldownUntil: endpoint.untilUnixMs ?? 0,
    }));
  }

  // The client underneath, for everything that the tutorial's class has not.
  get client() {
    return this.#client;
  }

  close(options) {
    return this.#client.close(options);
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.close();
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const shown = this.#client.closed ? { closed: true } : this.getEndpointStatus();
    return `HolySheepFailoverClient ${inspect(shown, options)}`;
  }
}

module.exports = { HolySheepFailoverClient };
