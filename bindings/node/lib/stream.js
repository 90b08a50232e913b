// Streams. StreamCall takes the pieces from the addon and keeps those that nobody has read yet;
// Stream is what the caller holds. They are two objects so that a Stream which was dropped
// unread can be noticed, and its call cancelled.
//
// Pieces that arrived together come as one JSON array and are parsed together, when the reader gets
// there. Their bytes are given back to the engine once they have been read: a reader that stops
// pauses its own stream only.
'use strict';

const { SignalledCall, makeResponse, rejecting } = require('./call.js');
const {
  abortError,
  classes,
  detailsSoFar,
  interruptedError,
  requestError,
} = require('./errors.js');
const { splitArray } = require('./json.js');
const { CallMetadata } = require('./metadata.js');
const native = require('./native.js');
const { FinalizationRegistry } = require('./realm.js');

// Marks the place where the stream began again.
const RESTART = Symbol('restart');
// Giving back costs a wake-up of the engine, so it is done by quarters of the whole.
const CREDIT_STEPS = 4;

// Of the paths that end in "completions".
const END_MARK = 'data: [DONE]\n\n';
const EVENT_STREAM = 'text/event-stream';
const END = Object.freeze({ value: undefined, done: true });

function isEventStream(headers) {
  return headers.get('content-type')?.toLowerCase().startsWith(EVENT_STREAM) ?? false;
}

// The text that a chunk adds, in any of the dialects that have one. Chunks may be anything.
function textOf(chunk) {
  const choices = chunk?.choices;
  if (choices !== undefined) {
    const choice = choices?.[0];
    return textIn(choice?.delta === undefined ? choice?.text : choice.delta?.content);
  }
  if (chunk?.type === 'response.output_text.delta') return textIn(chunk.delta);
  if (chunk?.type === 'content_block_delta') return textIn(chunk.delta?.text);
  return '';
}

// A string, or the parts that some providers send instead.
function textIn(content) {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('');
}

function isFlat(object, except) {
  for (const name in object) {
    const value = object[name];
    if (name !== except && typeof value === 'object' && value !== null) return false;
  }
  return true;
}

// Makes chunks that are like a given one but for the content of their delta. The given one is the
// caller's, who may change it: hence the copy.
class Shape {
  constructor(chunk) {
    const choice = chunk?.choices?.length === 1 ? chunk.choices[0] : undefined;
    this.simple =
      typeof choice?.delta?.content === 'string' &&
      isFlat(chunk, 'choices') &&
      isFlat(choice, 'delta') &&
      isFlat(choice.delta);
    if (this.simple) {
      this.chunk = { ...chunk };
      this.choice = { ...choice };
      this.delta = { ...choice.delta };
    } else {
      this.chunk = structuredClone(chunk);
    }
  }

  fill(content) {
    if (!this.simple) return replaceContent(structuredClone(this.chunk), content);
    const delta = { ...this.delta, content };
    return { ...this.chunk, choices: [{ ...this.choice, delta }] };
  }
}

// There is one member of that name.
function replaceContent(value, content) {
  for (const name in value) {
    if (name === 'content') value[name] = content;
    else if (typeof value[name] === 'object') replaceContent(value[name], content);
  }
  return value;
}

class StreamCall extends SignalledCall {
  constructor(client, hooks, mode) {
    super(client, hooks);
    this.mode = mode;
    this.isChat = false; // of MODE_EVENTS: its dialect has an end mark
    this.httpStatus = 0;
    this.segments = []; // {items or text, bytes}, in order, not yet begun
    this.items = undefined; // of the segment that is being read
    this.index = 0;
    this.bytes = 0; // of that segment
    this.read = 0; // bytes read and not given back
    this.step = 0; // bytes that are given back together
    this.waiters = []; // readers that are ahead of the stream
    this.over = false; // nothing more will come
    this.stopped = false; // by its reader, which is no error
    this.error = undefined; // to be thrown once, after what is left
    this.shape = undefined;
    this.partial = ''; // the text of the segments that were read
    this.restarts = false; // the reader wants to know of them
    this.began = false; // something was handed out
    this.settled = false; // the promise of the stream
    this.failure = undefined; // what it ended with
    this.interrupted = false; // what follows the items is no JSON
  }

  // Before it is sent.
  prepare(handle) {
    this.handle = handle;
    this.step = handle.config.stream_credit_bytes / CREDIT_STEPS;
  }

  // ---- from the addon -------------------------------------------------------------------------

  onHeaders(httpStatus, meta) {
    this.httpStatus = httpStatus;
    this.metadata = new CallMetadata(meta);
    if (this.settled) return; // began again
    this.settle().resolve(new Stream(this));
  }

  onData(data, bytes, name) {
    if (this.over) return;
    if (this.mode === native.MODE_EVENTS) data = { event: name, data };
    this.segments.push({ data, bytes });
    if (this.waiters.length > 0) this.feed();
  }

  onRestarted() {
    if (this.over) return;
    let bytes = this.items === undefined ? 0 : this.bytes;
    for (const segment of this.segments) bytes += segment.bytes;
    if (this.began && !this.restarts) {
      this.cancel();
      this.fail(this.restartedError(this.textSoFar()));
      return;
    }
    this.drop();
    this.partial = '';
    if (!this.began) {
      this.giveBack(bytes); // nobody has seen anything
      return;
    }
    this.segments.push({ data: RESTART, bytes });
    this.feed();
  }

  followRestarts() {
    this.restarts = true;
  }

  restartedError(text) {
    const message =
      'the stream broke and began again elsewhere; read it with events() to follow it there';
    return interruptedError(message, this.metadata, this.httpStatus, text);
  }

  onDone(outcome, body, meta, message) {
    this.slot = -1;
    this.unwatch();
    this.metadata = new CallMetadata(meta);
    const error = this.stopped ? undefined : this.errorOf(outcome, message, body);
    if (this.hooks !== undefined) this.tellHooks(this.failure ?? error);
    if (this.over) return;
    if (error !== undefined) {
      this.fail(error, true);
      return;
    }
    if (!this.settled) {
      // an answer without any content at all
      this.httpStatus = outcome.httpStatus;
      this.settle().resolve(new Stream(this));
    }
    this.over = true;
    this.feed();
  }

  // A reader need not wait for the engine.
  abort(reason) {
    if (!this.settled) {
      super.abort(reason);
      return;
    }
    this.cancel();
    this.fail(abortError(reason, detailsSoFar(this.metadata)));
  }

  // What settles the promise of the stream, once. The call lets go of it: it leads to the Stream.
  settle() {
    const { resolve, reject } = this;
    this.resolve = undefined;
    this.reject = undefined;
    this.settled = true;
    return { resolve, reject };
  }

  // `keep`: the reader gets what has arrived before the error.
  fail(error, keep = false) {
    this.failed = true;
    this.failure ??= error;
    this.unwatch();
    if (this.slot < 0) this.tellHooks(error);
    if (!this.settled) {
      this.over = true;
      this.settle().resolve(rejecting(error));
      return;
    }
    if (this.over) return;
    this.over = true;
    this.error = error;
    if (!keep) this.drop();
    this.feed();
  }

  // The reader has had enough.
  stop() {
    if (this.over) {
      this.drop();
      return;
    }
    this.over = true;
    this.stopped = true;
    this.drop();
    this.unwatch();
    this.cancel();
    this.feed();
  }

  drop() {
    this.partial = this.textSoFar();
    this.segments = [];
    this.items = undefined;
  }

  // ---- to the reader --------------------------------------------------------------------------

  // The next chunk, or undefined: there is none now.
  take() {
    for (;;) {
      if (this.items !== undefined) {
        if (this.index < this.items.length) {
          this.began = true;
          return this.mode === native.MODE_JSON_EVENTS ? this.chunk() : this.items[this.index++];
        }
        this.endSegment();
      }
      const segment = this.segments.shift();
      if (segment === undefined) return undefined;
      this.bytes = segment.bytes;
      this.index = 0;
      if (segment.data === RESTART) {
        this.giveBack(segment.bytes);
        return RESTART;
      }
      this.items =
        this.mode === native.MODE_JSON_EVENTS ? this.parse(segment.data) : [segment.data];
    }
  }

  // The next item of a JSON segment: a chunk; the content of one that is otherwise like the last
  // shape; or a 0, which says that what follows it is a shape. What was handed out leaves its text
  // in its place.
  chunk() {
    const { items } = this;
    const item = items[this.index++];
    if (typeof item === 'string') return this.shape.fill(item);
    const isShape = item === 0;
    if (isShape) items[this.index - 1] = '';
    const chunk = isShape ? items[this.index++] : item;
    if (isShape) this.shape = new Shape(chunk);
    items[this.index - 1] = textOf(chunk);
    return chunk;
  }

  // The text that was handed out: of the segments that are over, and of the one that is being read.
  textSoFar() {
    const { items } = this;
    if (items === undefined || this.mode !== native.MODE_JSON_EVENTS) return this.partial;
    return this.partial + items.slice(0, this.index).join('');
  }

  endSegment() {
    if (this.mode === native.MODE_JSON_EVENTS) this.partial += this.items.join('');
    this.items = undefined;
    this.giveBack(this.bytes);
    if (this.interrupted) this.interrupt();
  }

  // The engine has looked at the structure of each piece, and not at every escape and number: what
  // is no JSON after all ends the stream behind the pieces before it.
  parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return this.parseOneByOne(splitArray(text));
    }
  }

  parseOneByOne(parts) {
    const items = [];
    try {
      for (const part of parts) items.push(JSON.parse(part));
    } catch {
      if (items.at(-1) === 0) items.pop(); // it announced the shape that is none
      this.interrupted = true;
    }
    return items;
  }

  interrupt() {
    this.interrupted = false;
    this.cancel();
    this.over = true;
    this.drop();
    const message = 'the stream broke: it brought something that is not well-formed JSON';
    this.error = interruptedError(message, this.metadata, this.httpStatus);
    this.failure ??= this.error;
  }

  giveBack(bytes) {
    this.read += bytes;
    if (this.read < this.step || this.slot < 0) return;
    native.addon.credit(this.slot, this.read);
    this.read = 0;
  }

  next() {
    const chunk = this.take();
    if (chunk !== undefined) return Promise.resolve({ value: chunk, done: false });
    if (this.over) return this.ending();
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
    });
  }

  feed() {
    while (this.waiters.length > 0) {
      const chunk = this.take();
      if (chunk === undefined && !this.over) return;
      const waiter = this.waiters.shift();
      waiter.resolve(chunk === undefined ? this.ending() : { value: chunk, done: false });
    }
  }

  ending() {
    const { error } = this;
    if (error === undefined) return Promise.resolve(END);
    this.error = undefined;
    if (error instanceof classes.StreamInterruptedError) error.partial = this.partial;
    return rejecting(error);
  }

  // `isAll`: the caller has nothing but the Response, and cancelling its body ends the call. Else
  // the Stream is beside it, and dropping the Response unread says nothing about that.
  response(isAll) {
    const stream = this.stream?.deref();
    const body = stream && eventStream(stream, this, () => isAll && stream.close());
    const response = makeResponse(this.metadata, this.httpStatus, body);
    // Of an answer that came in one piece: the body is a stream all the same.
    if (this.mode !== native.MODE_BYTES && !isEventStream(response.headers)) {
      response.headers.set('content-type', EVENT_STREAM);
    }
    return response;
  }
}

const forgotten = new FinalizationRegistry((call) => call.stop());

class Stream {
  #call; // a StreamCall, or a Half of one
  #taken = false;
  #controller;
  #whole; // of a half: the stream that tee() has split

  constructor(call, whole) {
    this.#call = call;
    this.#whole = whole;
    forgotten.register(this, call, this);
    call.stream = new WeakRef(this);
  }

  // Aborting it ends the iteration quietly, as close() does. Halves share one, as the SDK's do.
  get controller() {
    if (this.#whole !== undefined) return this.#whole.controller;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#controller.signal.addEventListener('abort', () => this.#call.stop(), { once: true });
    }
    return this.#controller;
  }

  // The call's metadata: so far, and in full once the stream has ended.
  get _holysheep() {
    return this.#call.metadata;
  }

  get _request_id() {
    return this.#call.metadata.requestID;
  }

  close() {
    this.#call.stop();
    this.#controller?.abort();
  }

  #take() {
    if (this.#taken) {
      throw requestError('this stream is being read already; use tee() to read it twice');
    }
    this.#taken = true;
    return this.#call;
  }

  [Symbol.asyncIterator]() {
    return new StreamIterator(this, this.#take());
  }

  // The pieces of the answer's text alone.
  textDeltas() {
    return new TextIterator(this, this.#take());
  }

  // The chunks; onRestart() is called where the answer begins again on another endpoint: drop what
  // you had.
  events(options) {
    const onRestart = options?.onRestart;
    if (typeof onRestart !== 'function')
      throw requestError('events: onRestart: expected a function');
    const call = this.#take();
    call.followRestarts();
    return new EventIterator(this, call, onRestart);
  }

  // Two streams of the same chunks, each to be read at its own pace and in its own way; what the
  // slower has not read is kept. The call ends when neither is read any more.
  tee() {
    const call = this.#take();
    const left = new Half(call);
    const right = new Half(call);
    left.other = right;
    right.other = left;
    return [new Stream(left, this), new Stream(right, this)];
  }

  // Lines of JSON, one for each chunk, as the SDK's stream gives them.
  toReadableStream() {
    return readable(
      this,
      () => this.close(),
      (chunk) => `${JSON.stringify(chunk)}\n`,
    );
  }

  // Server-sent events, as the provider sent them but for white space, ids and comments.
  toEventStream() {
    return eventStream(this, this.#call, () => this.close());
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.close();
  }
}

// What a Stream reads that is one of two over the same call.
class Half {
  constructor(call) {
    this.call = call;
    this.mode = call.mode;
    this.isChat = call.isChat;
    this.other = undefined;
    this.results = []; // promises of what the other has read, and this one has not
    this.waiting = new Set(); // of this one's readers
    this.stopped = false;
    this.restarts = false; // its reader wants to know of them
    this.text = ''; // what it has read
  }

  followRestarts() {
    this.restarts = true;
    this.call.followRestarts();
  }

  get metadata() {
    return this.call.metadata;
  }

  // There is nothing to be had without waiting.
  take() {
    return undefined;
  }

  next() {
    if (this.stopped) return Promise.resolve(END);
    const result = this.results.shift() ?? this.pull();
    return new Promise((resolve, reject) => {
      this.waiting.add(resolve);
      const fail = (error) => {
        reject(error);
        this.stop();
      };
      result
        .then((found) => resolve(this.look(found)))
        .catch(fail)
        .finally(() => this.waiting.delete(resolve));
    });
  }

  // The other half may follow where this one cannot.
  look(result) {
    if (result.value !== RESTART) {
      this.text += textOf(result.value);
      return result;
    }
    if (!this.restarts) throw this.call.restartedError(this.text);
    this.text = '';
    return result;
  }

  restartedError(text) {
    return this.call.restartedError(text);
  }

  pull() {
    const result = this.call.next();
    if (!this.other.stopped) this.other.results.push(result);
    return result;
  }

  stop() {
    this.stopped = true;
    this.results = [];
    for (const resolve of this.waiting) resolve(END);
    if (this.other.stopped) this.call.stop();
  }
}

// As the providers of the dialect write it: events of chat have no name, and a mark at their end,
// which the engine keeps. Bytes are what they were.
function eventStream(stream, call, cancelUnread) {
  if (call.mode === native.MODE_BYTES) return readable(stream, cancelUnread);
  if (call.mode === native.MODE_EVENTS) {
    return readable(stream, cancelUnread, eventText, () => (call.isChat ? END_MARK : ''));
  }
  let hasNames = false;
  const write = (chunk) => {
    const event = typeof chunk?.type === 'string' ? chunk.type : '';
    hasNames ||= event !== '';
    return eventText({ event, data: JSON.stringify(chunk) });
  };
  return readable(stream, cancelUnread, write, () => (hasNames ? '' : END_MARK));
}

function eventText({ event, data }) {
  const name = event === '' ? '' : `event: ${event}\n`;
  return `${name}data: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
}

// The stream is taken by whoever reads first: the Response of withResponse() has one as its body,
// which nobody may want.
function readable(stream, cancelUnread, write, last = () => '') {
  const encoder = new TextEncoder();
  const bytes = (chunk) => (ArrayBuffer.isView(chunk) ? chunk : encoder.encode(write(chunk)));
  let iterator;
  return new ReadableStream(
    {
      async pull(controller) {
        iterator ??= stream[Symbol.asyncIterator]();
        const { value, done } = await iterator.next();
        if (!done) {
          controller.enqueue(bytes(value));
          return;
        }
        const end = last();
        if (end !== '') controller.enqueue(encoder.encode(end));
        controller.close();
      },
      cancel() {
        return iterator === undefined ? cancelUnread() : iterator.return();
      },
    },
    { highWaterMark: 0 },
  );
}

// Iterators hold their stream, which would count as dropped otherwise.
class StreamIterator {
  constructor(stream, call) {
    this.stream = stream;
    this.call = call;
  }

  next() {
    return this.call.next();
  }

  return() {
    this.call.stop();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

class TextIterator extends StreamIterator {
  next() {
    for (;;) {
      const chunk = this.call.take();
      if (chunk === undefined) break;
      const text = textOf(chunk);
      if (text !== '') return Promise.resolve({ value: text, done: false });
    }
    return this.later();
  }

  async later() {
    for (;;) {
      const result = await this.call.next();
      if (result.done) return result;
      const text = textOf(result.value);
      if (text !== '') return { value: text, done: false };
    }
  }
}

class EventIterator extends StreamIterator {
  constructor(stream, call, onRestart) {
    super(stream, call);
    this.onRestart = onRestart;
  }

  next() {
    const next = this.call.next();
    return next.then((result) => {
      if (result.value !== RESTART) return result;
      try {
        this.onRestart();
      } catch (error) {
        this.call.stop();
        throw error;
      }
      return this.next();
    });
  }
}

module.exports = { Stream, StreamCall };
