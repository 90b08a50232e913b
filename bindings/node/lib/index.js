// The package: one implementation, which index.mjs hands on to ES modules.
'use strict';

const { HolySheepClient } = require('./client.js');
const { classes, hidden } = require('./errors.js');
const { HolySheepFailoverClient } = require('./failover.js');
const { addon } = require('./native.js');
const { Stream } = require('./stream.js');
const { APIPromise } = require('./call.js');

Object.defineProperty(exports, '__esModule', { value: true });
Object.assign(exports, classes, {
  HolySheepClient,
  HolySheepFailoverClient,
  Stream,
  APIPromise,
  version: addon.version(),
});
exports.default = HolySheepClient;
for (const [name, ErrorClass] of Object.entries(classes)) hidden(HolySheepClient, name, ErrorClass);
// Loaded when they are used.
function lazily(name, load) {
  Object.defineProperty(exports, name, { get: load, enumerable: true, configurable: true });
}
lazily('MockPool', () => require('./mock.js').MockPool);
lazily('RateLimitMonitor', () => require('./monitor.js').RateLimitMonitor);
lazily('RateLimitMetrics', () => require('./monitor.js').RateLimitMetrics);
