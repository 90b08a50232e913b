// Errors: their tree, what they carry and what they must not, and bad input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as package_ from 'holysheep';
import { CHAT, KEY, rejection, settle, three, withPool } from './support.mjs';

const { HolySheepClient, MockPool } = package_;

const CASES = [
  [400, 'BadRequestError'],
  [401, 'AuthenticationError'],
  [403, 'PermissionDeniedError'],
  [404, 'NotFoundError'],
  [409, 'ConflictError'],
  [422, 'UnprocessableEntityError'],
  [429, 'RateLimitError'],
  [500, 'InternalServerError'],
  [503, 'InternalServerError'],
  [418, 'APIStatusError'],
];

for (const [status, name] of CASES) {
  test(`HTTP ${status} is ${name}`, async () => {
    const body = {
      error: {
        message: 'provider says no to Say hello',
        type: 'some_type',
        code: 'some_code',
        param: 'model',
      },
    };
    const failing = {
      then: 'last',
      replies: [{ status, body, headers: { 'x-request-id': 'req-7' } }],
    };
    const mock = three({ primary: failing, 'backup-1': failing, 'backup-2': failing });
    await withPool(mock, async (client) => {
      const promise = client.chat.completions.create(CHAT, { holysheep: { max_wait_ms: 0 } });
      const error = await rejection(settle(promise, mock, client));
      for (const each of [name, 'APIStatusError', 'APIError', 'HolySheepError']) {
        assert.ok(error instanceof package_[each], `${error.name} is no ${each}`);
      }
      assert.ok(error instanceof Error);
      assert.equal(error.name, name);
      assert.equal(error.status, status);
      assert.equal(error.code, 'some_code');
      assert.equal(error.type, 'some_type');
      assert.equal(error.param, 'model');
      assert.equal(error.requestID, 'req-7');
      assert.equal(error.headers.get('x-request-id'), 'req-7');
      assert.deepEqual(error.error, body.error);
      assert.equal(error.trace.at(-1).status, status);
      assert.equal(inspect(error, { depth: 9 }).includes('Say hello'), false);
    });
  });
}

test('a call that failed everywhere is its last cause, and AllEndpointsFailedError', async () => {
  const failing = { then: 'last', replies: [{ status: 503 }] };
  const mock = three({ primary: failing, 'backup-1': failing, 'backup-2': failing });
  await withPool(mock, async (client) => {
    const error = await rejection(settle(client.chat.completions.create(CHAT), mock, client));
    assert.ok(error instanceof package_.AllEndpointsFailedError);
    assert.ok(error instanceof package_.InternalServerError);
    assert.ok(error.attempts >= 3);
    assert.match(error.message, /primary: 503 .*backup-1: 503 .*backup-2: 503/);
    assert.equal(new Error('x') instanceof package_.AllEndpointsFailedError, false);
  });
});

test('when all are limited nothing is sent, and the error says when to come back', async () => {
  const limited = { then: 'last', replies: [{ status: 429, headers: { 'Retry-After': '40' } }] };
  const mock = three({ primary: limited, 'backup-1': limited, 'backup-2': limited });
  await withPool(mock, async (client) => {
    const holysheep = { max_wait_ms: 0 };
    await rejection(client.chat.completions.create(CHAT, { holysheep }));
    const sent = mock.count();
    const error = await rejection(client.chat.completions.create(CHAT, { holysheep }));
    assert.equal(mock.count(), sent);
    assert.ok(error instanceof package_.RateLimitError);
    assert.equal(error.status, 429);
    assert.equal(error.nothingSent, true);
    assert.equal(error.retryable, true);
    assert.ok(
      error.retryAfterMs > 30_000 && error.retryAfterMs <= 40_000,
      String(error.retryAfterMs),
    );
  });
});

test('no connection', async () => {
  const mock = new MockPool([{ name: 'primary', refuse: true }]);
  await withPool(mock, async (client) => {
    const error = await rejection(settle(client.chat.completions.create(CHAT), mock, client));
    assert.equal(error.name, 'APIConnectionError');
    assert.equal(error.status, undefined);
    assert.equal(error.headers instanceof Headers, true);
  });
});

test('a key appears nowhere', async () => {
  const echo = {
    default: { status: 401, body: { error: { message: `Incorrect API key provided: ${KEY}` } } },
  };
  await withPool(
    three({ primary: echo }),
    async (client) => {
      const error = await rejection(client.chat.completions.create(CHAT));
      const seen = [
        inspect(client, { depth: 9, showHidden: true }),
        JSON.stringify(client),
        String(client),
        inspect(error, { depth: 9 }),
        error.message,
        error.stack,
        JSON.stringify(error.trace),
        JSON.stringify(error._holysheep),
        JSON.stringify(client.pool),
        client.metrics(),
        JSON.stringify(client.configuration()),
        JSON.stringify(client.withOptions({ timeout: 5 })),
        inspect(new package_.HolySheepFailoverClient(KEY), { depth: 9, showHidden: true }),
      ];
      for (const text of seen) assert.equal(text.includes(KEY), false, text);
    },
    { apiKey: KEY },
  );
});

const WRONG_OPTIONS = [
  [{ apiKye: 'x' }, /unknown option 'apiKye'; did you mean 'apiKey'\?/],
  [{ base_url: 'x' }, /unknown option 'base_url'; did you mean 'baseURL'\?/],
  [{ apiKey: 'k', fetch: () => {} }, /unknown option 'fetch'; the engine sends the requests/],
  [{ apiKey: 7 }, /apiKey: expected a string or a function, not 7/],
  [{ apiKey: 'k', baseURL: 'not a url' }, /base_url/],
  [{ apiKey: 'k', timeout: '3' }, /timeout: expected milliseconds, not string/],
  [{ apiKey: 'k', maxRetries: -1 }, /maxRetries: expected a whole number, not -1/],
  [{ apiKey: 'k', config: { polcy: 'smart' } }, /polcy.*policy/],
  [{ apiKey: 'k', config: [] }, /config: expected an object/],
  [{ apiKey: 'k', config: { retry: 5 }, maxRetries: 2 }, /retry: expected/],
  [{ apiKey: 'k', config: { headers: 5 }, defaultHeaders: { a: 'b' } }, /headers: expected/],
  [{ apiKey: 'k', timeout: 1e20 }, /total_ms: expected/],
  [{ apiKey: 'k', config: '/no/such/file.json' }, /no\/such\/file\.json/],
  [{ apiKey: 'k', config: { a: 1n } }, /config\.a: a BigInt/],
  [{ apiKey: 'k', policy: 'clever' }, /policy/],
  [{ apiKey: '' }, /api_key/],
  [{ apiKey: 'k', logLevel: 'loud' }, /logLevel: expected/],
];

for (const [options, message] of WRONG_OPTIONS) {
  const shown = inspect(options, { breakLength: Infinity });
  test(`new HolySheepClient(${shown}) is a ConfigError`, () => {
    assert.throws(
      () => new HolySheepClient(options),
      (error) => {
        assert.equal(error.name, 'ConfigError');
        assert.ok(error instanceof package_.HolySheepError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a missing key is an error before any request', () => {
  const before = process.env.HOLYSHEEP_API_KEY;
  delete process.env.HOLYSHEEP_API_KEY;
  try {
    for (const make of [
      () => new HolySheepClient(),
      () => new package_.HolySheepFailoverClient(undefined),
    ]) {
      assert.throws(
        make,
        (error) => error.code === 'no_key' && error.message.includes('HOLYSHEEP_API_KEY'),
      );
    }
  } finally {
    if (before !== undefined) process.env.HOLYSHEEP_API_KEY = before;
  }
});

const cycle = { model: 'm', messages: [{ role: 'user', content: [] }] };
cycle.messages[0].content.push({ back: cycle.messages });

const WRONG_CALLS = [
  [undefined, undefined, /body: expected an object, not undefined/],
  [null, undefined, /body: expected an object, not null/],
  ['text', undefined, /body: expected an object, not string/],
  [
    { model: 'm', messages: [{ role: 'user', content: 'x', n: 1n }] },
    undefined,
    /body\.messages\[0\]\.n: a BigInt/,
  ],
  [{ 'odd name': { n: 1n } }, undefined, /body\["odd name"\]\.n: a BigInt/],
  [
    cycle,
    undefined,
    /body\.messages\[0\]\.content\[0\]\.back: refers to an object that contains it/,
  ],
  [CHAT, { timout: 3 }, /unknown option 'timout'; did you mean 'timeout'\?/],
  [CHAT, { timeout: NaN }, /timeout: expected milliseconds, not NaN/],
  [CHAT, { signal: 'x' }, /signal: expected an AbortSignal, not string/],
  [CHAT, { headers: { 'X-A': 'a\nX-B: b' } }, /headers\."X-A": a header must be one line/],
  [CHAT, { holysheep: { alow: [] } }, /alow.*allow/],
  [CHAT, { holysheep: { allow: ['nowhere'] } }, /options\.allow: no endpoint/],
];

for (const [body, options, message] of WRONG_CALLS) {
  test(`create: ${message}`, async () => {
    await withPool(three(), async (client, mock) => {
      const error = await rejection((async () => client.chat.completions.create(body, options))());
      assert.ok(error instanceof package_.HolySheepError, error.stack);
      assert.match(error.message, message);
      assert.equal(mock.count(), 0);
      assert.equal((await client.chat.completions.create(CHAT)).object, 'chat.completion');
    });
  });
}

test('what this release does not have says so, and names request()', async () => {
  await withPool(three(), async (client) => {
    for (const use of [
      () => client.files.list(),
      () => client.images.generate({}),
      () => client.beta.threads,
      () => client.chat.completions.parse({}),
      () => client.chat.completions.stream({}),
      () => client.responses.stream({}),
    ]) {
      assert.throws(
        use,
        /client\..* is not in this release; client\.request\(method, path, body\)/,
      );
    }
    assert.equal(Object.keys(client).includes('files'), false);
  });
});
