"""`HolySheepClient`: looks like `openai.OpenAI`, keeps its calls going."""

from __future__ import annotations

from ._base import BaseClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._check import Check, ServiceCheck
    from ._resources import Chat, Embeddings, Models, RawClient, Responses


class HolySheepClient(BaseClient):
    """Calls OpenAI-compatible endpoints through one engine that retries, waits and fails over.

    Without `base_url`, `endpoints` and `config` the pool is HolySheep's three endpoints, with the
    key from HOLYSHEEP_API_KEY. Clients of equal configuration share one engine and one pool, unless
    `isolated=True`. Every key of the configuration document (CONFIGURATION.md) is an argument too.

    Threads: any number may use one client at the same time. After fork() the child's calls open a
    fresh engine there.

    api_key: the key, or a callable that returns it: asked before each call, for this call, on its
    thread. Each key has an engine and a pool of its own (the last eight are held); `pool`,
    `monitor`, `metrics` and `health` show those of the key that was given last.
    base_url: of a pool of one endpoint; beside `endpoints` an error.
    endpoints: names, URLs, `Endpoint`s or dicts, first choice first.
    config: the configuration document: a dict, JSON text, or the path of a file. HOLYSHEEP_CONFIG
    stands for it where neither it nor `base_url` nor `endpoints` is given. Arguments take the place
    of what it says.
    timeout: seconds for a whole call, all attempts included, up to 1e9; None: no limit; or an
    httpx.Timeout.
    default_query: written as the OpenAI SDK writes it: None is left out, a dict as `a[b]=1`. Each
    name once: lists go into a call's `extra_query`.
    max_retries: as in the OpenAI SDK; n means n + 1 HTTP requests at most, those that were answered
    429 included. Without it `retry` holds (policy `smart`: a 429 is not counted; `max_wait_ms`
    limits how long a call waits for an end of the 429s).
    on_attempt, on_done: called on the caller's thread when a call has ended, with its attempts and
    with its metadata: also when it failed, was cancelled, or its stream was left. An async client
    calls them on the caller's loop, in one turn of it for all calls that have ended by then, and
    tells of the last two once the loop has brought the end. What they raise goes to
    `sys.excepthook`.
    tracing: OpenTelemetry spans: True, False, or None for "where the program has loaded it".

    Raises ConfigError, before anything is sent, if something of this is wrong or a key is missing.
    """

    __slots__ = ("chat", "embeddings", "models", "responses")

    chat: Chat
    embeddings: Embeddings
    responses: Responses
    models: Models
    if TYPE_CHECKING:
        with_raw_response: RawClient

    def check(self, model: str | None = None) -> list[Check]:
        """Tests each endpoint with a call of ten tokens, once, without failover."""
        return self.pool.check(model)  # type: ignore[no-any-return]

    def check_service(self, url: str | None = None) -> ServiceCheck:
        """Asks a status page, by default that of the configuration (`monitor.status_page_url`):
        true if it answers and names no outage. A page that does not answer raises nothing.

        Waits up to 5 seconds, also after Ctrl-C. Raises RequestError if `url` is none."""
        from ._check import ask_page
        from ._wait import interruptibly

        config = self.pool.config()
        found: ServiceCheck = interruptibly(lambda: ask_page(config, url), lambda: None)
        return found

    def close(self, timeout: float = 0) -> bool:
        """Closes this client and all its views. Calls that run may finish within `timeout` seconds.
        False: some were cancelled. May be called again.

        The engine with its cooldowns stays for the next client of equal configuration (the 64 that
        were opened last are kept), unless the client is `isolated`."""
        return self._engines.close(timeout)

    def __enter__(self) -> HolySheepClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
