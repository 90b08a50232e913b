// MockPool: fake endpoints on loopback sockets, for testing programs against 429s, cuts and stalls.
// Scripts are described in MOCK.md.
'use strict';

const { HolySheepClient } = require('./client.js');
const { checkOptions } = require('./configuration.js');
const { errorOfFailure, requestError } = require('./errors.js');
const { camel } = require('./metadata.js');
const json = require('./json.js');
const { addon } = require('./native.js');
const { clearTimeout, setTimeout } = require('./timers.js');

const isRecord = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function expect(right, name, what) {
  if (!right) throw requestError(`${name}: expected ${what}`);
}

const WAIT_MS = 10_000;
const WAIT_OPTIONS = { endpoint: 'text', timeout: 'time' };
const TIMER_MS_MAX = 2 ** 31 - 1;
const LOOK_MS = 1; // between two looks at what has arrived

// Scripts that are no JSON.
const write = (script, what) => json.write(script, what, requestError);

// Lives until it is closed, whoever still refers to it: tests may hold its clients alone.
class MockPool {
  #number;

  // `script`: an object as in MOCK.md, or the list of its endpoints. Nothing: one healthy endpoint.
  constructor(script) {
    const right = script === undefined || Array.isArray(script) || isRecord(script);
    expect(right, 'script', 'an object, or an array of endpoints');
    const whole = Array.isArray(script) ? { version: 1, endpoints: script } : script;
    const text = whole === undefined ? '' : write({ version: 1, ...whole }, 'script');
    const opened = addon.mockOpen(text);
    if (Array.isArray(opened)) throw errorOfFailure(opened);
    this.#number = opened;
  }

  #open() {
    if (this.#number === undefined) throw requestError('the mock pool is closed');
    return this.#number;
  }

  // A client configuration that points here.
  get config() {
    return JSON.parse(addon.mockConfig(this.#open()));
  }

  // A client of this pool; `config` of the options is laid over the pool's own.
  client(options) {
    expect(isRecord(options?.config ?? {}), 'config', 'an object');
    return new HolySheepClient({ ...options, config: { ...this.config, ...options?.config } });
  }

  // What arrived, in order.
  get requests() {
    return camelRequests(JSON.parse(addon.mockRequests(this.#open())));
  }

  // How many requests one endpoint, or all, have received.
  count(endpoint) {
    expect(endpoint === undefined || typeof endpoint === 'string', 'endpoint', 'a string');
    const count = addon.mockCount(this.#open(), endpoint);
    if (count < 0) throw requestError(`the mock pool has no endpoint '${endpoint}'`);
    return count;
  }

  // Waits until `count` requests have arrived since the pool was opened.
  async waitFor(count, options) {
    expect(Number.isSafeInteger(count), 'count', 'a whole number');
    const given = checkOptions(options ?? {}, WAIT_OPTIONS);
    const endpoint = given.endpoint ?? undefined;
    const timeout = given.timeout ?? WAIT_MS;
    let isLate = false;
    const late = () => {
      isLate = true;
    };
    const timer = setTimeout(late, Math.min(timeout, TIMER_MS_MAX));
    try {
      while (this.count(endpoint) < count) {
        if (isLate) {
          throw requestError(
            `${this.count(endpoint)} requests arrived within ${timeout} ms, not ${count}`,
          );
        }
        await new Promise((resolve) => {
          setTimeout(resolve, LOOK_MS);
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  // Another script for one endpoint.
  set(endpoint, script) {
    const failure = addon.mockSet(this.#open(), endpoint, write(script, 'script'));
    if (failure !== undefined) throw errorOfFailure(failure);
  }

  // Moves the clock of the client's engine and of every mock of this process forward.
  advance(client, milliseconds) {
    const right = Number.isFinite(milliseconds) && milliseconds >= 0;
    expect(right, 'milliseconds', 'a number that is not negative');
    addon.mockAdvance(HolySheepClient.numberOf(client), milliseconds);
  }

  close() {
    if (this.#number === undefined) return;
    addon.release(this.#number);
    this.#number = undefined;
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.close();
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.close();
  }
}

// Headers and bodies are the caller's: their names stay.
function camelRequests(requests) {
  return requests.map(({ headers, body, ...rest }) => ({ ...camel(rest), headers, body }));
}

module.exports = { MockPool };
