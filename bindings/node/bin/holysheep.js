#!/usr/bin/env node
// `npx holysheep`: hands over to the program that the package carries.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

const folder = path.join(__dirname, '..', 'prebuilds', `${process.platform}-${process.arch}`);
const program = path.join(folder, 'bin', 'holysheep');
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });

// The terminal sends its signals to both; the child decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  process.on(signal, () => {
    if (signal === 'SIGTERM' || signal === 'SIGHUP') child.kill(signal);
  });
}
child.on('error', (error) => {
  console.error(`holysheep: ${program} cannot be run: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
