"""`AsyncHolySheepClient`: looks like `openai.AsyncOpenAI`, keeps its calls going."""

from __future__ import annotations

from ._arguments import NOT_GIVEN
from ._async_call import AsyncCaller
from ._async_resources import AsyncChat, AsyncEmbeddings, AsyncModels, AsyncResponses
from ._base import BaseClient, gathered
from ._check import found, plan
from ._errors import HolySheepError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Iterable, Literal, Mapping

    from ._arguments import Defaults, Timeout
    from ._call import Caller
    from ._endpoint import Endpoint
    from ._engine import Engine
    from ._hooks import Hooks
    from ._metadata import Attempt, Metadata
    from ._pool import Check
    from ._types import CallOptions, EndpointConfig


class AsyncHolySheepClient(BaseClient):
    """`HolySheepClient` with `await` and `async for`; the arguments are the same, and `api_key` may
    be an async callable too.

    Belongs to no event loop: several loops in several threads may use one client at the same time.
    Cancelling a task cancels its call.
    """

    __slots__ = ("chat", "embeddings", "models", "responses")

    chat: AsyncChat
    embeddings: AsyncEmbeddings
    responses: AsyncResponses
    models: AsyncModels

    def __init__(
        self,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
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

    def _make_caller(self, engine: Engine, defaults: Defaults, hooks: Hooks | None) -> Caller:
        return AsyncCaller(engine, defaults, hooks)

    def _first_key(self, source: Callable[[], Any]) -> str:
        return "asked-before-each-call"  # never sent: the callable comes first

    def _resources(self, caller: Any) -> None:
        self.chat = AsyncChat(caller)
        self.embeddings = AsyncEmbeddings(caller)
        self.responses = AsyncResponses(caller)
        self.models = AsyncModels(caller)

    async def request(
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
        """As `HolySheepClient.request`."""
        body = json if content is None else content
        arguments = self._caller.arguments(
            path, body, timeout, extra_headers, extra_query, holysheep
        )
        return await self._caller.anything(method, arguments)

    async def check(self, model: str | None = None) -> list[Check]:
        """Tests each endpoint with a call of ten tokens, once, without failover, all at the same
        time."""
        from asyncio import gather

        async def one(endpoint: str, arguments: dict[str, Any]) -> Check:
            try:
                answer: Any = await self.chat.completions.create(**arguments)
            except HolySheepError as error:
                answer = error
            return found(endpoint, arguments["model"], answer)

        return list(await gather(*(one(*each) for each in plan(self, model))))

    async def close(self, timeout: float = 0) -> bool:
        """As `HolySheepClient.close`; the loop goes on meanwhile."""
        from asyncio import get_running_loop

        return await get_running_loop().run_in_executor(None, self._engine.close, timeout)

    aclose = close

    async def __aenter__(self) -> AsyncHolySheepClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
