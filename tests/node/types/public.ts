// What the types promise, checked by tsc alone.
import HolySheep, {
  AllEndpointsFailedError,
  APIPromise,
  ConfigError,
  HolySheepClient,
  HolySheepError,
  HolySheepFailoverClient,
  MockPool,
  RateLimitError,
  RateLimitMonitor,
  Stream,
  StreamInterruptedError,
} from 'holysheep';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ClientOptions,
  Endpoint,
  EndpointState,
  RequestOptions,
  RetryConfig,
} from 'holysheep';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<Condition extends true>(condition?: Condition): void {
  void condition;
}

export async function uses(flag: boolean, params: ChatCompletionCreateParams) {
  const client = new HolySheepClient({
    apiKey: async () => 'key',
    endpoints: ['primary', { name: 'local', url: 'http://127.0.0.1:1/v1' }],
    timeout: 1000,
    maxRetries: 2,
    defaultHeaders: { a: 'b' },
    defaultQuery: { c: 'd' },
    organization: 'o',
    project: 'p',
    policy: 'smart',
    logger: console,
    logLevel: 'warn',
    onAttempt: (attempt) => attempt.verdict.length,
    onDone: ({ metadata, error }) => [metadata.cost, error?.message],
    tracing: false,
  });
  holds<Equal<typeof HolySheep, typeof HolySheepClient>>();

  const whole = client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
  });
  holds<typeof whole extends APIPromise<ChatCompletion & infer _> ? true : false>();
  const result = await whole;
  const text: string | null = result.choices[0].message.content;
  const endpoint: string | null = result._holysheep.endpoint;
  const { data, response, request_id: id } = await whole.withResponse();
  holds<Equal<typeof id, string | null>>();
  const checked = await client.checkService();
  holds<Equal<typeof checked.indicator, string | null>>();
  const status: number = response.status;

  const monitor = new RateLimitMonitor({ alertThreshold: 3, onAlert: (alert) => alert.cause });
  monitor.recordRequest('primary', false, 429, 12.5, 1);
  monitor.alertThreshold = client.monitor.alertThreshold + monitor.alerts.length;
  const limited: number | undefined = monitor.metrics['primary']?.rateLimitedRequests;

  const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true });
  holds<Equal<typeof stream, Stream<ChatCompletionChunk>>>();
  for await (const chunk of stream) {
    const piece: string | null | undefined = chunk.choices[0]?.delta.content;
    void piece;
  }
  for await (const piece of stream.textDeltas()) holds<Equal<typeof piece, string>>();
  for await (const chunk of stream.events({ onRestart() {} })) void chunk.choices;
  const health: 'healthy' | 'degraded' | 'critical' = client.health().overallStatus;
  for (const alert of client.alerts()) void alert.message;
  void health;
  const either = await client.chat.completions.create(params);
  if (either instanceof Stream) either.close();
  const unknown = await client.chat.completions.create({ ...params, stream: flag });
  void unknown;

  const embedding: number[] = (await client.embeddings.create({ model: 'm', input: 'x' })).data[0]
    .embedding;
  const output: string = (await client.responses.create({ model: 'm', input: 'x' })).output_text;
  for await (const model of await client.models.list()) void model.id;
  const bytes: Uint8Array = await client.request(
    'POST',
    '/audio/speech',
    { a: 1 },
    { as: 'bytes' },
  );
  const pool: EndpointState[] = client.pool;
  const closed: boolean = await client.close({ timeout: 5 });

  try {
    await whole;
  } catch (error) {
    if (error instanceof AllEndpointsFailedError) void error.attempts;
    if (error instanceof RateLimitError) void error.retryAfterMs;
    if (error instanceof StreamInterruptedError) void error.partial.length;
    if (error instanceof ConfigError) void error.code.length;
    if (error instanceof HolySheepError) void error.message;
  }

  const mock = new MockPool({ endpoints: [{ name: 'primary' }] });
  await mock.waitFor(1, { endpoint: 'primary' });
  const retry: RetryConfig = { maxRetries: 3, baseDelayMs: 1000, cooldownPeriodMs: 60000 };
  const shown: Endpoint = { url: 'u', name: 'n', status: 'healthy', cooldownUntil: 0 };
  return [
    text,
    limited,
    endpoint,
    data,
    status,
    embedding,
    output,
    bytes,
    pool,
    closed,
    retry,
    shown,
  ];
}

// Types of the user's own fit, readonly or not, and what they have beside.
interface OwnMessage {
  role: 'user' | 'assistant';
  content: string;
}

export async function fits(own: readonly OwnMessage[], client: HolySheepClient) {
  await client.chat.completions.create({ model: 'm', messages: own, provider_option: 1 });
  const messages: { role: string; content: string }[] = [];
  await client.chat.completions.create({ model: 'm', messages });
  await client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }], cache_control: {} }],
  });
  await new HolySheepFailoverClient('k').chatCompletion('m', [...own]);
  const options = { timeout: 5000, onDone: () => {}, tracing: false };
  await new HolySheepFailoverClient('k', options).close();
  const health = new RateLimitMonitor().getHealthReport();
  const rejected: number | undefined = health.callsRejected;
  const slots: number[] | undefined = new RateLimitMonitor().metrics.primary?.recent.total;
  void [rejected, slots];
  for await (const model of client.models.list()) void model.id;
  return (error: unknown) => error instanceof HolySheep.RateLimitError && error.status;
}

export function wrong(client: HolySheepClient) {
  // @ts-expect-error an unknown option
  void new HolySheepClient({ apiKye: 'x' });
  // @ts-expect-error a model is needed
  void client.chat.completions.create({ messages: [] });
  // @ts-expect-error milliseconds
  void client.chat.completions.create({ model: 'm', messages: [] }, { timeout: '1' });
  // @ts-expect-error streams are made by create()
  void new Stream();
  // @ts-expect-error not in this release
  void client.files;
}

// Variables that may be undefined go into every option, with exactOptionalPropertyTypes too.
type Undefined<Options> = { [Name in keyof Options]-?: undefined };
type Given<Options> = Undefined<Options> extends Options ? true : false;
type OptionsOf<Use extends (...given: never[]) => unknown, At extends number> = NonNullable<
  Parameters<Use>[At]
>;

export function undefinedFits(client: HolySheepClient, mock: MockPool, name: string | undefined) {
  holds<Given<ClientOptions>>();
  holds<Given<RequestOptions>>();
  holds<Given<NonNullable<ConstructorParameters<typeof RateLimitMonitor>[0]>>>();
  holds<Given<OptionsOf<typeof client.check, 0>>>();
  holds<Given<OptionsOf<typeof client.close, 0>>>();
  holds<Given<OptionsOf<typeof mock.waitFor, 1>>>();
  holds<Given<OptionsOf<HolySheepFailoverClient['chatCompletion'], 2>>>();
  const options: ClientOptions = { apiKey: name, organization: name };
  const user = name;
  const body = { model: 'm', messages: [], temperature: undefined, stream: undefined, user };
  void client.chat.completions.create(body, { signal: undefined, idempotencyKey: name });
  void client.responses.create({ model: name, instructions: name });
  void client.request('POST', '/x', {}, { as: undefined, contentType: name });
  return options;
}
