// What the tests share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { MockPool } from 'holysheep';

export const MESSAGES = [{ role: 'user', content: 'Say hello' }];
export const CHAT = { model: 'gpt-4.1', messages: MESSAGES };
export const STREAM = { ...CHAT, stream: true };
export const KEY = 'sk-secret-0123456789';

// A pool of three healthy endpoints, but for what is given by name.
export function three(scripts = {}) {
  return new MockPool(
    ['primary', 'backup-1', 'backup-2'].map((name) => ({ name, ...scripts[name] })),
  );
}

// Runs `use(mock, client)` and closes both.
export async function withPool(mock, use, options = {}) {
  const client = mock.client(options);
  try {
    return await use(client, mock);
  } finally {
    await client.close();
    mock.close();
  }
}

export async function rejection(promise) {
  return promise.then(
    () => assert.fail('expected a rejection'),
    (error) => error,
  );
}

// Moves virtual time on until the promise has settled: waits of seconds take milliseconds.
export async function settle(promise, mock, client, step = 250) {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; !settled && turn < 4000; ++turn) {
    mock.advance(client, step);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return promise;
}

export async function textOf(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
  return text;
}

// Runs a program text in a process of its own; resolves to {code, signal, stdout, stderr}.
export function run(source, { args = [], env = {}, input = 'module', limit = 60_000 } = {}) {
  const flags = [`--input-type=${input}`, ...args, '-e', source];
  return execute(process.execPath, flags, { env, limit });
}

export function execute(program, args, { env = {}, limit = 60_000, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...output });
    });
  });
}

export function succeeded(result) {
  assert.equal(result.signal, null, result.stderr);
  assert.equal(result.code, 0, result.stderr + result.stdout);
  return result.stdout;
}
