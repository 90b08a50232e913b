// Life and death: processes, workers, contexts, garbage. Each scenario is a process of its own, run
// HOLYSHEEP_LIFE times (tests/node/run --all: 100).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute, run, succeeded } from './support.mjs';

const TIMES = Number(process.env.HOLYSHEEP_LIFE ?? 3);

const PROLOGUE = `
  const { HolySheepClient, MockPool } = require('holysheep');
  const CHAT = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }] };
  const STREAM = { ...CHAT, stream: true };
  const slow = { tokens: 100000, token_ms: 1 };
  const endless = () => new MockPool([{ name: 'primary', default: slow }]);
  const reading = async (client) => {
    let chunks = 0;
    for await (const chunk of await client.chat.completions.create(STREAM)) chunks += chunk ? 1 : 0;
    return chunks;
  };
  const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
  const descriptors = () => require('node:fs').readdirSync('/proc/self/fd').length;
  const turn = () => new Promise(setImmediate);
`;

function scenario(name, source, check = (output) => assert.match(output, /done/), options = {}) {
  test(name, async () => {
    for (let time = 0; time < TIMES; ++time) {
      const result = await run(PROLOGUE + source, { input: 'commonjs', ...options });
      check(succeeded(result));
      assert.equal(result.stderr.replace(/^.*ExperimentalWarning.*$\n.*/gm, ''), '');
    }
  });
}

scenario(
  'a process with an idle client exits by itself',
  `
  const mock = new MockPool();
  const client = mock.client();
  client.chat.completions.create(CHAT).then(() => console.log('done'));
`,
);

scenario(
  'a process that only opened a client exits by itself',
  `
  new HolySheepClient({ apiKey: 'key' });
  console.log('done');
`,
);

scenario(
  'a client that asked for many keys keeps few engines, and lets the process exit',
  `
  const mock = new MockPool();
  let asked = 0;
  const client = mock.client({ apiKey: async () => 'key-' + ++asked });
  const before = threads();
  const calls = Array.from({ length: 30 }, () => client.chat.completions.create(CHAT));
  Promise.all(calls).then(async () => {
    while (threads() > before + 10) await turn(); // engines of keys that were let go end
    console.log('done', asked);
  });
`,
);

scenario(
  'a call in flight keeps the process',
  `
  const mock = new MockPool([{ name: 'primary', default: { latency_ms: 150 } }]);
  const client = mock.client();
  client.chat.completions.create(CHAT).then(async () => {
    let text = '';
    const stream = await client.chat.completions.create(STREAM);
    for await (const piece of stream.textDeltas()) text += piece;
    console.log('done', text);
  });
`,
);

scenario(
  'process.exit in the middle of streams and calls',
  `
  const mock = endless();
  const client = mock.client();
  for (let i = 0; i < 20; ++i) reading(client);
  for (let i = 0; i < 20; ++i) client.chat.completions.create(CHAT);
  mock.waitFor(40).then(() => {
    console.log('done');
    process.exit(0);
  });
`,
);

scenario(
  'process.exit at once after the first submit',
  `
  const mock = endless();
  for (let i = 0; i < 5; ++i) reading(mock.client({ config: { isolated: true } }));
  console.log('done');
  process.exit(0);
`,
);

scenario(
  'an uncaught exception in the middle of streams',
  `
  process.on('uncaughtException', (error) => {
    console.log('done', error.message);
    process.exit(0);
  });
  const mock = endless();
  reading(mock.client({ config: { isolated: true } }));
  mock.waitFor(1).then(() => setTimeout(() => { throw new Error('boom'); }, 5));
`,
  (output) => assert.match(output, /done boom/),
);

scenario(
  'an exception of a hook is uncaught, and the call goes on',
  `
  process.on('uncaughtException', (error) => console.log('uncaught', error.message));
  const mock = new MockPool();
  const client = mock.client({ onDone() { throw new Error('of the hook'); } });
  client.chat.completions.create(CHAT).then((result) => console.log('done', result.object));
`,
  (output) => {
    assert.match(output, /uncaught of the hook/);
    assert.match(output, /done chat\.completion/);
  },
);

scenario(
  'worker.terminate in the middle of streams',
  `
  const { Worker } = require('node:worker_threads');
  const mock = endless();
  const config = JSON.stringify(mock.config);
  const source = \`
    const { HolySheepClient } = require('holysheep');
    const client = new HolySheepClient({ config: \${config} });
    (async () => {
      for (let i = 0; i < 10; ++i) (async () => {
        const body = { model: 'm', messages: [], stream: true };
        for await (const chunk of await client.chat.completions.create(body)) chunk;
      })();
    })();
  \`;
  (async () => {
    for (let round = 1; round <= 3; ++round) {
      const workers = [1, 2].map(() => new Worker(source, { eval: true }));
      await mock.waitFor(round * 20);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    console.log('done');
  })();
`,
);

scenario(
  'worker.terminate while the client drains',
  `
  const { Worker } = require('node:worker_threads');
  const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
  const source = \`
    const { HolySheepClient } = require('holysheep');
    const client = new HolySheepClient({ config: \${JSON.stringify(mock.config)} });
    client.chat.completions.create({ model: 'm', messages: [] }).catch(() => {});
    client.close({ timeout: 60000 });
  \`;
  const worker = new Worker(source, { eval: true });
  mock.waitFor(1).then(() => worker.terminate()).then(() => console.log('done'));
`,
);

// What has ended in the background, and was not delivered yet: Node runs the loop once more, where
// no JavaScript may run.
const BACKGROUND = ['client.close({ timeout: 5000 })', "client.checkService('http://127.0.0.1:9/')"];
for (const work of BACKGROUND) {
  for (const end of ['worker.terminate()', 'process.exit()']) {
    scenario(
      `${end} in a worker when ${work} has just ended`,
      `
  const { Worker } = require('node:worker_threads');
  const mock = new MockPool([{ name: 'primary', default: { latency_ms: 20 } }]);
  const source = \`
    const { HolySheepClient } = require('holysheep');
    const { parentPort } = require('node:worker_threads');
    const { readdirSync } = require('node:fs');
    const threads = () => readdirSync('/proc/self/task').length;
    const client = new HolySheepClient({ config: \${JSON.stringify(mock.config)} });
    client.chat.completions.create({ model: 'm', messages: [] }).catch(() => {});
    const before = threads();
    ${work}.catch(() => {});
    const deadline = Date.now() + 2000;
    while (threads() > before && Date.now() < deadline); // its thread ends, this loop is busy
    parentPort.postMessage('ended');
    ${end === 'process.exit()' ? 'process.exit(0);' : 'for (;;);'}
  \`;
  const worker = new Worker(source, { eval: true });
  worker.on('message', () => { if (${end.startsWith('worker')}) worker.terminate(); });
  worker.on('exit', () => console.log('done'));
`,
    );
  }
}

test('where the system gives no thread, work in the background fails alone', async () => {
  // Stacks of 1 GiB do not fit into what is left; a failed close() leaves the calls alone.
  const source = `
    ${PROLOGUE}
    const { execFileSync } = require('node:child_process');
    const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
    const client = mock.client();
    (async () => {
      let ended = 0;
      const call = client.chat.completions.create(CHAT).catch(() => ++ended);
      const status = require('node:fs').readFileSync('/proc/self/status', 'latin1');
      const bytes = (Number(/VmSize:\\s+(\\d+)/.exec(status)[1]) + 524288) * 1024;
      execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + bytes + ':']);
      const works = [client.checkService('http://127.0.0.1:9/'), client.close({ timeout: 5000 })];
      for (const work of works) await work.then(console.log, (error) => console.log(error.message));
      await turn();
      const before = ended;
      await client.close();
      await call;
      console.log('done', before, ended);
    })();
  `;
  const command = 'ulimit -s 1048576 && exec "$0" --input-type=commonjs -e "$1"';
  const output = succeeded(await execute('sh', ['-c', command, process.execPath, source]));
  assert.equal(output.match(/no thread can be started/g)?.length, 2, output);
  assert.match(output, /done 0 1/);
});

const FOUR_WORKERS = `
  const { Worker } = require('node:worker_threads');
  const mock = new MockPool([{ name: 'primary', default: { tokens: 20 } }]);
  const source = \`
    const { HolySheepClient } = require('holysheep');
    const { parentPort } = require('node:worker_threads');
    const client = new HolySheepClient({ config: \${JSON.stringify(mock.config)} });
    (async () => {
      for (let i = 0; i < 10; ++i) {
        await client.chat.completions.create({ model: 'm', messages: [] });
        const body = { model: 'm', messages: [], stream: true };
        const stream = await client.chat.completions.create(body);
        for await (const chunk of stream) chunk;
      }
      parentPort.postMessage('finished');
    })();
  \`;
  let finished = 0;
  for (let i = 0; i < 4; ++i) {
    new Worker(source, { eval: true })
      .on('message', () => ++finished)
      .on('exit', (code) => { if (code === 0 && finished === 4) console.log('done'); });
  }
`;
scenario('four workers load it and call at once', FOUR_WORKERS, (output) =>
  assert.match(output, /done/),
);

test('a worker loads it first, then the main thread', async () => {
  for (let time = 0; time < TIMES; ++time) {
    const result = await run(
      `
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { MockPool } = require('holysheep');
        const mock = new MockPool();
        const { completions } = mock.client().chat;
        completions.create({ model: 'm', messages: [] }).then(() => mock.close());
      \`;
      new Worker(source, { eval: true }).on('exit', async (code) => {
        if (code !== 0) process.exit(1);
        const { MockPool } = require('holysheep');
        const mock = new MockPool();
        await mock.client().chat.completions.create({ model: 'm', messages: [] });
        console.log('done');
      });
    `,
      { input: 'commonjs' },
    );
    assert.match(succeeded(result), /done/);
  }
});

scenario(
  'vm contexts use it',
  `
  const vm = require('node:vm');
  const mock = new MockPool();
  (async () => {
    for (let i = 0; i < 3; ++i) {
      const context = vm.createContext({ require, config: mock.config });
      const text = await vm.runInContext(\`
        (async () => {
          const client = new (require('holysheep').HolySheepClient)({ config });
          const result = await client.chat.completions.create({ model: 'm', messages: [] });
          await client.close();
          return result.choices[0].message.content;
        })()\`, context);
      if (text !== 'Hello from primary.') throw new Error(text);
    }
    console.log('done');
  })();
`,
);

scenario(
  'loading it again with another addon gives another copy that works',
  `
  const mock = new MockPool();
  const { config } = mock;
  (async () => {
    for (let i = 0; i < 3; ++i) {
      for (const name of Object.keys(require.cache)) delete require.cache[name];
      const again = require('holysheep');
      if (again.HolySheepClient === HolySheepClient) throw new Error('the same copy');
      await new again.HolySheepClient({ config }).chat.completions.create(CHAT);
    }
    await mock.client().chat.completions.create(CHAT);
    console.log('done');
  })();
`,
);

scenario(
  'loading its JavaScript again with the same addon, as jest does, gives another copy that works',
  `
  const mock = new MockPool();
  const { config } = mock;
  (async () => {
    const copies = [];
    for (let i = 0; i < 3; ++i) {
      for (const name of Object.keys(require.cache)) {
        if (name.endsWith('.js')) delete require.cache[name];
      }
      const again = require('holysheep');
      if (again.HolySheepClient === HolySheepClient) throw new Error('the same copy');
      copies.push(new again.HolySheepClient({ config }));
    }
    copies.push(mock.client());
    await Promise.all(copies.flatMap((client) => [
      client.chat.completions.create(CHAT),
      client.chat.completions.create(CHAT),
    ]));
    console.log('done');
  })();
`,
);

scenario(
  'copies of its JavaScript that nobody can reach any more are let go of, with their engines',
  `
  const { createRequire } = require('node:module');
  let gone = 0;
  const watch = new FinalizationRegistry(() => ++gone);
  const load = async () => {
    for (const name of Object.keys(require.cache)) {
      if (name.endsWith('.js')) delete require.cache[name];
    }
    const again = createRequire(process.cwd() + '/')('holysheep');
    watch.register(again.HolySheepClient);
    const mock = new again.MockPool();
    const client = mock.client({ logger: console, logLevel: 'error' });
    client.monitor.onAlert = () => {};
    await client.chat.completions.create(CHAT);
  };
  (async () => {
    const before = threads();
    for (let i = 0; i < 50; ++i) await load();
    const held = () => gone < 48 || threads() > before + 6; // the last ones may be in registers
    for (let i = 0; i < 2000 && held(); ++i) {
      gc();
      await turn();
    }
    console.log(held() ? 'gone ' + gone + ' threads ' + before + ' ' + threads() : 'done');
  })();
`,
  (output) => assert.match(output, /done/, output),
  { args: ['--expose-gc'] },
);

scenario(
  'a call keeps its copy of the JavaScript, whoever can reach it',
  `
  const { createRequire } = require('node:module');
  const mock = new MockPool([{ name: 'primary', default: { stall: 'before_headers' } }]);
  const { config } = mock;
  const ask = () => {
    for (const name of Object.keys(require.cache)) {
      if (name.endsWith('.js')) delete require.cache[name];
    }
    const again = createRequire(process.cwd() + '/')('holysheep');
    const client = new again.HolySheepClient({ config });
    client.chat.completions.create(CHAT).catch((error) => console.log('done', error.name));
  };
  ask();
  mock.waitFor(1).then(async () => {
    for (let i = 0; i < 20; ++i) {
      gc();
      await turn();
    }
    mock.close();
  });
`,
  (output) => assert.match(output, /done APIConnectionError/, output),
  { args: ['--expose-gc'] },
);

scenario(
  "a copy of the JavaScript lives as long as any function of its addon: Node's queue may have one",
  `
  const path = require('node:path');
  const root = path.dirname(require.resolve('holysheep/package.json'));
  const platform = process.platform + '-' + process.arch;
  const { start } = require(path.join(root, 'prebuilds', platform, 'holysheep.node'));
  const open = () => {
    const onEvents = () => {};
    return [start(onEvents).deliver, new WeakRef(onEvents)];
  };
  const [deliver, held] = open();
  (async () => {
    for (let i = 0; i < 20; ++i) {
      gc();
      await turn();
    }
    console.log(held.deref() === undefined ? 'gone' : 'done');
    deliver();
  })();
`,
  (output) => assert.match(output, /done/, output),
  { args: ['--expose-gc'] },
);

scenario(
  'a worker that ends with streams dropped in vm contexts, as test runners make them',
  `
  const { Worker } = require('node:worker_threads');
  const mock = new MockPool([{ name: 'primary', default: { tokens: 30, token_ms: 1 } }]);
  const source = \`
    const Module = require('node:module');
    const fs = require('node:fs');
    const path = require('node:path');
    const vm = require('node:vm');
    require('node:v8').setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    const main = require.resolve('holysheep');
    const load = () => { // as test runners do
      const context = vm.createContext({ ...globalThis, process, performance, Headers, URL });
      const modules = new Map();
      const from = (file) => (name) => {
        const found = name.startsWith('.') ? require.resolve(path.resolve(file, '..', name)) : name;
        if (!found.endsWith('.js')) return require(found);
        if (!modules.has(found)) {
          const module = { exports: {} };
          modules.set(found, module);
          const text = Module.wrap(fs.readFileSync(found, 'utf8'));
          const run = vm.runInContext(text, context, { filename: found });
          run(module.exports, from(found), module, found, path.dirname(found));
        }
        return modules.get(found).exports;
      };
      return from(main)(main);
    };
    const drop = async () => {
      const { HolySheepClient } = load();
      const client = new HolySheepClient({ config: \${JSON.stringify(mock.config)} });
      const body = { model: 'm', messages: [], stream: true };
      const stream = await client.chat.completions.create(body);
      await stream[Symbol.asyncIterator]().next();
    };
    (async () => {
      for (let i = 0; i < 20; ++i) await drop();
      gc(); // what that leaves to be done comes in the worker's end
      process.exit();
    })();
  \`;
  const workers = [1, 2, 3].map(() => new Worker(source, { eval: true }));
  let ended = 0;
  for (const worker of workers) {
    worker.on('error', console.error);
    worker.on('exit', () => ++ended === workers.length && console.log('done'));
  }
`,
);

scenario(
  '50 clients opened and closed leave neither threads nor descriptors',
  `
  const mock = new MockPool();
  (async () => {
    const round = async () => {
      const clients = Array.from({ length: 50 }, () => mock.client({ config: { isolated: true } }));
      await Promise.all(clients.map((client) => client.chat.completions.create(CHAT)));
      await Promise.all(clients.map((client) => client.close()));
    };
    const calm = async (before) => {
      const more = () => threads() > before[0] || descriptors() > before[1];
      for (let i = 0; i < 4000 && more(); ++i) await turn();
      return [threads(), descriptors()];
    };
    await round();
    const before = await calm([0, 0].map((_, i) => (i === 0 ? 12 : 60)));
    await round();
    const after = await calm(before);
    const same = after[0] <= before[0] && after[1] <= before[1];
    console.log(same ? 'done' : 'leak ' + before + ' ' + after);
  })();
`,
);

scenario(
  'clients and streams that are dropped are let go of',
  `
  const mock = endless();
  const watcher = mock.client();
  (async () => {
    const drop = async () => {
      for (let i = 0; i < 5; ++i) await (await watcher.chat.completions.create(STREAM));
      for (let i = 0; i < 5; ++i) mock.client({ config: { isolated: true } });
    };
    const before = threads();
    await drop();
    const held = threads();
    for (let i = 0; i < 2000; ++i) {
      if (watcher.pool[0].inFlight === 0 && threads() <= before) break;
      gc();
      await turn();
    }
    const left = watcher.pool[0].inFlight;
    const gone = left === 0 && threads() < held;
    console.log(gone ? 'done' : 'left ' + left + ' threads ' + held + ' ' + threads());
    process.exit(0);
  })();
`,
  (output) => assert.match(output, /done/, output),
  { args: ['--expose-gc'] },
);

scenario(
  'memory stays where it is over many calls and streams',
  `
  const endpoints = [{ name: 'primary', default: { tokens: 30 } }];
  const mock = new MockPool({ record: false, endpoints });
  const client = mock.client();
  (async () => {
    const round = async (count) => {
      for (let i = 0; i < count; i += 20) {
        await Promise.all(Array.from({ length: 20 }, async (_, n) => {
          if (n % 2 === 0) return client.chat.completions.create(CHAT);
          return reading(client);
        }));
      }
      gc();
      return process.memoryUsage().rss >> 20;
    };
    await round(1500);
    const before = await round(500);
    const after = await round(2500);
    console.log(after - before < 16 ? 'done' : 'grew from ' + before + ' to ' + after + ' MiB');
  })();
`,
  (output) => assert.match(output, /done/, output),
  { args: ['--expose-gc'] },
);
