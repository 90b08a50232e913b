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
  '/responses': 'chat',
  '/completions': 'text_completion',
  '/embeddings': 'embeddings',
};

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

// Hooks that also write spans; `hooks` are the user's, or undefined. Called when a call begins.
// `choice`: true or undefined, or an API that the host program hands over.
function watch(choice, hooks, handle, path, method = 'POST') {
  const api = typeof choice === 'object' ? choice : load();
  if (api === null) return hooks;
  const start = performance.timeOrigin + performance.now();
  const parent = api.context.active();
  serverOf(handle, ''); // the client may be closed when the call ends
  return {
    onAttempt: hooks?.onAttempt,
    onDone(done) {
      try {
        writeCall(api, { handle, method, path, start, parent }, done);
      } finally {
        hooks?.onDone?.(done);
      }
    },
  };
}

function writeCall(api, call, { metadata, error }) {
  const { handle, start } = call;
  const [resource] = call.path.split('?');
  const operation = OPERATIONS[resource];
  const model = metadata.model || undefined;
  // Paths of other requests may hold ids, of which there is no end: the first word alone.
  const place = `${call.method} /${resource.split('/')[1] ?? ''}`;
  const server = serverOf(handle, metadata.endpoint);
  const tracer = api.trace.getTracer(SCOPE);
  const span = tracer.startSpan(
    operation === undefined ? place : [operation, model].filter(Boolean).join(' '),
    {
      kind: SPAN_KIND_CLIENT,
      startTime: start,
      attributes: attributes({
        'gen_ai.operation.name': operation,
        'gen_ai.provider.name': operation && PROVIDER,
        'gen_ai.request.model': model,
        'gen_ai.response.model': metadata.modelServed || undefined,
        'gen_ai.usage.input_tokens': metadata.usage?.input,
        'gen_ai.usage.output_tokens': metadata.usage?.output,
        'server.address': server?.address,
        'server.port': server?.port,
        'http.response.status_code': metadata.httpStatus || undefined,
        'holysheep.endpoint': metadata.endpoint,
        'holysheep.attempts': metadata.attempts,
        'holysheep.waited_ms': metadata.waitedMs,
      }),
    },
    call.parent,
  );
  const below = api.trace.setSpan(call.parent, span);
  for (const attempt of metadata.trace) writeAttempt(tracer, below, call, attempt);
  if (error !== undefined) {
    span.setAttribute('error.type', error.name);
    span.setStatus({ code: STATUS_ERROR, message: error.name });
  }
  span.end(error !== undefined && metadata.attempts === 0 ? undefined : start + metadata.tookMs);
}

function writeAttempt(tracer, parent, { handle, start }, attempt) {
  const server = serverOf(handle, attempt.endpoint);
  const isOk = attempt.verdict === 'ok';
  const span = tracer.startSpan(
    `attempt ${attempt.endpoint}`,
    {
      kind: SPAN_KIND_CLIENT,
      startTime: start + attempt.atMs,
      attributes: attributes({
        'gen_ai.request.model': attempt.model || undefined,
        'server.address': server?.address,
        'server.port': server?.port,
        'http.response.status_code': attempt.status || undefined,
        'error.type': isOk ? undefined : attempt.verdict,
        'holysheep.endpoint': attempt.endpoint,
        'holysheep.verdict': attempt.verdict,
        'holysheep.reason': attempt.why,
        'holysheep.waited_ms': attempt.waitedMs,
      }),
    },
    parent,
  );
  if (!isOk) span.setStatus({ code: STATUS_ERROR, message: attempt.verdict });
  span.end(start + attempt.atMs + attempt.tookMs);
}

module.exports = { expectApi, watch };
