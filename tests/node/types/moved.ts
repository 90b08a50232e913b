// A program of the SDK's whose import alone has changed: the types stand where it looks for them.
import OpenAI from 'holysheep';

declare function print(text: string): void;
type Tools = Record<string, (given: Record<string, unknown>) => Promise<unknown>>;

export async function converse(client: OpenAI, functions: Tools, question: string) {
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } },
  ];
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: question }];
  for (;;) {
    const completion: OpenAI.ChatCompletion = await client.chat.completions.create({
      model: 'gpt-4.1',
      messages,
      tools,
      tool_choice: 'auto',
    });
    const message: OpenAI.Chat.Completions.ChatCompletionMessage = completion.choices[0].message;
    messages.push(message);
    if (!message.tool_calls) return message.content;
    for (const call of message.tool_calls) {
      if (call.type !== 'function') continue;
      const given = JSON.parse(call.function.arguments) as Record<string, unknown>;
      const content = JSON.stringify(await functions[call.function.name](given));
      messages.push({ role: 'tool', tool_call_id: call.id, content });
    }
  }
}

export async function stream(params: OpenAI.Chat.ChatCompletionCreateParamsStreaming) {
  const client = new OpenAI({ apiKey: 'key', maxRetries: 2, timeout: 20_000 });
  const calls: { id: string; arguments: string }[] = [];
  try {
    for await (const chunk of await client.chat.completions.create(params)) {
      const seen: OpenAI.Chat.Completions.ChatCompletionChunk = chunk;
      for (const piece of seen.choices[0]?.delta.tool_calls ?? []) {
        calls[piece.index] ??= { id: piece.id ?? '', arguments: '' };
        calls[piece.index].arguments += piece.function?.arguments ?? '';
      }
    }
    const [left, right] = (await client.chat.completions.create(params)).tee();
    for await (const text of left.textDeltas()) print(text);
    right.controller.abort();
  } catch (error) {
    if (error instanceof OpenAI.StreamInterruptedError) return error.partial;
    if (error instanceof OpenAI.APIError) return `${error.status} ${error.code}`;
    throw error;
  }
  const answer: OpenAI.Responses.Response = await client.responses.create({ input: 'hi' });
  const listed: OpenAI.Model[] = [];
  for await (const model of client.models.list()) listed.push(model);
  return [calls, answer.output_text, listed];
}
