// Answers, inputs and callbacks that are not as they should be: each ends in an error of its own
// call, and never costs another call anything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as package_ from 'holysheep';
import { CHAT, KEY, MESSAGES, STREAM, rejection, run, succeeded, withPool } from './support.mjs';

const { HolySheepClient, HolySheepFailoverClient, MockPool } = package_;

const answering = (reply) => new MockPool([{ name: 'primary', default: reply }]);
const choice = (delta, finish = null) =>
  JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] });
const GOOD = choice({ content: 'good' });
const END = choice({}, 'stop');

async function settled(client) {
  assert.equal((await client.chat.completions.create(CHAT)).object, 'chat.completion');
}

// ---- answers ----------------------------------------------------------------------------------

for (const output of [[null], 5, [{ type: 'message', content: 3 }], [{ type: 'message' }]]) {
  test(`responses: output ${JSON.stringify(output)} has no text`, async () => {
    const body = { id: 'r', object: 'response', status: 'completed', output };
    await withPool(answering({ body }), async (client) => {
      const result = await client.responses.create({ model: 'm', input: 'x' });
      assert.equal(result.output_text, '');
      assert.deepEqual(result.output, output);
    });
  });
}

for (const wrong of ['"a\\q"', '01', '"\\u12"']) {
  const chunk = `{"choices":[{"index":0,"delta":{"content":${wrong}},"finish_reason":null}]}`;

  test(`a stream with ${wrong} ends with an error behind what was good`, async () => {
    const events = [GOOD, GOOD, chunk, GOOD, END, '[DONE]'];
    for (const pace of [{}, { token_ms: 5 }]) {
      await withPool(answering({ events, ...pace }), async (client) => {
        const texts = [];
        const error = await rejection(
          (async () => {
            const stream = await client.chat.completions.create(STREAM);
            for await (const each of stream) texts.push(each.choices[0].delta.content);
          })(),
        );
        assert.equal(error.name, 'StreamInterruptedError');
        assert.equal(error.partial, 'goodgood');
        assert.deepEqual(texts, ['good', 'good']);
      });
    }
  });

  test(`a whole answer with ${wrong} is no answer`, async () => {
    const body = `{"choices":[{"index":0,"message":{"content":${wrong}},"finish_reason":"stop"}]}`;
    const reply = { body, content_type: 'application/json' };
    await withPool(answering(reply), async (client) => {
      const error = await rejection(client.chat.completions.create(CHAT));
      assert.equal(error.name, 'APIResponseValidationError');
      assert.equal(error.body, body);
      assert.equal(error.endpoint, 'primary');
    });
  });
}

test('a byte order mark is no part of the answer', async () => {
  const reply = { body: '\ufeff{"id":"x","choices":[]}', content_type: 'application/json' };
  await withPool(answering(reply), async (client) => {
    assert.equal((await client.chat.completions.create(CHAT)).id, 'x');
    assert.equal((await client.request('GET', '/x')).id, 'x');
  });
});

test('a page in the place of an answer is no answer', async () => {
  await withPool(answering({ html: true }), async (client) => {
    for (const body of [CHAT, STREAM]) {
      const error = await rejection(client.chat.completions.create(body, { maxRetries: 0 }));
      assert.ok(error instanceof package_.APIResponseValidationError);
      assert.equal(error.status, 200);
    }
  });
});

test('an answer in one piece is one chunk of the stream', async () => {
  await withPool(answering({ stream: false, text: 'Hello' }), async (client) => {
    const chunks = [];
    for await (const each of await client.chat.completions.create(STREAM)) chunks.push(each);
    assert.equal(chunks.length, 1);
    assert.equal(chunks[0].choices[0].delta.content, 'Hello');
    const stream = await client.chat.completions.create(STREAM);
    const texts = [];
    for await (const text of stream.textDeltas()) texts.push(text);
    assert.deepEqual(texts, ['Hello']);
    const response = await client.chat.completions.create(STREAM).asResponse();
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.match(await response.text(), /^data: .*Hello.*\n\ndata: \[DONE\]\n\n$/);
  });
});

for (const chunk of ['{"choices":null}', '{"choices":[null]}', choice(null), '{"choices":{}}']) {
  test(`the chunk ${chunk} is handed out as it came`, async () => {
    const events = [GOOD, GOOD, chunk, GOOD, END, '[DONE]'];
    for (const pace of [{}, { token_ms: 5 }]) {
      await withPool(answering({ events, ...pace }), async (client) => {
        const chunks = [];
        for await (const each of await client.chat.completions.create(STREAM)) chunks.push(each);
        assert.deepEqual(
          chunks,
          [GOOD, GOOD, chunk, GOOD, END].map((text) => JSON.parse(text)),
        );
        let text = '';
        const stream = await client.chat.completions.create(STREAM);
        for await (const piece of stream.textDeltas()) text += piece;
        assert.equal(text, 'goodgoodgood');
      });
    }
  });
}

test('content in parts is text too', async () => {
  const parts = choice({
    content: [
      { type: 'text', text: 'in ' },
      { type: 'text', text: 'two' },
    ],
  });
  await withPool(answering({ events: [parts, END, '[DONE]'] }), async (client) => {
    const texts = [];
    const stream = await client.chat.completions.create(STREAM);
    for await (const piece of stream.textDeltas()) texts.push(piece);
    assert.deepEqual(texts, ['in two']);
  });
});

test('headers that are no Latin-1 are told as fetch tells them', async () => {
  const headers = { 'X-Note': '한글' };
  const mock = new MockPool([
    {
      name: 'primary',
      replies: [{ headers }, { status: 400, headers, body: { error: { message: 'no' } } }],
    },
  ]);
  await withPool(mock, async (client) => {
    const { response } = await client.chat.completions.create(CHAT).withResponse();
    const bytes = Buffer.from(response.headers.get('x-note'), 'latin1');
    assert.equal(bytes.toString('utf8'), '한글');
    const error = await rejection(client.chat.completions.create(CHAT));
    assert.equal(error.headers.get('x-note'), response.headers.get('x-note'));
  });
});

test('a key that the provider says again is in no error, nor in its body', async () => {
  const body = { error: { message: `bad key ${KEY}` } };
  const options = { apiKey: KEY };
  await withPool(
    answering({ status: 400, body }),
    async (client) => {
      const error = await rejection(client.chat.completions.create(CHAT));
      assert.match(error.error.message, /^bad key /);
      for (const text of [error.message, error.body, error.error.message, inspect(error)]) {
        assert.equal(text.includes(KEY), false, text);
      }
    },
    options,
  );
});

// ---- callbacks --------------------------------------------------------------------------------

test('a logger that throws is an uncaught exception, and costs no call anything', async () => {
  const output = succeeded(
    await run(`
      import { MockPool } from 'holysheep';
      let uncaught = 0;
      process.on('uncaughtException', (error) => {
        if (error.message === 'logger') ++uncaught;
      });
      const refuse = () => { throw new Error('logger'); };
      const mock = new MockPool([{ name: 'primary', replies: [{ status: 429 }] }, { name: 'b' }]);
      const client = mock.client({ logger: { warn: refuse, info: refuse } });
      const body = { model: 'm', messages: [] };
      const results = await Promise.all([1, 2, 3].map(() => client.chat.completions.create(body)));
      await client.close();
      console.log(results.length, uncaught > 0);
    `),
  );
  assert.equal(output, '3 true\n');
});

test('close() while the headers of a stream wait to be heard ends both', async () => {
  await withPool(answering({ tokens: 1000, token_ms: 5 }), async (client, mock) => {
    const stream = client.chat.completions.create(STREAM);
    await mock.waitFor(1);
    // The engine has answered when we look again.
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(blocked, 0, 0, 60);
    await client.close();
    const error = await rejection(
      (async () => {
        for await (const chunk of await stream) assert.ok(chunk);
      })(),
    );
    assert.ok(error instanceof package_.HolySheepError);
  });
});

test('hooks hear of every end once, also of calls that were never sent', async () => {
  const ends = [];
  const options = { onDone: ({ metadata, error }) => ends.push([metadata.attempts, error?.name]) };
  await withPool(
    answering({ stall: 'before_headers' }),
    async (client, mock) => {
      const gone = AbortSignal.abort();
      await rejection(client.chat.completions.create(CHAT, { signal: gone }));
      await rejection(client.chat.completions.create(STREAM, { signal: gone }));
      await rejection(client.chat.completions.create(CHAT, { holysheep: { allow: ['nowhere'] } }));
      const controller = new AbortController();
      const call = client.chat.completions.create(CHAT, { signal: controller.signal });
      await mock.waitFor(1);
      controller.abort();
      await rejection(call);
    },
    options,
  );
  assert.deepEqual(ends, [
    [0, 'AbortError'],
    [0, 'AbortError'],
    [0, 'NoRouteError'],
    [1, 'AbortError'],
  ]);
});

test('an aborted call knows whether it was sent', async () => {
  await withPool(answering({ stall: 'before_headers' }), async (client, mock) => {
    const before = await rejection(
      client.chat.completions.create(CHAT, { signal: AbortSignal.abort() }),
    );
    assert.equal(before.nothingSent, true);
    const controller = new AbortController();
    const call = client.chat.completions.create(CHAT, { signal: controller.signal });
    await mock.waitFor(1);
    controller.abort('why');
    const after = await rejection(call);
    assert.equal(after.name, 'AbortError');
    assert.equal(after.cause, 'why');
    assert.equal(after.nothingSent, false);
    assert.equal(after.attempts, 1);
  });
});

test('withResponse of a stream leaves it to be read, as chunks or as a body', async () => {
  await withPool(answering({ tokens: 3 }), async (client) => {
    const { data, response } = await client.chat.completions.create(STREAM).withResponse();
    assert.equal(response.status, 200);
    let chunks = 0;
    for await (const chunk of data) chunks += chunk ? 1 : 0;
    assert.ok(chunks > 1);
    await assert.rejects(response.text(), /read already/);
    const other = await client.chat.completions.create(STREAM).asResponse();
    assert.match(await other.text(), /data: \{.*\}\n\ndata: \[DONE\]\n\n$/);
  });
});

// ---- a key that is asked for ------------------------------------------------------------------

test('a key function that never answers is inside the time limit', async () => {
  const never = () => new Promise(() => {});
  for (const [options, call] of [
    [{ timeout: 30 }, undefined],
    [{}, { timeout: 30 }],
  ]) {
    await withPool(
      answering({}),
      async (client, mock) => {
        const error = await rejection(client.chat.completions.create(CHAT, call));
        assert.equal(error.name, 'APITimeoutError');
        assert.equal(error.nothingSent, true);
        assert.equal(mock.count(), 0);
      },
      { apiKey: never, ...options },
    );
  }
});

test('a configuration file that is no JSON is named, and not quoted', async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync('broken.json', `{"version": 1,\n "api_key": ${KEY}}`);
  assert.throws(
    () => new HolySheepClient({ config: 'broken.json' }),
    (error) => {
      assert.equal(error.name, 'ConfigError');
      assert.match(error.message, /^broken\.json: .+/);
      assert.equal(inspect(error, { depth: 9 }).includes(KEY), false, inspect(error));
      return true;
    },
  );
});

// ---- inputs -----------------------------------------------------------------------------------

function detached() {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

// A body that throws where it is looked at.
function trap(name) {
  return Object.defineProperty({ ...CHAT }, name, {
    get() {
      throw new Error('trap');
    },
    enumerable: true,
  });
}

const NOTHING_SENT = [
  [(client) => client.chat.completions.create(CHAT, { signal: { aborted: false } }), /signal/],
  [
    (client) => client.chat.completions.create(CHAT, { holysheep: { max_wait_ms: 5n } }),
    /holysheep\.max_wait_ms: a BigInt/,
  ],
  [
    (client) => client.chat.completions.create(CHAT, { headers: { X: Object.create(null) } }),
    /headers\."X": expected a string/,
  ],
  [(client) => client.chat.completions.create(CHAT, { headers: { X: {} } }), /headers\."X"/],
  [(client) => client.chat.completions.create(CHAT, { headers: { X: Symbol('x') } }), /"X"/],
  [(client) => client.chat.completions.create(CHAT, { headers: { 'X-A:b': 'c' } }), /"X-A:b"/],
  [(client) => client.chat.completions.create(CHAT, { headers: ['X'] }), /headers: expected pairs/],
  [(client) => client.chat.completions.create(CHAT, { query: ['a'] }), /query: expected an object/],
  [(client) => client.chat.completions.create(CHAT, []), /options: expected an object/],
  [(client) => client.chat.completions.create({ ...CHAT, stream: 1 }), /body\.stream/],
  [(client) => client.chat.completions.create({ ...CHAT, stream: 'true' }), /body\.stream/],
  [(client) => client.chat.completions.create(Buffer.from('{}')), /not Uint8Array/],
  [
    (client) =>
      client.chat.completions.create({
        get model() {
          throw null;
        },
      }),
    /body: cannot be read/,
  ],
  [(client) => client.request('POST', '/x', new Map()), /not Map/],
  [(client) => client.request('POST', '/x', detached()), /body: cannot be read/],
  [(client) => client.chat.completions.create(trap('stream')), /body: cannot be read/],
  [(client) => client.chat.completions.create(trap('model')), /body: cannot be read/],
  [(client) => client.request('POST', '/x', new Blob(['a'])), /not Blob/],
  [(client) => client.request('POST', '/x', new FormData()), /not FormData/],
  [(client) => client.request('POST', '/x', {}, { as: 'text' }), /as: expected 'json'/],
  [(client) => client.request(5, '/x'), /method: expected a string/],
  [(client) => client.request(Object.create(null), '/x'), /method: expected a string/],
  [(client) => client.request('GET', () => '/x'), /path: expected a string/],
  [(client) => client.models.retrieve('\ud800'), /model: expected a string of whole characters/],
  [(client) => client.models.retrieve(Symbol('x')), /model: expected a model's id/],
  [(client) => client.models.retrieve(), /model: expected a model's id/],
  [(client) => client.models.retrieve(''), /model: expected a model's id/],
  [(client) => client.request('GET', 5), /path: expected a string/],
  [(client) => client.request('POST', '/x', '', { contentType: 5 }), /contentType/],
  [(client) => client.close({ timeout: '5' }), /timeout: expected milliseconds/],
  [(client) => client.close({ timeout: NaN }), /timeout/],
  [(client) => client.close({ timout: 5 }), /did you mean 'timeout'/],
  [(client) => client.check({ modle: 'm' }), /did you mean 'model'/],
];

for (const [use, message] of NOTHING_SENT) {
  test(`${String(use).replace(/\s+/g, ' ')} rejects`, async () => {
    await withPool(answering({}), async (client, mock) => {
      const promise = use(client);
      const error = await rejection(promise);
      assert.ok(error instanceof package_.HolySheepError, error?.stack ?? String(error));
      assert.match(error.message, message);
      assert.equal(mock.count(), 0);
      await settled(client);
    });
  });
}

test('what throws at once throws errors of the tree', async () => {
  await withPool(answering({}), async (client, mock) => {
    const cycle = {};
    cycle.self = cycle;
    const stream = await client.chat.completions.create(STREAM);
    for (const [use, message] of [
      [() => client.reset(5), /endpoint: expected a string/],
      [() => client.setKey(5), /key: expected a string/],
      [() => client.setKey('k', 5), /endpoint: expected a string/],
      [() => mock.advance({}, 5), /client: expected a client/],
      [() => mock.advance(client, NaN), /milliseconds: expected a number/],
      [() => mock.advance(client, -5), /milliseconds: expected a number that is not negative/],
      [() => new MockPool(5), /script: expected an object/],
      [() => mock.client({ config: 5 }), /config: expected an object/],
      [() => mock.count(5), /endpoint: expected a string/],
      [() => mock.set('primary', cycle), /script\.self: refers to/],
      [() => new MockPool([cycle]), /refers to/],
      [() => stream.events(null), /onRestart/],
      [() => new HolySheepFailoverClient('k', { colour: 1 }), /unknown option 'colour'/],
    ]) {
      assert.throws(use, (error) => {
        assert.ok(error instanceof package_.HolySheepError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    }
    stream.close();
    await assert.rejects(mock.waitFor('x'), /count: expected a whole number/);
  });
});

test('null stands for "not given" where options are taken', async () => {
  await withPool(answering({}), async (client, mock) => {
    await client.withOptions({ timeout: 5000 }).chat.completions.create(CHAT, null);
    await client.request('GET', '/models', undefined, null);
    const other = mock.client(null);
    assert.equal((await client.check(null))[0].ok, true);
    assert.equal(await other.close(null), true);
    const tutorial = new HolySheepFailoverClient('k', null);
    await tutorial.close();
    assert.match(inspect(tutorial), /HolySheepFailoverClient \{ closed: true \}/);
  });
});

test('headers of every form reach the wire, over the defaults', async () => {
  await withPool(answering({}), async (client, mock) => {
    const other = client.withOptions({ defaultHeaders: { 'X-Default': 'd', 'X-Gone': 'g' } });
    for (const headers of [
      [['X-M', 'b']],
      new Map([['X-M', 'b']]),
      new Headers({ 'X-M': 'b' }),
      { 'x-m': 'b' },
    ]) {
      const over = headers instanceof Map ? new Map([...headers, ['X-Gone', null]]) : headers;
      await other.chat.completions.create(CHAT, { headers: over });
      const sent = Object.fromEntries(
        Object.entries(mock.requests.at(-1).headers).map(([name, value]) => [
          name.toLowerCase(),
          value,
        ]),
      );
      assert.equal(sent['x-m'], 'b');
      assert.equal(sent['x-default'], 'd');
      assert.equal(sent['x-gone'], headers instanceof Map ? undefined : 'g');
    }
  });
});

test('queries are written as the SDK writes them', async () => {
  await withPool(answering({}), async (client, mock) => {
    const query = { a: { b: 1 }, list: ['x', 'y'], none: null, flag: true };
    await client.chat.completions.create(CHAT, { query });
    const { search } = new URL(mock.requests[0].path, 'http://host');
    assert.equal(decodeURIComponent(search), '?a[b]=1&list[]=x&list[]=y&flag=true');
  });
});

test('bytes of every kind are sent as bytes', async () => {
  await withPool(answering({}), async (client, mock) => {
    const bytes = new TextEncoder().encode('{"model":"m"}');
    for (const body of [bytes, bytes.buffer, new DataView(bytes.buffer), Buffer.from(bytes)]) {
      await client.request('POST', '/chat/completions', body);
      assert.equal(mock.requests.at(-1).body, '{"model":"m"}');
    }
    assert.equal(MESSAGES.length, 1);
  });
});

test('models.list() of something that is no list is empty', async () => {
  await withPool(answering({ body: { object: 'list', data: 5 } }), async (client) => {
    const models = [];
    for await (const model of await client.models.list()) models.push(model);
    assert.deepEqual(models, []);
  });
});

// ---- what callers rely on ---------------------------------------------------------------------

test('an error has the stack of who awaits the call', async () => {
  await withPool(answering({ status: 400 }), async (client) => {
    async function callerOfCreate() {
      return await client.chat.completions.create(CHAT);
    }
    async function readerOfStream() {
      for await (const chunk of await client.chat.completions.create(STREAM)) assert.ok(chunk);
    }
    assert.match((await rejection(callerOfCreate())).stack, /at async callerOfCreate/);
    assert.match((await rejection(readerOfStream())).stack, /at async readerOfStream/);
  });
  await withPool(answering({ tokens: 5, cut: 'after_content' }), async (client) => {
    async function readerOfChunks() {
      for await (const chunk of await client.chat.completions.create(STREAM)) assert.ok(chunk);
    }
    assert.match((await rejection(readerOfChunks())).stack, /at async readerOfChunks/);
  });
});

test('hooks run in the context of their call', async () => {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const storage = new AsyncLocalStorage();
  const seen = [];
  const options = {
    onAttempt: () => seen.push(storage.getStore()),
    onDone: () => seen.push(storage.getStore()),
  };
  const calls = async (client) => {
    for (const name of ['one', 'two']) {
      await storage.run(name, () => client.chat.completions.create(CHAT));
    }
  };
  await withPool(answering({}), calls, options);
  assert.deepEqual(seen, ['one', 'one', 'two', 'two']);
});

test('an onRestart that throws ends its stream', async () => {
  const cut = { tokens: 5, cut: 'after_content' };
  const mock = new MockPool([
    { name: 'primary', default: cut },
    { name: 'backup-1', default: { tokens: 100000, token_ms: 1 } },
  ]);
  const options = { config: { stream_recovery: 'restart', retry: { max_attempts: 2 } } };
  await withPool(
    mock,
    async (client) => {
      const stream = await client.chat.completions.create(STREAM);
      const onRestart = () => {
        throw new Error('no more');
      };
      await assert.rejects(async () => {
        for await (const chunk of stream.events({ onRestart })) assert.ok(chunk);
      }, /no more/);
      await client.close({ timeout: 10_000 });
      assert.equal(client.closed, true);
    },
    options,
  );
});

test('one signal for many calls is no leak, and no warning', async () => {
  const output = succeeded(
    await run(`
      import { MockPool } from 'holysheep';
      const { signal } = new AbortController();
      const client = new MockPool().client();
      const body = { model: 'm', messages: [] };
      process.on('warning', ({ name }) => console.log(name));
      await Promise.all(Array.from({ length: 50 }, () =>
        client.chat.completions.create(body, { signal })));
    `),
  );
  assert.equal(output, '');
});

test('a mock pool lives until it is closed', async () => {
  const output = succeeded(
    await run(
      `
      const { MockPool } = require('holysheep');
      (async () => {
        const client = new MockPool().client();
        for (let i = 0; i < 5; ++i) {
          gc();
          await new Promise(setImmediate);
        }
        const result = await client.chat.completions.create({ model: 'm', messages: [] });
        console.log(result.object);
      })();
    `,
      { input: 'commonjs', args: ['--expose-gc'] },
    ),
  );
  assert.equal(output, 'chat.completion\n');
});

test('a client whose logger refers to it is let go of', async () => {
  const output = succeeded(
    await run(
      `
      const { MockPool } = require('holysheep');
      const mock = new MockPool();
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      const make = () => {
        for (let i = 0; i < 5; ++i) {
          const logger = { info() {} };
          logger.client = mock.client({ logger, config: { isolated: true } });
        }
      };
      const before = threads();
      make();
      const held = threads();
      (async () => {
        for (let i = 0; i < 2000 && threads() > before; ++i) {
          gc();
          await new Promise(setImmediate);
        }
        console.log(held - before, threads() < held);
      })();
    `,
      { input: 'commonjs', args: ['--expose-gc'] },
    ),
  );
  assert.match(output, /^[1-9]\d* true\n$/);
});

test('closing a client that shares a pool leaves the pool', async () => {
  await withPool(answering({}), async (client) => {
    const scoped = client.withOptions({ timeout: 5000 });
    await scoped.chat.completions.create(CHAT);
    await scoped.close();
    assert.equal(scoped.closed, true);
    assert.equal((await rejection(scoped.chat.completions.create(CHAT))).name, 'ClosedError');
    await settled(client);
  });
});

test('withOptions adds headers, with a pool of its own or not', async () => {
  await withPool(
    answering({}),
    async (client, mock) => {
      for (const more of [{}, { policy: 'document' }]) {
        const other = client.withOptions({ defaultHeaders: { 'X-B': 'b' }, ...more });
        await other.chat.completions.create(CHAT);
        await other.close();
        const { headers } = mock.requests.at(-1);
        assert.deepEqual([headers['x-a'], headers['x-b']], ['a', 'b'], JSON.stringify(headers));
      }
    },
    { defaultHeaders: { 'X-A': 'a' } },
  );
});

test("withOptions takes the constructor's headers away, a call says that it cannot", async () => {
  await withPool(
    answering({}),
    async (client, mock) => {
      const headers = { 'x-a': null };
      const error = await rejection(client.chat.completions.create(CHAT, { headers }));
      assert.match(error.message, /headers\."x-a": a default header of the client/);
      assert.equal(mock.count(), 0);
      const other = client.withOptions({ defaultHeaders: headers });
      await other.chat.completions.create(CHAT, { headers });
      await other.close();
      assert.equal(mock.requests[0].headers['x-a'], undefined);
      await client.chat.completions.create(CHAT, { headers: { 'x-a': 'b', 'x-none': null } });
      assert.equal(mock.requests[1].headers['x-a'], 'b');
    },
    { defaultHeaders: { 'X-A': 'a' } },
  );
});

test('the SDK shapes: iterating a list, errors as members, methods that are not here', async () => {
  await withPool(answering({}), async (client) => {
    const ids = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.equal(typeof ids, 'object');
    assert.equal(HolySheepClient.RateLimitError, package_.RateLimitError);
    for (const use of [
      () => client.get('/x'),
      () => client.post('/x', { body: {} }),
      () => client.responses.retrieve('r'),
      () => client.models.delete('m'),
    ]) {
      assert.throws(use, /not in this release; client\.request/);
    }
  });
});

test('toEventStream of the Responses API names its events, and has no end mark', async () => {
  const events = [
    '{"type":"response.output_text.delta","delta":"x"}',
    '{"type":"response.completed","response":{"status":"completed"}}',
  ];
  await withPool(answering({ events }), async (client) => {
    const stream = await client.responses.create({ model: 'm', input: 'x', stream: true });
    const text = await new Response(stream.toEventStream()).text();
    const wanted = events.map((data) => `event: ${JSON.parse(data).type}\ndata: ${data}\n\n`);
    assert.equal(text, wanted.join(''));
  });
});

test('logLevel alone logs to the console', async () => {
  const program = (level) => `
    import { MockPool } from 'holysheep';
    const pool = new MockPool([{ name: 'primary', replies: [{ status: 429 }] }, { name: 'b' }]);
    const client = pool.client({ logLevel: '${level}' });
    await client.chat.completions.create({ model: 'm', messages: [] });
    await client.close();`;
  assert.match((await run(program('warn'))).stderr, /endpoint: 'primary'/);
  assert.equal((await run(program('off'))).stderr, '');
});

test('a header that comes twice is one list', async () => {
  const headers = { 'X-Two': ['1', '2'] };
  await withPool(answering({ headers }), async (client) => {
    const { data, response } = await client.chat.completions.create(CHAT).withResponse();
    assert.equal(response.headers.get('x-two'), '1, 2');
    const told = Object.entries(data._holysheep.headers).filter(([name]) => /^x-two$/i.test(name));
    assert.deepEqual(
      told.map(([, value]) => value),
      ['1, 2'],
    );
  });
});

test('cookies stay apart, dates in them whole', async () => {
  const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2; Path=/', 'c=3'];
  await withPool(answering({ headers: { 'Set-Cookie': cookies } }), async (client) => {
    const response = await client.chat.completions.create(CHAT).asResponse();
    assert.deepEqual(response.headers.getSetCookie?.() ?? cookies, cookies);
  });
});

test('a failure below HTTP is the cause of its error', async () => {
  const mock = new MockPool([{ name: 'primary' }]);
  const { config } = mock;
  mock.close();
  const client = new HolySheepClient({ config });
  const error = await rejection(client.chat.completions.create(CHAT));
  assert.equal(error.name, 'APIConnectionError');
  assert.equal(error.cause.code, 'connect');
  assert.match(error.cause.message, /^primary: connect$/);
  await client.close();
});
