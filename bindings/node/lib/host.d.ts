// Types of the host's globals, where it has them (lib "DOM", @types/node), and what we need of them
// where it has not: so the package's types compile in every project, with skipLibCheck off.

declare global {
  // As lib "esnext.disposable" declares them.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

type Global<Name extends string, Otherwise> = typeof globalThis extends {
  [Key in Name]: { prototype: infer Type };
}
  ? Type
  : Otherwise;

export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AbortControllerLike {
  readonly signal: HostAbortSignal;
  abort(reason?: unknown): void;
}

export type HostAbortSignal = Global<'AbortSignal', AbortSignalLike>;
export type HostAbortController = Global<'AbortController', AbortControllerLike>;
export type HostHeaders = Global<'Headers', { get(name: string): string | null }>;
export type HostResponse = Global<
  'Response',
  { readonly status: number; readonly headers: HostHeaders; text(): Promise<string> }
>;
export type HostReadableStream = Global<'ReadableStream', object>;
