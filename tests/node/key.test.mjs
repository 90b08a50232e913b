// `apiKey` as a function: the key belongs to the call for which it was given.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { MockPool } from 'holysheep';
import { CHAT, KEY, MESSAGES, STREAM, rejection, textOf, three, withPool } from './support.mjs';

const KEPT = 8; // native clients of one client
const LIMITED = { default: { status: 429, headers: { 'Retry-After': '100' } } };

const tenant = new AsyncLocalStorage();
const as = (key, use) => tenant.run(key, use);
const chat = (client, key, more) =>
  as(key, () => client.chat.completions.create({ ...CHAT, ...more }));

// Runs `use(client, mock)` with a client whose key is the tenant's.
function withTenants(mock, use, options) {
  return withPool(mock, use, { apiKey: () => tenant.getStore(), ...options });
}

for (const [how, apiKey] of [
  ['at once', () => tenant.getStore()],
  ['later', async () => new Promise((done) => setImmediate(done, tenant.getStore()))],
]) {
  test(`calls and streams go out with their own caller's key, given ${how}`, async () => {
    const mock = three({ primary: { default: { latency_ms: 5 } } });
    const names = Array.from({ length: 24 }, (_, index) => `tenant-${index % 12}`);
    const call = async (client, name) => {
      const body = { model: name, messages: MESSAGES };
      await client.chat.completions.create(body);
      await textOf(await client.chat.completions.create({ ...body, stream: true }));
      await client.request('POST', '/chat/completions', body);
    };
    await withTenants(
      mock,
      async (client) => {
        await Promise.all(names.map((name) => as(name, () => call(client, name))));
        assert.equal(mock.requests.length, 3 * names.length);
        assert.deepEqual(
          mock.requests.map(({ key }) => key),
          mock.requests.map(({ model }) => model),
        );
      },
      { apiKey },
    );
  });
}

test('two tenants whose keys come out of order keep their own', async () => {
  const given = {};
  const apiKey = () => new Promise((resolve) => (given[tenant.getStore()] = resolve));
  await withTenants(
    new MockPool(),
    async (client, mock) => {
      const calls = ['a', 'b'].map((model) => chat(client, model, { model }));
      given.b('key-of-b');
      await calls[1];
      given.a('key-of-a');
      await calls[0];
      assert.deepEqual(
        mock.requests.map(({ key, model }) => [key, model]),
        [
          ['key-of-b', 'b'],
          ['key-of-a', 'a'],
        ],
      );
    },
    { apiKey },
  );
});

test('the function is asked before each call: keys rotate', async () => {
  const keys = ['key-one', 'key-one', 'key-two'];
  await withPool(
    three(),
    async (client, mock) => {
      for (let call = 0; call < 3; ++call) await client.chat.completions.create(CHAT);
      assert.deepEqual(
        mock.requests.map((request) => request.key),
        ['key-one', 'key-one', 'key-two'],
      );
      assert.equal((await rejection(client.chat.completions.create(CHAT))).name, 'ConfigError');
    },
    { apiKey: async () => keys.shift() },
  );
});

test('a client of withOptions() asks as well, and check() does', async () => {
  await withTenants(three(), async (client, mock) => {
    await chat(client.withOptions({ timeout: 9000 }), 'of-the-view');
    const checks = await as('of-the-check', () => client.check());
    assert.deepEqual(new Set(checks.map(({ ok }) => ok)), new Set([true]));
    const keys = mock.requests.map(({ key }) => key);
    assert.deepEqual(keys, ['of-the-view', 'of-the-check', 'of-the-check', 'of-the-check']);
  });
});

test('cooldowns stay as long as the key; the pool is that of the last key', async () => {
  await withTenants(three({ primary: LIMITED }), async (client, mock) => {
    assert.equal(client.pool[0].status, 'healthy');
    for (const key of ['a', 'b', 'a', 'b', 'a']) await chat(client, key);
    assert.equal(mock.count('primary'), 2);
    assert.equal(client.pool[0].status, 'rate_limited');
    mock.set('primary', {});
    await chat(client, 'c');
    assert.equal(client.pool[0].status, 'healthy');
  });
});

test('the least recently used key is let go, and its stream goes on', async () => {
  const options = { config: { isolated: true } };
  const use = async (client, mock) => {
    mock.set('backup-1', { default: { text: 'one two three four', token_ms: 20 } });
    const slow = await chat(client, 'slow', STREAM);
    mock.set('backup-1', {});
    for (let key = 0; key < KEPT; ++key) await chat(client, String(key));
    await chat(client, '0');
    assert.equal(mock.count('primary'), KEPT + 1);
    await chat(client, 'another');
    await chat(client, '0');
    assert.equal(mock.count('primary'), KEPT + 2);
    await chat(client, '1');
    assert.equal(mock.count('primary'), KEPT + 3);
    assert.match(await textOf(slow), /four$/);
  };
  await withTenants(three({ primary: LIMITED }), use, options);
});

test('the time that the key took is part of the time limit', async () => {
  const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
  let asked;
  const waiting = new Promise((resolve) => {
    asked = resolve;
  });
  const client = mock.client({
    apiKey: () =>
      new Promise((resolve) => {
        setTimeout(() => resolve('key'), 60);
        asked();
      }),
  });
  const call = rejection(client.chat.completions.create(CHAT, { timeout: 100_000 }));
  await waiting;
  await mock.waitFor(1);
  mock.advance(client, 99_950);
  assert.equal((await call).name, 'APITimeoutError');
  await client.close();
  mock.close();
});

test('close() ends the calls of all keys', async () => {
  const stalled = { default: { stall: 'after_content' } };
  await withTenants(three({ primary: stalled }), async (client) => {
    const streams = await Promise.all(['a', 'b'].map((key) => chat(client, key, STREAM)));
    assert.equal(await client.close(), false);
    for (const stream of streams) assert.notEqual(await rejection(textOf(stream)), undefined);
    for (const key of ['a', 'c']) {
      assert.match((await rejection(chat(client, key))).message, /closed/);
    }
    assert.equal(client.closed, true);
  });
});

test('onAlert goes along with the key', async () => {
  const options = { config: { monitor: { alert_threshold: 1 } } };
  const use = async (client) => {
    for (const key of ['a', 'b']) {
      const told = new Promise((resolve) => (client.monitor.onAlert = resolve));
      await chat(client, key);
      assert.equal((await told).cause, 'rate_limit');
    }
  };
  await withTenants(three({ primary: LIMITED }), use, options);
});

test('setKey() is for single endpoints, beside every key', async () => {
  const out = { default: { status: 503 } };
  await withTenants(three({ primary: out }), async (client, mock) => {
    const expected = { name: 'ConfigError', message: /the function `apiKey`/ };
    assert.throws(() => client.setKey('other'), expected);
    assert.throws(() => client.setKey('other', 'nowhere'), /nowhere/);
    await chat(client, 'a');
    client.setKey('its-own', 'backup-1');
    for (const key of ['a', 'b']) await chat(client, key);
    const sent = mock.requests.filter(({ endpoint }) => endpoint === 'backup-1');
    assert.deepEqual(
      sent.map(({ key }) => key),
      ['a', 'its-own', 'its-own'],
    );
  });
});

test('a key that no configuration can have fails its call, unquoted', async () => {
  await withTenants(new MockPool(), async (client, mock) => {
    const error = await rejection(chat(client, `${KEY}\r\nX: y`));
    assert.equal(error.message.includes(KEY), false);
    assert.equal(mock.count(), 0);
    await chat(client, 'right');
    assert.equal(mock.count(), 1);
  });
});

// A limit of 100 s, wherever it is said; the key takes no time.
const limits = (ms) => ({ time_limits: { total_ms: ms } });
const LIMITS = [
  ["the call's time_limits", {}, { holysheep: limits(100_000) }],
  ["those over the client's timeout", { timeout: 20_000 }, { holysheep: limits(100_000) }],
  ["the call's timeout over those", {}, { timeout: 100_000, holysheep: limits(20_000) }],
  ["the client's timeout", { timeout: 100_000 }, {}],
];
for (const [what, options, call] of LIMITS) {
  for (const apiKey of ['key', () => 'key']) {
    test(`a ${typeof apiKey} as the key has the same time limit: ${what}`, async () => {
      const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
      const use = async (client) => {
        let ended = false;
        const failed = rejection(client.chat.completions.create(CHAT, call)).finally(() => {
          ended = true;
        });
        await mock.waitFor(1);
        mock.advance(client, 60_000);
        await rejection(client.models.list({ timeout: 1 })); // the clock was looked at
        assert.equal(ended, false);
        mock.advance(client, 600_000);
        assert.match((await failed).message, /time limit \(total, 100000 ms(\)|;)/);
      };
      await withPool(mock, use, { ...options, apiKey });
    });
  }
}

test('no limit of the call holds for the key, too', async () => {
  await withPool(
    new MockPool(),
    async (client) => {
      const holysheep = { time_limits: { total_ms: 0 } };
      await client.chat.completions.create(CHAT, { holysheep });
      const error = await rejection(client.chat.completions.create(CHAT));
      assert.match(error.message, /gave no key within 20 ms/);
    },
    {
      apiKey: () => new Promise((resolve) => setTimeout(resolve, 60, 'key')),
      timeout: 20,
    },
  );
});

test('an error of the time limit names the limit, and what the key took of it', async () => {
  await withPool(
    new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]),
    async (client, mock) => {
      const failed = rejection(client.chat.completions.create(CHAT, { timeout: 100_000 }));
      await mock.waitFor(1);
      mock.advance(client, 100_000);
      assert.match((await failed).message, /\(total, 100000 ms; the key took \d+ ms of it\)/);
    },
    { apiKey: () => new Promise((resolve) => setTimeout(resolve, 60, 'key')) },
  );
});

const broken = (fields) => Object.assign(new Error(`of ${KEY}`), fields);
const UNREADABLE = Object.defineProperty(broken({}), 'code', {
  get() {
    throw new Error(KEY);
  },
});
const THROWN = [
  [new TypeError(KEY), ' (TypeError)'],
  [broken({ code: 'ECONNREFUSED', status: 401 }), ' (Error, 401, ECONNREFUSED)'],
  [new TypeError(KEY, { cause: broken({ code: 'EAI_AGAIN' }) }), ' (TypeError, EAI_AGAIN)'],
  [broken({ name: KEY, code: KEY, status: KEY }), ''],
  [UNREADABLE, ' (Error)'],
  [KEY, ''],
  [undefined, ''],
];
for (const [thrown, told] of THROWN) {
  test(`a function that fails tells its kind of fault and no text: '${told}'`, async () => {
    await withPool(
      new MockPool(),
      async (client) => {
        const error = await rejection(client.chat.completions.create(CHAT));
        assert.equal(error.message, `apiKey: the function failed${told}`);
        assert.equal(error.cause, undefined);
      },
      {
        apiKey: () => {
          throw thrown;
        },
      },
    );
  });
}
