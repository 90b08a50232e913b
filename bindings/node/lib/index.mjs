// The package for ES modules: the same classes, so that `instanceof` holds across both.
import holysheep from './index.js';

export const {
  HolySheepClient,
  HolySheepFailoverClient,
  MockPool,
  Stream,
  APIPromise,
  version,
  HolySheepError,
  APIError,
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
  AllEndpointsFailedError,
} = holysheep;
export default holysheep.HolySheepClient;
