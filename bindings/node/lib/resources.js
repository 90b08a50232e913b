// The OpenAI SDK's resources: which path each of its methods sends to. What this release does not
// have throws, and names request().
'use strict';

const { hidden, requestError } = require('./errors.js');

function post(send, path, shape) {
  return { create: (body, options) => send.post(path, body, options, shape) };
}

// The text of a response of the Responses API, as the SDK puts it together. What a provider sends
// in another shape has no text.
function addOutputText(response) {
  let text = '';
  for (const item of listOf(response.output)) {
    if (item?.type !== 'message') continue;
    for (const part of listOf(item.content)) {
      if (part?.type === 'output_text' && typeof part.text === 'string') text += part.text;
    }
  }
  response.output_text = text;
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

function pathOfModel(model) {
  if (typeof model !== 'string' || model === '') throw requestError("model: expected a model's id");
  try {
    return `/models/${encodeURIComponent(model)}`;
  } catch (cause) {
    throw requestError('model: expected a string of whole characters', cause);
  }
}

// `for await (const model of client.models.list())`, and of what it resolves to.
function iterable(promise) {
  hidden(promise, Symbol.asyncIterator, async function* iterate() {
    yield* await promise;
  });
  return promise;
}

function addIteration(list) {
  hidden(list, Symbol.asyncIterator, async function* iterate() {
    yield* listOf(this.data);
  });
}

const LATER = [
  'assistants',
  'audio',
  'batches',
  'beta',
  'containers',
  'conversations',
  'evals',
  'files',
  'fineTuning',
  'graders',
  'images',
  'realtime',
  'skills',
  'uploads',
  'vectorStores',
  'videos',
  'webhooks',
];

function refuse(object, prefix, names) {
  for (const name of names) {
    Object.defineProperty(object, name, {
      get() {
        throw requestError(
          `${prefix}.${name} is not in this release; client.request(method, path, body) sends ` +
            'any request through the pool',
        );
      },
      enumerable: false,
      configurable: true,
    });
  }
}

// `send`: the client's two ways of sending, which are not its own methods: the SDK's have those
// names and other arguments.
function addResources(client, send) {
  const completions = post(send, '/chat/completions');
  refuse(completions, 'client.chat.completions', [
    'parse',
    'stream',
    'runTools',
    'retrieve',
    'update',
    'delete',
    'list',
    'messages',
  ]);
  client.chat = { completions };
  client.completions = post(send, '/completions');
  client.embeddings = post(send, '/embeddings');
  client.moderations = post(send, '/moderations');
  client.responses = post(send, '/responses', addOutputText);
  refuse(client.responses, 'client.responses', [
    'parse',
    'stream',
    'retrieve',
    'delete',
    'cancel',
    'compact',
    'inputItems',
    'inputTokens',
  ]);
  client.models = {
    list: (options) => iterable(send.get('/models', options, addIteration)),
    retrieve: (model, options) => send.get(() => pathOfModel(model), options),
  };
  refuse(client.models, 'client.models', ['delete']);
  refuse(client, 'client', LATER);
  refuse(client, 'client', ['get', 'post', 'put', 'patch', 'delete']);
}

module.exports = { addResources };
