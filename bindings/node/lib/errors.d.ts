// The tree of errors.
import type { HostHeaders } from './host.js';
import type { Attempt, CallMetadata } from './metadata.js';

/** What everything that this package throws is. */
export class HolySheepError extends Error {
  /** Machine-readable: the provider's code, else ours: `'config'`, `'request'`, `'closed'`, … */
  code?: string;
}

/** A configuration or an option is wrong, or a key is missing. Nothing was sent. */
export class ConfigError extends HolySheepError {
  code: string;
}

/** A body, an option or a path of a request is wrong. Nothing was sent. */
export class RequestError extends HolySheepError {
  code: string;
}
/** `allow` or `models` leave nothing to send to. Nothing was sent. */
export class NoRouteError extends HolySheepError {
  code: string;
}
/** One of the client's own limits is reached. */
export class LimitError extends HolySheepError {
  code: string;
}
/** The client is closed or draining. */
export class ClosedError extends HolySheepError {
  code: string;
}

/** A call failed. */
export class APIError extends HolySheepError {
  /** The HTTP status of the last cause. */
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly requestID: string | null;
  /** Milliseconds until a retry may help. */
  readonly retryAfterMs: number | null;
  /** The endpoint of the last cause. */
  readonly endpoint: string | null;
  /** HTTP requests made. */
  readonly attempts: number;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** An attempt was sent in full and not answered. */
  readonly maybeBilled: boolean;
  /** No request left this process. */
  readonly nothingSent: boolean;
  /** Every endpoint was tried or ruled out: `instanceof AllEndpointsFailedError` holds. */
  readonly allEndpointsFailed: boolean;
  /** What was tried, and why. */
  readonly trace: Attempt[];
  readonly headers: HostHeaders | undefined;
  /** The provider's `error` object, or its body. Not enumerable: it may hold the prompt. */
  readonly error: any;
  /** The provider's body as it came. Not enumerable. */
  readonly body: string | undefined;
  readonly _holysheep: CallMetadata | undefined;
}

/** An answer that is none: a web page, bad JSON, an empty body. */
export class APIResponseValidationError extends APIError {}
/** No connection, or it broke before an answer. */
export class APIConnectionError extends APIError {}
/** A time limit passed. */
export class APITimeoutError extends APIConnectionError {}
export { APITimeoutError as APIConnectionTimeoutError };
/** The call was aborted by its signal, or its client was closed. Its `name` is `'AbortError'`. */
export class APIUserAbortError extends APIError {}
/** The provider answered with an error. */
export class APIStatusError extends APIError {}
/** 400, 413 */
export class BadRequestError extends APIStatusError {}
/** 401 */
export class AuthenticationError extends APIStatusError {}
/** 403 */
export class PermissionDeniedError extends APIStatusError {}
/** 404 */
export class NotFoundError extends APIStatusError {}
/** 409 */
export class ConflictError extends APIStatusError {}
/** 422 */
export class UnprocessableEntityError extends APIStatusError {}
/** 429; also when all endpoints are limited and nothing was sent. */
export class RateLimitError extends APIStatusError {}
/** 500 and above */
export class InternalServerError extends APIStatusError {}
/** A stream broke after content had been delivered. */
export class StreamInterruptedError extends APIError {
  /** The text so far. Not enumerable. */
  readonly partial: string;
}
/** Any error of a call that failed at every endpoint, whatever its class: use with `instanceof`. */
export class AllEndpointsFailedError extends APIError {
  private constructor();
}
