// `apiKey` as a function: the client's key, asked for before each call and set where it has
// changed. Calls that begin together ask once: it is one key for the client, not one for each call.
'use strict';

const { classes, errorOfFailure } = require('./errors.js');
const native = require('./native.js');
const { clearTimeout, setTimeout } = require('./timers.js');

// The key is set before the first request; until then this stands for it. The pool is the client's
// own: what it shares with others, their keys would be too.
function withKeyToCome(document) {
  return JSON.stringify({ ...JSON.parse(document), api_key: 'to-come', isolated: true });
}

class KeyFunction {
  #provide;
  #handle;
  #last;
  #pending;

  constructor(provide, handle) {
    this.#provide = provide;
    this.#handle = handle;
  }

  // Rejects after the call's time limit: `timeoutMs` of submit(), 0 is the client's.
  refresh(timeoutMs) {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    const limitMs = timeoutMs === 0 ? this.#handle.config.time_limits.total_ms : timeoutMs;
    return limitMs > 0 ? within(limitMs, this.#pending) : this.#pending;
  }

  async #ask() {
    let key;
    try {
      key = await this.#provide();
    } catch {
      // Without what was thrown, even as the cause: the key may be in it, and causes are printed.
      throw new classes.ConfigError('apiKey: the function failed');
    }
    if (typeof key !== 'string' || key === '') {
      throw new classes.ConfigError('apiKey: the function must give a string that is not empty');
    }
    if (key === this.#last || this.#handle.closed) return;
    const failure = native.addon.clientSetKey(this.#handle.number, undefined, key);
    if (failure !== undefined) throw errorOfFailure(failure);
    this.#last = key;
  }
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

module.exports = { KeyFunction, withKeyToCome };
