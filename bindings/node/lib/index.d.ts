// The package's public types.
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  Completion,
  CompletionCreateParams,
  CreateEmbeddingResponse,
  EmbeddingCreateParams,
  Model,
  ModerationCreateParams,
  ModerationCreateResponse,
  ResponseCreateParams,
  ResponseObject,
  ResponseStreamEvent,
  Streaming,
  Whole,
} from './chat.js';
import type * as types from './chat.js';
import type * as errors from './errors.js';
import type { HolySheepError } from './errors.js';
import type {
  HostAbortController,
  HostAbortSignal,
  HostReadableStream,
  HostResponse,
} from './host.js';
import type {
  Alert,
  Attempt,
  CallMetadata,
  EndpointState,
  HealthReport,
  RateLimitMonitor,
  WithMetadata,
} from './metadata.js';

export * from './chat.js';
export * from './errors.js';
export { RateLimitMetrics, RateLimitMonitor } from './metadata.js';
export type {
  Alert,
  Attempt,
  CallMetadata,
  EndpointState,
  HealthReport,
  WithMetadata,
} from './metadata.js';

/** `"0.1.0 libcurl/… OpenSSL/… …"`: what runs inside. */
export const version: string;

/** The promise of a result, which also gives the HTTP side of it. */
export class APIPromise<Result> extends Promise<Result> {
  private constructor();
  /**
   * The answer as a `Response`. Rejects as the promise itself does. Cancelling the body of a stream
   * ends its call.
   */
  asResponse(): Promise<HostResponse>;
  /**
   * The result, the answer as a `Response`, and the request's id. A stream can be read once, as
   * `data` or as the body of `response`.
   */
  withResponse(): Promise<{ data: Result; response: HostResponse; request_id: string | null }>;
}

/**
 * A streamed answer. Read it once, in one of the ways below. Breaking off, `close()` and dropping
 * it unread free its connection. Reading slowly pauses this stream and no other.
 */
export class Stream<Chunk> implements AsyncIterable<Chunk> {
  private constructor();
  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined>;
  /** The answer's text alone, piece by piece. */
  textDeltas(): AsyncIterableIterator<string>;
  /**
   * The chunks. `onRestart` is called where the answer begins again on another endpoint
   * (`stream_recovery: 'restart'`): drop what you had.
   */
  events(options: { onRestart: () => void }): AsyncIterableIterator<Chunk>;
  /**
   * Two streams of the same chunks, each read at its own pace; what the slower has not read is
   * kept. They share `controller`. The call ends when neither is read any more.
   */
  tee(): [Stream<Chunk>, Stream<Chunk>];
  /** One line of JSON for each chunk. */
  toReadableStream(): HostReadableStream;
  /** Server-sent events, for handing the stream on to a browser. */
  toEventStream(): HostReadableStream;
  /** Ends the stream and its call. */
  close(): void;
  /** Aborting it ends the stream, as `close()` does. */
  readonly controller: HostAbortController;
  readonly _holysheep: CallMetadata;
  readonly _request_id: string | null;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Without its `id`, `retry` and comments: `as: 'stream'` gives every byte. */
export interface ServerSentEvent {
  /** `''`: it has no name. */
  event: string;
  /** Its `data` lines, joined by `\n`. */
  data: string;
}

/** Options of one call. */
export interface RequestOptions {
  signal?: HostAbortSignal | null | undefined;
  /** Milliseconds for the whole call; `Infinity`: no limit, 0: one millisecond. */
  timeout?: number | null | undefined;
  /** `null` takes a default header away that `withOptions()` has added, not the constructor's. */
  headers?:
    | Record<string, string | number | boolean | null | undefined>
    | [string, string][]
    | Headerlike
    | null
    | undefined;
  query?: Record<string, unknown> | null | undefined;
  /** Attempts beside the first, those that a 429 answers included. */
  maxRetries?: number | null | undefined;
  idempotencyKey?: string | null | undefined;
  /** "Options of a call" in CONFIGURATION.md: `allow`, `endpoint`, `fallback_models`, … */
  holysheep?: Record<string, unknown> | null | undefined;
}

/** `Headers` of any kind. */
export interface Headerlike {
  forEach(callback: (value: string, name: string) => void): void;
}

export interface Logger {
  debug?(message: string, ...rest: unknown[]): void;
  info?(message: string, ...rest: unknown[]): void;
  warn?(message: string, ...rest: unknown[]): void;
  error?(message: string, ...rest: unknown[]): void;
}

export interface ClientOptions {
  /**
   * The key, or a function that gives the key for each call, in the async context of that call;
   * each key has an engine of its own. Else `HOLYSHEEP_API_KEY`.
   */
  apiKey?: string | (() => string | Promise<string>) | null | undefined;
  /** A pool of one endpoint. */
  baseURL?: string | null | undefined;
  /** The pool: names, URLs, or objects as in CONFIGURATION.md. */
  endpoints?: (string | Record<string, unknown>)[] | null | undefined;
  /** A configuration document, or the path of one. Else the file that `HOLYSHEEP_CONFIG` names. */
  config?: Record<string, unknown> | string | null | undefined;
  policy?: 'smart' | 'document' | null | undefined;
  /** Milliseconds for a whole call; `Infinity`: no limit, 0: one millisecond. */
  timeout?: number | null | undefined;
  /** Attempts beside the first, those that a 429 answers included. */
  maxRetries?: number | null | undefined;
  /** `null`, in `withOptions()`, takes one away: that makes a pool of its own. */
  defaultHeaders?: Record<string, string | null | undefined> | Headerlike | null | undefined;
  /** One that a call or `withOptions()` gives takes the place of the default. `null`: as above. */
  defaultQuery?: Record<string, string | null | undefined> | null | undefined;
  /** `null`, in `withOptions()`, takes it away, and `project` as well: as above. */
  organization?: string | null | undefined;
  project?: string | null | undefined;
  /** Gets the engine's log records; `console`, if only `logLevel` is given. Else off. */
  logger?: Logger | null | undefined;
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'off' | null | undefined;
  /**
   * Called when a call ends, for each of its attempts, in order: the engine works on a thread of
   * its own and hands over once.
   */
  onAttempt?: ((attempt: Attempt) => void) | null | undefined;
  /** Called when a call ends, well or not; also of one that was refused or aborted at once. */
  onDone?:
    | ((done: { metadata: CallMetadata; error: HolySheepError | undefined }) => void)
    | null
    | undefined;
  /**
   * Spans for OpenTelemetry. Not given: where an SDK is registered with `@opentelemetry/api`.
   * `true`: an error if that is not installed. Or the module itself.
   */
  tracing?: boolean | { trace: object; context: object } | null | undefined;
}

/** A resource whose answers may be streamed. */
export interface StreamableResource<Params, Result, Chunk> {
  create(body: Whole<Params>, options?: RequestOptions): APIPromise<Result & WithMetadata>;
  create(body: Streaming<Params>, options?: RequestOptions): APIPromise<Stream<Chunk>>;
  create(
    body: Params,
    options?: RequestOptions,
  ): APIPromise<Stream<Chunk> | (Result & WithMetadata)>;
}

export interface Resource<Params, Result> {
  create(body: Params, options?: RequestOptions): APIPromise<Result & WithMetadata>;
}

export interface ModelList {
  object: 'list';
  data: Model[];
  [Symbol.asyncIterator](): AsyncIterator<Model>;
}

export interface EndpointCheck {
  endpoint: string;
  ok: boolean;
  status: number | undefined;
  tookMs: number;
  error: Error | undefined;
}

/** What a status page said. */
export interface ServiceCheck {
  url: string;
  /** It answered, and names no outage. */
  ok: boolean;
  /** 0: no answer. */
  httpStatus: number;
  /** `'none'`, `'minor'`, `'major'`, …; null: the page tells none. */
  indicator: string | null;
  /** The page's own words. */
  description: string | null;
  tookMs: number;
  /** Why there was no answer; null if there was. */
  error: string | null;
}

type AnyRequest = RequestOptions & { contentType?: string | undefined };

/** A client like the OpenAI SDK's, over a pool of endpoints. */
export class HolySheepClient {
  constructor(options?: ClientOptions | string);

  // As the SDK has them: `catch (error) { if (error instanceof OpenAI.RateLimitError) … }`.
  static readonly HolySheepError: typeof errors.HolySheepError;
  static readonly ConfigError: typeof errors.ConfigError;
  static readonly RequestError: typeof errors.RequestError;
  static readonly ClosedError: typeof errors.ClosedError;
  static readonly AllEndpointsFailedError: typeof errors.AllEndpointsFailedError;
  static readonly StreamInterruptedError: typeof errors.StreamInterruptedError;
  static readonly APIResponseValidationError: typeof errors.APIResponseValidationError;
  static readonly APIStatusError: typeof errors.APIStatusError;
  static readonly APIError: typeof errors.APIError;
  static readonly APIConnectionError: typeof errors.APIConnectionError;
  static readonly APIConnectionTimeoutError: typeof errors.APIConnectionTimeoutError;
  static readonly APIUserAbortError: typeof errors.APIUserAbortError;
  static readonly BadRequestError: typeof errors.BadRequestError;
  static readonly AuthenticationError: typeof errors.AuthenticationError;
  static readonly PermissionDeniedError: typeof errors.PermissionDeniedError;
  static readonly NotFoundError: typeof errors.NotFoundError;
  static readonly ConflictError: typeof errors.ConflictError;
  static readonly UnprocessableEntityError: typeof errors.UnprocessableEntityError;
  static readonly RateLimitError: typeof errors.RateLimitError;
  static readonly InternalServerError: typeof errors.InternalServerError;

  readonly chat: {
    readonly completions: StreamableResource<
      ChatCompletionCreateParams,
      ChatCompletion,
      ChatCompletionChunk
    >;
  };
  readonly completions: StreamableResource<CompletionCreateParams, Completion, Completion>;
  readonly embeddings: Resource<EmbeddingCreateParams, CreateEmbeddingResponse>;
  readonly moderations: Resource<ModerationCreateParams, ModerationCreateResponse>;
  readonly responses: StreamableResource<ResponseCreateParams, ResponseObject, ResponseStreamEvent>;
  readonly models: {
    list(options?: RequestOptions): APIPromise<ModelList & WithMetadata> & AsyncIterable<Model>;
    retrieve(model: string, options?: RequestOptions): APIPromise<Model & WithMetadata>;
  };

  /** Any request through the pool; its answer parsed, if it is JSON. */
  request(
    method: string,
    path: string,
    body?: object | string | Uint8Array | null,
    options?: AnyRequest & { as?: 'json' | undefined },
  ): APIPromise<any>;
  request(
    method: string,
    path: string,
    body: object | string | Uint8Array | null | undefined,
    options: AnyRequest & { as: 'bytes' },
  ): APIPromise<Uint8Array>;
  request(
    method: string,
    path: string,
    body: object | string | Uint8Array | null | undefined,
    options: AnyRequest & { as: 'events' },
  ): APIPromise<Stream<ServerSentEvent>>;
  request(
    method: string,
    path: string,
    body: object | string | Uint8Array | null | undefined,
    options: AnyRequest & { as: 'stream' },
  ): APIPromise<Stream<Uint8Array>>;

  /**
   * The same client with other options; headers and query are added to this one's. Timeouts,
   * retries, headers, query, hooks and tracing share this client's pool, and closing such a client
   * closes no other; anything else makes a pool of its own.
   */
  withOptions(options: ClientOptions): HolySheepClient;

  /** The endpoints as they stand now. */
  readonly pool: EndpointState[];
  /** Sends one small request to each endpoint, without failover. */
  check(
    options?: { model?: string | null | undefined; timeout?: number | null | undefined } | null,
  ): Promise<EndpointCheck[]>;
  /**
   * Asks a status page, by default that of the configuration (`monitor.status_page_url`), for up
   * to 5 seconds; `process.exit()` waits for it meanwhile.
   */
  checkService(url?: string | null): Promise<ServiceCheck>;
  /** Metrics in the Prometheus text format. */
  metrics(): string;
  /**
   * What its calls did, by endpoint. One that was asked for in time stays readable when the client
   * is closed, and so do `health()` and `alerts()`.
   */
  readonly monitor: RateLimitMonitor;
  /** How the endpoints did over the last minutes. */
  health(): HealthReport;
  /** The last 100 alerts, the oldest first. */
  alerts(): Alert[];
  /** The configuration in force, completed and without secrets. */
  configuration(): Record<string, any>;
  /** Makes an endpoint, or all of them, healthy now. */
  reset(endpoint?: string): void;
  /**
   * Another key for an endpoint, or for all that share the client's; also for clients of equal
   * configuration, unless `config.isolated` is set. Where `apiKey` is a function, `endpoint` must
   * be given (else a ConfigError), and its key holds beside every key of the function.
   */
  setKey(key: string, endpoint?: string): void;

  readonly closed: boolean;
  /**
   * Cancels calls in flight, or lets them end for `timeout` milliseconds first. Resolves when none
   * is left, to whether all ended by themselves.
   */
  close(options?: { timeout?: number | null | undefined } | null): Promise<boolean>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where the SDK has its types: `OpenAI.ChatCompletionMessageParam` and the like. */
export declare namespace HolySheepClient {
  export type ChatCompletion = types.ChatCompletion;
  export type ChatCompletionChunk = types.ChatCompletionChunk;
  export type ChatCompletionContentPart = types.ContentPart;
  export type ChatCompletionCreateParams = types.ChatCompletionCreateParams;
  export type ChatCompletionCreateParamsNonStreaming = types.ChatCompletionCreateParamsNonStreaming;
  export type ChatCompletionCreateParamsStreaming = types.ChatCompletionCreateParamsStreaming;
  export type ChatCompletionMessage = types.ChatCompletionMessage;
  export type ChatCompletionMessageParam = types.ChatCompletionMessageParam;
  export type ChatCompletionMessageToolCall = types.ToolCall;
  export type ChatCompletionTool = types.ChatCompletionTool;
  export type Completion = types.Completion;
  export type CompletionCreateParams = types.CompletionCreateParams;
  export type CompletionUsage = types.CompletionUsage;
  export type CreateEmbeddingResponse = types.CreateEmbeddingResponse;
  export type EmbeddingCreateParams = types.EmbeddingCreateParams;
  export type Model = types.Model;
  export type ModerationCreateParams = types.ModerationCreateParams;
  export type ModerationCreateResponse = types.ModerationCreateResponse;

  export namespace Chat {
    export type ChatCompletion = types.ChatCompletion;
    export type ChatCompletionChunk = types.ChatCompletionChunk;
    export type ChatCompletionContentPart = types.ContentPart;
    export type ChatCompletionCreateParams = types.ChatCompletionCreateParams;
    export type ChatCompletionCreateParamsNonStreaming =
      types.ChatCompletionCreateParamsNonStreaming;
    export type ChatCompletionCreateParamsStreaming = types.ChatCompletionCreateParamsStreaming;
    export type ChatCompletionMessage = types.ChatCompletionMessage;
    export type ChatCompletionMessageParam = types.ChatCompletionMessageParam;
    export type ChatCompletionMessageToolCall = types.ToolCall;
    export type ChatCompletionTool = types.ChatCompletionTool;
    export { Chat as Completions };
  }

  export namespace Responses {
    export type Response = types.ResponseObject;
    export type ResponseCreateParams = types.ResponseCreateParams;
    export type ResponseStreamEvent = types.ResponseStreamEvent;
  }
}

export default HolySheepClient;

/** One endpoint as HolySheep's tutorial shows it. */
export interface Endpoint {
  url: string;
  name: string;
  status: 'healthy' | 'degraded' | 'rate_limited' | 'down';
  lastError?: string;
  /** Unix milliseconds; 0: no cooldown. */
  cooldownUntil: number;
}

/** The tutorial's retry settings: 3, 1000, 60000. */
export interface RetryConfig {
  maxRetries: number;
  baseDelayMs: number;
  cooldownPeriodMs: number;
}

/** The class of HolySheep's tutorial, with its behaviour. */
export class HolySheepFailoverClient {
  /** `apiKey`: undefined is `HOLYSHEEP_API_KEY`. */
  constructor(
    apiKey: string | undefined,
    options?: Omit<ClientOptions, 'apiKey' | 'policy'> | null,
  );
  chatCompletion(
    model: string,
    messages: readonly ChatCompletionMessageParam[],
    options?: {
      temperature?: number | null | undefined;
      maxTokens?: number | null | undefined;
    } | null,
  ): Promise<ChatCompletion & WithMetadata>;
  getEndpointStatus(): Endpoint[];
  readonly client: HolySheepClient;
  close(options?: { timeout?: number | null | undefined } | null): Promise<boolean>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One request that a mock pool has received. */
export interface MockRequest {
  endpoint: string;
  timeMs: number;
  method: string;
  path: string;
  headers: Record<string, string>;
  key: string;
  model: string;
  body: string;
  status: number;
  connection: number;
}

/** Fake endpoints on loopback sockets, for tests. Scripts: MOCK.md. */
export class MockPool {
  constructor(script?: Record<string, unknown> | Record<string, unknown>[]);
  /** A client configuration that points here. */
  readonly config: Record<string, any>;
  /** A client of this pool. */
  client(
    options?: (ClientOptions & { config?: Record<string, unknown> | null | undefined }) | null,
  ): HolySheepClient;
  /** What arrived, in order. */
  readonly requests: MockRequest[];
  /** How many requests one endpoint, or all, have received. */
  count(endpoint?: string): number;
  /** Waits until so many requests have arrived since the pool was opened. */
  waitFor(
    count: number,
    options?: { endpoint?: string | null | undefined; timeout?: number | null | undefined } | null,
  ): Promise<void>;
  /** Another script for one endpoint. */
  set(endpoint: string, script: Record<string, unknown>): void;
  /** Moves the clock of the client's engine and of all mocks forward. */
  advance(client: HolySheepClient | HolySheepFailoverClient, milliseconds: number): void;
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}
