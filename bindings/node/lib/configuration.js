// From the options of a constructor, shaped as the OpenAI SDK's are, to the configuration document
// of the engine and the options of a call. What the words mean and their defaults is the engine's
// business; here they are only put where it looks for them.
'use strict';

const { classes, requestError } = require('./errors.js');

const { ConfigError } = classes;

// option → what it must be
const CLIENT_OPTIONS = {
  apiKey: ['a string or a function', (value) => isText(value) || typeof value === 'function'],
  baseURL: ['a string', isText],
  endpoints: ['an array', Array.isArray],
  config: ['an object, or the path of a file', (value) => isObject(value) || isText(value)],
  policy: ['a string', isText],
  timeout: ['milliseconds', isTime],
  maxRetries: ['a whole number', isCount],
  defaultHeaders: ['an object or Headers', isObject],
  defaultQuery: ['an object', isObject],
  organization: ['a string', isText],
  project: ['a string', isText],
  logger: ['an object with debug, info, warn and error', isObject],
  logLevel: ["'debug', 'info', 'warn', 'error' or 'off'", (value) => value in LOG_LEVELS],
  onAttempt: ['a function', isFunction],
  onDone: ['a function', isFunction],
};

const CALL_OPTIONS = {
  signal: ['an AbortSignal', (value) => isObject(value) && 'aborted' in value],
  timeout: ['milliseconds', isTime],
  headers: ['an object or Headers', isObject],
  query: ['an object', isObject],
  maxRetries: ['a whole number', isCount],
  idempotencyKey: ['a string', isText],
  holysheep: ['an object: "Options of a call" in CONFIGURATION.md', isObject],
};

const LOG_LEVELS = { debug: 10, info: 20, warn: 30, error: 40, off: 0 };

function isText(value) {
  return typeof value === 'string';
}
function isObject(value) {
  return value !== null && typeof value === 'object';
}
function isFunction(value) {
  return typeof value === 'function';
}
function isTime(value) {
  return typeof value === 'number' && value >= 0;
}
function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

// Number of single-letter edits between two words, a swap of neighbours counting as one.
function distance(a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; ++i) {
    rows.push([i]);
    for (let j = 1; j <= b.length; ++j) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, rows[i - 2][j - 2] + 1);
      }
      rows[i].push(best);
    }
  }
  return rows[a.length][b.length];
}

function didYouMean(word, names) {
  const near = names
    .map((name) => [distance(word.toLowerCase(), name.toLowerCase()), name])
    .sort((one, other) => one[0] - other[0])[0];
  return near !== undefined && near[0] <= Math.max(1, word.length / 3)
    ? `did you mean '${near[1]}'?`
    : `there are: ${names.join(', ')}`;
}

function check(options, known, makeError) {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) {
      throw makeError(`unknown option '${name}'; ${didYouMean(name, Object.keys(known))}`);
    }
    if (!rule[1](value)) throw makeError(`${name}: expected ${rule[0]}, not ${typeName(value)}`);
  }
}

function typeName(value) {
  return Array.isArray(value)
    ? 'an array'
    : typeof value === 'number'
      ? String(value)
      : typeof value;
}

function checkClientOptions(options) {
  if (!isObject(options)) throw new ConfigError('expected an object of options');
  check(options, CLIENT_OPTIONS, (message) => new ConfigError(message));
}

function checkCallOptions(options) {
  if (!isObject(options)) throw requestError('options: expected an object');
  check(options, CALL_OPTIONS, requestError);
}

function readFile(path) {
  try {
    return JSON.parse(require('node:fs').readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${path}: ${cause.message}`, { cause });
  }
}

// The document that the others are laid over: `config`, or HOLYSHEEP_CONFIG where nothing names
// endpoints.
function startingPoint(options) {
  if (isText(options.config)) return readFile(options.config);
  if (options.config) return options.config;
  const named = process.env.HOLYSHEEP_CONFIG;
  if (named && !options.endpoints && !options.baseURL) return readFile(named);
  return {};
}

function entriesOf(headers) {
  return typeof headers.entries === 'function' && !Array.isArray(headers)
    ? [...headers.entries()]
    : Object.entries(headers);
}

// Members that are undefined or null are absent.
function textMembers(object, what) {
  const made = {};
  for (const [name, value] of entriesOf(object)) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') throw new ConfigError(`${what}.${name}: expected a string`);
    made[name] = String(value);
  }
  return made;
}

// A worker's environment is its own copy, which the engine cannot see.
function environmentKey() {
  return require('node:worker_threads').isMainThread ? undefined : process.env.HOLYSHEEP_API_KEY;
}

const milliseconds = (timeout) => (timeout === Infinity ? 0 : Math.max(1, Math.round(timeout)));

function headersOf(options) {
  const headers = options.defaultHeaders
    ? textMembers(options.defaultHeaders, 'defaultHeaders')
    : {};
  if (options.organization) headers['OpenAI-Organization'] = options.organization;
  if (options.project) headers['OpenAI-Project'] = options.project;
  return headers;
}

// The configuration document as text.
function configuration(options) {
  const start = startingPoint(options);
  const document = { version: 1, ...start };
  if (isText(options.apiKey)) {
    document.api_key = options.apiKey;
  } else if (options.apiKey === undefined && document.api_key === undefined) {
    const key = environmentKey();
    if (key) document.api_key = key;
  }
  if (options.baseURL) document.base_url = options.baseURL;
  if (options.endpoints) document.endpoints = options.endpoints;
  if (options.policy) document.policy = options.policy;
  const headers = headersOf(options);
  if (Object.keys(headers).length > 0) document.headers = { ...start.headers, ...headers };
  if (options.defaultQuery) {
    document.query = { ...start.query, ...textMembers(options.defaultQuery, 'defaultQuery') };
  }
  if (options.timeout !== undefined && options.timeout !== null) {
    document.time_limits = { ...start.time_limits, total_ms: milliseconds(options.timeout) };
  }
  if (options.maxRetries !== undefined && options.maxRetries !== null) {
    document.retry = { ...start.retry, max_attempts: options.maxRetries + 1 };
  }
  try {
    return JSON.stringify(document);
  } catch (cause) {
    throw new ConfigError(`config: ${cause.message}`, { cause });
  }
}

// ---- a call -----------------------------------------------------------------------------------

function headerLines(headers) {
  let lines = '';
  for (const [name, value] of entriesOf(headers)) {
    if (value === undefined || value === null) continue;
    const text = String(value);
    if (/[\r\n]/.test(name) || /[\r\n]/.test(text)) {
      throw requestError(`headers.${JSON.stringify(name)}: a header must be one line`);
    }
    lines += `${lines === '' ? '' : '\n'}${name}: ${text}`;
  }
  return lines;
}

function withQuery(path, query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    for (const each of Array.isArray(value) ? value : [value])
      parameters.append(name, String(each));
  }
  const text = parameters.toString();
  if (text === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

function optionsOfCall(options) {
  const { maxRetries, holysheep } = options;
  if (maxRetries === undefined || maxRetries === null) {
    return holysheep ? JSON.stringify(holysheep) : undefined;
  }
  const retry = { ...holysheep?.retry, max_attempts: maxRetries + 1 };
  return JSON.stringify({ ...holysheep, retry });
}

// What a call's options say, in the form in which submit() takes it.
class CallSettings {
  constructor(options) {
    checkCallOptions(options);
    const { headers, idempotencyKey, timeout } = options;
    this.signal = options.signal ?? undefined;
    this.query = options.query ?? undefined;
    this.timeoutMs =
      timeout === undefined || timeout === null
        ? 0
        : timeout === Infinity
          ? -1
          : milliseconds(timeout);
    let lines = headers ? headerLines(headers) : '';
    if (idempotencyKey) {
      lines += `${lines === '' ? '' : '\n'}${headerLines({ 'Idempotency-Key': idempotencyKey })}`;
    }
    this.headers = lines === '' ? undefined : lines;
    this.options = optionsOfCall(options);
  }
}

module.exports = {
  CallSettings,
  LOG_LEVELS,
  checkClientOptions,
  configuration,
  didYouMean,
  headersOf,
  startingPoint,
  withQuery,
};
