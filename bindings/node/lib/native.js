// Loads the addon, and gives its events to the calls that wait for them. The one place that knows
// how events are laid out (native/layout.h has the same names).
//
// A call in flight has a slot: a number that the addon echoes. It is free again once its DONE is
// here, which comes exactly once for every accepted submit, cancelled or not.
'use strict';

const path = require('node:path');

const { FinalizationRegistry } = require('./realm.js');
const { nextTick, setImmediate } = require('./timers.js');

const PREBUILT = path.join(__dirname, '..', 'prebuilds');

// Libraries of other systems than glibc's are told apart here, so that the message can name them.
function platform() {
  const musl = process.platform === 'linux' && fileIsMusl();
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
}

function fileIsMusl() {
  try {
    return require('node:fs').readFileSync('/usr/bin/ldd', 'latin1').includes('musl');
  } catch {
    return false;
  }
}

// HOLYSHEEP_ADDON names another addon: for those who build their own.
function load() {
  const own = process.env.HOLYSHEEP_ADDON;
  const file = own || path.join(PREBUILT, `${process.platform}-${process.arch}`, 'holysheep.node');
  try {
    return require(file);
  } catch (cause) {
    if (own)
      throw new Error(`HOLYSHEEP_ADDON: ${own} cannot be loaded: ${cause.message}`, { cause });
    throw new Error(
      `holysheep has no working addon for ${platform()} (Node ${process.version}): ` +
        `${cause.message}. The package carries: ${available()}. ` +
        'Bundlers must leave it out (esbuild --external:holysheep, serverExternalPackages of ' +
        'Next.js); for another platform build your own and name it in HOLYSHEEP_ADDON.',
      { cause },
    );
  }
}

function available() {
  try {
    return require('node:fs').readdirSync(PREBUILT).join(', ');
  } catch {
    return 'none';
  }
}

// A process has one library of that name: the one that was loaded first, which may be of another
// package of another version.
function sameVersion(loaded) {
  const { version } = require('../package.json');
  const [found] = loaded.version().split(' ');
  if (found === version || process.env.HOLYSHEEP_ADDON) return loaded;
  throw new Error(
    `holysheep ${version} cannot be loaded: this process has the library of holysheep ${found} ` +
      'already, from another copy of the package; install one version for all',
  );
}

const addon = sameVersion(load().start(onEvents));
const { records } = addon;

// `mode` of submit(): how a call's events arrive.
const MODE_WHOLE = 0;
const MODE_WHOLE_BYTES = 1;
const MODE_JSON_EVENTS = 2;
const MODE_EVENTS = 3;
const MODE_BYTES = 4;

const E_LIMIT = -6; // no thread for it: the calls are left alone

const EVENT_HEADERS = 1;
const EVENT_DATA = 2;
const EVENT_RESTARTED = 3;
const EVENT_DONE = 4;

const FIELD_KIND = 0;
const FIELD_SLOT = 1;
const FIELD_STATUS = 2;
const FIELD_HTTP_STATUS = 3;
const FIELD_FLAGS = 4;
const FIELD_ATTEMPTS = 5;
const FIELD_RETRY_AFTER_MS = 6;
const FIELD_BYTES = 7;
const RECORD_FIELDS = 8;

const calls = [];
const freeSlots = [];
// By the number of a client or a monitor: a WeakRef of who hears what belongs to it and to no call.
const listeners = new Map();

// How a call ended, as numbers.
class Outcome {
  constructor(at) {
    this.status = records[at + FIELD_STATUS];
    this.httpStatus = records[at + FIELD_HTTP_STATUS];
    this.flags = records[at + FIELD_FLAGS];
    this.attempts = records[at + FIELD_ATTEMPTS];
    this.retryAfterMs = records[at + FIELD_RETRY_AFTER_MS];
  }
}

// One call of the addon for each batch: (number of records, whether more wait, ...texts). Nothing
// in here may throw, whatever the program's own objects do: the rest of the batch would be lost.
function onEvents(count, more) {
  let next = 2; // in `arguments`
  for (let index = 0, at = 0; index < count; ++index, at += RECORD_FIELDS) {
    const kind = records[at + FIELD_KIND];
    const slot = records[at + FIELD_SLOT];
    if (kind === EVENT_DATA) {
      const call = calls[slot];
      const name = call.mode === MODE_EVENTS ? arguments[next++] : '';
      onData(call, arguments[next++], records[at + FIELD_BYTES], name);
    } else if (kind === EVENT_DONE) {
      onDone(slot, new Outcome(at), arguments[next], arguments[next + 1], arguments[next + 2]);
      next += 3;
    } else if (kind === EVENT_HEADERS) {
      guarded(calls[slot], 'onHeaders', records[at + FIELD_HTTP_STATUS], arguments[next++]);
    } else if (kind === EVENT_RESTARTED) {
      guarded(calls[slot], 'onRestarted');
    } else {
      const listener = listeners.get(slot)?.deref();
      const text = arguments[next++];
      const level = records[at + FIELD_STATUS];
      if (listener !== undefined) inform(() => listener.hear(level, text));
    }
  }
  if (more) setImmediate(addon.deliver);
}

// What throws here ends the call that it concerns, and no other.
function guarded(call, method, ...values) {
  try {
    call[method](...values);
  } catch (error) {
    inform(() => call.fail(error));
  }
}

// As guarded(), for what comes most often.
function onData(call, data, bytes, name) {
  try {
    call.onData(data, bytes, name);
  } catch (error) {
    inform(() => call.fail(error));
  }
}

function onDone(slot, outcome, body, meta, message) {
  const call = calls[slot];
  calls[slot] = undefined;
  freeSlots.push(slot);
  call.handle.ended();
  guarded(call, 'onDone', outcome, body, meta, message);
}

// A hook's, logger's or alert callback's exception is its owner's, not the call's: it surfaces as
// an uncaught one.
function inform(listener, ...values) {
  try {
    listener(...values);
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}

// A native client. Several of ours may share one (withOptions); calls in flight hold it. One that
// nobody holds any more is closed.
class Handle {
  #config;

  constructor(number) {
    this.number = number;
    this.closed = false;
    this.inFlight = 0;
    this.waiters = [];
  }

  // The configuration in force, completed and without secrets. Not of a closed one.
  get config() {
    if (this.#config === undefined) this.#config = JSON.parse(addon.clientConfig(this.number));
    return this.#config;
  }

  ended() {
    if (--this.inFlight > 0 || this.waiters.length === 0) return;
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  idle() {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  // Without `timeout`: cancels the calls in flight. With: they have so many milliseconds. Resolves
  // when none is left, to whether all ended by themselves.
  async finish(timeout) {
    let clean = this.inFlight === 0;
    if (!this.closed && typeof timeout === 'number' && !clean) {
      const timeoutMs = Number.isFinite(timeout) ? timeout : -1;
      const failure = await addon.clientDrain(this.number, timeoutMs);
      if (failure?.[0] === E_LIMIT) throw require('./errors.js').errorOfFailure(failure);
      clean = failure === undefined;
    }
    this.close();
    await this.idle();
    return clean;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    listeners.delete(this.number);
    addon.clientClose(this.number);
  }
}

const forgotten = new FinalizationRegistry((number) => {
  listeners.delete(number);
  addon.clientClose(number);
});

// A Handle, or the failure as the addon gives it.
function open(configuration) {
  const number = addon.clientOpen(configuration);
  if (typeof number !== 'number') return number;
  const handle = new Handle(number);
  forgotten.register(handle, number);
  return handle;
}

// Sends `call` (which has handle and mode, and the on… methods); returns undefined, or the failure.
function submit(call, path, body, method, headers, options, timeoutMs, contentType) {
  const slot = freeSlots.length > 0 ? freeSlots.pop() : calls.length;
  calls[slot] = call;
  const failure = addon.submit(
    call.handle.number,
    slot,
    call.mode,
    path,
    body,
    method,
    headers,
    options,
    timeoutMs,
    contentType,
  );
  if (failure !== undefined) {
    calls[slot] = undefined;
    freeSlots.push(slot);
    return failure;
  }
  call.slot = slot;
  ++call.handle.inFlight;
  return undefined;
}

// `listener.hear(level, text)`; who wants to hear keeps the listener.
function listen(number, listener) {
  listeners.set(number, new WeakRef(listener));
}

function unlisten(number) {
  listeners.delete(number);
}

module.exports = {
  addon,
  open,
  submit,
  listen,
  unlisten,
  inform,
  MODE_WHOLE,
  MODE_WHOLE_BYTES,
  MODE_JSON_EVENTS,
  MODE_EVENTS,
  MODE_BYTES,
};
