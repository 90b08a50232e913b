// From JavaScript's values to JSON, with errors that say where the trouble is, and back.
'use strict';

// `makeError(message, cause)` makes what is thrown.
function write(value, what, makeError) {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw makeError(describeUnwritable(value, what) ?? `${what}: cannot be read`, cause);
  }
  throw makeError(`${what}: cannot be sent as JSON`);
}

// Where the BigInt or the cycle is.
function describeUnwritable(whole, what) {
  const above = new Set();
  const walk = (value, path) => {
    if (typeof value === 'bigint') {
      return `${path}: a BigInt cannot be sent as JSON; make it a number or a string`;
    }
    if (value === null || typeof value !== 'object') return undefined;
    if (above.has(value)) return `${path}: refers to an object that contains it, which JSON cannot`;
    if (typeof value.toJSON === 'function') return undefined;
    above.add(value);
    for (const [key, member] of Object.entries(value)) {
      const found = walk(member, path + step(value, key));
      if (found !== undefined) return found;
    }
    above.delete(value);
    return undefined;
  };
  try {
    return walk(whole, what);
  } catch {
    return undefined;
  }
}

function step(parent, key) {
  if (Array.isArray(parent)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

// The texts of the elements of a JSON array, without looking whether they are JSON themselves.
function splitArray(text) {
  const parts = [];
  let depth = 0;
  let begin = 1;
  let inString = false;
  for (let at = 1; at < text.length - 1; ++at) {
    const letter = text[at];
    if (inString) {
      if (letter === '\\') ++at;
      else if (letter === '"') inString = false;
    } else if (letter === '"') {
      inString = true;
    } else if (letter === '{' || letter === '[') {
      ++depth;
    } else if (letter === '}' || letter === ']') {
      --depth;
    } else if (letter === ',' && depth === 0) {
      parts.push(text.slice(begin, at));
      begin = at + 1;
    }
  }
  parts.push(text.slice(begin, -1));
  return parts;
}

// The value that a body is. Some gateways put a byte order mark before it.
function read(text) {
  return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}

module.exports = { read, splitArray, write };
