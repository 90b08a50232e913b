// RateLimitMonitor and RateLimitMetrics: the tutorial's monitor, counted and judged by the engine.
'use strict';

const { checkOptions } = require('./configuration.js');
const { errorOfFailure, requestError } = require('./errors.js');
const { camel } = require('./metadata.js');
const native = require('./native.js');
const { FinalizationRegistry } = require('./realm.js');
const { setImmediate } = require('./timers.js');

const { addon } = native;

// What was counted for one endpoint, at one moment.
class RateLimitMetrics {
  constructor(fields) {
    Object.assign(this, fields);
  }
}

const OPTIONS = { alertThreshold: 'count', windowMs: 'time', onAlert: 'hook' };

const PROMETHEUS = 0;
const OPENMETRICS = 1;
const INTEGER_MAX = 2 ** 31 - 1;

const parse = (text) => camel(JSON.parse(text));

const forgotten = new FinalizationRegistry((number) => {
  native.unlisten(number);
  addon.release(number);
});

// Settings as the engine reads them. `undefined` members are left out.
function settings({ alertThreshold, windowMs }) {
  const window = windowMs === undefined ? undefined : Math.min(windowMs, Number.MAX_SAFE_INTEGER);
  return JSON.stringify({ alert_threshold: alertThreshold, window_ms: window });
}

function clamped(number) {
  return Math.max(-1, Math.min(number, INTEGER_MAX));
}

function expect(right, name, what) {
  if (!right) throw requestError(`${name}: expected ${what}`);
}

class RateLimitMonitor {
  #number;
  #onAlert;
  #listener; // once there was an onAlert
  #scheduled = false;

  // alertThreshold: 429s of one endpoint that raise an alert (the engine's: 5; 0: none do).
  // windowMs: health is judged by so many milliseconds back from now (0: by the whole life).
  constructor(options) {
    const made = options instanceof Adopted ? options.number : create(options ?? {});
    this.#number = made;
    forgotten.register(this, made);
    if (options?.onAlert) this.onAlert = options.onAlert;
  }

  // Counts one HTTP request that has ended. A client's monitor takes none: the engine records.
  recordRequest(endpoint, success, statusCode, latencyMs, retryCount = 0) {
    expect(typeof endpoint === 'string', 'endpoint', 'a string');
    expect(typeof success === 'boolean', 'success', 'true or false');
    expect(Number.isSafeInteger(statusCode), 'statusCode', 'an HTTP status, or 0');
    expect(Number.isFinite(latencyMs) && latencyMs >= 0, 'latencyMs', 'milliseconds');
    expect(Number.isSafeInteger(retryCount), 'retryCount', 'a whole number');
    const failure = addon.monitorRecord(
      this.#number,
      endpoint,
      success ? 1 : 0,
      clamped(statusCode),
      latencyMs,
      clamped(retryCount),
    );
    if (failure !== undefined) throw errorOfFailure(failure);
    if (this.#listener !== undefined && !this.#scheduled) this.#schedule();
  }

  // An alert that this request has raised comes before the process may end.
  #schedule() {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      addon.deliver();
    });
  }

  get alertThreshold() {
    return JSON.parse(addon.monitorSettings(this.#number)).alert_threshold;
  }
  set alertThreshold(alertThreshold) {
    expect(typeof alertThreshold === 'number', 'alertThreshold', 'a whole number');
    checkOptions({ alertThreshold }, OPTIONS);
    const failure = addon.monitorSet(this.#number, settings({ alertThreshold }));
    if (failure !== undefined) throw errorOfFailure(failure);
  }

  // By endpoint, as it stands now.
  get metrics() {
    const found = parse(addon.monitorEndpoints(this.#number));
    return Object.fromEntries(found.map((each) => [each.endpointName, new RateLimitMetrics(each)]));
  }

  // The last 100, the oldest first.
  get alerts() {
    return parse(addon.monitorAlerts(this.#number));
  }

  // Called with each alert when it begins, and again when it is over.
  get onAlert() {
    return this.#onAlert;
  }
  set onAlert(onAlert) {
    checkOptions({ onAlert }, OPTIONS);
    this.#onAlert = onAlert ?? undefined;
    if (this.#listener !== undefined || this.#onAlert === undefined) return;
    this.#listener = { hear: (_, text) => this.#onAlert?.(parse(text)) };
    native.listen(this.#number, this.#listener);
    addon.monitorListen(this.#number);
  }

  // One flat object with the tutorial's keys: `holysheep_primary_total_requests` and so on.
  getMetricsSummary() {
    return JSON.parse(addon.monitorSummary(this.#number));
  }

  // The Prometheus text format.
  exportPrometheusMetrics() {
    return addon.monitorMetrics(this.#number, PROMETHEUS);
  }

  // OpenMetrics 1.0.
  exportOpenMetrics() {
    return addon.monitorMetrics(this.#number, OPENMETRICS);
  }

  // `overallStatus` and each endpoint's: 'healthy', 'degraded', 'critical'.
  getHealthReport() {
    return parse(addon.monitorHealth(this.#number));
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    return `RateLimitMonitor ${inspect(this.getHealthReport(), options)}`;
  }
}

class Adopted {
  constructor(number) {
    this.number = number;
  }
}

// A client's own.
function adopt(number) {
  return new RateLimitMonitor(new Adopted(number));
}

function create(options) {
  checkOptions(options, OPTIONS);
  const made = addon.monitorNew(settings(options));
  if (Array.isArray(made)) throw errorOfFailure(made);
  return made;
}

module.exports = { adopt, RateLimitMetrics, RateLimitMonitor };
