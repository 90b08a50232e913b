// Calls whose answer comes whole: results, options, the HTTP side, the pool's part in them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIConnectionTimeoutError, HolySheepClient, MockPool } from 'holysheep';
import { CHAT, KEY, MESSAGES, rejection, settle, three, withPool } from './support.mjs';

test('the result is the body of the provider, and nothing else enumerable', async () => {
  await withPool(three(), async (client, mock) => {
    const result = await client.chat.completions.create(CHAT);
    assert.equal(result.choices[0].message.content, 'Hello from primary.');
    assert.deepEqual(Object.keys(result), ['id', 'object', 'created', 'model', 'choices', 'usage']);
    assert.equal(JSON.stringify(result).includes('_holysheep'), false);
    assert.deepEqual(JSON.parse(mock.requests[0].body), CHAT);
    assert.equal(mock.requests[0].path, '/v1/chat/completions');
    assert.equal(mock.requests[0].headers['content-type'], 'application/json');
  });
});

test('metadata tell what happened', async () => {
  const limited = { replies: [{ status: 429, headers: { 'Retry-After': '30' } }] };
  await withPool(three({ primary: limited }), async (client) => {
    const result = await client.chat.completions.create(CHAT);
    const { _holysheep: metadata } = result;
    assert.equal(metadata.endpoint, 'backup-1');
    assert.equal(metadata.attempts, 2);
    assert.equal(metadata.model, 'gpt-4.1');
    assert.equal(metadata.modelServed, 'gpt-4.1');
    assert.deepEqual(
      metadata.trace.map((line) => [line.endpoint, line.status, line.verdict]),
      [
        ['primary', 429, 'rate_limited'],
        ['backup-1', 200, 'ok'],
      ],
    );
    assert.equal(typeof metadata.trace[1].tookMs, 'number');
    assert.deepEqual(metadata.usage, {
      input: result.usage.prompt_tokens,
      output: result.usage.completion_tokens,
    });
    assert.equal(metadata.cost, null);
    assert.match(result._request_id, /^req-mock-/);
    assert.equal(client.pool[0].status, 'rate_limited');
    assert.ok(client.pool[0].remainingMs > 25_000);
    assert.equal(client.pool[1].status, 'healthy');
  });
});

test('cost is in US dollars, where there is a price', async () => {
  const prices = { 'gpt-4.1': { input: '2', output: '8' } };
  await withPool(
    three(),
    async (client) => {
      const {
        _holysheep: { cost, usage },
      } = await client.chat.completions.create(CHAT);
      assert.equal(cost, (usage.input * 2 + usage.output * 8) / 1e6);
    },
    { config: { prices } },
  );
});

test('texts of all scripts and lengths come through in both directions', async () => {
  const long = '안녕하세요 👋 '.repeat(3000);
  await withPool(
    three({ primary: { default: { text: long.trim() } } }),
    async (client, mock) => {
      for (const content of [
        '안녕',
        'a'.repeat(4090),
        'é'.repeat(2046),
        `${'x'.repeat(4093)}👋`,
        long,
      ]) {
        const result = await client.chat.completions.create({
          ...CHAT,
          messages: [{ role: 'user', content }],
        });
        assert.equal(result.choices[0].message.content, long.trim());
        assert.equal(JSON.parse(mock.requests.at(-1).body).messages[0].content, content);
      }
    },
    {},
  );
});

test('many calls at once end each with their own answer', async () => {
  const mock = new MockPool([{ name: 'primary', default: { latency_ms: { min: 0, max: 20 } } }]);
  await withPool(mock, async (client) => {
    const models = Array.from({ length: 300 }, (_, index) => `model-${index}`);
    const results = await Promise.all(
      models.map((model) => client.chat.completions.create({ model, messages: MESSAGES })),
    );
    assert.deepEqual(
      results.map((result) => result.model),
      models,
    );
    assert.equal(mock.count(), 300);
  });
});

test('withResponse and asResponse give the HTTP side', async () => {
  await withPool(three(), async (client) => {
    const {
      data,
      response,
      request_id: id,
    } = await client.chat.completions.create(CHAT).withResponse();
    assert.equal(data.choices.length, 1);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(response.headers.get('x-request-id'), id);
    assert.deepEqual(await response.json(), data);
    const raw = await client.chat.completions.create(CHAT).asResponse();
    assert.equal((await raw.json()).object, 'chat.completion');
  });
});

test('the other resources send to their paths', async () => {
  await withPool(three(), async (client, mock) => {
    const embedding = await client.embeddings.create({ model: 'e', input: 'text' });
    assert.equal(embedding.data[0].object, 'embedding');
    const response = await client.responses.create({ model: 'gpt-4.1', input: 'hi' });
    assert.equal(response.output_text, 'Hello from primary.');
    const models = await client.models.list();
    const listed = [];
    for await (const model of models) listed.push(model.id);
    assert.deepEqual(
      listed,
      models.data.map((model) => model.id),
    );
    await client.completions.create({ model: 'gpt-4.1', prompt: 'hi' });
    assert.deepEqual(
      mock.requests.map((request) => `${request.method} ${request.path}`),
      ['POST /v1/embeddings', 'POST /v1/responses', 'GET /v1/models', 'POST /v1/completions'],
    );
  });
});

test('request sends anything through the pool', async () => {
  const bytes = { default: { body: 'plain \u00e9', content_type: 'application/octet-stream' } };
  await withPool(three({ 'backup-1': bytes }), async (client, mock) => {
    const answer = await client.request(
      'post',
      '/rerank',
      { a: 1 },
      { query: { top: 3 }, headers: { 'X-Own': 'yes' } },
    );
    assert.equal(typeof answer, 'object');
    const [request] = mock.requests;
    assert.equal(`${request.method} ${request.path}`, 'POST /v1/rerank?top=3');
    assert.equal(request.headers['x-own'], 'yes');
    const holysheep = { endpoint: 'backup-1' };
    const raw = await client.request('POST', '/audio/speech', new TextEncoder().encode('{"a":2}'), {
      as: 'bytes',
      contentType: 'application/json',
      holysheep,
    });
    assert.ok(raw instanceof Uint8Array);
    assert.equal(raw.toString(), 'plain \u00e9');
    assert.equal(mock.requests.at(-1).body, '{"a":2}');
    const text = await client.request('POST', '/audio/speech', '{"a":3}', { holysheep });
    assert.equal(text, 'plain \u00e9');
  });
});

test('options of the client reach the wire', async () => {
  await withPool(
    three(),
    async (client, mock) => {
      await client.chat.completions.create(CHAT, { idempotencyKey: 'idem-1' });
      const { headers, path } = mock.requests[0];
      assert.equal(headers['x-team'], 'blue');
      assert.equal(headers['openai-organization'], 'org-1');
      assert.equal(headers['openai-project'], 'proj-1');
      assert.equal(headers['idempotency-key'], 'idem-1');
      assert.equal(path, '/v1/chat/completions?api-version=7');
    },
    {
      defaultHeaders: { 'X-Team': 'blue', 'X-None': undefined },
      organization: 'org-1',
      project: 'proj-1',
      defaultQuery: { 'api-version': '7' },
    },
  );
});

test('maxRetries counts attempts beside the first, for the client and for a call', async () => {
  const failing = { then: 'last', replies: [{ status: 500 }] };
  const mock = three({ primary: failing, 'backup-1': failing, 'backup-2': failing });
  await withPool(
    mock,
    async (client) => {
      await rejection(settle(client.chat.completions.create(CHAT), mock, client));
      assert.equal(mock.count(), 2);
      const error = await rejection(client.chat.completions.create(CHAT, { maxRetries: 0 }));
      assert.equal(error.attempts, 1);
    },
    { maxRetries: 1 },
  );
});

test('maxRetries: 0 makes one request, a 429 or not', async () => {
  const limited = { default: { status: 429 } };
  const scripts = { primary: limited, 'backup-1': limited, 'backup-2': limited };
  const call = (client, options) => rejection(client.chat.completions.create(CHAT, options));
  await withPool(three(scripts), async (client, mock) => {
    assert.equal((await call(client, { maxRetries: 0 })).status, 429);
    assert.equal(mock.count(), 1);
  });
  const use = async (client, mock) => {
    assert.equal((await call(client)).status, 429);
    assert.equal(mock.count(), 1);
  };
  await withPool(three(scripts), use, { maxRetries: 0 });
});

test('timeout ends a call', async () => {
  const silent = { then: 'last', replies: [{ stall: 'before_headers' }] };
  await withPool(
    three({ primary: silent, 'backup-1': silent, 'backup-2': silent }),
    async (client) => {
      const error = await rejection(client.chat.completions.create(CHAT, { timeout: 50 }));
      assert.equal(error.name, 'APITimeoutError');
      assert.ok(error instanceof APIConnectionTimeoutError);
      const other = client.withOptions({ timeout: 60 });
      assert.equal((await rejection(other.chat.completions.create(CHAT))).name, 'APITimeoutError');
    },
  );
});

test('a signal aborts at once, before and during the call', async () => {
  const mock = three({ primary: { default: { stall: 'before_headers' } } });
  await withPool(mock, async (client) => {
    const reason = new Error('enough');
    const early = await rejection(
      client.chat.completions.create(CHAT, { signal: AbortSignal.abort(reason) }),
    );
    assert.equal(early.name, 'AbortError');
    assert.equal(early.cause, reason);
    assert.equal(mock.count(), 0);
    const controller = new AbortController();
    const promise = client.chat.completions.create(CHAT, { signal: controller.signal });
    await mock.waitFor(1);
    controller.abort();
    const late = await rejection(promise);
    assert.equal(late.name, 'AbortError');
    assert.equal(late.code, 'cancelled');
    while (client.pool[0].inFlight > 0) await new Promise(setImmediate);
    assert.equal(client.pool[0].status, 'healthy');
  });
});

test('a signal that outlives its calls keeps none of them', async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args) => {
    ++listeners;
    add(...args);
  };
  signal.removeEventListener = (...args) => {
    --listeners;
    remove(...args);
  };
  await withPool(three(), async (client) => {
    for (let call = 0; call < 5; ++call) await client.chat.completions.create(CHAT, { signal });
    assert.equal(listeners, 0);
  });
});

test('hooks are told of attempts and ends', async () => {
  const attempts = [];
  const ends = [];
  const mock = three({ primary: { replies: [{ status: 503 }] } });
  await withPool(
    mock,
    async (client) => {
      await client.chat.completions.create(CHAT);
      mock.set('primary', { default: { status: 400 } });
      await rejection(client.chat.completions.create(CHAT, { holysheep: { allow: ['primary'] } }));
      assert.deepEqual(attempts, ['primary 503', 'backup-1 200', 'primary 400']);
      assert.equal(ends.length, 2);
      assert.equal(ends[0].error, undefined);
      assert.equal(ends[0].metadata.endpoint, 'backup-1');
      assert.equal(ends[1].error.status, 400);
    },
    {
      onAttempt: (attempt) => attempts.push(`${attempt.endpoint} ${attempt.status}`),
      onDone: (done) => ends.push(done),
    },
  );
});

test('withOptions shares the pool where it can', async () => {
  const limited = { replies: [{ status: 429, headers: { 'Retry-After': '60' } }] };
  await withPool(three({ primary: limited }), async (client, mock) => {
    await client.chat.completions.create(CHAT);
    const other = client.withOptions({ timeout: 30_000, defaultHeaders: { 'X-Other': '1' } });
    const result = await other.chat.completions.create(CHAT, { headers: { 'X-Call': '2' } });
    assert.equal(result._holysheep.endpoint, 'backup-1');
    assert.equal(result._holysheep.attempts, 1);
    assert.equal(mock.requests.at(-1).headers['x-other'], '1');
    assert.equal(mock.requests.at(-1).headers['x-call'], '2');
    const apart = client.withOptions({ config: { ...mock.config, isolated: true } });
    assert.equal((await apart.chat.completions.create(CHAT))._holysheep.endpoint, 'primary');
    await apart.close();
  });
});

test('clients of equal configuration share one pool', async () => {
  const limited = { replies: [{ status: 429, headers: { 'Retry-After': '60' } }] };
  await withPool(three({ primary: limited }), async (client, mock) => {
    await client.chat.completions.create(CHAT);
    const twin = mock.client();
    assert.equal((await twin.chat.completions.create(CHAT))._holysheep.endpoint, 'backup-1');
    await twin.close();
    assert.equal((await client.chat.completions.create(CHAT))._holysheep.endpoint, 'backup-1');
  });
});

test('check asks each endpoint by itself', async () => {
  const mock = three({ primary: { key: 'other' }, 'backup-1': { default: { status: 503 } } });
  await withPool(mock, async (client) => {
    const checks = await client.check();
    assert.deepEqual(
      checks.map((check) => [check.endpoint, check.ok, check.status]),
      [
        ['primary', false, 401],
        ['backup-1', false, 503],
        ['backup-2', true, 200],
      ],
    );
  });
});

const page = (indicator, description) => ({
  default: { body: { status: { indicator, description } } },
});

test('checkService asks the configured status page, or the one that is given', async () => {
  const mock = three({
    primary: page('none', 'All well'),
    'backup-1': page('major', 'Major outage'),
    'backup-2': { default: { status: 503 } },
  });
  const [well, out, broken] = mock.config.endpoints.map(({ url }) => `${url}/status.json`);
  const config = { monitor: { status_page_url: well } };
  await withPool(
    mock,
    async (client) => {
      const { tookMs, ...found } = await client.checkService();
      assert.equal(typeof tookMs, 'number');
      assert.deepEqual(found, {
        url: well,
        ok: true,
        httpStatus: 200,
        indicator: 'none',
        description: 'All well',
        error: null,
      });
      const outage = await client.checkService(out);
      assert.deepEqual([outage.ok, outage.description], [false, 'Major outage']);
      const failed = await client.checkService(broken);
      assert.deepEqual([failed.ok, failed.httpStatus], [false, 503]);
      const gone = await client.checkService('http://127.0.0.1:9/');
      assert.deepEqual([gone.ok, gone.httpStatus, typeof gone.error], [false, 0, 'string']);
      assert.deepEqual(
        mock.requests.map((request) => request.endpoint),
        ['primary', 'backup-1', 'backup-2'],
      );
      for (const url of [5, 'status.holysheep.ai']) {
        const error = await rejection(client.checkService(url));
        assert.equal(error.name, 'RequestError');
        assert.match(error.message, /url: expected a/);
      }
    },
    { config },
  );
});

test('a status page that hangs keeps no call from its answer', async () => {
  const mock = three({ 'backup-1': { default: { stall: 'before_headers' } } });
  await withPool(mock, async (client) => {
    let settled = false;
    const check = client.checkService(mock.config.endpoints[1].url).finally(() => {
      settled = true;
    });
    await mock.waitFor(1, { endpoint: 'backup-1' });
    await client.chat.completions.create(CHAT);
    assert.equal(settled, false);
    mock.close();
    assert.equal((await check).ok, false);
  });
});

test('reset and setKey make endpoints usable again', async () => {
  const mock = three({
    primary: { key: 'right' },
    'backup-1': { key: 'right' },
    'backup-2': { key: 'right' },
  });
  await withPool(mock, async (client) => {
    assert.equal((await rejection(client.chat.completions.create(CHAT))).status, 401);
    client.setKey('right');
    assert.equal((await client.chat.completions.create(CHAT))._holysheep.endpoint, 'primary');
    mock.set('primary', { replies: [{ status: 429, headers: { 'Retry-After': '60' } }] });
    await client.chat.completions.create(CHAT);
    assert.equal(client.pool[0].status, 'rate_limited');
    client.reset('primary');
    assert.equal((await client.chat.completions.create(CHAT))._holysheep.endpoint, 'primary');
    assert.throws(() => client.reset('nowhere'), /nowhere/);
  });
});

test('metrics and configuration', async () => {
  await withPool(three(), async (client) => {
    await client.chat.completions.create(CHAT);
    assert.match(client.metrics(), /^# HELP holysheep_/m);
    assert.equal(client.configuration().endpoints.length, 3);
    assert.equal(JSON.stringify(client.configuration()).includes('mock-key'), false);
  });
});

test('health and alerts are those of the pool', async () => {
  const limited = { then: 'last', replies: [{ status: 429, headers: { 'Retry-After': '1' } }] };
  const mock = three({ primary: limited });
  await withPool(mock, async (client) => {
    for (let call = 0; call < 30; ++call) {
      await client.chat.completions.create(CHAT);
      mock.advance(client, 2000);
    }
    const health = client.health();
    assert.equal(health.endpoints[0].name, 'primary');
    assert.equal(health.endpoints[0].status, 'critical');
    assert.equal(health.endpoints[1].status, 'healthy');
    assert.ok(
      client.alerts().some((alert) => alert.endpoint === 'primary' && alert.cause === 'rate_limit'),
    );
  });
});

test('log records go to the logger, and only there', async () => {
  const records = [];
  const logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (message, fields) => records.push([level, message, fields]),
    ]),
  );
  const mock = three({ primary: { replies: [{ status: 429 }] } });
  await withPool(
    mock,
    async (client) => {
      await client.chat.completions.create(CHAT);
      while (!records.some(([, message]) => message === 'succeeded'))
        await new Promise(setImmediate);
      assert.deepEqual(
        records
          .filter(([level]) => level === 'warn')
          .map(([, message, fields]) => [message, fields.endpoint]),
        [['rate limited, cooldown begins', 'primary']],
      );
      assert.equal(JSON.stringify(records).includes(KEY), false);
      assert.equal(JSON.stringify(records).includes('Say hello'), false);
    },
    { logger, apiKey: KEY, config: { isolated: true } },
  );
});

test('close cancels, close with a timeout lets calls end', async () => {
  const mock = new MockPool([{ name: 'primary', default: { latency_ms: 100 } }]);
  const client = mock.client();
  const call = client.chat.completions.create(CHAT);
  assert.equal(await client.close({ timeout: 10_000 }), true);
  assert.equal((await call).object, 'chat.completion');
  assert.equal(client.closed, true);
  assert.equal((await rejection(client.chat.completions.create(CHAT))).code, 'closed');
  mock.set('primary', { default: { stall: 'before_headers' } });
  const other = mock.client();
  const cancelled = other.chat.completions.create(CHAT);
  const [error, clean] = await Promise.all([rejection(cancelled), other.close()]);
  assert.equal(error.name, 'AbortError');
  assert.equal(clean, false);
  assert.equal(await other.close(), true);
  mock.close();
});

test(
  'await using closes clients and mocks',
  { skip: Symbol.asyncDispose === undefined },
  async () => {
    const mock = three();
    const client = new HolySheepClient({ config: mock.config });
    await client[Symbol.asyncDispose]();
    assert.equal(client.closed, true);
    await mock[Symbol.asyncDispose]();
    assert.throws(() => mock.count(), /closed/);
  },
);
