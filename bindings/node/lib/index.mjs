// The package for ES modules: the same classes, so that `instanceof` holds across both.
import * as namespace from './index.js';

// What `default` of a CommonJS module is, all of it or its own `default`, hosts see differently.
const holysheep = namespace.default.HolySheepClient ? namespace.default : namespace;

export const {
  HolySheepClient,
  HolySheepFailoverClient,
  MockPool,
  RateLimitMonitor,
  RateLimitMetrics,
  Stream,
  APIPromise,
  version,
  HolySheepError,
  APIError,
  APIResponseValidationError,
  APIConnectionError,
  APITimeoutError,
  APIConnectionTimeoutError,
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
} = holysheep;
export default holysheep.HolySheepClient;
