// The OpenAI SDK's resources: which path each of its methods sends to. What this release does not
// have throws, and names request().
'use strict';

const { hidden, requestError } = require('./errors.js');

function post(client, path, shape) {
  return { create: (body, options) => client.post(path, body, options, shape) };
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

// `for await (const model of await client.models.list())`
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

function addResources(client) {
  const completions = post(client, '/chat/completions');
  refuse(completions, 'client.chat.completions', [
    'parse',
    'stream',
    'runTools',
    'retrieve',
    'list',
  ]);
  client.chat = { completions };
  client.completions = post(client, '/completions');
  client.embeddings = post(client, '/embeddings');
  client.moderations = post(client, '/moderations');
  client.responses = post(client, '/responses', addOutputText);
  refuse(client.responses, 'client.responses', ['parse', 'stream']);
  client.models = {
    list: (options) => client.get('/models', options, addIteration),
    retrieve: (model, options) => client.get(`/models/${encodeURIComponent(model)}`, options),
  };
  refuse(client, 'client', LATER);
}

module.exports = { addResources };
