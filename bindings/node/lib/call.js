// A call whose answer comes whole, the promise of it, and what calls of both kinds share.
'use strict';

const { AsyncResource } = require('node:async_hooks');
const { setMaxListeners } = require('node:events');

const { abortError, classes, errorOf } = require('./errors.js');
const { read } = require('./json.js');
const { CallMetadata, headersOf } = require('./metadata.js');
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
    return this.then(() => this.#call.response(true));
  }

  async withResponse() {
    const data = await this;
    const call = this.#call;
    return { data, response: call.response(false), request_id: call.metadata.requestID };
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
  const headers = headersOf(metadata.headers, OF_THE_WIRE);
  const empty = STATUS_WITHOUT_BODY.has(httpStatus);
  return new Response(empty ? null : body, { status: httpStatus, headers });
}

// A promise that rejects with the error, whose stack is that of who awaits the call: the event that
// brought the error has none. It does so a few turns later, when that promise has been followed.
async function rejecting(error) {
  for (let turn = 0; turn < 3; ++turn) await undefined;
  Error.captureStackTrace(error);
  throw error;
}

// What both kinds of call do: with their signal, and with hooks.
class SignalledCall {
  constructor(client, hooks) {
    this.client = client; // so that it lives as long as its calls
    this.handle = undefined; // the native client, once it is known
    this.hooks = hooks;
    // Hooks run where the call was made: tracers and loggers keep what they know there.
    this.context = hooks === undefined ? undefined : new AsyncResource('HolySheepCall');
    this.resolve = undefined;
    this.reject = undefined;
    this.slot = -1;
    this.failed = false;
    this.signal = undefined;
    this.onAbort = undefined;
    this.aborted = false;
    this.metadata = undefined;
    this.timeLeft = undefined; // {timeoutMs, limitMs} where the key took a part of the limit
  }

  // Before it is sent.
  prepare(handle) {
    this.handle = handle;
  }

  setHooks(hooks) {
    this.hooks = hooks;
    this.context ??= new AsyncResource('HolySheepCall');
  }

  // False if it is aborted already.
  watch(signal) {
    if (signal.aborted) return false;
    this.signal = signal;
    this.onAbort = () => this.abort(reasonOf(signal));
    listen(signal, this.onAbort);
    return true;
  }

  // What was sent is told by the DONE event, which comes at once: the error waits for it.
  abort(reason) {
    if (this.slot < 0) {
      this.fail(abortError(reason));
      return;
    }
    this.aborted = true;
    this.reason = reason;
    this.cancel();
  }

  // The signal is the program's own object, and the call must end whatever that does.
  unwatch() {
    const { signal } = this;
    if (signal === undefined) return;
    this.signal = undefined;
    try {
      signal.removeEventListener('abort', this.onAbort);
    } catch {
      // It keeps a listener that does nothing any more.
    }
  }

  cancel() {
    if (this.slot >= 0) native.addon.cancel(this.slot);
  }

  // The error that a DONE event means, or undefined.
  errorOf(outcome, message, body) {
    const { metadata } = this;
    if (this.aborted) return abortError(this.reason, { outcome, metadata });
    if (outcome.status === 0) return undefined;
    if (this.timeLeft !== undefined) message = explained(message, this.timeLeft);
    return errorOf(outcome, message, metadata, typeof body === 'string' ? body : body.toString());
  }

  // Once, when the call has ended.
  tellHooks(error) {
    if (this.hooks === undefined) return;
    const { onAttempt, onDone } = this.hooks;
    this.hooks = undefined;
    const metadata = this.metadata ?? new CallMetadata('');
    this.context.runInAsyncScope(() => {
      if (onAttempt) {
        for (const attempt of metadata.trace) native.inform(onAttempt, attempt);
      }
      if (onDone) native.inform(onDone, { metadata, error });
    });
  }
}

// The engine knows what was left when the call came to it.
function explained(message, { timeoutMs, limitMs }) {
  const took = `the key took ${limitMs - timeoutMs} ms of it`;
  return message.replace(`, ${timeoutMs} ms)`, `, ${limitMs} ms; ${took})`);
}

function reasonOf(signal) {
  try {
    return signal.reason;
  } catch {
    return undefined;
  }
}

// Many calls may share one signal; each listener goes with its call, which Node's warning about
// many listeners cannot know.
function listen(signal, onAbort) {
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
}

class WholeCall extends SignalledCall {
  // `kind`: 'object' (the answer must be JSON), 'json' (it may be anything), 'bytes'.
  constructor(client, hooks, kind, shape) {
    super(client, hooks);
    this.mode = kind === 'bytes' ? native.MODE_WHOLE_BYTES : native.MODE_WHOLE;
    this.kind = kind;
    this.shape = shape;
    this.httpStatus = 0;
    this.body = undefined;
  }

  onDone(outcome, body, meta, message) {
    this.slot = -1;
    if (this.signal !== undefined) this.unwatch();
    this.metadata = new CallMetadata(meta);
    this.httpStatus = outcome.httpStatus;
    this.body = body;
    const error = this.errorOf(outcome, message, body);
    if (error !== undefined) {
      this.failed = true;
      this.tellHooks(error);
      this.resolve(rejecting(error));
      return;
    }
    const result = this.result(body, outcome);
    if (this.hooks !== undefined) this.tellHooks(undefined);
    this.resolve(result);
  }

  result(body, outcome) {
    if (this.kind === 'bytes') return body;
    let result;
    try {
      result = read(body);
    } catch {
      if (this.kind === 'json') return body;
      const { metadata } = this;
      throw new classes.APIResponseValidationError('the answer is not well-formed JSON', {
        outcome,
        metadata,
        body,
        code: 'response',
      });
    }
    if (result === null || typeof result !== 'object') return result;
    attach(result, this.metadata);
    if (this.shape !== undefined) this.shape(result);
    return result;
  }

  fail(error) {
    this.failed = true;
    this.reject(error);
    this.unwatch();
    this.tellHooks(error);
  }

  response() {
    return makeResponse(this.metadata, this.httpStatus, this.body);
  }
}

module.exports = { APIPromise, SignalledCall, WholeCall, makeResponse, rejecting };
