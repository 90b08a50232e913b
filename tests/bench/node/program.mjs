// One measured program: `calls` calls (or streams) of one client, `in-flight` at a time, against
// the given base URL. Prints one JSON object. CPU is that of the whole process, engine included.
//
//     node program.mjs CLIENT KIND URL CALLS IN_FLIGHT
//
// CLIENT: holysheep, openai, undici, fetch. KIND: call, stream, drip (all streams at once, slow
// ones; the event loop is watched from 2.5 s on, when all have begun, until the first ends).
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const [name, kind, url, callsText, inFlightText] = process.argv.slice(2);
const calls = Number(callsText);
const inFlight = Number(inFlightText);
const WARM_UP = Math.min(calls, 300);
const DRIP_SETTLED_MS = 2500;
const body = {
  model: 'gpt-4.1-mini',
  messages: [
    { role: 'system', content: 'You answer in one word.' },
    { role: 'user', content: 'What is the capital of France?' },
  ],
  temperature: 0.7,
  max_tokens: 100,
};

// Each maker gives {call(): Promise<string>, stream(): Promise<chunks>, close()}.
const makers = {
  async holysheep() {
    const { HolySheepClient } = await import('holysheep');
    return likeTheSdk(new HolySheepClient({ apiKey: 'bench-key', baseURL: url }));
  },
  async openai() {
    const { OpenAI } = await import('openai');
    return likeTheSdk(new OpenAI({ apiKey: 'bench-key', baseURL: url }));
  },
  async undici() {
    const { Pool } = await import('undici');
    const { origin, pathname } = new URL(url);
    const pool = new Pool(origin, { connections: Math.max(1, inFlight), pipelining: 1 });
    return {
      async call() {
        const answer = await pool.request({
          path: `${pathname}/chat/completions`,
          method: 'POST',
          headers: { authorization: 'Bearer bench-key', 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        return (await answer.body.json()).choices[0].message.content;
      },
      close: () => pool.close(),
    };
  },
  async fetch() {
    return {
      async call() {
        const answer = await fetch(`${url}/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer bench-key', 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        return (await answer.json()).choices[0].message.content;
      },
      close() {},
    };
  },
};

function likeTheSdk(client) {
  return {
    async call() {
      return (await client.chat.completions.create(body)).choices[0].message.content;
    },
    async stream() {
      let chunks = 0;
      let length = 0;
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
        ++chunks;
        length += chunk.choices[0]?.delta?.content?.length ?? 0;
      }
      if (length === 0) throw new Error('a stream without text');
      return chunks;
    },
    close: () => client.close?.(),
  };
}

async function run(count, once) {
  let left = count;
  let sum = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) {
        const units = await once();
        sum += units;
      }
    }),
  );
  return sum;
}

const client = await makers[name]();
const delay = monitorEventLoopDelay({ resolution: 1 });
let firstEnd; // of the slow streams

// A loop that has not come round to being watched before the first stream ended was late by that.
function delayMs() {
  if (firstEnd === undefined) return null;
  return delay.count > 0
    ? delay.percentile(99) / 1e6
    : Math.max(0, firstEnd - start - DRIP_SETTLED_MS);
}

const once = {
  async call() {
    if ((await client.call()).length === 0) throw new Error('an empty answer');
    return 1;
  },
  stream: () => client.stream(),
  async drip() {
    const chunks = await client.stream();
    delay.disable();
    firstEnd ??= performance.now();
    return chunks;
  },
}[kind];
if (kind === 'drip') {
  setTimeout(() => delay.enable(), DRIP_SETTLED_MS);
} else {
  await run(WARM_UP, once);
}
const cpu = process.cpuUsage();
const start = performance.now();
const units = await run(calls, once);
const seconds = (performance.now() - start) / 1000;
const used = process.cpuUsage(cpu);
delay.disable();
await client.close();
console.log(
  JSON.stringify({
    client: name,
    kind,
    in_flight: inFlight,
    units,
    cpu_us_per_unit: (used.user + used.system) / units,
    units_per_s: units / seconds,
    delay_p99_ms: delayMs(),
  }),
);
