// The tree of errors, named as the OpenAI SDK names its own, and how a call's end becomes one.
//
// Messages, codes and hints come from the engine. What may hold a prompt or an answer (the
// provider's body, the text so far) is not enumerable, so that printing an error does not print it.
'use strict';

const { headersOf } = require('./metadata.js');
const { addon } = require('./native.js');

const FLAG_ALL_ENDPOINTS_FAILED = 1;
const FLAG_RETRYABLE = 2;
const FLAG_NOTHING_SENT = 4;
const FLAG_MAYBE_BILLED = 8;

const E_CLOSED = -3;
const E_REQUEST = -102;
const E_STREAM_INTERRUPTED = -202;
const E_CANCELLED = -203;

function hidden(object, name, value) {
  Object.defineProperty(object, name, {
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  });
}

class HolySheepError extends Error {}

// What a call's end has beside its message; `metadata`: the call's, undefined if nothing was sent.
class APIError extends HolySheepError {
  constructor(message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const { outcome, metadata } = details;
    const found = metadata?.failure;
    this.status = outcome?.httpStatus > 0 ? outcome.httpStatus : undefined;
    this.code = found?.code ?? details.code;
    this.type = found?.type ?? undefined;
    this.param = found?.param ?? undefined;
    this.requestID = found?.request_id ?? metadata?.requestID ?? null;
    this.retryAfterMs = outcome?.retryAfterMs >= 0 ? outcome.retryAfterMs : null;
    this.endpoint = metadata?.endpoint ?? null;
    this.attempts = outcome?.attempts ?? metadata?.attempts ?? 0;
    this.retryable = ((outcome?.flags ?? 0) & FLAG_RETRYABLE) !== 0;
    this.maybeBilled = ((outcome?.flags ?? 0) & FLAG_MAYBE_BILLED) !== 0;
    this.nothingSent =
      outcome === undefined ? metadata === undefined : (outcome.flags & FLAG_NOTHING_SENT) !== 0;
    this.allEndpointsFailed = ((outcome?.flags ?? 0) & FLAG_ALL_ENDPOINTS_FAILED) !== 0;
    hidden(this, '_holysheep', metadata);
    hidden(this, 'body', details.body);
  }

  get trace() {
    return this._holysheep?.trace ?? [];
  }

  get headers() {
    return this._holysheep === undefined ? undefined : headersOf(this._holysheep.headers);
  }

  // The `error` member of the provider's body, or the body.
  get error() {
    if (!this.body) return undefined;
    try {
      const parsed = JSON.parse(this.body);
      return parsed?.error ?? parsed;
    } catch {
      return this.body;
    }
  }
}

// An answer that is none: a web page, bad JSON, an empty body.
class APIResponseValidationError extends APIError {}
class APIConnectionError extends APIError {}
class APITimeoutError extends APIConnectionError {}
class APIUserAbortError extends APIError {}
class APIStatusError extends APIError {}
class BadRequestError extends APIStatusError {}
class AuthenticationError extends APIStatusError {}
class PermissionDeniedError extends APIStatusError {}
class NotFoundError extends APIStatusError {}
class ConflictError extends APIStatusError {}
class UnprocessableEntityError extends APIStatusError {}
class RateLimitError extends APIStatusError {}
class InternalServerError extends APIStatusError {}

// A stream broke after content had been delivered: `partial` is the text so far.
class StreamInterruptedError extends APIError {
  constructor(message, details = {}) {
    super(message, details);
    hidden(this, 'partial', details.partial ?? '');
  }
}

// Ours, without HTTP: `code` is the status's name.
class CodedError extends HolySheepError {
  constructor(message, options) {
    super(message, options);
    this.code = options?.code ?? 'config';
  }
}
class ConfigError extends CodedError {}
class RequestError extends CodedError {}
class NoRouteError extends CodedError {}
class LimitError extends CodedError {}
class ClosedError extends CodedError {}

// A view over the tree: any error of a call that failed at every endpoint is one of these too.
class AllEndpointsFailedError extends APIError {
  static [Symbol.hasInstance](error) {
    return error instanceof HolySheepError && error.allEndpointsFailed === true;
  }
}

const CLASSES = new Map([
  [-200, APIConnectionError],
  [-201, APITimeoutError],
  [E_STREAM_INTERRUPTED, StreamInterruptedError],
  [E_CANCELLED, APIUserAbortError],
  [-204, APIConnectionError],
  [-205, APIResponseValidationError],
  [-300, BadRequestError],
  [-301, AuthenticationError],
  [-303, PermissionDeniedError],
  [-304, NotFoundError],
  [-309, ConflictError],
  [-322, UnprocessableEntityError],
  [-329, RateLimitError],
  [-350, InternalServerError],
  [-399, APIStatusError],
]);

// The error of a call that ended: `outcome` and `message` from its DONE event.
function errorOf(outcome, message, metadata, body, partial) {
  const ErrorClass = CLASSES.get(outcome.status);
  if (ErrorClass === undefined) {
    const error = codedError(outcome.status, message);
    if (outcome.retryAfterMs >= 0) error.retryAfterMs = outcome.retryAfterMs;
    hidden(error, '_holysheep', metadata);
    return error;
  }
  return new ErrorClass(message, {
    outcome,
    metadata,
    body,
    partial,
    cause: causeOf(metadata),
    code: addon.statusName(outcome.status),
  });
}

// What went wrong below HTTP in the last attempt, if it was that.
function causeOf(metadata) {
  const last = metadata?.trace.at(-1);
  if (last?.transport === undefined) return undefined;
  const cause = new Error(`${last.endpoint}: ${last.transport}`);
  cause.code = last.transport;
  return cause;
}

// Those that are no calls' ends.
const CODED = new Map([
  [-1, RequestError],
  [E_CLOSED, ClosedError],
  [-6, LimitError],
  [-100, ConfigError],
  [-101, ConfigError],
  [E_REQUEST, RequestError],
  [-103, NoRouteError],
]);

function codedError(status, message, cause) {
  const ErrorClass = CODED.get(status) ?? CodedError;
  const options = { code: addon.statusName(status) };
  if (cause !== undefined) options.cause = cause;
  return new ErrorClass(message, options);
}

// The error of a refused submit or open: [status, HTTP status, flags, retry_after_ms, message].
function errorOfFailure([status, httpStatus, flags, retryAfterMs, message]) {
  if (!CLASSES.has(status)) return codedError(status, message);
  return errorOf({ status, httpStatus, flags, retryAfterMs, attempts: 0 }, message);
}

const requestError = (message, cause) => codedError(E_REQUEST, message, cause);
const closedError = () => codedError(E_CLOSED, 'the client is closed');

// `details`: of a call that was under way.
function abortError(reason, details) {
  return new APIUserAbortError('the call was aborted', {
    ...details,
    cause: reason,
    code: addon.statusName(E_CANCELLED),
  });
}

// `details` of an error of ours about a stream that the engine has not ended: what had been sent.
function detailsSoFar(metadata) {
  const { attempts } = metadata;
  return { metadata, outcome: { attempts, flags: FLAG_MAYBE_BILLED } };
}

// A stream that has to end for a reason of ours, as the engine ends one that breaks.
function interruptedError(message, metadata, httpStatus, partial) {
  const { outcome } = detailsSoFar(metadata);
  return new StreamInterruptedError(message, {
    metadata,
    partial,
    outcome: { ...outcome, httpStatus, flags: outcome.flags | FLAG_RETRYABLE },
    code: addon.statusName(E_STREAM_INTERRUPTED),
  });
}

const classes = {
  HolySheepError,
  APIError,
  APIResponseValidationError,
  APIConnectionError,
  APITimeoutError,
  APIUserAbortError,
  APIStatusError,
  BadRequestError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  ConflictError,
  UnprocessableEntityError,
  RateLimitError,
  InternalServerError,
  StreamInterruptedError,
  ConfigError,
  RequestError,
  NoRouteError,
  LimitError,
  ClosedError,
  AllEndpointsFailedError,
};
for (const [name, ErrorClass] of Object.entries(classes))
  hidden(ErrorClass.prototype, 'name', name);
hidden(APIUserAbortError.prototype, 'name', 'AbortError'); // what Node's own aborts are called
classes.APIConnectionTimeoutError = APITimeoutError; // the SDK's name of it

module.exports = {
  classes,
  abortError,
  closedError,
  detailsSoFar,
  errorOf,
  errorOfFailure,
  hidden,
  interruptedError,
  requestError,
};
