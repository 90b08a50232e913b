// HolySheepClient: the OpenAI SDK's shape over a pool of endpoints. Sends, and hands out; what
// happens to a call is decided in the engine.
'use strict';

const { APIPromise, WholeCall, stringify } = require('./call.js');
const {
  CallSettings,
  LOG_LEVELS,
  checkClientOptions,
  configuration,
  headersOf,
  withQuery,
} = require('./configuration.js');
const { abortError, classes, closedError, errorOfFailure, requestError } = require('./errors.js');
const { camel } = require('./metadata.js');
const native = require('./native.js');
const { addResources } = require('./resources.js');
const { StreamCall } = require('./stream.js');

// withOptions() needs no other pool for these: they can be said with each call.
const OF_A_CALL = new Set([
  'timeout',
  'maxRetries',
  'defaultHeaders',
  'defaultQuery',
  'organization',
  'project',
  'onAttempt',
  'onDone',
]);

const TEXT_STATUS = 0;
const TEXT_METRICS = 1;
const TEXT_CONFIG = 2;
const TEXT_HEALTH = 3;
const TEXT_ALERTS = 4;

const PLAIN = new CallSettings({});

class HolySheepClient {
  #options;
  #handle;
  #hooks; // undefined, or {onAttempt, onDone}
  #defaults; // of withOptions(): options of each call
  #settings = PLAIN; // of calls without options of their own
  #key; // undefined, or {provide, last}

  constructor(options = {}, parent = undefined) {
    if (typeof options === 'string') options = { apiKey: options };
    checkClientOptions(options);
    this.#options = options;
    if (options.onAttempt || options.onDone) {
      this.#hooks = { onAttempt: options.onAttempt, onDone: options.onDone };
    }
    if (parent === undefined) {
      this.#open(options);
    } else {
      this.#share(parent.client, parent.changed);
    }
    addResources(this);
  }

  #open(options) {
    const asked = typeof options.apiKey === 'function';
    const document = configuration(options);
    const opened = native.open(asked ? withKeyToCome(document) : document);
    if (Array.isArray(opened)) throw errorOfFailure(opened);
    this.#handle = opened;
    if (asked) this.#key = { provide: options.apiKey, last: undefined };
    if (options.logger) this.#log(options.logger, options.logLevel ?? 'info');
  }

  #share(parent, changed) {
    this.#handle = parent.#handle;
    this.#key = parent.#key;
    const before = parent.#defaults ?? {};
    this.#defaults = {
      timeout: changed.timeout ?? before.timeout,
      maxRetries: changed.maxRetries ?? before.maxRetries,
      headers: { ...before.headers, ...headersOf(changed) },
      query: { ...before.query, ...changed.defaultQuery },
    };
    this.#settings = new CallSettings(this.#defaults);
  }

  #log(logger, level) {
    const methods = { 10: 'debug', 20: 'info', 30: 'warn', 40: 'error' };
    native.log(this.#handle, LOG_LEVELS[level], (number, text) => {
      const { message, ...fields } = JSON.parse(text);
      const write = logger[methods[number]];
      if (typeof write === 'function') write.call(logger, message, fields);
    });
  }

  // A client with other options. Where only what can be said with each call differs, it shares this
  // client's pool and its life; else it has a pool of its own.
  withOptions(options) {
    checkClientOptions(options);
    const merged = { ...this.#options, ...options };
    const alike = Object.keys(options).every((name) => OF_A_CALL.has(name));
    return new this.constructor(merged, alike ? { client: this, changed: options } : undefined);
  }

  // ---- requests -------------------------------------------------------------------------------

  // The resources' way in.
  post(path, body, options, shape) {
    const settings = options === undefined ? this.#settings : this.#settingsOf(options);
    const text = stringify(body);
    if (body.stream !== true) {
      return this.#send(new WholeCall(this, this.#hooks, shape, false), path, text, settings);
    }
    const call = new StreamCall(this, this.#hooks, native.MODE_JSON_EVENTS);
    return this.#send(call, path, text, settings);
  }

  get(path, options, shape) {
    const settings = options === undefined ? this.#settings : this.#settingsOf(options);
    const call = new WholeCall(this, this.#hooks, shape, false);
    return this.#send(call, path, undefined, settings, 'GET');
  }

  // Any request through the pool. `body`: an object (sent as JSON), a string or bytes (with
  // `contentType`). `as`: 'json' (the default), 'bytes', 'events' (a stream of server-sent events)
  // or 'stream' (a stream of bytes).
  request(method, path, body, { as = 'json', contentType, ...options } = {}) {
    if (typeof method !== 'string') throw requestError('method: expected a string');
    if (typeof path !== 'string') throw requestError('path: expected a string');
    const settings = this.#settingsOf(options);
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const sent = body === undefined || body === null ? undefined : raw ? body : stringify(body);
    const call = this.#callFor(as);
    return this.#send(call, path, sent, settings, method.toUpperCase(), contentType);
  }

  #callFor(as) {
    if (as === 'json') return new WholeCall(this, this.#hooks, undefined, false);
    if (as === 'bytes') return new WholeCall(this, this.#hooks, undefined, true);
    if (as === 'events') return new StreamCall(this, this.#hooks, native.MODE_EVENTS);
    if (as === 'stream') return new StreamCall(this, this.#hooks, native.MODE_BYTES);
    throw requestError(`as: expected 'json', 'bytes', 'events' or 'stream', not '${as}'`);
  }

  #settingsOf(options) {
    const before = this.#defaults;
    if (before === undefined) return new CallSettings(options);
    const headers =
      options.headers instanceof Headers ? Object.fromEntries(options.headers) : options.headers;
    return new CallSettings({
      ...options,
      timeout: options.timeout ?? before.timeout,
      maxRetries: options.maxRetries ?? before.maxRetries,
      headers: { ...before.headers, ...headers },
      query: { ...before.query, ...options.query },
    });
  }

  #send(call, path, body, settings, method, contentType) {
    const promise = APIPromise.of(call);
    call.handle = this.#handle;
    if (this.#handle.closed) {
      call.fail(closedError());
      return promise;
    }
    if (settings.signal !== undefined && !call.watch(settings.signal)) {
      call.fail(abortError(settings.signal.reason));
      return promise;
    }
    const target = settings.query === undefined ? path : withQuery(path, settings.query);
    if (this.#key === undefined) {
      submit(call, target, body, settings, method, contentType);
    } else {
      this.#sendWithKey(call, () => submit(call, target, body, settings, method, contentType));
    }
    return promise;
  }

  async #sendWithKey(call, send) {
    try {
      await this.#refreshKey();
    } catch (error) {
      call.fail(error);
      return;
    }
    if (this.#handle.closed) {
      call.fail(closedError());
    } else if (!call.failed) {
      send();
    }
  }

  // Asks for the key before each request, as the SDK does.
  async #refreshKey() {
    let key;
    try {
      key = await this.#key.provide();
    } catch (cause) {
      throw new classes.ConfigError(`apiKey: the function failed: ${cause?.message ?? cause}`, {
        cause,
      });
    }
    if (typeof key !== 'string' || key === '') {
      throw new classes.ConfigError('apiKey: the function must give a string that is not empty');
    }
    if (key === this.#key.last || this.#handle.closed) return;
    const failure = native.addon.setKey(this.#handle.number, key);
    if (failure !== undefined) throw errorOfFailure(failure);
    this.#key.last = key;
  }

  // ---- the pool -------------------------------------------------------------------------------

  #text(which) {
    if (this.#handle.closed) throw closedError();
    return native.addon.text(this.#handle.number, which);
  }

  // The endpoints as they stand now. Never waits.
  get pool() {
    return camel(JSON.parse(this.#text(TEXT_STATUS)).endpoints);
  }

  // Metrics in the Prometheus text format.
  metrics() {
    return this.#text(TEXT_METRICS);
  }

  // How the endpoints did over the last minutes.
  health() {
    return camel(JSON.parse(this.#text(TEXT_HEALTH)));
  }

  // The last alerts, the oldest first.
  alerts() {
    return camel(JSON.parse(this.#text(TEXT_ALERTS)));
  }

  // The configuration in force, completed and without secrets.
  configuration() {
    return JSON.parse(this.#text(TEXT_CONFIG));
  }

  // One small request to each endpoint, without failover, so that a broken one cannot hide.
  async check({ model, timeout } = {}) {
    const endpoints = this.configuration().endpoints;
    return Promise.all(endpoints.map((endpoint) => this.#checkOne(endpoint, model, timeout)));
  }

  async #checkOne({ name, models }, model = models?.[0] ?? 'gpt-4.1', timeout = undefined) {
    const holysheep = {
      allow: [name],
      max_wait_ms: 0,
      fallback_models: [],
      retry: { max_attempts: 1 },
    };
    const body = { model, messages: [{ role: 'user', content: 'test' }], max_tokens: 10 };
    try {
      const result = await this.post('/chat/completions', body, { holysheep, timeout });
      const { tookMs, httpStatus } = result._holysheep;
      return { endpoint: name, ok: true, status: httpStatus, tookMs, error: undefined };
    } catch (error) {
      const tookMs = error._holysheep?.tookMs ?? 0;
      return { endpoint: name, ok: false, status: error.status, tookMs, error };
    }
  }

  // Makes an endpoint, or all, healthy now.
  reset(endpoint) {
    if (this.#handle.closed) throw closedError();
    const failure = native.addon.reset(this.#handle.number, endpoint);
    if (failure !== undefined) throw errorOfFailure(failure);
  }

  // Another key for all endpoints that share the client's.
  setKey(key) {
    if (this.#handle.closed) throw closedError();
    const failure = native.addon.setKey(this.#handle.number, key);
    if (failure !== undefined) throw errorOfFailure(failure);
  }

  // ---- the end --------------------------------------------------------------------------------

  get closed() {
    return this.#handle.closed;
  }

  // Without `timeout`: calls in flight are cancelled. With: they have so many milliseconds to end
  // by themselves. Resolves when none is left, to whether all ended by themselves.
  async close({ timeout } = {}) {
    const handle = this.#handle;
    let clean = handle.inFlight === 0;
    if (!handle.closed && timeout !== undefined && !clean) {
      clean = await native.addon.drain(handle.number, timeout);
    }
    handle.close();
    await handle.idle();
    return clean;
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.close();
  }

  // For MockPool's clock; also of a HolySheepFailoverClient.
  static numberOf(client) {
    return #handle in client ? client.#handle.number : HolySheepClient.numberOf(client.client);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const shown = { closed: this.closed };
    if (!this.closed) {
      const { policy, endpoints } = this.configuration();
      shown.policy = policy;
      shown.endpoints = endpoints.map((endpoint) => endpoint.name);
    }
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  toJSON() {
    return this.closed ? { closed: true } : this.configuration();
  }
}

function submit(call, path, body, settings, method, contentType) {
  const failure = native.submit(
    call,
    path,
    body,
    method,
    settings.headers,
    settings.options,
    settings.timeoutMs,
    contentType,
  );
  if (failure !== undefined) call.fail(errorOfFailure(failure));
}

// The key is set before the first request; until then this stands for it. The pool is the client's
// own: what it shares with others, their keys would be too.
function withKeyToCome(document) {
  return JSON.stringify({ ...JSON.parse(document), api_key: 'to-come', isolated: true });
}

module.exports = { HolySheepClient };
