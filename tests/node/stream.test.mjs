// Streams: order, all ways of reading, back-pressure, breaks and restarts, letting go.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import * as package_ from 'holysheep';
import { CHAT, MESSAGES, STREAM, rejection, textOf, three, withPool } from './support.mjs';

const { HolySheepClient, MockPool, Stream, StreamInterruptedError } = package_;
const TEXT = 'Hello from primary.';
// Falls silent after five words; time that is moved on then breaks the stream.
const SILENT = { default: { tokens: 20, stall: { at: 'after_content', after_tokens: 5 } } };
const SILENCE_MS = 180_001;
const textIn = (chunk) => chunk.choices[0]?.delta?.content ?? '';
const CUT = { default: { tokens: 20, cut: { at: 'after_content', after_tokens: 5 } } };

test('chunks come in order and end', async () => {
  await withPool(three(), async (client) => {
    const stream = await client.chat.completions.create(STREAM);
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''), TEXT);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    assert.equal(stream._holysheep.endpoint, 'primary');
    assert.match(stream._request_id, /^req-mock-/);
  });
});

test('pieces that come one by one, and pieces that come together, are the same', async () => {
  const words = Array.from({ length: 500 }, (_, index) => `word${index}`).join(' ');
  for (const more of [{}, { drip_ms: 0 }, { token_ms: 1 }]) {
    const text = more.token_ms ? words.slice(0, 300) : words;
    await withPool(three({ primary: { default: { text, ...more } } }), async (client) => {
      assert.equal(await textOf(await client.chat.completions.create(STREAM)), text);
    });
  }
});

test('many streams at once', async () => {
  await withPool(three({ primary: { default: { tokens: 40, token_ms: 1 } } }), async (client) => {
    const texts = await Promise.all(
      Array.from({ length: 60 }, async () => textOf(await client.chat.completions.create(STREAM))),
    );
    assert.equal(new Set(texts).size, 1);
    assert.ok(texts[0].length > 40);
  });
});

test('textDeltas gives the text alone, in each dialect', async () => {
  await withPool(three(), async (client) => {
    const read = async (stream) => {
      const pieces = [];
      for await (const piece of stream.textDeltas()) pieces.push(piece);
      assert.ok(pieces.length > 1 && pieces.every((piece) => piece !== ''));
      return pieces.join('');
    };
    assert.equal(await read(await client.chat.completions.create(STREAM)), TEXT);
    assert.equal(
      await read(await client.completions.create({ model: 'm', prompt: 'p', stream: true })),
      TEXT,
    );
    assert.equal(
      await read(await client.responses.create({ model: 'm', input: 'i', stream: true })),
      TEXT,
    );
  });
});

test('toReadableStream gives lines of JSON, toEventStream server-sent events', async () => {
  await withPool(three(), async (client) => {
    const read = async (readable) => new Response(readable).text();
    const lines = (await read((await client.chat.completions.create(STREAM)).toReadableStream()))
      .trim()
      .split('\n');
    assert.equal(
      lines.map((line) => JSON.parse(line).choices[0].delta.content ?? '').join(''),
      TEXT,
    );
    const events = await read((await client.chat.completions.create(STREAM)).toEventStream());
    assert.ok(events.startsWith('data: {') && events.endsWith('data: [DONE]\n\n'));
    const raw = await client.chat.completions.create(STREAM).asResponse();
    assert.match(raw.headers.get('content-type'), /^text\/event-stream/);
    assert.ok((await raw.text()).endsWith('data: [DONE]\n\n'));
  });
});

test('tee gives the same chunks twice', async () => {
  await withPool(three(), async (client) => {
    const [left, right] = (await client.chat.completions.create(STREAM)).tee();
    assert.equal(await textOf(left), TEXT);
    assert.equal(await textOf(right), TEXT);
  });
});

test('halves of tee are streams with all that a stream has', async () => {
  await withPool(three(), async (client) => {
    const whole = await client.chat.completions.create(STREAM);
    const [left, right] = whole.tee();
    assert.ok(left instanceof Stream && right instanceof Stream);
    assert.ok(left.controller === whole.controller && right.controller === whole.controller);
    assert.equal(right._holysheep.endpoint, 'primary');
    const [first, second] = right.tee();
    let text = '';
    for await (const piece of left.textDeltas()) text += piece;
    assert.equal(text, TEXT);
    const lines = await new Response(first.toReadableStream()).text();
    assert.equal(JSON.parse(lines.split('\n')[0]).object, 'chat.completion.chunk');
    assert.match(await new Response(second.toEventStream()).text(), /data: \[DONE\]\n\n$/);
    assert.throws(() => right[Symbol.asyncIterator](), /read already/);
  });
});

test('a half that ends leaves the other alone, and the call ends with both', async () => {
  const mock = three({ primary: { default: { tokens: 100_000, token_ms: 1 } } });
  await withPool(mock, async (client) => {
    const [left, right] = (await client.chat.completions.create(STREAM)).tee();
    for await (const chunk of left) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      break;
    }
    const chunks = right[Symbol.asyncIterator]();
    for (let i = 0; i < 10; ++i) assert.equal((await chunks.next()).done, false);
    const waiting = Array.from({ length: 50 }, () => chunks.next());
    right.close();
    assert.equal((await waiting.at(-1)).done, true);
    while (client.pool[0].inFlight > 0) await new Promise(setImmediate);

    const halves = (await client.chat.completions.create(STREAM)).tee();
    halves[0].controller.abort();
    for (const half of halves) assert.equal(typeof (await textOf(half)), 'string');
  });
});

test('both halves of a stream that breaks end with its error', async () => {
  const mock = three({ primary: CUT });
  await withPool(mock, async (client) => {
    const halves = (await client.chat.completions.create(STREAM)).tee();
    for (const half of halves) {
      const error = await rejection(textOf(half));
      assert.equal(error.name, 'StreamInterruptedError');
    }
  });
});

test('a stream is read once', async () => {
  await withPool(three(), async (client) => {
    const stream = await client.chat.completions.create(STREAM);
    await textOf(stream);
    assert.throws(() => stream[Symbol.asyncIterator](), /read already/);
  });
});

test('concurrent next() calls get the chunks in order', async () => {
  await withPool(three({ primary: { default: { tokens: 10, token_ms: 2 } } }), async (client) => {
    const iterator = (await client.chat.completions.create(STREAM))[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 20 }, () => iterator.next()));
    const text = results
      .filter((result) => !result.done)
      .map((result) => result.value.choices[0].delta.content ?? '')
      .join('');
    assert.equal(text.trim().split(/\s+/).length, 10);
    assert.equal(results.at(-1).done, true);
  });
});

test('a failure before any content is one of create(), after failing over', async () => {
  const failing = { then: 'last', replies: [{ status: 429, headers: { 'Retry-After': '9' } }] };
  const mock = three({ primary: failing });
  await withPool(mock, async (client) => {
    assert.equal(
      await textOf(await client.chat.completions.create(STREAM)),
      'Hello from backup-1.',
    );
    mock.set('backup-1', failing);
    mock.set('backup-2', failing);
    const holysheep = { max_wait_ms: 0 };
    const error = await rejection(client.chat.completions.create(STREAM, { holysheep }));
    assert.equal(error.name, 'RateLimitError');
  });
});

test('a break after content is an error with the text so far, after all that came', async () => {
  await withPool(three({ primary: CUT }), async (client) => {
    const stream = await client.chat.completions.create(STREAM);
    let text = '';
    const error = await rejection(
      (async () => {
        for await (const piece of stream.textDeltas()) text += piece;
      })(),
    );
    assert.ok(error instanceof StreamInterruptedError);
    assert.ok(error instanceof package_.APIError);
    assert.ok(text.length > 0);
    assert.equal(error.partial, text);
    assert.equal(Object.keys(error).includes('partial'), false);
    assert.equal(error.maybeBilled, true);
  });
});

test('events() follow a stream that begins again', async () => {
  const options = { holysheep: { stream_recovery: 'restart' } };
  await withPool(three({ primary: SILENT }), async (client, mock) => {
    let words = [];
    let restarts = 0;
    const stream = await client.chat.completions.create(STREAM, options);
    assert.throws(() => stream.events(), /onRestart: expected a function/);
    const onRestart = () => {
      assert.equal(words.length, 5);
      ++restarts;
      words = [];
    };
    for await (const chunk of stream.events({ onRestart })) {
      const word = chunk.choices[0]?.delta?.content;
      if (word) words.push(word);
      if (words.length === 5 && restarts === 0) mock.advance(client, SILENCE_MS);
    }
    assert.equal(words.join(''), 'Hello from backup-1.');
    assert.equal(restarts, 1);
  });
});

// Chunks that are alike but for their content come to JavaScript in short form.
const chunkOf = (content, more = {}, choice = {}) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'm',
  ...more,
  choices: [{ index: 0, delta: { content }, finish_reason: null, ...choice }],
});
const AWKWARD = [
  chunkOf('a'),
  chunkOf(''),
  chunkOf('quote " and \\ and \n and \u2028 and 한국어 👋'),
  chunkOf('b"'),
  chunkOf('\\'),
  chunkOf('c', { model: 'other' }),
  chunkOf('d', { usage: { content: 'x' } }),
  chunkOf('e', {}, { logprobs: { content: [{ token: 'e' }] } }),
  chunkOf('f', { more: { a: [1] } }),
  chunkOf('g', { more: { a: [1] } }),
  chunkOf('h', { note: 'has a \\ in it' }),
  chunkOf('i', { note: 'has a \\ in it' }),
  chunkOf('j', { content: 'top' }),
  { ...chunkOf('k'), choices: [] },
  chunkOf('l'),
  chunkOf(null),
  chunkOf('"content"'),
  chunkOf('m'),
  { id: 'x', object: 'y', content: 'no choices' },
  { id: 'x', object: 'y', content: 'none again' },
  chunkOf('n', {}, { finish_reason: 'stop' }),
];

test('every chunk is what the provider sent, whoever changes the ones before', async () => {
  const events = AWKWARD.map((chunk) => JSON.stringify(chunk));
  const spaced = AWKWARD.map((chunk) => JSON.stringify(chunk).replaceAll('":', '": '));
  for (const sent of [events, spaced]) {
    for (const token_ms of [0, 1]) {
      const reply = { events: [...sent, '[DONE]'], token_ms };
      await withPool(three({ primary: { default: reply } }), async (client) => {
        const seen = [];
        for await (const chunk of await client.chat.completions.create(STREAM)) {
          seen.push(JSON.stringify(chunk));
          chunk.id = 'changed';
          if (chunk.more) chunk.more.a.push(2);
          for (const choice of chunk.choices ?? []) {
            choice.delta.content = 'changed';
            choice.delta.added = true;
            choice.index = 9;
          }
        }
        assert.deepEqual(
          seen.map((text) => JSON.parse(text)),
          AWKWARD,
        );
        assert.deepEqual(seen, events);
      });
    }
  }
});

test('a plain reader of a stream that begins again gets the error', async () => {
  const options = { config: { stream_recovery: 'restart' } };
  const use = async (client, mock) => {
    const stream = await client.chat.completions.create(STREAM);
    let words = 0;
    const reading = (async () => {
      for await (const word of stream.textDeltas()) {
        if (word && ++words === 5) mock.advance(client, SILENCE_MS);
      }
    })();
    const error = await rejection(reading);
    assert.ok(error instanceof StreamInterruptedError);
    assert.equal(error.partial.trim().split(/\s+/).length, 5);
    while (client.pool.some((endpoint) => endpoint.inFlight > 0)) await new Promise(setImmediate);
  };
  await withPool(three({ primary: SILENT }), use, options);
});

test('a half of tee follows a stream that begins again, and one that does not ends', async () => {
  const options = { config: { stream_recovery: 'restart' } };
  const wordsOf = (text) => text.trim().split(/\s+/).length;
  const use = async (client, mock) => {
    const [left, plain] = (await client.chat.completions.create(STREAM)).tee();
    const halves = [left, ...plain.tee()];
    const ends = halves.map(async (half, index) => {
      const seen = { restarts: 0, text: '' };
      const onRestart = () => Object.assign(seen, { restarts: seen.restarts + 1, text: '' });
      for await (const chunk of index === 2 ? half : half.events({ onRestart })) {
        seen.text += textIn(chunk);
        if (index === 0 && wordsOf(seen.text) === 5) mock.advance(client, SILENCE_MS);
      }
      return seen;
    });
    const error = await rejection(ends[2]);
    assert.ok(error instanceof StreamInterruptedError);
    assert.equal(wordsOf(error.partial), 5);
    const whole = { restarts: 1, text: 'Hello from backup-1.' };
    assert.deepEqual([await ends[0], await ends[1]], [whole, whole]);
  };
  await withPool(three({ primary: SILENT }), use, options);
});

test('a stream that begins again before anybody has read is a whole one', async () => {
  let whole;
  const ended = new Promise((resolve) => (whole = resolve));
  const options = { config: { stream_recovery: 'restart' }, onDone: whole };
  const use = async (client) => {
    const stream = await client.chat.completions.create(STREAM);
    await ended;
    assert.equal(await textOf(stream), 'Hello from backup-1.');
  };
  await withPool(three({ primary: CUT }), use, options);
});

test('a reader that does not read pauses its own stream, and no other', async () => {
  const mock = new MockPool([{ name: 'primary', default: { tokens: 20_000 } }]);
  await withPool(
    mock,
    async (client) => {
      const slow = await client.chat.completions.create(STREAM);
      const iterator = slow[Symbol.asyncIterator]();
      await iterator.next();
      mock.set('primary', { default: { tokens: 100 } });
      for (let turn = 0; turn < 5; ++turn) {
        assert.ok((await textOf(await client.chat.completions.create(STREAM))).length > 100);
      }
      const before = process.memoryUsage().rss;
      await pause(300);
      assert.ok(process.memoryUsage().rss - before < 32 << 20);
      assert.equal(client.pool[0].inFlight, 1);
      let chunks = 1;
      for (let result = await iterator.next(); !result.done; result = await iterator.next())
        ++chunks;
      assert.ok(chunks > 20_000);
    },
    { config: { stream_credit_bytes: 65_536 } },
  );
});

const WAYS_OUT = {
  break: async (stream) => {
    for await (const chunk of stream) if (chunk) break;
  },
  'close()': async (stream) => stream.close(),
  'controller.abort()': async (stream) => stream.controller.abort(),
  'cancelling its ReadableStream': async (stream) => stream.toReadableStream().cancel(),
  'return() of textDeltas': async (stream) => stream.textDeltas().return(),
};

for (const [name, leave] of Object.entries(WAYS_OUT)) {
  test(`${name} frees the stream's place`, async () => {
    const endless = { default: { tokens: 100_000, token_ms: 5 } };
    await withPool(three({ primary: endless }), async (client) => {
      const stream = await client.chat.completions.create(STREAM);
      assert.equal(client.pool[0].inFlight, 1);
      await leave(stream);
      while (client.pool[0].inFlight > 0) await new Promise(setImmediate);
      assert.equal(client.pool[0].status, 'healthy');
    });
  });
}

test('controller.abort() ends the iteration quietly, a signal ends it with an error', async () => {
  const endless = { default: { tokens: 100_000, token_ms: 2 } };
  await withPool(three({ primary: endless }), async (client) => {
    const quiet = await client.chat.completions.create(STREAM);
    let chunks = 0;
    for await (const chunk of quiet) if (chunk && ++chunks === 3) quiet.controller.abort();
    assert.equal(chunks, 3);
    const controller = new AbortController();
    const stream = await client.chat.completions.create(STREAM, { signal: controller.signal });
    const error = await rejection(
      (async () => {
        for await (const chunk of stream) if (chunk) controller.abort(new Error('why'));
      })(),
    );
    assert.equal(error.name, 'AbortError');
    assert.equal(error.cause.message, 'why');
  });
});

test('closing the client ends its streams', async () => {
  const mock = three({ primary: { default: { tokens: 100_000, token_ms: 2 } } });
  const client = mock.client();
  const stream = await client.chat.completions.create(STREAM);
  const reading = rejection(textOf(stream));
  await client.close();
  assert.equal((await reading).name, 'AbortError');
  mock.close();
});

test('request gives raw events and raw bytes', async () => {
  await withPool(three(), async (client) => {
    const body = { model: 'claude', messages: MESSAGES, max_tokens: 10, stream: true };
    const names = [];
    for await (const { event, data } of await client.request('POST', '/messages', body, {
      as: 'events',
    })) {
      names.push(event);
      assert.equal(typeof JSON.parse(data), 'object');
    }
    assert.equal(names[0], 'message_start');
    assert.equal(names.at(-1), 'message_stop');
    const bytes = [];
    for await (const chunk of await client.request('POST', '/chat/completions', STREAM, {
      as: 'stream',
    })) {
      assert.ok(chunk instanceof Uint8Array);
      bytes.push(chunk);
    }
    assert.ok(Buffer.concat(bytes).toString().endsWith('data: [DONE]\n\n'));
  });
});

// An answer whose events have all that an event may have.
const EVENTS = ': note\n\nid: 7\nevent: x\ndata: one\ndata: two\n\ndata: three\n\n';

async function withServer(text, use) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
  const client = new HolySheepClient({ apiKey: 'key', baseURL });
  try {
    await use(client);
  } finally {
    await client.close();
    server.close();
  }
}

test('events that are written again keep their names and lines', async () => {
  await withServer(EVENTS, async (client) => {
    const ask = (as) => client.request('POST', '/somewhere', { stream: true }, { as });
    const read = async (stream) => new Response(stream).text();
    const written = 'event: x\ndata: one\ndata: two\n\ndata: three\n\n';
    assert.equal(await read((await ask('events')).toEventStream()), written);
    assert.equal(await (await ask('events').asResponse()).text(), written);
    assert.equal(await read((await ask('stream')).toEventStream()), EVENTS);
    assert.equal(await (await ask('stream').asResponse()).text(), EVENTS);
  });
});

test('events of chat that are written again end with the mark', async () => {
  await withPool(three(), async (client) => {
    const stream = await client.request('POST', '/chat/completions', STREAM, { as: 'events' });
    const text = await new Response(stream.toEventStream()).text();
    assert.match(text, /^data: \{"id"/);
    assert.equal(text.split('data: [DONE]\n\n').length, 2);
    assert.ok(text.endsWith('\n\ndata: [DONE]\n\n'));
  });
});

test('usage that was asked for is delivered, and in the metadata', async () => {
  await withPool(three(), async (client) => {
    const stream = await client.chat.completions.create({
      ...STREAM,
      stream_options: { include_usage: true },
    });
    let usage;
    for await (const chunk of stream) usage = chunk.usage ?? usage;
    assert.ok(usage.completion_tokens > 0);
    assert.equal(stream._holysheep.usage.output, usage.completion_tokens);
    const other = await client.chat.completions.create(STREAM, {
      holysheep: { include_usage: true },
    });
    for await (const chunk of other) assert.ok(!chunk.usage);
    assert.ok(other._holysheep.usage.output > 0);
    assert.equal((await client.chat.completions.create(CHAT)).object, 'chat.completion');
  });
});

const ENDLESS = { tokens: 100_000, token_ms: 1 };

async function readUntilError(client, options) {
  const controller = new AbortController();
  const stream = await client.chat.completions.create(STREAM, { signal: controller.signal });
  return rejection(
    (async () => {
      for await (const chunk of options.read(stream)) {
        assert.ok(chunk);
        controller.abort();
      }
    })(),
  );
}

test('the error of a stream that was aborted knows its attempts', async () => {
  await withPool(new MockPool([{ name: 'primary', default: ENDLESS }]), async (client) => {
    const error = await readUntilError(client, { read: (stream) => stream });
    assert.equal(error.name, 'AbortError');
    assert.deepEqual(
      [error.attempts, error.trace.length, error.nothingSent, error.maybeBilled, error.retryable],
      [1, 1, false, true, false],
    );
  });
});

test('the error of a stream that brings no JSON knows its attempts', async () => {
  const good = '{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}';
  const reply = { events: [good, '{"x":01,"choices":[]}', good] };
  await withPool(new MockPool([{ name: 'primary', default: reply }]), async (client) => {
    const error = await rejection(
      client.chat.completions.create(STREAM).then((stream) => textOf(stream)),
    );
    assert.deepEqual(
      [error.name, error.attempts, error.status, error.retryable, error.maybeBilled],
      ['StreamInterruptedError', 1, 200, true, true],
    );
  });
});

test('a reader that breaks off is no error', async () => {
  const ends = [];
  await withPool(
    new MockPool([{ name: 'primary', default: ENDLESS }]),
    async (client) => {
      for await (const chunk of await client.chat.completions.create(STREAM)) {
        assert.ok(chunk);
        break;
      }
      const stream = await client.chat.completions.create(STREAM);
      stream.close();
      await readUntilError(client, { read: (each) => each });
      await client.close({ timeout: 10_000 });
    },
    { onDone: ({ metadata, error }) => ends.push([metadata.attempts, error?.name]) },
  );
  assert.deepEqual(ends, [
    [1, undefined],
    [1, undefined],
    [1, 'AbortError'],
  ]);
});

test('cancelling the body of asResponse() ends its call, unread or not', async () => {
  const mock = new MockPool([{ name: 'primary', default: ENDLESS }]);
  await withPool(mock, async (client) => {
    const unread = await client.chat.completions.create(STREAM).asResponse();
    await unread.body.cancel();
    const read = await client.chat.completions.create(STREAM).asResponse();
    const reader = read.body.getReader();
    await reader.read();
    await reader.cancel();
    assert.equal(await client.close({ timeout: 10_000 }), true);
  });
});
