// What stands beside an answer: where it came from, what was tried, what it cost. The engine writes
// it as JSON; it is parsed when somebody looks.
'use strict';

const NANOS = 1e9;

// snake_case keys become camelCase, all the way down. For documents of the engine only: their keys
// are its own.
function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== 'object') return value;
  const made = {};
  for (const [key, member] of Object.entries(value)) {
    made[key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())] = camel(member);
  }
  return made;
}

class CallMetadata {
  #text;
  #parsed;

  constructor(text) {
    this.#text = text;
  }

  get #fields() {
    if (this.#parsed === undefined) {
      this.#parsed = this.#text === '' ? {} : JSON.parse(this.#text);
      this.#text = '';
    }
    return this.#parsed;
  }

  get endpoint() {
    return this.#fields.endpoint ?? null;
  }
  get model() {
    return this.#fields.model ?? '';
  }
  get modelServed() {
    return this.#fields.model_served ?? '';
  }
  get httpStatus() {
    return this.#fields.http_status ?? 0;
  }
  get headers() {
    return this.#fields.headers ?? {};
  }
  get attempts() {
    return this.#fields.attempts ?? 0;
  }
  get trace() {
    const trace = camel(this.#fields.trace ?? []);
    Object.defineProperty(this, 'trace', { value: trace, enumerable: false });
    return trace;
  }
  get waitedMs() {
    return this.#fields.waited_ms ?? 0;
  }
  get tookMs() {
    return this.#fields.took_ms ?? 0;
  }
  get usage() {
    return this.#fields.usage ?? null;
  }
  // US dollars; null where the model has no price.
  get cost() {
    const nano = this.#fields.cost_nano_usd;
    return nano === null || nano === undefined ? null : nano / NANOS;
  }
  get maybeBilled() {
    return this.#fields.maybe_billed ?? false;
  }
  get requestID() {
    const headers = this.headers;
    for (const name in headers) {
      const lower = name.toLowerCase();
      if (lower === 'x-request-id' || lower === 'request-id') return headers[name];
    }
    return null;
  }
  // The engine's `error` of a failed call.
  get failure() {
    return this.#fields.error;
  }

  toJSON() {
    const { endpoint, model, modelServed, httpStatus, attempts, waitedMs, tookMs } = this;
    const { usage, cost, maybeBilled, requestID, trace } = this;
    return {
      endpoint,
      model,
      modelServed,
      httpStatus,
      attempts,
      waitedMs,
      tookMs,
      usage,
      cost,
      maybeBilled,
      requestID,
      trace,
    };
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toJSON();
  }
}

// Where one cookie ends and another begins: the engine joins headers that come twice, and a comma
// in a cookie is that of a date.
const COOKIE = /,\s*(?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)/;

// A Headers of what came, which may be any bytes: those are told as Latin-1, as fetch tells them.
function headersOf(fields, except) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (except?.has(name.toLowerCase())) continue;
    for (const one of /^set-cookie$/i.test(name) ? value.split(COOKIE) : [value]) {
      try {
        headers.append(name, Buffer.from(one, 'utf8').toString('latin1'));
      } catch {
        // No header that a Headers can hold.
      }
    }
  }
  return headers;
}

module.exports = { CallMetadata, camel, headersOf };
