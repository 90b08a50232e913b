"""One call of an async client: submitted, awaited on the loop's queue, cancelled with its task."""

from __future__ import annotations

from . import _async_stream, _errors
from ._call import Caller, answer_of
from ._loop import loop_queue, tokens
from ._native import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Outcome


class AsyncCaller(Caller):
    __slots__ = ()

    async def refresh_key(self) -> None:
        source = self.engine.key_source
        if source is None:
            return
        key = source()
        if hasattr(key, "__await__"):
            key = await key
        self.engine.set_key(key)

    async def outcome(  # type: ignore[override]
        self, method: str, arguments: tuple[Any, ...]
    ) -> Outcome:
        engine = self.engine
        if engine.key_source is not None:
            await self.refresh_key()
        queue = loop_queue()
        future = queue.loop.create_future()
        token = next(tokens)
        queue.calls[token] = future
        try:
            number = engine.native.submit(queue.queue, token, 0, method, arguments)
        except Failure as failure:
            del queue.calls[token]
            engine.recover(failure)
            return await self.outcome(method, arguments)
        except BaseException:
            del queue.calls[token]
            raise
        try:
            outcome: Outcome = await future
        except BaseException:
            engine.native.cancel(number)
            raise
        if self.hooks is not None:
            self.hooks.ended(outcome)
        if outcome.status:
            raise _errors.from_outcome(outcome, method, arguments[0])
        return outcome

    async def stream(  # type: ignore[override]
        self, kind: type[Any], arguments: tuple[Any, ...]
    ) -> _async_stream.AsyncStream[Any]:
        if self.engine.key_source is not None:
            await self.refresh_key()
        return await _async_stream.begin(self.engine, kind, arguments[0], arguments)

    async def anything(self, method: str, arguments: tuple[Any, ...]) -> Any:
        return answer_of(await self.outcome(method, arguments))
