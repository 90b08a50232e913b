// The package at work in whatever runs JavaScript: a call, failover, a stream, an error, an abort,
// a worker, a monitor, the end. Ends by itself and prints one line; tests/node/hosts runs it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { HolySheepClient, MockPool, RateLimitError, RateLimitMonitor, version } from 'holysheep';

const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Say hello' }] };
assert.equal(createRequire(import.meta.url)('holysheep').HolySheepClient, HolySheepClient);

const mock = new MockPool([
  { name: 'primary', replies: [{ status: 429 }] },
  { name: 'backup-1', default: { tokens: 50 } },
]);
const client = mock.client();
const completion = await client.chat.completions.create(body);
assert.equal(completion._holysheep.endpoint, 'backup-1');
assert.deepEqual(
  completion._holysheep.trace.map(({ verdict }) => verdict),
  ['rate_limited', 'ok'],
);

let text = '';
const stream = await client.chat.completions.create({ ...body, stream: true });
for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
assert.ok(text.length > 50);
const { data, response } = await client.chat.completions.create(body).withResponse();
assert.equal(response.status, 200);
assert.equal(data.object, 'chat.completion');

const limited = new MockPool([{ name: 'only', default: { status: 429 } }]);
const patient = limited.client({ config: { max_wait_ms: 0 } });
await assert.rejects(patient.chat.completions.create(body), RateLimitError);
const silent = new MockPool([{ name: 'only', default: { stall: 'before_headers' } }]);
const waiting = silent.client();
const controller = new AbortController();
const call = waiting.chat.completions.create(body, { signal: controller.signal });
await silent.waitFor(1);
controller.abort();
await assert.rejects(call, { name: 'AbortError' });

const source = `
  const { HolySheepClient } = require('holysheep');
  const { parentPort, workerData } = require('node:worker_threads');
  const client = new HolySheepClient({ config: workerData });
  client.chat.completions.create({ model: 'm', messages: [] })
    .then(({ object }) => parentPort.postMessage(object));
`;
const worker = new Worker(source, { eval: true, workerData: mock.config });
const answer = await new Promise((resolve, reject) => {
  worker.on('message', resolve).on('error', reject);
});
assert.equal(answer, 'chat.completion');
await worker.terminate();

const monitor = new RateLimitMonitor();
for (let i = 0; i < 8; ++i) monitor.recordRequest('backup-1', false, 429, 1);
assert.equal(monitor.alerts.length, 1);

for (const each of [client, patient, waiting]) await each.close();
for (const each of [mock, limited, silent]) each.close();
console.log(`smoke passed with ${version.split(' ')[0]}`);
