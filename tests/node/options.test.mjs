// Options over options: a call's over those of withOptions(), those over the constructor's, and the
// constructor's over the configuration document's. What wins, what null takes away, and what is
// refused.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HolySheepClient, HolySheepFailoverClient, MockPool, RateLimitMonitor } from 'holysheep';
import { CHAT, KEY, rejection, withPool } from './support.mjs';

async function arrived(client, mock, options) {
  await client.chat.completions.create(CHAT, options);
  const { headers, path } = mock.requests.at(-1);
  return {
    organization: headers['openai-organization'],
    project: headers['openai-project'],
    query: path.split('?')[1] ?? '',
  };
}

test('withOptions takes organization and project away, wherever they were given', async () => {
  const config = { headers: { 'OpenAI-Project': 'of-the-document' } };
  await withPool(
    new MockPool(),
    async (client, mock) => {
      const own = { organization: 'o', project: 'of-the-document', query: '' };
      assert.deepEqual(await arrived(client, mock), own);
      const other = client.withOptions({ organization: 'other' });
      assert.deepEqual(await arrived(other, mock), { ...own, organization: 'other' });
      for (const parent of [client, other]) {
        const without = parent.withOptions({ organization: null, project: null });
        const gone = { organization: undefined, project: undefined, query: '' };
        assert.deepEqual(await arrived(without, mock), gone);
        const again = without.withOptions({ organization: 'again' });
        assert.deepEqual(await arrived(again, mock), { ...gone, organization: 'again' });
        await Promise.all([without.close(), again.close()]);
      }
    },
    { organization: 'o', config },
  );
});

test("a query parameter is sent once: the call's, else that of withOptions", async () => {
  const config = { query: { d: 'document', q: 'document' } };
  await withPool(
    new MockPool(),
    async (client, mock) => {
      const sent = async (from, options) => (await arrived(from, mock, options)).query;
      assert.equal(await sent(client), 'd=document&q=1');
      assert.equal(await sent(client, { query: { q: 3, r: 4 } }), 'q=3&r=4&d=document');
      const list = 'q%5B%5D=a&q%5B%5D=b&d=document';
      assert.equal(await sent(client, { query: { q: ['a', 'b'] } }), list);
      const other = client.withOptions({ defaultQuery: { q: '2' } });
      assert.equal(await sent(other), 'q=2&d=document');
      assert.equal(await sent(other, { query: { q: 3 } }), 'q=3&d=document');
      const apart = other.withOptions({ policy: 'document' });
      assert.equal(await sent(apart), 'd=document&q=2');
      const without = other.withOptions({ defaultQuery: { q: null, d: null } });
      assert.equal(await sent(without), '');
      await Promise.all([apart.close(), without.close()]);
      const error = await rejection(client.models.list({ query: { q: null } }));
      assert.match(error.message, /^query\."q": a default parameter of the client, which no call/);
    },
    { config, defaultQuery: { q: '1' } },
  );
});

const FAULTS = [
  [{ config: { time_limits: [] }, timeout: 5 }, /^time_limits: expected an object/],
  [{ config: { query: null }, defaultQuery: { a: 'b' } }, /^query: expected an object/],
  [{ config: { time_limits: { idle_ms: 1e20 } } }, /^time_limits\.idle_ms: expected an integer/],
  [{ config: 'list.json' }, /^list\.json: configuration: expected an object, not array/],
];

for (const [options, message] of FAULTS) {
  test(`${JSON.stringify(options)} is a ConfigError that names what is wrong`, () => {
    writeFileSync('list.json', '[]');
    const check = (error) => {
      assert.equal(error.name, 'ConfigError');
      assert.match(error.message, message);
      return true;
    };
    assert.throws(() => new HolySheepClient({ apiKey: KEY, ...options }), check);
  });
}

test('the same of other constructors and of calls', async () => {
  assert.throws(
    () => new HolySheepFailoverClient(KEY, { config: { retry: 5 } }),
    /^\w+: retry: expected an object/,
  );
  assert.throws(() => new RateLimitMonitor({ windowMs: 1e20 }), /window_ms: expected /);
  await withPool(new MockPool(), async (client, mock) => {
    for (const holysheep of [{ retry: 5 }, []]) {
      const error = await rejection(
        client.chat.completions.create(CHAT, { holysheep, maxRetries: 1 }),
      );
      assert.equal(error.name, 'RequestError');
      assert.match(error.message, /retry: expected an object|^holysheep: expected an object/);
    }
    assert.equal(mock.count(), 0);
  });
});

test('what a mock pool waits for', async () => {
  await withPool(new MockPool(), async (client, mock) => {
    const late = await rejection(mock.waitFor(1, { timeout: 'x' }));
    assert.match(late.message, /^timeout: expected milliseconds, not string/);
    await client.chat.completions.create(CHAT);
    await mock.waitFor(1, null);
  });
});

test('headers of any kind that has forEach()', async () => {
  class OwnHeaders {
    #texts = new Map([['OpenAI-Project', 'own']]);
    forEach(callback) {
      this.#texts.forEach((value, name) => callback(value, name));
    }
  }
  const headers = new OwnHeaders();
  await withPool(
    new MockPool(),
    async (client, mock) => {
      assert.equal((await arrived(client, mock)).project, 'own');
      headers.forEach = (callback) => callback('changed', 'OpenAI-Project');
      assert.equal((await arrived(client, mock, { headers })).project, 'changed');
    },
    { defaultHeaders: headers },
  );
});

test('what is undefined in withOptions keeps what there is, whoever has the pool', async () => {
  const said = { timeout: 1234, maxRetries: 7, organization: 'o', defaultQuery: { q: '1' } };
  const none = { timeout: undefined, maxRetries: undefined, organization: undefined };
  const changed = { ...none, apiKey: undefined, defaultQuery: { q: undefined } };
  await withPool(
    new MockPool(),
    async (client, mock) => {
      const views = [changed, { ...changed, policy: 'smart' }].map((of) => client.withOptions(of));
      for (const view of views) {
        const { time_limits, retry } = view.configuration();
        assert.deepEqual([time_limits.total_ms, retry.max_attempts], [1234, 8]);
        const sent = { organization: 'o', project: undefined, query: 'q=1' };
        assert.deepEqual(await arrived(view, mock), sent);
      }
      const other = client.withOptions({ defaultQuery: { q: '2' } });
      assert.equal((await arrived(other, mock, { query: { q: undefined } })).query, 'q=2');
      assert.deepEqual(client.withOptions({ policy: undefined }).pool, client.pool);
      await views[1].close();
    },
    said,
  );
});

test("what an endpoint has itself no call takes away, and withOptions does", async () => {
  const mock = new MockPool();
  const { config } = mock;
  Object.assign(config.endpoints[0], { query: { q: '1' }, headers: { 'OpenAI-Project': 'own' } });
  const client = new HolySheepClient({ config });
  const headers = { 'openai-project': null };
  for (const options of [{ query: { q: null } }, { query: { q: [] } }, { headers }]) {
    const error = await rejection(client.chat.completions.create(CHAT, options));
    assert.match(error.message, /: a default (parameter|header) of the client, which no call/);
  }
  assert.deepEqual(await arrived(client, mock), {
    organization: undefined,
    project: 'own',
    query: 'q=1',
  });
  const without = client.withOptions({ project: null, defaultQuery: { q: null } });
  assert.deepEqual(await arrived(without, mock), {
    organization: undefined,
    project: undefined,
    query: '',
  });
  await Promise.all([without.close(), client.close()]);
  mock.close();
});
