// The program's own objects in our hands: signals, key functions, tracers, timers. Whatever they
// do, each call settles, and no other call pays for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { MockPool } from 'holysheep';
import { CHAT, KEY, STREAM, rejection, run, succeeded, withPool } from './support.mjs';

const refuse = () => {
  throw new Error('refused');
};

const SIGNALS = {
  'without removeEventListener': { aborted: false, addEventListener() {} },
  'that cannot be asked': {
    get aborted() {
      return refuse();
    },
    addEventListener() {},
    removeEventListener() {},
  },
  'that takes no listener': {
    aborted: false,
    addEventListener: refuse,
    removeEventListener: refuse,
  },
};

for (const [name, signal] of Object.entries(SIGNALS)) {
  test(`a signal ${name} is the error of its call`, async () => {
    await withPool(new MockPool(), async (client, mock) => {
      for (const body of [CHAT, STREAM]) {
        const error = await rejection(client.chat.completions.create(body, { signal }));
        assert.match(error.message, /signal: expected an AbortSignal|refused/);
      }
      assert.equal(mock.count(), 0);
    });
  });
}

test('a signal that keeps its listener costs no call anything', async () => {
  await withPool(new MockPool(), async (client) => {
    const signal = { aborted: false, addEventListener() {}, removeEventListener: refuse };
    const calls = Array.from({ length: 40 }, () => client.chat.completions.create(CHAT));
    calls.push(client.chat.completions.create(CHAT, { signal }));
    const stream = await client.chat.completions.create(STREAM, { signal });
    for (const { object } of await Promise.all(calls)) assert.equal(object, 'chat.completion');
    for await (const chunk of stream) assert.ok(chunk);
    assert.equal(await client.close(), true);
  });
});

test('a signal without a reason that can be read aborts', async () => {
  const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
  await withPool(mock, async (client) => {
    let abort;
    const signal = {
      aborted: false,
      addEventListener: (_, listener) => {
        abort = listener;
      },
      removeEventListener() {},
      get reason() {
        return refuse();
      },
    };
    const call = client.chat.completions.create(CHAT, { signal });
    await mock.waitFor(1);
    abort();
    assert.equal((await rejection(call)).name, 'AbortError');
  });
});

for (const thrown of [new Error(`vault said ${KEY}`), { key: KEY }, KEY]) {
  test(`a key function that throws ${typeof thrown} brings no text of it`, async () => {
    const apiKey = () => {
      throw thrown;
    };
    const use = async (client) => {
      const error = await rejection(client.chat.completions.create(CHAT));
      assert.equal(error.name, 'ConfigError');
      assert.match(error.message, /^apiKey: the function failed( \(Error\))?$/);
      assert.equal(inspect(error, { depth: 9, showHidden: true }).includes(KEY), false);
    };
    await withPool(new MockPool(), use, { apiKey });
  });
}

// ---- fake timers ------------------------------------------------------------------------------

test('fake timers stop neither streams nor calls nor what hooks throw', async () => {
  const output = succeeded(
    await run(`
      import { syncBuiltinESMExports } from 'node:module';
      import { MockPool, RateLimitMonitor } from 'holysheep';
      import timers from 'node:timers';
      const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
      for (const name of ['setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask']) {
        globalThis[name] = () => {};
        if (timers[name]) timers[name] = () => {};
      }
      process.nextTick = () => {};
      syncBuiltinESMExports();
      const mock = new MockPool([{ name: 'primary', default: { tokens: 2000 } }]);
      const client = mock.client();
      const body = { model: 'm', messages: [] };
      const blocked = new Int32Array(new SharedArrayBuffer(4));
      const block = () => Atomics.wait(blocked, 0, 0, 200);
      const stream = await client.chat.completions.create({ ...body, stream: true });
      block();
      let chunks = 0;
      for await (const chunk of stream) chunks += chunk ? 1 : 0;
      const calls = Array.from({ length: 600 }, () => client.chat.completions.create(body));
      block();
      console.log(chunks > 2000, (await Promise.all(calls)).length);
      const alert = await new Promise((resolve) => {
        const monitor = new RateLimitMonitor({ alertThreshold: 1, onAlert: resolve });
        monitor.recordRequest('a', false, 429, 1);
      });
      const never = mock.client({ apiKey: () => new Promise(() => {}), timeout: 30 });
      const late = await never.chat.completions.create(body).catch(({ name }) => name);
      const onDone = () => { throw new Error('of the hook'); };
      await client.withOptions({ onDone }).chat.completions.create(body);
      console.log(alert.cause, late, (await uncaught).message);
      await client.close();
      mock.close();
    `),
  );
  assert.equal(output, 'true 600\nrate_limit APITimeoutError of the hook\n');
});
