// RateLimitMonitor, alone and as a client's: what the engine counts, in the tutorial's words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { HolySheepError, MockPool, RateLimitMetrics, RateLimitMonitor } from 'holysheep';
import { CHAT, rejection, run, succeeded, withPool } from './support.mjs';

// The tutorial's example: 100 successes on primary, 8 times 429 on backup-1.
function recorded() {
  const monitor = new RateLimitMonitor();
  for (let i = 0; i < 100; ++i) monitor.recordRequest('primary', true, 200, 45.5);
  for (let i = 0; i < 8; ++i) monitor.recordRequest('backup-1', false, 429, 0, 1);
  return monitor;
}

test("the tutorial's example has the tutorial's numbers, and one alert", () => {
  const monitor = recorded();
  const summary = monitor.getMetricsSummary();
  assert.equal(summary.holysheep_primary_total_requests, 100);
  assert.equal(summary.holysheep_primary_successful_requests, 100);
  assert.equal(summary.holysheep_primary_avg_latency_ms, 45.5);
  assert.equal(summary.holysheep_backup_1_rate_limited_requests, 8);
  assert.equal(summary.holysheep_backup_1_total_retries, 8);
  assert.equal(summary.holysheep_backup_1_rate_limit_rate, 100);
  assert.equal(monitor.alerts.length, 1);
  const [alert] = monitor.alerts;
  assert.deepEqual(
    [alert.endpoint, alert.cause, alert.active, alert.resolvedAt],
    ['backup-1', 'rate_limit', true, null],
  );
  const report = monitor.getHealthReport();
  assert.equal(report.overallStatus, 'critical');
  assert.equal(report.windowSeconds, null);
  assert.deepEqual(
    report.endpoints.map(({ name, status }) => [name, status]),
    [
      ['primary', 'healthy'],
      ['backup-1', 'critical'],
    ],
  );
  const text = monitor.exportPrometheusMetrics();
  assert.match(text, /^holysheep_rate_limit_rate\{endpoint="backup-1"\} 100$/m);
  assert.match(monitor.exportOpenMetrics(), /# EOF\n$/);
  assert.match(inspect(monitor), /^RateLimitMonitor .*overallStatus: 'critical'/s);
});

test('metrics by endpoint', () => {
  const { primary, 'backup-1': backup } = recorded().metrics;
  assert.ok(primary instanceof RateLimitMetrics);
  assert.equal(primary.endpointName, 'primary');
  assert.equal(primary.totalRequests, 100);
  assert.equal(primary.totalLatencyMs, 4550);
  assert.ok(Math.abs(primary.latencyMs.p99 - 45.5) < 1);
  assert.equal(backup.totalRetryCount, 8);
  assert.equal(typeof backup.lastRateLimitedAt, 'number');
  assert.deepEqual(backup.rateLimitRecoveryTimes, []);
});

test('alertThreshold and windowMs are the ones that were given, and 5', () => {
  assert.equal(new RateLimitMonitor().alertThreshold, 5);
  const monitor = new RateLimitMonitor({ alertThreshold: 2, windowMs: 60_000 });
  assert.equal(monitor.alertThreshold, 2);
  assert.equal(monitor.getHealthReport().windowSeconds, 60);
  monitor.alertThreshold = 3;
  for (let i = 0; i < 2; ++i) monitor.recordRequest('a', false, 429, 1);
  assert.equal(monitor.alerts.length, 0);
  monitor.recordRequest('a', false, 429, 1);
  assert.equal(monitor.alerts.length, 1);
});

test('what cannot be is an error of the tree', () => {
  const monitor = new RateLimitMonitor();
  for (const [use, message] of [
    [() => new RateLimitMonitor({ threshold: 5 }), /unknown option 'threshold'/],
    [() => new RateLimitMonitor({ alertThreshold: -1 }), /alertThreshold: expected a whole number/],
    [() => new RateLimitMonitor(5), /expected an object of options/],
    [() => (monitor.alertThreshold = 'x'), /alertThreshold/],
    [() => (monitor.onAlert = 'x'), /onAlert: expected a function/],
    [() => monitor.recordRequest('', true, 200, 1), /endpoint/],
    [() => monitor.recordRequest(5, true, 200, 1), /endpoint: expected a string/],
    [() => monitor.recordRequest('a', 1, 200, 1), /success: expected true or false/],
    [() => monitor.recordRequest('a', true, 2.5, 1), /statusCode/],
    [() => monitor.recordRequest('a', true, 2 ** 40, 1), /status/],
    [() => (monitor.alertThreshold = null), /^alertThreshold: expected a whole number/],
    [() => monitor.recordRequest('a', true, 200, NaN), /latencyMs: expected milliseconds$/],
    [() => monitor.recordRequest('a', true, 200, Infinity), /latencyMs: expected milliseconds$/],
    [() => monitor.recordRequest('a', true, 200, -1), /latencyMs: expected milliseconds$/],
    [() => monitor.recordRequest('a', true, 200, 1, -1), /retry/],
  ]) {
    assert.throws(use, (error) => {
      assert.ok(error instanceof HolySheepError, error.stack);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.deepEqual(monitor.metrics, {});
});

test('onAlert hears of an alert when it begins and when it is over', async () => {
  const heard = [];
  const monitor = new RateLimitMonitor({
    alertThreshold: 2,
    onAlert: ({ endpoint, active }) => heard.push([endpoint, active]),
  });
  for (let i = 0; i < 3; ++i) monitor.recordRequest('a', false, 429, 1);
  monitor.recordRequest('a', true, 200, 1);
  assert.deepEqual(heard, []); // not inside of recordRequest
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(heard, [
    ['a', true],
    ['a', false],
  ]);
});

test('a process that ends after its last record has heard of its alerts', async () => {
  const output = succeeded(
    await run(`
      import { RateLimitMonitor } from 'holysheep';
      const onAlert = ({ cause }) => console.log(cause);
      const monitor = new RateLimitMonitor({ alertThreshold: 1, onAlert });
      monitor.recordRequest('a', false, 429, 1);
    `),
  );
  assert.equal(output, 'rate_limit\n');
});

test("a client's monitor counts its requests, and outlives it", async () => {
  const mock = new MockPool([
    { name: 'primary', replies: [{ status: 429 }] },
    { name: 'backup-1' },
  ]);
  let monitor;
  await withPool(mock, async (client) => {
    monitor = client.monitor;
    assert.equal(client.monitor, monitor);
    await client.chat.completions.create(CHAT);
    assert.equal(monitor.metrics.primary.rateLimitedRequests, 1);
    assert.equal(monitor.metrics['backup-1'].successfulRequests, 1);
    assert.deepEqual(client.health().endpoints, monitor.getHealthReport().endpoints);
    assert.throws(() => monitor.recordRequest('primary', true, 200, 1), HolySheepError);
    assert.equal(typeof monitor.getHealthReport().ok, 'boolean');
  });
  assert.equal(monitor.metrics.primary.rateLimitedRequests, 1);
});

test("a client's alerts come from the engine", async () => {
  const limited = { then: 'last', replies: [{ status: 429, headers: { 'Retry-After': '0' } }] };
  const mock = new MockPool([{ name: 'primary', ...limited }]);
  await withPool(
    mock,
    async (client) => {
      const { monitor } = client;
      const heard = new Promise((resolve) => {
        monitor.onAlert = resolve;
      });
      const error = await rejection(
        client.chat.completions.create(CHAT, { holysheep: { max_wait_ms: 0 } }),
      );
      assert.equal(error.status, 429);
      const alert = await heard;
      assert.equal(alert.active, true);
      assert.ok(monitor.alerts.some(({ id }) => id === alert.id));
    },
    { config: { monitor: { alert_threshold: 1 } } },
  );
});

const REFUSING = [
  { name: 'primary', then: 'last', replies: [{ status: 429, headers: { 'Retry-After': '0' } }] },
];
const ALERTING = { config: { monitor: { alert_threshold: 1 } } };
const NO_WAIT = { holysheep: { max_wait_ms: 0 } };

function nextAlert(client) {
  return new Promise((resolve) => {
    client.monitor.onAlert = resolve;
  });
}

test('whoever shares an engine hears of its alerts', async () => {
  await withPool(
    new MockPool(REFUSING),
    async (client, mock) => {
      const scoped = client.withOptions({ timeout: 5000 });
      const twin = mock.client(ALERTING);
      const heard = [scoped, client, twin].map(nextAlert);
      await rejection(client.chat.completions.create(CHAT, NO_WAIT));
      const alerts = await Promise.all(heard);
      assert.deepEqual(
        alerts.map(({ id, active }) => [id, active]),
        alerts.map(() => [alerts[0].id, true]),
      );
      await twin.close();
    },
    ALERTING,
  );
});

test('clients in two workers that share an engine hear of its alerts', async () => {
  const output = succeeded(
    await run(
      `
      const { Worker } = require('node:worker_threads');
      const { MockPool } = require('holysheep');
      const mock = new MockPool(${JSON.stringify(REFUSING)});
      const config = JSON.stringify({ ...mock.config, ...${JSON.stringify(ALERTING.config)} });
      const source = \`
        const { parentPort } = require('node:worker_threads');
        const { HolySheepClient } = require('holysheep');
        const client = new HolySheepClient({ config: \${config} });
        client.monitor.onAlert = async (alert) => {
          parentPort.postMessage(alert.cause + ' ' + alert.active);
          await client.close();
          parentPort.close();
        };
        parentPort.on('message', () => {
          client.chat.completions
            .create({ model: 'm', messages: [] }, ${JSON.stringify(NO_WAIT)})
            .catch(() => {});
        });
        parentPort.postMessage('ready');
      \`;
      const workers = [1, 2].map(() => new Worker(source, { eval: true }));
      let ready = 0;
      let ended = 0;
      for (const worker of workers) {
        worker.on('message', (message) => {
          if (message !== 'ready') console.log(message);
          else if (++ready === 2) workers[0].postMessage('go');
        });
        worker.on('exit', () => {
          if (++ended === 2) mock.close();
        });
      }
    `,
      { input: 'commonjs' },
    ),
  );
  assert.equal(output, 'rate_limit true\nrate_limit true\n');
});

test('an alert is told when it begins and when it is over, once each', async () => {
  const [primary] = REFUSING;
  const mock = new MockPool([{ ...primary, then: 'ok' }]);
  await withPool(
    mock,
    async (client) => {
      const heard = [[], []];
      const over = [client, client.withOptions({ timeout: 5000 })].map(
        ({ monitor }, index) =>
          new Promise((resolve) => {
            monitor.onAlert = ({ cause, active }) => {
              heard[index].push([cause, active]);
              if (cause === 'rate_limit' && !active) resolve(monitor);
            };
          }),
      );
      await client.chat.completions.create(CHAT);
      for (let turn = 0; client.alerts()[0].active && turn < 100; ++turn) {
        mock.advance(client, 15_000);
        await client.chat.completions.create(CHAT);
      }
      await Promise.all(over);
      for (const told of heard) {
        assert.deepEqual(
          told.filter(([cause]) => cause === 'rate_limit'),
          [
            ['rate_limit', true],
            ['rate_limit', false],
          ],
        );
      }
    },
    ALERTING,
  );
});

test('a listener that is gone takes no alerts with it', async () => {
  const output = succeeded(
    await run(
      `
      const { MockPool } = require('holysheep');
      const options = ${JSON.stringify(ALERTING)};
      const mock = new MockPool(${JSON.stringify(REFUSING)});
      const client = mock.client(options);
      let gone = false;
      const watch = new FinalizationRegistry(() => { gone = true; });
      const heard = new Promise((resolve) => { client.monitor.onAlert = resolve; });
      const drop = async () => {
        const twin = mock.client(options);
        twin.monitor.onAlert = () => console.log('twin');
        watch.register(twin.monitor);
        await twin.close();
      };
      (async () => {
        await drop();
        const alive = setInterval(gc, 10);
        for (let i = 0; i < 2000 && !gone; ++i) {
          gc();
          await new Promise(setImmediate);
        }
        const body = { model: 'm', messages: [] };
        await client.chat.completions.create(body, ${JSON.stringify(NO_WAIT)}).catch(() => {});
        console.log(gone, (await heard).cause);
        clearInterval(alive);
        await client.close();
        mock.close();
      })();
    `,
      { input: 'commonjs', args: ['--expose-gc'] },
    ),
  );
  assert.equal(output, 'true rate_limit\n');
});

test('monitors that nobody has any more are let go of', async () => {
  const output = succeeded(
    await run(
      `
      const { RateLimitMonitor } = require('holysheep');
      let gone = 0;
      const watch = new FinalizationRegistry(() => ++gone);
      const drop = () => {
        for (let i = 0; i < 50; ++i) watch.register(new RateLimitMonitor({ onAlert() {} }));
      };
      drop();
      (async () => {
        for (let i = 0; i < 1000 && gone < 50; ++i) {
          gc();
          await new Promise(setImmediate);
        }
        console.log(gone);
      })();
    `,
      { input: 'commonjs', args: ['--expose-gc'] },
    ),
  );
  assert.ok(Number(output) >= 49, output);
});
