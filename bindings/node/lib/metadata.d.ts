// What stands beside an answer.

/** One HTTP request of a call. */
export interface Attempt {
  endpoint: string;
  model: string;
  /** The HTTP status; 0: none came. */
  status: number;
  /** `'ok'`, `'rate_limited'`, `'overloaded'`, `'timeout'`, … */
  verdict: string;
  /** Of a rate limit: `'rpm'`, `'tpm'`, `'rpd'`, `'tpd'`, `'concurrency'`. */
  dimension?: string;
  /** Of a timeout: which limit. */
  timeLimit?: string;
  /** What went wrong below HTTP. */
  transport?: string;
  /** Milliseconds since the call began. */
  atMs: number;
  /** Milliseconds waited before it. */
  waitedMs: number;
  /** Milliseconds that it took. */
  tookMs: number;
  /** Why this endpoint was chosen. */
  why: string;
  /** The rule that gave the verdict. */
  rule?: string;
  /** The endpoints that were not chosen, and why. */
  others: { endpoint: string; reason: string }[];
}

export interface CallMetadata {
  /** The endpoint that answered. */
  readonly endpoint: string | null;
  /** The model as asked. */
  readonly model: string;
  /** The model as the answer says. */
  readonly modelServed: string;
  readonly httpStatus: number;
  readonly headers: Record<string, string>;
  /** HTTP requests made. */
  readonly attempts: number;
  readonly trace: Attempt[];
  readonly waitedMs: number;
  readonly tookMs: number;
  /** Tokens. */
  readonly usage: { input?: number; output?: number; cached?: number } | null;
  /** US dollars; null where the configuration has no price for the model. */
  readonly cost: number | null;
  /** An attempt was sent in full and not answered. */
  readonly maybeBilled: boolean;
  readonly requestID: string | null;
}

/** What every result has beside the provider's body, not enumerable. */
export interface WithMetadata {
  readonly _holysheep: CallMetadata;
  readonly _request_id: string | null;
}

/** One endpoint of the pool. */
export interface EndpointState {
  name: string;
  url: string;
  status: 'healthy' | 'degraded' | 'rate_limited' | 'down';
  /** Why it is not healthy; empty if it is. */
  reason: string;
  /** When that ends, where it is known: Unix milliseconds. */
  untilUnixMs: number | null;
  /** The same as milliseconds from now. */
  remainingMs: number;
  lastError: string | null;
  attempts: number;
  succeeded: number;
  rateLimited: number;
  failed: number;
  cancelled: number;
  inFlight: number;
  latencyMsMean: number;
  routes: { model: string; status: string; reason: string; untilUnixMs: number | null }[];
}

export type Health = 'healthy' | 'degraded' | 'critical';

export interface HealthReport {
  timestamp: string;
  overallStatus: Health;
  /** Seconds back from now that are judged. */
  windowSeconds: number | null;
  endpoints: {
    name: string;
    status: Health;
    totalRequests: number;
    judgedRequests: number;
    /** Percent, as the other rates. */
    successRate: number;
    rateLimitRate: number;
    failureRate: number;
    avgLatencyMs: number;
    lastRateLimitedAt: string | null;
  }[];
  /** Of a client's monitor, as what follows: whether calls succeed. */
  ok?: boolean;
  reason?: string | null;
  calls?: number;
  callsFailed?: number;
  /** Refused before anything was sent. */
  callsRejected?: number;
}

/** One episode of trouble. */
export interface Alert {
  id: number;
  timestamp: string;
  severity: 'warning' | 'critical';
  cause: string;
  endpoint: string | null;
  message: string;
  active: boolean;
  resolvedAt: string | null;
  recoveryTimeSeconds: number | null;
}

/** What a monitor has counted for one endpoint, at one moment. */
export class RateLimitMetrics {
  private constructor();
  readonly endpointName: string;
  readonly totalRequests: number;
  readonly successfulRequests: number;
  readonly rateLimitedRequests: number;
  readonly failedRequests: number;
  readonly totalRetryCount: number;
  readonly totalLatencyMs: number;
  /** Unix seconds. */
  readonly lastRateLimitedAt: number | null;
  /** Seconds from the first 429 of an episode to the next success, the last 64. */
  readonly rateLimitRecoveryTimes: number[];
  readonly latencyMs: { p50: number; p90: number; p99: number };
  readonly firstTokenMs: { p50: number; p90: number; p99: number } | null;
  readonly health: Health;
  /** Percent, as `failureRate`. */
  readonly rateLimitRate: number;
  readonly failureRate: number;
  /** Counts of the last 60 slots of time, the oldest first. */
  readonly recent: { slotMs: number; total: number[]; rateLimited: number[]; failed: number[] };
}

/**
 * Counts requests by endpoint, judges health, and raises an alert when an endpoint has answered 429
 * `alertThreshold` times. Alone it counts what `recordRequest` tells it; `client.monitor` counts
 * what its client does, and clients of equal configuration, with which it shares an engine: the
 * counts and the threshold are theirs together, `onAlert` is each one's own. Memory is bounded.
 */
export class RateLimitMonitor {
  constructor(options?: {
    /** 429s of one endpoint that raise an alert; 5 unless given; 0: none do. */
    alertThreshold?: number | null | undefined;
    /** Health is judged by so many milliseconds back from now; 0 (the standard): by all. */
    windowMs?: number | null | undefined;
    onAlert?: ((alert: Alert) => void) | null | undefined;
  });
  /** Counts one HTTP request that has ended; `statusCode` 0: no answer came. */
  recordRequest(
    endpoint: string,
    success: boolean,
    statusCode: number,
    latencyMs: number,
    retryCount?: number,
  ): void;
  alertThreshold: number;
  /** By endpoint. */
  readonly metrics: Record<string, RateLimitMetrics>;
  /** The last 100, the oldest first: one for each episode, not for each 429. */
  readonly alerts: Alert[];
  /** Called soon after an alert has begun, and again when it is over: one callback, the last. */
  get onAlert(): ((alert: Alert) => void) | undefined;
  set onAlert(onAlert: ((alert: Alert) => void) | null | undefined);
  /** The tutorial's keys: `holysheep_primary_total_requests` and so on. */
  getMetricsSummary(): Record<string, number>;
  /** The Prometheus text format. */
  exportPrometheusMetrics(): string;
  /** OpenMetrics 1.0. */
  exportOpenMetrics(): string;
  getHealthReport(): HealthReport;
}
