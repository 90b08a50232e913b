// A call whose answer comes whole, the promise of it, and what calls of both kinds share.
'use strict';

const { abortError, errorOf, requestError } = require('./errors.js');
const { CallMetadata } = require('./metadata.js');
const native = require('./native.js');

// The promise of a call's result. As the SDK's: withResponse() and asResponse() give the HTTP side.
class APIPromise extends Promise {
  #call;

  // What then() makes are plain promises.
  static get [Symbol.species]() {
    return Promise;
  }

  static of(call) {
    const promise = new APIPromise((resolve, reject) => {
      call.resolve = resolve;
      call.reject = reject;
    });
    promise.#call = call;
    return promise;
  }

  // The Response alone.
  asResponse() {
    return this.then(() => this.#call.response());
  }

  async withResponse() {
    const data = await this;
    return { data, response: this.#call.response(), request_id: this.#call.metadata.requestID };
  }
}

const INSIDE = { value: undefined, enumerable: false, configurable: true, writable: true };
const REQUEST_ID = {
  get() {
    return this._holysheep.requestID;
  },
  enumerable: false,
  configurable: true,
};

// Non-enumerable, so that the provider's body stays what it was for JSON.stringify and comparisons.
function attach(result, metadata) {
  INSIDE.value = metadata;
  Object.defineProperty(result, '_holysheep', INSIDE);
  INSIDE.value = undefined;
  Object.defineProperty(result, '_request_id', REQUEST_ID);
}

// Headers of an answer that say how it came over the wire, which is behind us.
const OF_THE_WIRE = new Set(['content-encoding', 'content-length', 'transfer-encoding']);
const STATUS_WITHOUT_BODY = new Set([101, 204, 205, 304]);

function makeResponse(metadata, httpStatus, body) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.headers)) {
    if (!OF_THE_WIRE.has(name.toLowerCase())) headers.append(name, value);
  }
  const empty = STATUS_WITHOUT_BODY.has(httpStatus);
  return new Response(empty ? null : body, { status: httpStatus, headers });
}

// What both kinds of call do with their signal.
class SignalledCall {
  constructor(client, hooks) {
    this.client = client; // so that it lives as long as its calls
    this.handle = undefined; // the native client, once it is known
    this.hooks = hooks;
    this.resolve = undefined;
    this.reject = undefined;
    this.slot = -1;
    this.failed = false;
    this.signal = undefined;
    this.onAbort = undefined;
    this.metadata = undefined;
  }

  // False if it is aborted already.
  watch(signal) {
    if (signal.aborted) return false;
    this.signal = signal;
    this.onAbort = () => {
      this.cancel();
      this.fail(abortError(signal.reason));
    };
    signal.addEventListener('abort', this.onAbort, { once: true });
    return true;
  }

  unwatch() {
    if (this.signal === undefined) return;
    this.signal.removeEventListener('abort', this.onAbort);
    this.signal = undefined;
  }

  cancel() {
    if (this.slot >= 0) native.addon.cancel(this.slot);
  }

  tellHooks(error) {
    const { onAttempt, onDone } = this.hooks;
    const { metadata } = this;
    if (onAttempt !== undefined) {
      for (const attempt of metadata.trace) guarded(onAttempt, attempt);
    }
    if (onDone !== undefined) guarded(onDone, { metadata, error });
  }
}

// A hook's exception is its owner's, not the call's: it surfaces as an uncaught one.
function guarded(hook, argument) {
  try {
    hook(argument);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

class WholeCall extends SignalledCall {
  constructor(client, hooks, shape, asBytes) {
    super(client, hooks);
    this.mode = asBytes ? native.MODE_WHOLE_BYTES : native.MODE_WHOLE;
    this.shape = shape;
    this.httpStatus = 0;
    this.body = undefined;
  }

  onDone(outcome, body, meta, message) {
    this.slot = -1;
    if (this.signal !== undefined) this.unwatch();
    const metadata = new CallMetadata(meta);
    this.metadata = metadata;
    this.httpStatus = outcome.httpStatus;
    this.body = body;
    if (outcome.status !== 0) {
      const text = typeof body === 'string' ? body : body.toString();
      this.fail(errorOf(outcome, message, metadata, text));
      return;
    }
    if (this.hooks !== undefined) this.tellHooks(undefined);
    this.resolve(this.result(body, metadata));
  }

  result(body, metadata) {
    if (typeof body !== 'string') return body;
    let result;
    try {
      result = JSON.parse(body);
    } catch {
      return body; // a path whose answers need not be JSON; the engine has checked the others
    }
    if (result === null || typeof result !== 'object') return result;
    attach(result, metadata);
    if (this.shape !== undefined) this.shape(result);
    return result;
  }

  fail(error) {
    this.failed = true;
    this.unwatch();
    if (this.hooks !== undefined && this.metadata !== undefined) this.tellHooks(error);
    this.reject(error);
  }

  response() {
    return makeResponse(this.metadata, this.httpStatus, this.body);
  }
}

// ---- bodies -----------------------------------------------------------------------------------

function stringify(body) {
  if (body === null || typeof body !== 'object') {
    throw requestError(`body: expected an object, not ${body === null ? 'null' : typeof body}`);
  }
  try {
    return JSON.stringify(body);
  } catch (cause) {
    throw requestError(describeUnwritable(body) ?? `body: ${cause.message}`, cause);
  }
}

// Where the BigInt or the cycle is.
function describeUnwritable(body) {
  const above = new Set();
  const walk = (value, path) => {
    if (typeof value === 'bigint') {
      return `${path}: a BigInt cannot be sent as JSON; make it a number or a string`;
    }
    if (value === null || typeof value !== 'object') return undefined;
    if (above.has(value)) return `${path}: refers to an object that contains it, which JSON cannot`;
    if (typeof value.toJSON === 'function') return undefined;
    above.add(value);
    for (const [key, member] of Object.entries(value)) {
      const word = /^[A-Za-z_$][\w$]*$/.test(key);
      const step = Array.isArray(value)
        ? `[${key}]`
        : word
          ? `.${key}`
          : `[${JSON.stringify(key)}]`;
      const found = walk(member, path + step);
      if (found !== undefined) return found;
    }
    above.delete(value);
    return undefined;
  };
  try {
    return walk(body, 'body');
  } catch {
    return undefined;
  }
}

module.exports = { APIPromise, SignalledCall, WholeCall, makeResponse, stringify };
