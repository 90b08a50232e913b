// `apiKey` as a function: asked for each call, in that call's async context. The key belongs to the
// configuration, so a call is made by the native client of the configuration with the key that was
// given for it, and can go out with no other. The same key has the same native client: cooldowns
// stay as long as the key does.
'use strict';

const { classes, errorOfFailure } = require('./errors.js');
const native = require('./native.js');
const { clearTimeout, now, setTimeout } = require('./timers.js');

// Native clients of one client. The least recently used one is closed when its calls have ended.
const HANDLES_MAX = 8;

// Checks the configuration and shows the pool until there is a key; no call is made with it. The
// monitor's port is left to the first key's.
function withoutKey(document) {
  const made = { ...document, api_key: 'asked-before-each-call', isolated: true };
  if (document.monitor?.listen !== undefined) {
    made.monitor = { ...document.monitor, listen: undefined };
  }
  return made;
}

class KeyHandles {
  #provide;
  #document;
  #open;
  #first; // the one without a key
  #handles = new Map(); // by key; the most recently used last
  #opened = new Set(); // those and the ones that were let go with calls in flight
  #endpointKeys = new Map();
  #monitors = new WeakMap(); // by handle, once somebody has asked

  // `open(text)`: a Handle for a configuration document.
  constructor(provide, text, open) {
    this.#provide = provide;
    this.#document = JSON.parse(text);
    this.#open = open;
    this.closed = false;
    this.#first = open(JSON.stringify(withoutKey(this.#document)));
    this.#opened.add(this.#first);
    // Of the key that was given last: what pool, metrics and monitor of the client show.
    this.newest = this.#first;
  }

  // The key for a call with these settings, its time limit, and what is left of that: `timeoutMs`
  // of submit(). Rejects after that.
  async ask({ timeoutMs, options }) {
    const limitMs = timeoutMs === 0 ? this.#totalOf(options) : timeoutMs;
    const asked = this.#ask();
    if (limitMs <= 0) return { key: await asked, limitMs, timeoutMs };
    const start = now();
    const key = await within(limitMs, asked);
    return { key, limitMs, timeoutMs: Math.max(1, Math.round(limitMs - (now() - start))) };
  }

  // What is no number there the engine refuses.
  #totalOf(options) {
    const own = options && JSON.parse(options)?.time_limits?.total_ms;
    return typeof own === 'number' ? own : this.newest.config.time_limits.total_ms;
  }

  async #ask() {
    let key;
    try {
      key = await this.#provide();
    } catch (thrown) {
      // Without what was thrown, even as the cause: the key may be in it, and causes are printed.
      throw new classes.ConfigError(`apiKey: the function failed${nameOf(thrown)}`);
    }
    if (typeof key !== 'string' || key === '') {
      throw new classes.ConfigError('apiKey: the function must give a string that is not empty');
    }
    return key;
  }

  // The native client for a call with this key, to be used before anything is awaited.
  of(key) {
    const handle = this.#handles.get(key) ?? this.#openFor(key);
    this.#handles.delete(key);
    this.#handles.set(key, handle);
    if (this.#handles.size > HANDLES_MAX) {
      const [oldest, left] = this.#handles.entries().next().value;
      this.#handles.delete(oldest);
      this.#letGo(left);
    }
    if (handle !== this.newest) this.#show(handle);
    return handle;
  }

  #openFor(key) {
    const handle = this.#open(JSON.stringify({ ...this.#document, api_key: key }));
    for (const [endpoint, its] of this.#endpointKeys) setKey(handle, endpoint, its);
    this.#opened.add(handle);
    return handle;
  }

  async #letGo(handle) {
    await handle.idle();
    handle.close();
    this.#opened.delete(handle);
  }

  #show(handle) {
    const before = this.newest;
    this.newest = handle;
    const monitor = this.#monitors.get(before);
    if (monitor !== undefined) this.monitor.onAlert = monitor.onAlert;
    if (before === this.#first) this.#letGo(before);
  }

  get monitor() {
    let monitor = this.#monitors.get(this.newest);
    if (monitor === undefined) {
      const { adopt } = require('./monitor.js');
      monitor = adopt(native.addon.clientMonitor(this.newest.number));
      this.#monitors.set(this.newest, monitor);
    }
    return monitor;
  }

  // For the native clients of all keys, those to come included.
  setKey(endpoint, key) {
    if (!endpoint) {
      throw new classes.ConfigError("setKey: the function `apiKey` gives the client's key");
    }
    setKey(this.newest, endpoint, key);
    this.#endpointKeys.set(endpoint, key);
    for (const handle of this.#handles.values()) setKey(handle, endpoint, key);
  }

  // As Handle.finish(), for all of them.
  async finish(timeout) {
    this.closed = true;
    const ends = [...this.#opened].map((handle) => handle.finish(timeout));
    return (await Promise.all(ends)).every(Boolean);
  }
}

// " (TypeError, ECONNREFUSED)": the name of what was thrown, its HTTP status and its code, or that
// of its cause, where fetch() has it. Nothing that could be a key.
function nameOf(thrown) {
  const found = [];
  const add = (value, shape) => {
    if (shape.test(value) && !found.includes(value)) found.push(value);
  };
  try {
    add(thrown.name, /^([A-Z][A-Za-z]{0,60})?(Error|Exception)$/);
    add(thrown.status, /^[1-5]\d\d$/);
    for (const { code } of [thrown, thrown.cause ?? {}]) add(code, /^(E|UND_ERR_)[A-Z_]{2,40}$/);
  } catch {
    // It is nothing that has members, or one of them cannot be read.
  }
  return found.length === 0 ? '' : ` (${found.join(', ')})`;
}

// Without `endpoint`: for all endpoints that share the client's key.
function setKey(handle, endpoint, key) {
  const failure = native.addon.clientSetKey(handle.number, endpoint, key);
  if (failure !== undefined) throw errorOfFailure(failure);
}

const TIMER_MS_MAX = 2 ** 31 - 1;

function within(limitMs, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        const message = `apiKey: the function gave no key within ${limitMs} ms`;
        reject(new classes.APITimeoutError(message, { code: 'timeout' }));
      },
      Math.min(limitMs, TIMER_MS_MAX),
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

module.exports = { KeyHandles, setKey };
