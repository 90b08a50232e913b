"""`AsyncHolySheepClient`: looks like `openai.AsyncOpenAI`, keeps its calls going."""

from __future__ import annotations

from ._async_call import AsyncCaller
from ._base import BaseClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._check import Check, ServiceCheck
    from ._resources import (
        AsyncChat,
        AsyncEmbeddings,
        AsyncModels,
        AsyncRawClient,
        AsyncResponses,
    )


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
    if TYPE_CHECKING:
        with_raw_response: AsyncRawClient

    _caller_class = AsyncCaller
    _awaits = True

    def _first_key(self, source: Callable[[], Any]) -> str | None:
        return None  # it may need a loop

    async def check(self, model: str | None = None) -> list[Check]:
        """Tests each endpoint with a call of ten tokens, once, without failover, all at the same
        time."""
        return await self.pool.check(model)  # type: ignore[no-any-return]

    async def check_service(self, url: str | None = None) -> ServiceCheck:
        """As `HolySheepClient.check_service`; the loop goes on meanwhile."""
        from asyncio import get_running_loop

        from ._check import ask_page

        config = self.pool.config()
        return await get_running_loop().run_in_executor(None, ask_page, config, url)

    async def close(self, timeout: float = 0) -> bool:
        """As `HolySheepClient.close`; the loop goes on meanwhile."""
        from asyncio import get_running_loop

        return await get_running_loop().run_in_executor(None, self._engines.close, timeout)

    aclose = close

    async def __aenter__(self) -> AsyncHolySheepClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
