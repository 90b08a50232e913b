// Spans for OpenTelemetry, as the real SDK exports them: in a folder of its own, where the package
// finds @opentelemetry/api beside itself.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { HolySheepClient, MockPool } from 'holysheep';
import { CHAT, execute, succeeded } from './support.mjs';

const tools = process.env.HOLYSHEEP_TOOLS;
const installed = path.dirname(createRequire(import.meta.url).resolve('holysheep/package.json'));
const folder = path.resolve('traced');

function prepare() {
  if (existsSync(folder)) return;
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(installed, path.join(modules, 'holysheep'), { recursive: true });
  symlinkSync(
    path.join(tools, 'node_modules', '@opentelemetry'),
    path.join(modules, '@opentelemetry'),
  );
}

const PROLOGUE = `
  const { context, trace, SpanStatusCode } = require('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } =
    require('@opentelemetry/sdk-trace-base');
  const { MockPool } = require('holysheep');
  const exporter = new InMemorySpanExporter();
  const register = () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  };
  const messages = [{ role: 'user', content: 'a prompt' }];
  const CHAT = { model: 'gpt-4.1', messages };
  const milliseconds = ([seconds, nanos]) => seconds * 1e3 + nanos / 1e6;
  const shown = () => exporter.getFinishedSpans().map((span) => ({
    name: span.name, kind: span.kind, attributes: span.attributes, status: span.status,
    id: span.spanContext().spanId, trace: span.spanContext().traceId,
    parent: span.parentSpanContext?.spanId,
    start: milliseconds(span.startTime), end: milliseconds(span.endTime),
  }));
`;

// What the program writes to standard output, as JSON.
async function traced(source) {
  prepare();
  const file = path.join(folder, 'program.cjs');
  writeFileSync(file, `${PROLOGUE}\n(async () => {\n${source}\n})();`);
  return JSON.parse(succeeded(await execute(process.execPath, [file], { cwd: folder })));
}

test('a call is a span, its attempts are spans below it', { skip: !tools }, async () => {
  const { spans, outer, before, after, port } = await traced(`
    register();
    const mock = new MockPool([
      { name: 'primary', replies: [{ status: 429 }] },
      {
        name: 'backup-1',
        default: { latency_ms: 30, usage: { prompt_tokens: 5, completion_tokens: 7 } },
      },
    ]);
    const client = mock.client({ apiKey: 'sk-secret-0123456789' });
    const before = Date.now();
    const outer = await trace.getTracer('test').startActiveSpan('outer', async (span) => {
      await client.chat.completions.create(CHAT);
      span.end();
      return span.spanContext();
    });
    const after = Date.now();
    await client.close();
    const port = Number(new URL(mock.config.endpoints[1].url).port);
    mock.close();
    console.log(JSON.stringify({ spans: shown(), outer, before, after, port }));
  `);
  const call = spans.find(({ name }) => name === 'chat gpt-4.1');
  const attempts = spans.filter(({ name }) => name === 'POST /chat/completions');
  assert.equal(call.parent, outer.spanId);
  assert.ok(spans.every((span) => span.trace === outer.traceId));
  assert.equal(call.kind, 2);
  assert.equal(call.status.code, 0);
  assert.deepEqual(call.attributes, {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4.1',
    'gen_ai.response.model': 'gpt-4.1',
    'gen_ai.usage.input_tokens': 5,
    'gen_ai.usage.output_tokens': 7,
    'server.address': '127.0.0.1',
    'server.port': port,
    'http.response.status_code': 200,
    'holysheep.endpoint': 'backup-1',
    'holysheep.attempts': 2,
    'holysheep.waited_ms': 0,
  });
  assert.deepEqual(
    attempts.map(({ parent, attributes, status }) => [
      attributes['holysheep.endpoint'],
      parent === call.id,
      attributes['holysheep.verdict'],
      attributes['http.response.status_code'],
      attributes['error.type'],
      status.code,
    ]),
    [
      ['primary', true, 'rate_limited', 429, '429', 2],
      ['backup-1', true, 'ok', 200, undefined, 0],
    ],
  );
  assert.equal(typeof attempts[0].attributes['holysheep.reason'], 'string');
  // The clocks of both sides are the machine's; the trace counts whole milliseconds.
  const slack = 2;
  assert.ok(call.start >= before - slack && call.end <= after + slack);
  assert.ok(attempts[0].start >= call.start && attempts[1].end <= call.end + slack);
  assert.ok(attempts[0].end <= attempts[1].start + slack);
  assert.ok(attempts[1].end - attempts[1].start >= 30 - slack);
  assert.equal(/sk-secret|a prompt|Hello from/.test(JSON.stringify(spans)), false);
});

test('streams, failures and other requests', { skip: !tools }, async () => {
  const spans = await traced(`
    register();
    const refusal = { status: 400, body: { error: { message: 'a prompt' } } };
    const mock = new MockPool([{ name: 'primary', replies: [{ tokens: 3 }, refusal] }]);
    const client = mock.client();
    const stream = await client.chat.completions.create({ ...CHAT, stream: true });
    for await (const chunk of stream) chunk;
    await client.chat.completions.create(CHAT).catch(() => {});
    await client.chat.completions.create(CHAT, { signal: AbortSignal.abort() }).catch(() => {});
    await client.request('GET', '/models/a-model');
    await client.models.list();
    await client.withOptions({ tracing: false }).chat.completions.create(CHAT);
    await client.close();
    mock.close();
    const calls = shown().filter(({ attributes }) => !attributes['holysheep.verdict']);
    console.log(JSON.stringify(calls));
  `);
  assert.deepEqual(
    spans.map(({ name, attributes, status }) => [
      name,
      attributes['holysheep.attempts'],
      attributes['error.type'],
      status.code,
    ]),
    [
      ['chat gpt-4.1', 1, undefined, 0],
      ['chat gpt-4.1', 1, '400', 2],
      ['chat', 0, 'AbortError', 2],
      ['GET', 1, undefined, 0],
      ['GET /models', 1, undefined, 0],
    ],
  );
  assert.equal(JSON.stringify(spans).includes('a prompt'), false);
});

test('no SDK, no spans; an API that is handed over is used', { skip: !tools }, async () => {
  const [without, given] = await traced(`
    const mock = new MockPool();
    const client = mock.client();
    await client.chat.completions.create(CHAT);
    const names = Object.keys(require.cache);
    const without = names.some((name) => name.endsWith('holysheep/lib/tracing.js'));
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const own = { trace: { ...trace, getTracer: (name) => provider.getTracer(name),
      setSpan: trace.setSpan }, context };
    await client.withOptions({ tracing: own }).chat.completions.create(CHAT);
    await client.close();
    mock.close();
    console.log(JSON.stringify([without, shown().map(({ name }) => name)]));
  `);
  assert.equal(without, false);
  assert.deepEqual(given, ['POST /chat/completions', 'chat gpt-4.1']);
});

test('tracing: true without the API is an error at once', () => {
  assert.throws(
    () => new HolySheepClient({ apiKey: 'k', tracing: true }),
    /tracing: '@opentelemetry\/api' is not installed/,
  );
});

test('a stream that is broken off is no error, one that breaks is', { skip: !tools }, async () => {
  const spans = await traced(`
    register();
    const endless = { tokens: 100_000, token_ms: 1 };
    const replies = [endless, endless, { tokens: 5, cut: 'after_content' }];
    const mock = new MockPool([{ name: 'primary', replies }]);
    const client = mock.client();
    for (const isAborted of [false, true, false]) {
      const controller = new AbortController();
      const { signal } = controller;
      const stream = await client.chat.completions.create({ ...CHAT, stream: true }, { signal });
      try {
        for await (const chunk of stream) {
          if (isAborted) controller.abort();
          else if (mock.count() < 3) break;
        }
      } catch {}
    }
    await client.close({ timeout: 10_000 });
    mock.close();
    console.log(JSON.stringify(shown()));
  `);
  const told = ({ attributes, status }) => [
    attributes['error.type'],
    status.code,
    attributes['holysheep.endpoint'],
    attributes['http.response.status_code'],
  ];
  const isCall = ({ attributes }) => !attributes['holysheep.verdict'];
  const wanted = [
    [undefined, 0, 'primary', 200],
    ['cancelled', 2, 'primary', 200],
    ['broken_stream', 2, 'primary', 200],
  ];
  assert.deepEqual(spans.filter(isCall).map(told), wanted);
  assert.deepEqual(spans.filter((span) => !isCall(span)).map(told), wanted);
});

test('a tracer that throws breaks no call', async () => {
  const refuse = () => {
    throw new Error('of the tracer');
  };
  const told = [];
  const working = { trace: { getTracer: refuse }, context: { active() {} } };
  const apis = [
    { ...working, diag: { error: (...words) => told.push(words.length) } },
    { ...working, context: { active: refuse } },
    { ...working, diag: { error: refuse } },
  ];
  const mock = new MockPool();
  for (const tracing of apis) {
    let ended = 0;
    const client = mock.client({ tracing, onDone: () => ++ended });
    assert.equal((await client.chat.completions.create(CHAT)).object, 'chat.completion');
    assert.equal(ended, 1);
    await client.close();
  }
  assert.deepEqual(told, [2]);
  mock.close();
});

test('tracing that is no API is an error at once', () => {
  for (const tracing of [{}, { trace: {} }, { trace: { getTracer() {} } }, { context: {} }]) {
    assert.throws(
      () => new HolySheepClient({ apiKey: 'k', tracing }),
      /tracing: expected true, false or the module/,
    );
  }
});
