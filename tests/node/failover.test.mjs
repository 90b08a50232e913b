// The tutorial's class, in virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as package_ from 'holysheep';
import { MESSAGES, rejection, settle, three } from './support.mjs';

const { HolySheepFailoverClient } = package_;
const LIMITED = { then: 'last', replies: [{ status: 429 }] };
const BROKEN = { then: 'last', replies: [{ status: 500 }] };

async function withTutorial(mock, use, options = {}) {
  const client = new HolySheepFailoverClient('tutorial-key', { config: mock.config, ...options });
  try {
    return await use(client, mock);
  } finally {
    await client.close();
    mock.close();
  }
}

// Virtual time moves in steps, and real time passes beside it.
function assertAbout(actual, expected) {
  assert.ok(actual >= expected && actual < expected + 500, `${actual}, not about ${expected}`);
}

const names = (mock) => mock.requests.map((request) => request.endpoint);

test('an answer, with the defaults of the tutorial', async () => {
  await withTutorial(three(), async (client, mock) => {
    const response = await client.chatCompletion('gpt-4.1', MESSAGES);
    assert.equal(response.choices[0].message.content, 'Hello from primary.');
    const [request] = mock.requests;
    assert.deepEqual(JSON.parse(request.body), {
      model: 'gpt-4.1',
      messages: MESSAGES,
      temperature: 0.7,
      max_tokens: 1000,
    });
    assert.equal(request.key, 'tutorial-key');
    await client.chatCompletion('gpt-4.1', MESSAGES, { temperature: 0, maxTokens: 5 });
    assert.equal(JSON.parse(mock.requests[1].body).temperature, 0);
    assert.equal(JSON.parse(mock.requests[1].body).max_tokens, 5);
    assert.deepEqual(
      client
        .getEndpointStatus()
        .map(({ name, status, lastError }) => ({ name, status, lastError })),
      [
        { name: 'primary', status: 'healthy', lastError: undefined },
        { name: 'backup-1', status: 'healthy', lastError: undefined },
        { name: 'backup-2', status: 'healthy', lastError: undefined },
      ],
    );
  });
});

test('429: waits 1 s, goes on to the backup, stays there, and cools down for 60 s', async () => {
  await withTutorial(three({ primary: LIMITED }), async (client, mock) => {
    const before = Date.now();
    const response = await settle(client.chatCompletion('gpt-4.1', MESSAGES), mock, client);
    assert.equal(response._holysheep.endpoint, 'backup-1');
    assertAbout(response._holysheep.trace[1].waitedMs, 1000);
    await client.chatCompletion('gpt-4.1', MESSAGES);
    assert.deepEqual(names(mock), ['primary', 'backup-1', 'backup-1']);
    const [primary] = client.getEndpointStatus();
    assert.equal(primary.status, 'rate_limited');
    assert.match(primary.lastError, /429/);
    assert.ok(primary.cooldownUntil > before + 55_000);
    mock.advance(client, 61_000);
    assert.equal(client.getEndpointStatus()[0].status, 'healthy');
  });
});

test('it waits after every failure: 1 s, then 2 s, and never after the last', async () => {
  await withTutorial(
    three({ primary: BROKEN, 'backup-1': BROKEN, 'backup-2': BROKEN }),
    async (client, mock) => {
      const error = await rejection(
        settle(client.chatCompletion('gpt-4.1', MESSAGES), mock, client),
      );
      assert.ok(error instanceof package_.AllEndpointsFailedError);
      assert.equal(error.attempts, 3);
      [0, 1000, 2000].forEach((wait, index) => assertAbout(error.trace[index].waitedMs, wait));
      assert.deepEqual(names(mock), ['primary', 'backup-1', 'backup-2']);
      assert.ok(client.getEndpointStatus().every((endpoint) => endpoint.status === 'degraded'));
    },
  );
});

test('when all are limited it ends, and the next call is forced back to the first', async () => {
  await withTutorial(
    three({ primary: LIMITED, 'backup-1': LIMITED, 'backup-2': LIMITED }),
    async (client, mock) => {
      const error = await rejection(
        settle(client.chatCompletion('gpt-4.1', MESSAGES), mock, client),
      );
      assert.equal(error.status, 429);
      mock.set('primary', {});
      const response = await settle(client.chatCompletion('gpt-4.1', MESSAGES), mock, client);
      assert.equal(response._holysheep.endpoint, 'primary');
      assert.equal(client.getEndpointStatus()[0].status, 'healthy');
    },
  );
});

test("a log record for each of the tutorial's lines", async () => {
  const lines = [];
  const write = (level) => (message, fields) =>
    lines.push(`${level} ${message} ${fields.endpoint ?? ''}`.trim());
  const logger = { info: write('info'), warn: write('warn'), error: write('error') };
  await withTutorial(
    three({ primary: LIMITED, 'backup-1': BROKEN }),
    async (client, mock) => {
      await settle(client.chatCompletion('gpt-4.1', MESSAGES), mock, client);
      while (!lines.some((line) => line.includes('succeeded'))) await new Promise(setImmediate);
      assert.deepEqual(lines, [
        'info attempt primary',
        'warn rate limited, cooldown begins primary',
        'info waiting before the next attempt',
        'info attempt backup-1',
        'error attempt failed backup-1',
        'info waiting before the next attempt',
        'info attempt backup-2',
        'info succeeded backup-2',
      ]);
    },
    { logger },
  );
});

test('it shows its endpoints, and no key', async () => {
  await withTutorial(three(), async (client) => {
    assert.match(inspect(client), /HolySheepFailoverClient .*primary/s);
    assert.equal(inspect(client, { showHidden: true, depth: 9 }).includes('tutorial-key'), false);
    assert.equal(JSON.stringify(client).includes('tutorial-key'), false);
  });
});

test('misspelt options and missing arguments are errors before anything is sent', async () => {
  await withTutorial(three(), async (client, mock) => {
    for (const [use, message] of [
      [() => client.chatCompletion('m', MESSAGES, { maxToken: 5 }), /did you mean 'maxTokens'/],
      [() => client.chatCompletion('m', MESSAGES, { maxTokens: '5' }), /maxTokens: expected/],
      [() => client.chatCompletion('m', MESSAGES, { temperature: NaN }), /temperature: expected/],
      [() => client.chatCompletion(undefined, MESSAGES), /model: expected a string/],
      [() => client.chatCompletion('m'), /messages: expected an array/],
    ]) {
      const error = await rejection(use());
      assert.ok(error instanceof package_.RequestError, error.stack);
      assert.match(error.message, message);
    }
    assert.equal(mock.count(), 0);
  });
});
