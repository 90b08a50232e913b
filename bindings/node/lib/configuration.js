// From the options of a constructor, shaped as the OpenAI SDK's are, to the configuration document
// of the engine and the options of a call. What the words mean and their defaults is the engine's
// business; here they are only put where it looks for them.
'use strict';

const { classes, errorOfFailure, requestError } = require('./errors.js');
const json = require('./json.js');
const { addon } = require('./native.js');

const { ConfigError } = classes;
const configError = (message, cause) => new ConfigError(message, { cause });

const LOG_LEVELS = { debug: 10, info: 20, warn: 30, error: 40, off: 0 };

// kind of an option → what it must be
const KINDS = {
  text: ['a string', isText],
  key: ['a string or a function', (value) => isText(value) || isFunction(value)],
  list: ['an array', Array.isArray],
  object: ['an object', isRecord],
  config: ['an object, or the path of a file', (value) => isRecord(value) || isText(value)],
  headers: ['an object or Headers', isObject],
  time: ['milliseconds', (value) => typeof value === 'number' && value >= 0],
  number: ['a number', Number.isFinite],
  count: ['a whole number', (value) => Number.isSafeInteger(value) && value >= 0],
  logger: ['an object with debug, info, warn and error', isObject],
  level: ["'debug', 'info', 'warn', 'error' or 'off'", (value) => Object.hasOwn(LOG_LEVELS, value)],
  hook: ['a function', isFunction],
  truth: ['true or false', (value) => typeof value === 'boolean'],
  signal: ['an AbortSignal', isSignal],
  callOptions: ['an object: "Options of a call" in CONFIGURATION.md', isObject],
  tracing: ["true, false or the module '@opentelemetry/api'", isTracing],
};

const CLIENT_OPTIONS = {
  apiKey: 'key',
  baseURL: 'text',
  endpoints: 'list',
  config: 'config',
  policy: 'text',
  timeout: 'time',
  maxRetries: 'count',
  defaultHeaders: 'headers',
  defaultQuery: 'object',
  organization: 'text',
  project: 'text',
  logger: 'logger',
  logLevel: 'level',
  onAttempt: 'hook',
  onDone: 'hook',
  tracing: 'tracing',
};

// Options of the SDK that have no place here, and what to do instead.
const OF_THE_SDK = {
  fetch: 'the engine sends the requests itself; a proxy is config.proxy',
  fetchOptions: 'the engine sends the requests itself; a proxy is config.proxy',
  httpAgent: 'the engine sends the requests itself; a proxy is config.proxy',
  dangerouslyAllowBrowser: 'the engine is native and runs in no browser',
};

const CALL_OPTIONS = {
  signal: 'signal',
  timeout: 'time',
  headers: 'headers',
  query: 'object',
  maxRetries: 'count',
  idempotencyKey: 'text',
  holysheep: 'callOptions',
};

function isText(value) {
  return typeof value === 'string';
}
function isObject(value) {
  return value !== null && typeof value === 'object';
}
function isRecord(value) {
  return isObject(value) && !Array.isArray(value);
}
function isFunction(value) {
  return typeof value === 'function';
}
function isTracing(value) {
  return typeof value === 'boolean' || isApi(value);
}
function isApi(value) {
  return isFunction(value?.context?.active) && isFunction(value.trace?.getTracer);
}
// An AbortSignal of any realm.
function isSignal(value) {
  return (
    isObject(value) &&
    typeof value.aborted === 'boolean' &&
    isFunction(value.addEventListener) &&
    isFunction(value.removeEventListener)
  );
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

// Throws if something is wrong with the options; gives them back.
function checkOptions(options, known, makeError = requestError) {
  if (!isObject(options) || Array.isArray(options)) {
    throw makeError('options: expected an object of options');
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      const hint = Object.hasOwn(OF_THE_SDK, name)
        ? OF_THE_SDK[name]
        : didYouMean(name, Object.keys(known));
      throw makeError(`unknown option '${name}'; ${hint}`);
    }
    const [expected, fits] = KINDS[kind];
    if (!fits(value)) throw makeError(`${name}: expected ${expected}, not ${typeName(value)}`);
  }
  return options;
}

function typeName(value) {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'number' || value === null ? String(value) : typeof value;
}

function checkClientOptions(options) {
  checkOptions(options, CLIENT_OPTIONS, configError);
}

function readFile(path) {
  let text;
  try {
    text = require('node:fs').readFileSync(path, 'utf8');
  } catch (cause) {
    throw configError(`${path}: ${cause.message}`, cause);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw configError(`${path}: ${whatIsWrong(text)}`);
  }
}

// V8's words quote the text, in which there may be a key: the engine has better ones.
function whatIsWrong(text) {
  const opened = addon.clientOpen(text);
  if (Array.isArray(opened)) return errorOfFailure(opened).message;
  addon.clientClose(opened);
  return 'expected JSON';
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

// [name, value] of an object, a Headers of any make, a Map, an array of pairs.
function entriesOf(given, what, makeError) {
  if (!isFunction(given[Symbol.iterator])) {
    if (!isFunction(given.forEach)) return Object.entries(given);
    const found = [];
    given.forEach((value, name) => found.push([name, value]));
    return found;
  }
  const pairs = [...given];
  for (const pair of pairs) {
    if (!isObject(pair) || pair.length !== 2 || !isText(pair[0])) {
      throw makeError(`${what}: expected pairs of a name and a value`);
    }
  }
  return pairs;
}

function plainText(value, what, makeError) {
  if (isText(value)) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw makeError(`${what}: expected a string, not ${typeName(value)}`);
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// Adds them to an object of texts. A later one takes the place of an earlier one of the same name,
// in whatever case; one that is null takes it away.
function addHeaders(made, given, what, makeError = requestError) {
  for (const [name, value] of entriesOf(given, what, makeError)) {
    const place = `${what}.${JSON.stringify(name)}`;
    if (!HEADER_NAME.test(name)) throw makeError(`${place}: a header's name cannot be that`);
    if (value === undefined) continue;
    for (const known of Object.keys(made)) {
      if (known.toLowerCase() === name.toLowerCase()) delete made[known];
    }
    if (value === null) continue;
    const text = plainText(value, place, makeError);
    if (/[\r\n\0]/.test(text)) throw makeError(`${place}: a header must be one line`);
    made[name] = text;
  }
  return made;
}

// The default headers that the engine sends by itself, in small letters.
function namesOfHeaders(options) {
  return Object.keys(headersOf(options)).map((name) => name.toLowerCase());
}

// The parameters that it adds to each query by itself.
function namesOfQuery({ defaultQuery }) {
  return Object.keys(queryTexts(defaultQuery ?? {}));
}

// The first of the engine's own headers that `headers` would take away, or undefined.
function takenAway(headers, names) {
  if (names.length === 0 || !headers) return undefined;
  const entries = entriesOf(headers, 'headers', requestError);
  return entries.find(([name, value]) => value === null && names.includes(name.toLowerCase()))?.[0];
}

// The same of its parameters.
function takenFrom(query, names) {
  return names.find((name) => query?.[name] === null);
}

// Whether withOptions() takes away what the engine sends by itself.
function takesAway(options, { headers, query }) {
  return (
    takenAway(options.defaultHeaders, headers) !== undefined ||
    takenAway(namedHeaders(options), headers) !== undefined ||
    takenFrom(options.defaultQuery, query) !== undefined
  );
}

function queryTexts(given) {
  const made = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    made[name] = plainText(value, `defaultQuery.${name}`, configError);
  }
  return made;
}

// A worker's environment is its own copy, which the engine cannot see.
function environmentKey() {
  return require('node:worker_threads').isMainThread ? undefined : process.env.HOLYSHEEP_API_KEY;
}

// What is too much for the engine it says itself, as long as it can read the number.
const MILLISECONDS_MAX = Number.MAX_SAFE_INTEGER;

function milliseconds(timeout) {
  if (timeout === Infinity) return 0;
  return Math.min(Math.max(1, Math.round(timeout)), MILLISECONDS_MAX);
}

function namedHeaders({ organization, project }) {
  return { 'OpenAI-Organization': organization, 'OpenAI-Project': project };
}

function headersOf(options) {
  const headers = addHeaders({}, options.defaultHeaders ?? {}, 'defaultHeaders', configError);
  if (options.organization) headers['OpenAI-Organization'] = options.organization;
  if (options.project) headers['OpenAI-Project'] = options.project;
  return headers;
}

// `given`, which may be anything, with `more` laid over it; what is no object the engine refuses.
function laidOver(given, more) {
  if (given === undefined || given === null || isRecord(given)) return { ...given, ...more };
  return given;
}

// The SDK's word means n + 1 requests, 429s included.
function attemptsOf(maxRetries) {
  return { max_attempts: maxRetries + 1, rate_limited_counts: true };
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
  if (Object.keys(headers).length > 0) document.headers = laidOver(start.headers, headers);
  if (options.defaultQuery) {
    document.query = laidOver(start.query, queryTexts(options.defaultQuery));
  }
  if (options.timeout !== undefined && options.timeout !== null) {
    const limit = { total_ms: milliseconds(options.timeout) };
    document.time_limits = laidOver(start.time_limits, limit);
  }
  if (options.maxRetries !== undefined && options.maxRetries !== null) {
    document.retry = laidOver(start.retry, attemptsOf(options.maxRetries));
  }
  return json.write(document, 'config', configError);
}

// The options of a client that withOptions() makes.
function overOptions(options, before) {
  const made = { ...before, ...options };
  if (options.defaultHeaders && before.defaultHeaders) {
    const headers = addHeaders({}, before.defaultHeaders, 'defaultHeaders', configError);
    made.defaultHeaders = addHeaders(
      headers,
      options.defaultHeaders,
      'defaultHeaders',
      configError,
    );
  }
  if (options.defaultQuery) made.defaultQuery = { ...before.defaultQuery, ...options.defaultQuery };
  return made;
}

// What withOptions() gives to each call: `changed` over what the parent gives.
function defaultsOf(changed, before) {
  const headers = addHeaders({ ...before?.headers }, namedHeaders(changed), 'defaultHeaders');
  return {
    timeout: changed.timeout === undefined ? before?.timeout : changed.timeout,
    maxRetries: changed.maxRetries === undefined ? before?.maxRetries : changed.maxRetries,
    headers: addHeaders(headers, headersOf(changed), 'defaultHeaders'),
    query: { ...before?.query, ...changed.defaultQuery },
  };
}

// A call's options over those.
function overDefaults(options, before) {
  checkOptions(options, CALL_OPTIONS);
  return {
    ...options,
    timeout: options.timeout ?? before.timeout,
    maxRetries: options.maxRetries ?? before.maxRetries,
    headers: addHeaders({ ...before.headers }, options.headers ?? {}, 'headers'),
    query: { ...before.query, ...options.query },
  };
}

// ---- a call -----------------------------------------------------------------------------------

function typeTag(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

// A program's own object may throw wherever it is looked at.
function looked(at) {
  try {
    return at();
  } catch (thrown) {
    throw requestError('body: cannot be read', thrown);
  }
}

// The JSON of a request's body. `expected`: what else there could be.
function textOf(body, expected = 'an object') {
  const tag = looked(() => typeTag(body));
  if (tag !== 'Object' && tag !== 'Array') {
    throw requestError(`body: expected ${expected}, not ${isObject(body) ? tag : typeName(body)}`);
  }
  const stream = looked(() => body.stream);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw requestError(`body.stream: expected true or false, not ${typeName(stream)}`);
  }
  return json.write(body, 'body', requestError);
}

// A request's body as submit() takes it: text, or bytes.
function bytesOf(body) {
  if (isText(body)) return body;
  if (ArrayBuffer.isView(body)) {
    return looked(() => new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  }
  if (/^(Shared)?ArrayBuffer$/.test(looked(() => typeTag(body)))) {
    return looked(() => new Uint8Array(body));
  }
  return textOf(body, 'an object, a string or bytes');
}

// As the SDK writes them: `a[]=1&a[]=2`, `a[b]=1`.
function withQuery(path, query) {
  const parameters = new URLSearchParams();
  const add = (name, value) => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const each of value) add(`${name}[]`, each);
    } else if (typeTag(value) === 'Object') {
      for (const [key, member] of Object.entries(value)) add(`${name}[${key}]`, member);
    } else {
      parameters.append(name, plainText(value, `query.${name}`, requestError));
    }
  };
  for (const [name, value] of Object.entries(query)) add(name, value);
  const text = parameters.toString();
  if (text === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

function optionsOfCall({ maxRetries, holysheep }) {
  if (maxRetries === undefined || maxRetries === null) {
    return holysheep ? json.write(holysheep, 'holysheep', requestError) : undefined;
  }
  const retry = { ...holysheep?.retry, ...attemptsOf(maxRetries) };
  return json.write({ ...holysheep, retry }, 'holysheep', requestError);
}

function timeoutOf(timeout) {
  if (timeout === undefined || timeout === null) return 0;
  return timeout === Infinity ? -1 : milliseconds(timeout);
}

// What a call's options say, in the form in which submit() takes it.
class CallSettings {
  constructor(options) {
    checkOptions(options, CALL_OPTIONS);
    this.signal = options.signal ?? undefined;
    this.query = options.query ?? undefined;
    this.timeoutMs = timeoutOf(options.timeout);
    const headers = addHeaders({}, options.headers ?? {}, 'headers');
    if (options.idempotencyKey) {
      addHeaders(headers, { 'Idempotency-Key': options.idempotencyKey }, 'idempotencyKey');
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    this.headers = lines.length === 0 ? undefined : lines.join('\n');
    this.options = optionsOfCall(options);
  }
}

module.exports = {
  CallSettings,
  LOG_LEVELS,
  bytesOf,
  checkClientOptions,
  checkOptions,
  configuration,
  defaultsOf,
  didYouMean,
  namesOfHeaders,
  namesOfQuery,
  overDefaults,
  overOptions,
  startingPoint,
  takenAway,
  takenFrom,
  takesAway,
  textOf,
  withQuery,
};
