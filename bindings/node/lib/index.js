// The package: one implementation, which index.mjs hands on to ES modules.
'use strict';

const { HolySheepClient } = require('./client.js');
const { classes } = require('./errors.js');
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
// Loaded when it is used: programs in production never do.
Object.defineProperty(exports, 'MockPool', {
  get: () => require('./mock.js').MockPool,
  enumerable: true,
  configurable: true,
});
