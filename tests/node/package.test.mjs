// The tarball: what is in it, how it is loaded, its types, its program, what it links to.
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import * as esm from 'holysheep';
import { MockPool } from 'holysheep';
import { execute, run, succeeded } from './support.mjs';

const require = createRequire(import.meta.url);
const root = path.dirname(require.resolve('holysheep/package.json'));
const tools = process.env.HOLYSHEEP_TOOLS;
const binaries = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
const nodeMajor = Number(process.versions.node.split('.')[0]);

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

test('ES modules and CommonJS get the same classes', () => {
  const cjs = require('holysheep');
  const names = Object.keys(cjs)
    .filter((name) => name !== 'default')
    .sort();
  assert.deepEqual(
    Object.keys(esm)
      .filter((name) => name !== 'default')
      .sort(),
    names,
  );
  for (const name of names) assert.equal(esm[name], cjs[name], name);
  assert.equal(esm.default, cjs.HolySheepClient);
  assert.equal(cjs.default, cjs.HolySheepClient);
});

test('the types name what is exported, and nothing else', () => {
  const types = ['index.d.ts', 'errors.d.ts', 'metadata.d.ts']
    .map((file) => readFileSync(path.join(root, 'lib', file), 'utf8'))
    .join('\n');
  const declared = new Set(
    [...types.matchAll(/^export (?:class|const) (\w+)/gm)].map((match) => match[1]),
  );
  declared.add('APIConnectionTimeoutError');
  assert.deepEqual(
    [...declared].sort(),
    Object.keys(esm)
      .filter((name) => name !== 'default')
      .sort(),
  );
});

test('installing needs no compiler, no network, no script, and at most 8 MB', () => {
  const fields = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.equal(fields.scripts, undefined);
  assert.equal(fields.dependencies, undefined);
  assert.equal(fields.gypfile, undefined);
  const files = filesBelow(root);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  assert.ok(bytes <= 8e6, `${bytes} bytes`);
  const names = files.map((file) => path.relative(root, file));
  const wanted = ['README.md', 'LICENSE', 'CONFIGURATION.md', 'MOCK.md', 'lib/index.d.ts'];
  for (const name of [...wanted, 'THIRD_PARTY_LICENSES.txt']) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(
    names.filter((name) => /binding\.gyp|\.cpp$|\.ts\.map$|node_modules/.test(name)),
    [],
  );
});

// Words that only the whole text of each licence has.
const LICENSES = {
  zlib: /\(C\) 1995-\d+ Jean-loup Gailly and Mark Adler[^]*without any express or implied/,
  nghttp2: /Copyright \(c\) [^\n]*Tatsuhiro Tsujikawa[^]*Permission is hereby granted/,
  simdjson: /Apache License[^]*END OF TERMS AND CONDITIONS/,
  openssl: /Apache License[^]*END OF TERMS AND CONDITIONS/,
  curl: /Copyright \(c\) [^\n]*Daniel Stenberg[^]*Permission to use, copy, modify/,
  'node-addon-api': /Copyright \(c\) [^]*Permission is hereby granted/,
  'node-api-headers': /Copyright [^]*Permission is hereby granted/,
};

test('the licences of what is inside are there in full', () => {
  const text = readFileSync(path.join(root, 'THIRD_PARTY_LICENSES.txt'), 'utf8');
  const sections = text.split(/^==== (.*) ====$/m);
  for (const [name, words] of Object.entries(LICENSES)) {
    const at = sections.indexOf(name);
    assert.ok(at > 0, name);
    assert.match(sections[at + 1], words, name);
  }
});

test('loading it starts no thread and loads neither the mock nor Response', async () => {
  const output = succeeded(
    await run(
      `
    const before = require('node:fs').readdirSync('/proc/self/task').length;
    require('holysheep');
    const after = require('node:fs').readdirSync('/proc/self/task').length;
    const loaded = Object.keys(require.cache).some((name) => name.endsWith('/mock.js'));
    console.log(after - before, loaded);
  `,
      { input: 'commonjs' },
    ),
  );
  assert.equal(output.trim(), '0 false');
});

test('npx holysheep runs the program', async () => {
  const program = path.join(root, '..', '.bin', 'holysheep');
  assert.match(succeeded(await execute(program, ['--version'])), /^holysheep \d/);
  const wrong = await execute(program, ['no-such-command']);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /no-such-command/);
  const demo = succeeded(await execute(program, ['demo', '--help']));
  assert.match(demo, /demo/);
});

test('HOLYSHEEP_CONFIG, HOLYSHEEP_API_KEY and a path name configurations', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holysheep-'));
  const mock = new MockPool();
  try {
    const file = path.join(folder, 'pool.json');
    const { api_key: _, ...rest } = mock.config;
    writeFileSync(file, JSON.stringify(rest));
    const ask = (options) => `
      import { HolySheepClient } from 'holysheep';
      const client = new HolySheepClient(${options});
      const { choices } = await client.chat.completions.create({ model: 'm', messages: [] });
      console.log(choices[0].message.content);`;
    const key = { HOLYSHEEP_API_KEY: 'from-environment' };
    assert.match(
      succeeded(await run(ask(''), { env: { ...key, HOLYSHEEP_CONFIG: file } })),
      /Hello/,
    );
    assert.match(
      succeeded(await run(ask(`{ config: ${JSON.stringify(file)} }`), { env: key })),
      /Hello/,
    );
    assert.deepEqual(
      mock.requests.map((request) => request.key),
      ['from-environment', 'from-environment'],
    );
    const inWorker = `
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { HolySheepClient } = require('holysheep');
        const client = new HolySheepClient({ config: ${JSON.stringify(file)} });
        const result = client.chat.completions.create({ model: 'm', messages: [] });
        result.then(({ object }) => console.log(object));
      \`;
      new Worker(source, { eval: true, env: { HOLYSHEEP_API_KEY: 'of-the-worker' } });`;
    assert.match(succeeded(await run(inWorker, { input: 'commonjs' })), /chat\.completion/);
    assert.equal(mock.requests.at(-1).key, 'of-the-worker');
  } finally {
    mock.close();
    rmSync(folder, { recursive: true });
  }
});

const HOSTS = [
  [
    'with @types/node',
    { types: ['node'], typeRoots: [path.join(tools ?? '', 'node_modules', '@types')] },
  ],
  ['with lib DOM', { types: [], lib: ['ES2022', 'DOM', 'DOM.AsyncIterable'] }],
  ['with lib esnext and DOM', { types: [], lib: ['ESNext', 'DOM', 'DOM.AsyncIterable'] }],
];

function compile(folder, options, files) {
  mkdirSync(folder, { recursive: true });
  const project = path.join(folder, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      compilerOptions: {
        strict: true,
        skipLibCheck: false,
        target: 'ES2022',
        lib: ['ES2022'],
        module: 'NodeNext',
        moduleResolution: 'NodeNext',
        noUncheckedIndexedAccess: false,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        ...options,
      },
      files: files.map((file) => path.join(process.cwd(), file)),
    }),
  );
  return execute(process.execPath, [
    path.join(tools, 'node_modules/typescript/bin/tsc'),
    '-p',
    project,
  ]);
}

for (const [name, options] of HOSTS) {
  test(`tsc --strict, skipLibCheck off, ${name}`, { skip: !tools }, async () => {
    const files = ['public', 'moved', 'tutorial'].map((name) => `types/${name}.ts`);
    succeeded(await compile('build', options, files));
  });
}

test('the examples of README.md compile as TypeScript', { skip: !tools }, async () => {
  const text = readFileSync(path.join(root, 'README.md'), 'utf8');
  const found = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);
  const examples = found.filter((example) => !example.includes('require('));
  assert.ok(examples.length > 5);
  const files = examples.map((example, index) => {
    writeFileSync(`types/example-${index}.mts`, example);
    return `types/example-${index}.mts`;
  });
  succeeded(await compile('build', HOSTS[0][1], files));
});

test("the openai package's types fit, in and out", { skip: !tools }, async () => {
  const paths = { openai: [path.join(tools, 'node_modules', 'openai')] };
  // Its own types are not ours to check.
  const options = { ...HOSTS[0][1], skipLibCheck: true, exactOptionalPropertyTypes: false, paths };
  succeeded(await compile('build', options, ['types/sdk.ts']));
});

test(
  'the types alone compile where the host has neither DOM nor node',
  { skip: !tools },
  async () => {
    writeFileSync(
      'types/bare.ts',
      "import { HolySheepClient } from 'holysheep';\nexport const client = new HolySheepClient('key');\n",
    );
    succeeded(await compile('build', { types: [] }, ['types/bare.ts']));
  },
);

test('Headers are headers with lib DOM alone', { skip: !tools }, async () => {
  writeFileSync(
    'types/dom.ts',
    "import { HolySheepClient } from 'holysheep';\n" +
      "export const client = new HolySheepClient({ apiKey: 'k', defaultHeaders: new Headers() });\n" +
      'export const list = client.models.list({ headers: new Headers() });\n',
  );
  const options = { types: [], lib: ['ES2022', 'DOM'] };
  succeeded(await compile('build', options, ['types/dom.ts']));
});

test("the tutorial's main() compiles, and runs against a mock pool", { skip: !tools }, async () => {
  const mock = new MockPool([
    { name: 'primary', replies: [{ status: 429 }] },
    { name: 'backup-1' },
  ]);
  try {
    writeFileSync('pool.json', JSON.stringify(mock.config));
    const options = {
      ...HOSTS[0][1],
      noEmit: false,
      outDir: path.resolve('out'),
      module: 'CommonJS',
      moduleResolution: 'Node10',
    };
    succeeded(
      await compile('build', { ...options, ignoreDeprecations: '5.0' }, ['types/tutorial.ts']),
    );
    const output = succeeded(
      await execute(process.execPath, ['out/tutorial.js'], {
        env: { HOLYSHEEP_CONFIG: path.resolve('pool.json') },
      }),
    );
    assert.match(output, /answer: Hello from backup-1\./);
    assert.match(output, /name: 'primary',\s+status: 'rate_limited'/);
    assert.equal(mock.requests[1].key, 'YOUR_HOLYSHEEP_API_KEY');
  } finally {
    mock.close();
  }
});

test('publint has nothing to say', { skip: !tools }, async () => {
  const result = await execute(process.execPath, [
    path.join(tools, 'node_modules/publint/src/cli.js'),
    root,
    '--strict',
    '--pack',
    'false',
  ]);
  assert.match(succeeded(result), /All good/);
});

test('are the types wrong? No', { skip: !tools || nodeMajor < 20 }, async () => {
  const program = path.join(tools, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  succeeded(await execute(process.execPath, [program, process.env.HOLYSHEEP_TARBALL]));
});

test('it makes no external buffers, which Electron forbids', async () => {
  const { stdout } = await execute('objdump', ['-T', path.join(binaries, 'holysheep.node')]);
  assert.match(stdout, /napi_create_buffer_copy/);
  assert.doesNotMatch(stdout, /napi_create_external_(arraybuffer|buffer)|node_api_create_external/);
});

test('LD_LIBRARY_PATH puts no other library in the place of its own', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holysheep-'));
  try {
    writeFileSync(path.join(folder, 'libholysheep.so.1'), 'no library');
    const source = "console.log(require('holysheep').version)";
    const env = { LD_LIBRARY_PATH: folder };
    assert.match(
      succeeded(await run(source, { env, input: 'commonjs' })),
      /^\d+\.\d+\.\d+ libcurl/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a copy of another version says that it is one', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holysheep-'));
  try {
    cpSync(root, folder, { recursive: true });
    const file = path.join(folder, 'package.json');
    const fields = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...fields, version: '9.9.9' }));
    const source = `require('holysheep'); require(${JSON.stringify(folder)});`;
    const { code, stderr } = await run(source, { input: 'commonjs' });
    assert.notEqual(code, 0);
    assert.match(stderr, /holysheep 9\.9\.9 cannot be loaded: this process has the library of hol/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("it binds to nothing of Node's own OpenSSL, nghttp2 or zlib", async (context) => {
  const needed = await execute('objdump', ['-p', path.join(binaries, 'lib/libholysheep.so.1')]);
  if (/NEEDED\s+libcurl/.test(needed.stdout)) {
    context.skip("this package was built from the system's libraries, for development");
    return;
  }
  const mock = new MockPool([{ name: 'primary', tls: true }]);
  try {
    const { stderr, code } = await run(
      `
      import { HolySheepClient } from 'holysheep';
      const client = new HolySheepClient({ config: ${JSON.stringify(mock.config)} });
      await client.chat.completions.create({ model: 'm', messages: [] });
    `,
      { env: { LD_DEBUG: 'bindings', LD_BIND_NOW: '1' } },
    );
    assert.equal(code, 0);
    const ours = stderr
      .split('\n')
      .filter((line) => /binding file \S*(libholysheep|holysheep\.node)/.test(line));
    assert.ok(ours.length > 50);
    const outside = ours.filter((line) => !/ to \S*\/lib(c|m|holysheep)\.so/.test(line));
    const allowed = /\[GLIBC_|symbol `(napi_|node_api_|__tls_get_addr|_ITM_|__gmon_start__|__cxa_)/;
    const foreign = outside.filter((line) => !allowed.test(line));
    assert.deepEqual(foreign, []);
  } finally {
    mock.close();
  }
});
