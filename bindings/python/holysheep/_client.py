"""`HolySheepClient`: looks like `openai.OpenAI`, keeps its calls going."""

from __future__ import annotations

from ._arguments import NOT_GIVEN
from ._base import BaseClient, gathered
from ._check import check
from ._resources import Chat, Embeddings, Models, Responses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Literal, Mapping

    from ._arguments import Timeout
    from ._call import Caller
    from ._endpoint import Endpoint
    from ._metadata import Attempt, Metadata
    from ._pool import Check
    from ._types import CallOptions, EndpointConfig


class HolySheepClient(BaseClient):
    """Calls OpenAI-compatible endpoints through one engine that retries, waits and fails over.

    Without `base_url`, `endpoints` and `config` the pool is HolySheep's three endpoints, with the
    key from HOLYSHEEP_API_KEY. Clients of equal configuration share one engine and one pool, unless
    `isolated=True`. Every key of the configuration document (CONFIGURATION.md) is an argument too.

    Threads: any number may use one client at the same time. After fork() the child's calls open a
    fresh engine there.

    api_key: the key, or a callable that returns it, asked before each call.
    endpoints: names, URLs, `Endpoint`s or dicts, first choice first.
    config: the configuration document: a dict, JSON text, or the path of a file (HOLYSHEEP_CONFIG).
    timeout: seconds for a whole call, all attempts included; None: no limit; or an httpx.Timeout.
    max_retries: as in the OpenAI SDK; n means n + 1 HTTP requests at most.
    on_attempt, on_done: called on the caller's thread when a call has ended, with its attempts and
    with its metadata.

    Raises ConfigError, before anything is sent, if something of this is wrong or a key is missing.
    """

    __slots__ = ("chat", "embeddings", "models", "responses")

    chat: Chat
    embeddings: Embeddings
    responses: Responses
    models: Models

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        base_url: str | Any = None,
        endpoints: Iterable[str | Endpoint | EndpointConfig] | None = None,
        config: Mapping[str, Any] | str | Any = None,
        policy: Literal["smart", "document"] | None = None,
        timeout: Timeout = NOT_GIVEN,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        organization: str | None = None,
        project: str | None = None,
        on_attempt: Callable[[list[Attempt]], Any] | None = None,
        on_done: Callable[[Metadata], Any] | None = None,
        **settings: Any,
    ) -> None:
        self._open(gathered(locals()))

    def _resources(self, caller: Caller) -> None:
        self.chat = Chat(caller)
        self.embeddings = Embeddings(caller)
        self.responses = Responses(caller)
        self.models = Models(caller)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> Any:
        """Any request below the base URL. The answer: an object, a list, or text if it is no JSON.

        json: the body as a value; content: the body as bytes (with a Content-Type in
        `extra_headers`)."""
        body = json if content is None else content
        arguments = self._caller.arguments(
            path, body, timeout, extra_headers, extra_query, holysheep
        )
        return self._caller.anything(method, arguments)

    def check(self, model: str | None = None) -> list[Check]:
        """Tests each endpoint with a call of ten tokens, once, without failover."""
        return check(self, model)

    def close(self, timeout: float = 0) -> bool:
        """Closes the engine's handle, and with it this client and all its views. Calls that run may
        finish within `timeout` seconds. False: some were cancelled. May be called again."""
        return self._engine.close(timeout)

    def __enter__(self) -> HolySheepClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
