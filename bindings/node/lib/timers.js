// The host's timers as they were when this was loaded. Test runners put fakes in the place of the
// globals, which never fire unless the test says so; the engine's time is the real one.
'use strict';

const { clearTimeout, setImmediate, setTimeout } = require('node:timers');
const { nextTick } = process;
const now = performance.now.bind(performance); // milliseconds

module.exports = { clearTimeout, nextTick, now, setImmediate, setTimeout };
