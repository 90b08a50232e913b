// Spans for OpenTelemetry: one for each call and, below it, one for each of its HTTP requests,
// named by the semantic conventions for generative AI. Made when the call has ended, from its
// trace, with the times at which things happened; keys, prompts and answers have no part in them.
//
// @opentelemetry/api is the host program's: it is loaded once an SDK has registered itself with it,
// and a program without one pays one look at a global for each call.
'use strict';

const { classes } = require('./errors.js');

const SCOPE = 'holysheep';
const PROVIDER = 'openai'; // the conventions' word for whatever speaks that protocol
const SPAN_KIND_CLIENT = 2;
const STATUS_ERROR = 2;

const OPERATIONS = {
  '/chat/completions': 'chat',
  '/messages': 'chat',
  '/responses': 'chat',
  '/completions': 'text_completion',
  '/embeddings': 'embeddings',
};
// Other paths may hold ids, which a span's name must not.
const NAMED_PATHS = new Set([...Object.keys(OPERATIONS), '/models', '/moderations']);

let loaded; // the API; null: it cannot be had

function load() {
  if (loaded === undefined) {
    try {
      loaded = require('@opentelemetry/api');
    } catch {
      loaded = null;
    }
  }
  return loaded;
}

// Of a client that is told to write spans.
function expectApi() {
  if (load() !== null) return;
  throw new classes.ConfigError("tracing: '@opentelemetry/api' is not installed");
}

// name → {address, port} of the client's endpoints.
const serversOf = new WeakMap();

function serverOf(handle, endpoint) {
  let servers = serversOf.get(handle);
  if (servers === undefined) {
    servers = new Map();
    for (const { name, url } of handle.config.endpoints) {
      const { hostname, port, protocol } = new URL(url);
      const standard = protocol === 'https:' ? 443 : 80;
      servers.set(name, { address: hostname, port: port === '' ? standard : Number(port) });
    }
    serversOf.set(handle, servers);
  }
  return servers.get(endpoint);
}

function attributes(pairs) {
  return Object.fromEntries(
    Object.entries(pairs).filter(([, value]) => value !== undefined && value !== null),
  );
}

// Telemetry never breaks the program: what a tracer throws is told to OpenTelemetry's own logger.
function quietly(api, act) {
  try {
    return act();
  } catch (error) {
    try {
      api.diag?.error('holysheep: a span could not be written', error);
    } catch {
      // That is all that can be done.
    }
    return undefined;
  }
}

// Hooks that also write spans; `hooks` are the user's, or undefined. Called when a call begins.
// `choice`: true or undefined, or an API that the host program hands over.
function watch(choice, hooks, handle, path, method = 'POST') {
  const api = typeof choice === 'object' ? choice : load();
  if (api === null) return hooks;
  const start = performance.timeOrigin + performance.now();
  const parent = quietly(api, () => api.context.active());
  serverOf(handle, ''); // the client may be closed when the call ends
  return {
    onAttempt: hooks?.onAttempt,
    onDone(done) {
      quietly(api, () => writeCall(api, { handle, method, path, start, parent }, done));
      hooks?.onDone?.(done);
    },
  };
}

function writeCall(api, call, { metadata, error }) {
  const { start, method } = call;
  const [path] = call.path.split('?');
  const operation = OPERATIONS[path];
  const model = metadata.model || undefined;
  const request = NAMED_PATHS.has(path) ? `${method} ${path}` : method;
  const from = brokenOff(metadata);
  const shared = { 'gen_ai.operation.name': operation, 'gen_ai.provider.name': PROVIDER };
  const tracer = api.trace.getTracer(SCOPE);
  const span = tracer.startSpan(
    operation === undefined ? request : [operation, model].filter(Boolean).join(' '),
    {
      kind: SPAN_KIND_CLIENT,
      startTime: start,
      attributes: attributes({
        ...shared,
        ...serverAttributes(call.handle, metadata.endpoint ?? from?.endpoint),
        'gen_ai.request.model': model,
        'gen_ai.response.model': metadata.modelServed || undefined,
        'gen_ai.usage.input_tokens': metadata.usage?.input,
        'gen_ai.usage.output_tokens': metadata.usage?.output,
        'gen_ai.usage.cache_read.input_tokens': metadata.usage?.cached,
        'http.response.status_code': metadata.httpStatus || from?.status,
        'holysheep.attempts': metadata.attempts,
        'holysheep.waited_ms': metadata.waitedMs,
        'holysheep.cost_usd': metadata.cost,
      }),
    },
    call.parent,
  );
  const below = api.trace.setSpan(call.parent, span);
  metadata.trace.forEach((attempt, number) => {
    const isError = attempt.verdict !== 'ok' && (error !== undefined || attempt !== from);
    writeAttempt(tracer, below, { ...call, request, shared, number, isError }, attempt);
  });
  if (error !== undefined) {
    const type = errorType(metadata.httpStatus, metadata.failure?.verdict ?? error.name);
    span.setAttribute('error.type', type);
    span.setStatus({ code: STATUS_ERROR, message: type });
  }
  span.end(error !== undefined && metadata.attempts === 0 ? undefined : start + metadata.tookMs);
}

// The attempt whose answer was being read when its reader broke off, or undefined.
function brokenOff({ trace }) {
  const last = trace.at(-1);
  return last?.verdict === 'cancelled' && last.status > 0 ? last : undefined;
}

// A status that was a success is not what went wrong.
function errorType(status, verdict) {
  return status >= 400 ? String(status) : verdict;
}

function serverAttributes(handle, endpoint) {
  const server = serverOf(handle, endpoint);
  return {
    'server.address': server?.address,
    'server.port': server?.port,
    'holysheep.endpoint': endpoint,
  };
}

function writeAttempt(tracer, parent, call, attempt) {
  const begun = call.start + attempt.atMs;
  const { isError } = call;
  const span = tracer.startSpan(
    call.request,
    {
      kind: SPAN_KIND_CLIENT,
      startTime: begun,
      attributes: attributes({
        ...call.shared,
        ...serverAttributes(call.handle, attempt.endpoint),
        'gen_ai.request.model': attempt.model || undefined,
        'http.request.method': call.method,
        'http.request.resend_count': call.number || undefined,
        'http.response.status_code': attempt.status || undefined,
        'error.type': isError ? errorType(attempt.status, attempt.verdict) : undefined,
        'holysheep.verdict': attempt.verdict,
        'holysheep.reason': attempt.why,
        'holysheep.waited_ms': attempt.waitedMs,
      }),
    },
    parent,
  );
  if (isError) span.setStatus({ code: STATUS_ERROR, message: attempt.verdict });
  span.end(begun + attempt.tookMs);
}

module.exports = { expectApi, watch };
