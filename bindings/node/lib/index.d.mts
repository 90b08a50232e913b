// The package's types for ES modules.
export * from './index.js';
export { HolySheepClient as default } from './index.js';
