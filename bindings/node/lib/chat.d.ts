// Bodies and answers of the resources, as OpenAI's API has them. What a provider adds comes
// through: answers may have more members than are named here. What is given may be of any type that
// has the members named here, with more too: an interface of yours, a type of the `openai` package.

/** Members beside those that are named, of object literals too. */
type Open<Known> = Known | (Known & Record<string, unknown>);

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' | undefined } }
  | { type: 'input_audio'; input_audio: { data: string; format: string } }
  | { type: 'refusal'; refusal: string }
  | {
      type: 'file';
      file: {
        file_data?: string | undefined;
        file_id?: string | undefined;
        filename?: string | undefined;
      };
    };

export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

export type ChatCompletionMessageParam = Open<{
  role: Role | (string & {});
  content?: string | readonly (ContentPart | { type: string })[] | null | undefined;
}>;

export type ChatCompletionTool = Open<{ type: string }>;

export type ChatCompletionCreateParams = Open<{
  model: string;
  messages: readonly ChatCompletionMessageParam[];
  stream?: boolean | null | undefined;
  stream_options?: object | null | undefined;
  temperature?: number | null | undefined;
  top_p?: number | null | undefined;
  n?: number | null | undefined;
  max_tokens?: number | null | undefined;
  max_completion_tokens?: number | null | undefined;
  stop?: string | readonly string[] | null | undefined;
  presence_penalty?: number | null | undefined;
  frequency_penalty?: number | null | undefined;
  seed?: number | null | undefined;
  logprobs?: boolean | null | undefined;
  top_logprobs?: number | null | undefined;
  logit_bias?: Record<string, number> | null | undefined;
  tools?: readonly ChatCompletionTool[] | undefined;
  tool_choice?: string | object | undefined;
  parallel_tool_calls?: boolean | undefined;
  response_format?: Open<{ type: string }> | undefined;
  reasoning_effort?: string | null | undefined;
  prompt_cache_key?: string | null | undefined;
  user?: string | undefined;
  metadata?: object | null | undefined;
}>;

export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens?: number; [more: string]: unknown };
  completion_tokens_details?: { reasoning_tokens?: number; [more: string]: unknown };
}

// As the SDK has them, so that answers fit where its types are expected. Providers know more words.
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call';
export type ServiceTier = 'auto' | 'default' | 'flex' | 'scale' | 'priority';

export interface ChatCompletionMessage {
  role: 'assistant';
  content: string | null;
  refusal: string | null;
  tool_calls?: ToolCall[];
  [more: string]: unknown;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: ChatCompletionMessage;
    finish_reason: FinishReason;
    logprobs: any;
  }[];
  usage?: CompletionUsage;
  system_fingerprint?: string;
  service_tier?: ServiceTier | null;
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: {
    index: number;
    delta: {
      role?: Role;
      content?: string | null;
      refusal?: string | null;
      tool_calls?: {
        index: number;
        id?: string;
        type?: 'function';
        function?: { name?: string; arguments?: string };
      }[];
      [more: string]: unknown;
    };
    finish_reason: FinishReason | null;
    logprobs: any;
  }[];
  usage?: CompletionUsage | null;
  system_fingerprint?: string;
  service_tier?: ServiceTier | null;
}

export type CompletionCreateParams = Open<{
  model: string;
  prompt: string | readonly string[] | readonly number[] | readonly number[][] | null;
  stream?: boolean | null | undefined;
  max_tokens?: number | null | undefined;
  temperature?: number | null | undefined;
}>;

export interface Completion {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: { index: number; text: string; finish_reason: FinishReason; logprobs: any }[];
  usage?: CompletionUsage;
}

export type EmbeddingCreateParams = Open<{
  model: string;
  input: string | readonly string[] | readonly number[] | readonly number[][];
  dimensions?: number | undefined;
  encoding_format?: 'float' | 'base64' | undefined;
  user?: string | undefined;
}>;

export interface CreateEmbeddingResponse {
  object: 'list';
  model: string;
  data: { object: 'embedding'; index: number; embedding: number[] }[];
  usage: { prompt_tokens: number; total_tokens: number };
}

export type ModerationCreateParams = Open<{ model?: string | undefined; input: unknown }>;

export interface ModerationCreateResponse {
  id: string;
  model: string;
  results: { flagged: boolean; [more: string]: unknown }[];
}

export type ResponseCreateParams = Open<{
  model?: string | undefined;
  input?: string | readonly object[] | undefined;
  instructions?: string | null | undefined;
  stream?: boolean | null | undefined;
  max_output_tokens?: number | null | undefined;
  temperature?: number | null | undefined;
}>;

/** An answer of the Responses API. */
export interface ResponseObject {
  id: string;
  object: 'response';
  status?: string;
  model: string;
  output: { type: string; [more: string]: any }[];
  /** The text of all output messages together. */
  output_text: string;
  usage?: { input_tokens: number; output_tokens: number; total_tokens: number };
  [more: string]: any;
}

export interface ResponseStreamEvent {
  type: string;
  [more: string]: any;
}

export interface Model {
  id: string;
  object: 'model';
  created?: number;
  owned_by?: string;
}

/** A body with `stream: true`, and one without. */
export type Streaming<Params> = Params & { stream: true };
export type Whole<Params> = Params & { stream?: false | null | undefined };
export type ChatCompletionCreateParamsStreaming = Streaming<ChatCompletionCreateParams>;
export type ChatCompletionCreateParamsNonStreaming = Whole<ChatCompletionCreateParams>;
