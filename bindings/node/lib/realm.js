// Of the program's own realm, whichever this is loaded in. A registry of a vm context (test runners
// load files of tests in such) may be run after its context, while a worker ends: Node 20 and 22
// abort the process then.
'use strict';

const { runInThisContext } = require('node:vm');

module.exports = { FinalizationRegistry: runInThisContext('FinalizationRegistry') };
