// HolySheepClient: the OpenAI SDK's shape over a pool of endpoints. Sends, and hands out; what
// happens to a call is decided in the engine.
'use strict';

const { APIPromise, WholeCall } = require('./call.js');
const {
  CallSettings,
  LOG_LEVELS,
  bytesOf,
  checkClientOptions,
  checkOptions,
  configuration,
  defaultsOf,
  defined,
  overDefaults,
  overOptions,
  textOf,
  withQuery,
} = require('./configuration.js');
const { abortError, classes, closedError, errorOfFailure, requestError } = require('./errors.js');
const { KeyHandles, setKey } = require('./key.js');
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
  'tracing',
]);

// Where @opentelemetry/api keeps what an SDK has registered.
const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1');

const CHECK_OPTIONS = { model: 'text', timeout: 'time' };
const CLOSE_OPTIONS = { timeout: 'time' };

const PLAIN = new CallSettings({});

class HolySheepClient {
  #options;
  #own; // the native client, where the key is no function
  #hooks; // undefined, or {onAttempt, onDone}
  #defaults; // of withOptions(): options of each call
  #fixed; // what the pool sends by itself
  #settings = PLAIN; // of calls without options of their own
  #keys; // where it is: a KeyHandles
  #isShared = false; // the native client is another's
  #closed = false;
  #monitor; // once somebody has asked
  #tracing; // the option: undefined is "where an SDK of OpenTelemetry is at work"

  constructor(options = {}, parent = undefined) {
    if (typeof options === 'string') options = { apiKey: options };
    checkClientOptions(options);
    this.#options = options;
    this.#tracing = options.tracing ?? undefined;
    if (this.#tracing === true) require('./tracing.js').expectApi();
    if (options.onAttempt || options.onDone) {
      this.#hooks = { onAttempt: options.onAttempt, onDone: options.onDone };
    }
    if (parent === undefined) {
      this.#open(options);
    } else {
      this.#share(parent.client, parent.defaults);
    }
    addResources(this, {
      post: (...request) => this.#post(...request),
      get: (...request) => this.#get(...request),
    });
  }

  #open(options) {
    const { apiKey, logLevel: level = 'info' } = options;
    const logger = options.logger ?? (options.logLevel ? console : undefined);
    const open = (document) => openHandle(document, level === 'off' ? undefined : logger, level);
    const { text, fixed } = configuration(options);
    if (typeof apiKey === 'function') this.#keys = new KeyHandles(apiKey, text, open);
    else this.#own = open(text);
    this.#fixed = fixed;
  }

  #share(parent, defaults) {
    this.#own = parent.#own;
    this.#keys = parent.#keys;
    this.#isShared = true;
    this.#fixed = parent.#fixed;
    this.#defaults = defaults;
    this.#settings = new CallSettings(this.#defaults);
  }

  get #handle() {
    return this.#keys === undefined ? this.#own : this.#keys.newest;
  }

  // A client with other options, headers and query added to this one's. Where only what can be said
  // with each call differs, it shares this client's pool, and ends with it; else it has its own.
  withOptions(options) {
    checkClientOptions(options);
    const changed = defined(options);
    const merged = overOptions(changed, this.#options);
    const defaults = Object.keys(changed).every((name) => OF_A_CALL.has(name))
      ? defaultsOf(changed, this.#defaults, this.#fixed)
      : undefined;
    return new this.constructor(merged, defaults && { client: this, defaults });
  }

  // ---- requests -------------------------------------------------------------------------------

  // The resources' way in. What is wrong with a request rejects the promise: nothing throws.
  #post(path, body, options, shape) {
    const call = isStreaming(body)
      ? new StreamCall(this, this.#hooks, native.MODE_JSON_EVENTS)
      : new WholeCall(this, this.#hooks, 'object', shape);
    return this.#send(call, path, options, () => textOf(body));
  }

  #get(path, options, shape) {
    const call = new WholeCall(this, this.#hooks, 'object', shape);
    return this.#send(call, path, options, nothing, 'GET');
  }

  // Any request through the pool. `body`: an object (sent as JSON), a string or bytes (with
  // `contentType`). `as`: 'json' (the default), 'bytes', 'events' (a stream of server-sent events)
  // or 'stream' (a stream of bytes).
  request(method, path, body, options) {
    const { as = 'json', contentType, ...others } = options ?? {};
    const call = this.#callFor(as, path);
    const write = () => {
      if (call === undefined) {
        throw requestError(`as: expected 'json', 'bytes', 'events' or 'stream', not '${as}'`);
      }
      if (typeof method !== 'string') throw requestError('method: expected a string');
      if (typeof path !== 'string') throw requestError('path: expected a string');
      if (contentType !== undefined && typeof contentType !== 'string') {
        throw requestError('contentType: expected a string');
      }
      return body === undefined || body === null ? undefined : bytesOf(body);
    };
    const sent = call ?? new WholeCall(this, this.#hooks, 'json');
    return this.#send(sent, path, others, write, upperCase(method), contentType);
  }

  #callFor(as, path) {
    if (as === 'json' || as === 'bytes') return new WholeCall(this, this.#hooks, as);
    if (as === 'events') {
      const call = new StreamCall(this, this.#hooks, native.MODE_EVENTS);
      call.isChat = /completions(\?|$)/.test(path);
      return call;
    }
    if (as === 'stream') return new StreamCall(this, this.#hooks, native.MODE_BYTES);
    return undefined;
  }

  #settingsOf(options) {
    if (options === undefined || options === null) return this.#settings;
    const before = this.#defaults;
    const merged = before === undefined ? options : overDefaults(options, before);
    return new CallSettings(merged, this.#fixed);
  }

  // `path`: a text, or a function that makes it.
  #send(call, path, options, write, method, contentType) {
    const promise = APIPromise.of(call);
    try {
      const settings = this.#settingsOf(options);
      const body = write();
      const target = typeof path === 'function' ? path() : path;
      this.#start(call, target, settings, body, method, contentType);
    } catch (error) {
      call.fail(error);
    }
    return promise;
  }

  #start(call, path, settings, body, method, contentType) {
    const handle = this.#handle;
    if (this.closed) throw closedError();
    call.prepare(handle);
    if (this.#tracing ?? globalThis[OPENTELEMETRY]?.trace) {
      const { watch } = require('./tracing.js');
      call.setHooks(watch(this.#tracing, call.hooks, handle, path, method));
    }
    if (settings.signal !== undefined && !call.watch(settings.signal)) {
      throw abortError(settings.signal.reason);
    }
    const target = settings.query === undefined ? path : withQuery(path, settings.query);
    if (this.#keys === undefined) submit(call, target, body, settings, method, contentType);
    else this.#sendWithKey(call, target, body, settings, method, contentType);
  }

  // The time limit holds for both, the key and the answer.
  async #sendWithKey(call, target, body, settings, method, contentType) {
    try {
      const { key, limitMs, timeoutMs } = await this.#keys.ask(settings);
      if (call.failed) return;
      if (timeoutMs < limitMs) call.timeLeft = { timeoutMs, limitMs };
      if (this.closed) throw closedError();
      call.prepare(this.#keys.of(key));
      submit(call, target, body, { ...settings, timeoutMs }, method, contentType);
    } catch (error) {
      call.fail(error);
    }
  }

  // ---- the pool -------------------------------------------------------------------------------

  // The native client's number; an error if it is closed.
  #number() {
    if (this.closed) throw closedError();
    return this.#handle.number;
  }

  // The endpoints as they stand now. Never waits.
  get pool() {
    return camel(JSON.parse(native.addon.clientStatus(this.#number())).endpoints);
  }

  // Metrics in the Prometheus text format.
  metrics() {
    return native.addon.clientMetrics(this.#number());
  }

  // What the calls did, by endpoint: a RateLimitMonitor. Outlives the client, with the engine's
  // counts: hence only once somebody has asked.
  get monitor() {
    if (this.#keys !== undefined && !this.closed) return this.#keys.monitor;
    if (this.#monitor === undefined) {
      const { adopt } = require('./monitor.js');
      this.#monitor = adopt(native.addon.clientMonitor(this.#number()));
    }
    return this.#monitor;
  }

  // How the endpoints did over the last minutes.
  health() {
    return this.monitor.getHealthReport();
  }

  // The last alerts, the oldest first.
  alerts() {
    return this.monitor.alerts;
  }

  // The configuration in force, completed and without secrets.
  configuration() {
    return JSON.parse(native.addon.clientConfig(this.#number()));
  }

  // One small request to each endpoint, without failover, so that a broken one cannot hide.
  async check(options) {
    const { model, timeout } = checkOptions(options ?? {}, CHECK_OPTIONS);
    const checks = JSON.parse(native.addon.clientChecks(this.#number()));
    return Promise.all(checks.map((check) => this.#checkOne(check, model, timeout)));
  }

  async #checkOne(check, model, timeout) {
    const name = check.endpoint;
    const body = { ...check.body, model: model ?? check.body.model };
    const options = { holysheep: check.options, timeout: timeout ?? check.timeout_ms };
    try {
      const result = await this.#post('/chat/completions', body, options);
      const { tookMs, httpStatus } = result._holysheep;
      return { endpoint: name, ok: true, status: httpStatus, tookMs, error: undefined };
    } catch (error) {
      const tookMs = error._holysheep?.tookMs ?? 0;
      return { endpoint: name, ok: false, status: error.status, tookMs, error };
    }
  }

  // What a status page says; without `url` that of the configuration. Waits up to 5 seconds, on
  // another thread. A page that does not answer is no error: `ok` is false.
  async checkService(url) {
    if (url !== undefined && url !== null && typeof url !== 'string') {
      throw requestError('url: expected a string');
    }
    const page = url ?? this.configuration().monitor.status_page_url;
    const found = await native.addon.checkService(page);
    if (Array.isArray(found)) throw errorOfFailure(found);
    return camel(JSON.parse(found));
  }

  // Makes an endpoint, or all, healthy now.
  reset(endpoint) {
    if (endpoint !== undefined && typeof endpoint !== 'string') {
      throw requestError('endpoint: expected a string');
    }
    const failure = native.addon.clientReset(this.#number(), endpoint);
    if (failure !== undefined) throw errorOfFailure(failure);
  }

  // Another key for an endpoint, or for all that share the client's.
  setKey(key, endpoint) {
    if (typeof key !== 'string') throw requestError('key: expected a string');
    if (endpoint !== undefined && typeof endpoint !== 'string') {
      throw requestError('endpoint: expected a string');
    }
    if (this.closed) throw closedError();
    if (this.#keys === undefined) setKey(this.#own, endpoint, key);
    else this.#keys.setKey(endpoint, key);
  }

  // ---- the end --------------------------------------------------------------------------------

  get closed() {
    return this.#closed || (this.#keys ?? this.#own).closed;
  }

  // Without `timeout`: calls in flight are cancelled. With: they have so many milliseconds to end
  // by themselves. Resolves when none is left, to whether all ended by themselves. One that shares
  // another's pool takes no more calls, and leaves those in flight alone.
  async close(options) {
    const { timeout } = checkOptions(options ?? {}, CLOSE_OPTIONS);
    this.#closed = true;
    return this.#isShared || (this.#keys ?? this.#own).finish(timeout);
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.close();
  }

  // For MockPool's clock; also of a HolySheepFailoverClient.
  static numberOf(client) {
    const own = client instanceof HolySheepClient ? client : client?.client;
    if (!(own instanceof HolySheepClient)) throw requestError('client: expected a client');
    return own.#handle.number;
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

function openHandle(document, logger, level) {
  const handle = native.open(document);
  if (Array.isArray(handle)) throw errorOfFailure(handle);
  if (!logger) return handle;
  const methods = { 10: 'debug', 20: 'info', 30: 'warn', 40: 'error' };
  handle.hear = (number, text) => {
    const { message, ...fields } = JSON.parse(text);
    const write = logger[methods[number]];
    if (typeof write === 'function') write.call(logger, message, fields);
  };
  native.listen(handle.number, handle);
  native.addon.clientLog(handle.number, LOG_LEVELS[level]);
  return handle;
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

// What cannot be read is told when the body is written.
function isStreaming(body) {
  try {
    return body?.stream === true;
  } catch {
    return false;
  }
}

function upperCase(method) {
  return typeof method === 'string' ? method.toUpperCase() : undefined;
}

function nothing() {
  return undefined;
}

module.exports = { HolySheepClient };
