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
  callOptions: ['an object: "Options of a call" in CONFIGURATION.md', isRecord],
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
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (!isRecord(document)) throw configError(`${path}: ${whatIsWrong(text)}`);
  return document;
}

// V8's words quote the text, in which there may be a key: the engine has better ones.
function whatIsWrong(text) {
  const opened = addon.clientOpen(text);
  if (Array.isArray(opened)) return errorOfFailure(opened).message;
  addon.clientClose(opened);
  return 'expected a JSON object';
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

// [name, value] of an object, a Headers of any kind, a Map, an array of pairs.
function entriesOf(given, what, makeError) {
  if (!isFunction(given[Symbol.iterator])) {
    if (!isFunction(given.forEach)) return Object.entries(given);
    const found = [];
    given.forEach((value, name) => found.push([String(name), value]));
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
// in whatever case; null stays, and says that there shall be none.
function addHeaders(made, given, what, makeError = requestError) {
  for (const [name, value] of entriesOf(given, what, makeError)) {
    const place = `${what}.${JSON.stringify(name)}`;
    if (!HEADER_NAME.test(name)) throw makeError(`${place}: a header's name cannot be that`);
    if (value === undefined) continue;
    for (const known of Object.keys(made)) {
      if (known.toLowerCase() === name.toLowerCase()) delete made[known];
    }
    const text = value === null ? null : plainText(value, place, makeError);
    if (text !== null && /[\r\n\0]/.test(text)) {
      throw makeError(`${place}: a header must be one line`);
    }
    made[name] = text;
  }
  return made;
}

// An undefined member says nothing.
function defined(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function present(texts) {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null));
}

// What the pool sends with each request by itself: names of headers, in small letters, and of
// query parameters. Calls can give them another value, and cannot take them away.
class Fixed {
  constructor(document) {
    const sections = [document, ...endpointsOf(document)];
    const names = (name) => sections.flatMap((section) => Object.keys(section[name] ?? {}));
    this.headers = names('headers').map((name) => name.toLowerCase());
    this.query = names('query');
  }

  // The first that these would take away, or undefined.
  header(headers) {
    const isFixed = (name) => headers[name] === null && this.headers.includes(name.toLowerCase());
    return Object.keys(headers).find(isFixed);
  }

  parameter(query) {
    const isNone = (value) => value === null || (Array.isArray(value) && value.length === 0);
    return Object.keys(query).find((name) => isNone(query[name]) && this.query.includes(name));
  }
}

function addQuery(made, given) {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    made[name] = value === null ? null : plainText(value, `defaultQuery.${name}`, configError);
  }
  return made;
}

// A worker's environment is its own copy, which the engine cannot see.
function environmentKey() {
  return require('node:worker_threads').isMainThread ? undefined : process.env.HOLYSHEEP_API_KEY;
}

const milliseconds = (timeout) => (timeout === Infinity ? 0 : Math.max(1, Math.round(timeout)));

// Adds the headers that a client's options name.
function addDefaultHeaders(made, options) {
  const { organization, project } = options;
  const named = {
    'OpenAI-Organization': organization === '' ? undefined : organization,
    'OpenAI-Project': project === '' ? undefined : project,
  };
  addHeaders(made, named, 'defaultHeaders', configError);
  return addHeaders(made, options.defaultHeaders ?? {}, 'defaultHeaders', configError);
}

// Whether a section of a document can be one. Others stay, for the engine to refuse.
function isSection(section) {
  return section === undefined || isRecord(section);
}

// Those that are objects. What else is wrong with endpoints the engine says.
function endpointsOf({ endpoints }) {
  return Array.isArray(endpoints) ? endpoints.filter(isRecord) : [];
}

function over(section, more) {
  return isSection(section) ? { ...section, ...more } : section;
}

// The SDK's word means n + 1 requests, 429s included.
function attemptsOf(maxRetries) {
  return { max_attempts: maxRetries + 1, rate_limited_counts: true };
}

// The configuration document as text, and what is fixed by it.
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
  addDefaults(document, options);
  if (options.timeout !== undefined && options.timeout !== null) {
    document.time_limits = over(start.time_limits, { total_ms: milliseconds(options.timeout) });
  }
  if (options.maxRetries !== undefined && options.maxRetries !== null) {
    document.retry = over(start.retry, attemptsOf(options.maxRetries));
  }
  return { text: json.write(document, 'config', configError), fixed: new Fixed(document) };
}

// Headers and query over those of the document.
function addDefaults(document, options) {
  const { headers, query } = document;
  const named = addDefaultHeaders({}, options);
  const asked = addQuery({}, options.defaultQuery ?? {});
  if (Object.keys(named).length > 0 && isSection(headers)) {
    document.headers = present(addHeaders({ ...headers }, named, 'defaultHeaders', configError));
  }
  if (Object.keys(asked).length > 0 && isSection(query)) {
    document.query = present({ ...query, ...asked });
  }
  takeFromEndpoints(document, 'headers', named);
  takeFromEndpoints(document, 'query', asked);
}

// What is null takes away what single endpoints have, too.
function takeFromEndpoints(document, section, texts) {
  const fold = (name) => (section === 'headers' ? name.toLowerCase() : name);
  const gone = Object.keys(texts).filter((name) => texts[name] === null).map(fold);
  if (gone.length === 0 || !Array.isArray(document.endpoints)) return;
  document.endpoints = document.endpoints.map((endpoint) => {
    if (!isRecord(endpoint) || !isRecord(endpoint[section])) return endpoint;
    const own = Object.entries(endpoint[section]).filter(([name]) => !gone.includes(fold(name)));
    return { ...endpoint, [section]: Object.fromEntries(own) };
  });
}

// The options of a client that withOptions() makes. What is null takes away what its parent or the
// configuration has.
function overOptions(options, before) {
  const headers = {};
  for (const { defaultHeaders = {} } of [before, options]) {
    addHeaders(headers, defaultHeaders ?? {}, 'defaultHeaders', configError);
  }
  const query = { ...before.defaultQuery, ...defined(options.defaultQuery ?? {}) };
  return { ...before, ...options, defaultHeaders: headers, defaultQuery: query };
}

// What withOptions() gives to each call: `changed` over what the parent gives. Undefined where that
// takes more than options of a call: they cannot take away what is fixed.
function defaultsOf(changed, before, fixed) {
  const headers = addDefaultHeaders({ ...before?.headers }, changed);
  const query = addQuery({ ...before?.query }, changed.defaultQuery ?? {});
  if ((fixed.header(headers) ?? fixed.parameter(query)) !== undefined) return undefined;
  return {
    timeout: 'timeout' in changed ? changed.timeout : before?.timeout,
    maxRetries: 'maxRetries' in changed ? changed.maxRetries : before?.maxRetries,
    headers,
    query,
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
    query: { ...before.query, ...defined(options.query ?? {}) },
  };
}

// ---- a call -----------------------------------------------------------------------------------

function typeTag(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

// What the program's own getters and proxies throw is told as what is wrong with the body.
function look(read) {
  try {
    return read();
  } catch (cause) {
    throw requestError('body: cannot be read', cause);
  }
}

// The JSON of a request's body. `expected`: what else there could be.
function textOf(body, expected = 'an object') {
  const tag = look(() => typeTag(body));
  if (tag !== 'Object' && tag !== 'Array') {
    throw requestError(`body: expected ${expected}, not ${isObject(body) ? tag : typeName(body)}`);
  }
  const stream = look(() => body.stream);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw requestError(`body.stream: expected true or false, not ${typeName(stream)}`);
  }
  return json.write(body, 'body', requestError);
}

// A request's body as submit() takes it: text, or bytes.
function bytesOf(body) {
  if (isText(body)) return body;
  if (ArrayBuffer.isView(body)) {
    return look(() => new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  }
  if (look(() => /^(Shared)?ArrayBuffer$/.test(typeTag(body)))) {
    return look(() => new Uint8Array(body));
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
  const retry = over(holysheep?.retry, attemptsOf(maxRetries));
  return json.write({ ...holysheep, retry }, 'holysheep', requestError);
}

function timeoutOf(timeout) {
  if (timeout === undefined || timeout === null) return 0;
  return timeout === Infinity ? -1 : milliseconds(timeout);
}

const NOTHING_FIXED = new Fixed({});

function refuse(what, place, name, option) {
  if (name === undefined) return;
  throw requestError(
    `${place}.${JSON.stringify(name)}: a default ${what} of the client, which no call can take ` +
      `away; withOptions({ ${option} }) makes a client without it`,
  );
}

// What a call's options say, in the form in which submit() takes it.
class CallSettings {
  constructor(options, fixed = NOTHING_FIXED) {
    checkOptions(options, CALL_OPTIONS);
    this.signal = options.signal ?? undefined;
    this.query = options.query ?? undefined;
    this.timeoutMs = timeoutOf(options.timeout);
    const headers = addHeaders({}, options.headers ?? {}, 'headers');
    if (options.idempotencyKey) {
      addHeaders(headers, { 'Idempotency-Key': options.idempotencyKey }, 'idempotencyKey');
    }
    refuse('header', 'headers', fixed.header(headers), 'defaultHeaders');
    refuse('parameter', 'query', fixed.parameter(options.query ?? {}), 'defaultQuery');
    const lines = Object.entries(present(headers)).map(([name, value]) => `${name}: ${value}`);
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
  defined,
  didYouMean,
  over,
  overDefaults,
  overOptions,
  startingPoint,
  textOf,
  withQuery,
};
