// A program with the types of the `openai` package changes two lines: they fit, in and out.
import OpenAI from 'openai';
import { HolySheepClient } from 'holysheep';

export async function given(
  client: HolySheepClient,
  messages: OpenAI.ChatCompletionMessageParam[],
  tools: OpenAI.ChatCompletionTool[],
  whole: OpenAI.ChatCompletionCreateParamsNonStreaming,
  streamed: OpenAI.ChatCompletionCreateParamsStreaming,
  input: OpenAI.Responses.ResponseInput,
  embedding: OpenAI.EmbeddingCreateParams,
) {
  await client.chat.completions.create({ model: 'm', messages, tools });
  await client.responses.create({ model: 'm', input });
  const completion: OpenAI.ChatCompletion = await client.chat.completions.create(whole);
  const vectors: OpenAI.CreateEmbeddingResponse = await client.embeddings.create(embedding);
  for await (const each of await client.chat.completions.create(streamed)) {
    const chunk: OpenAI.ChatCompletionChunk = each;
    void chunk;
  }
  return [completion, vectors];
}
