"""One call of an async client: submitted, awaited on the loop's queue, cancelled with its task."""

from __future__ import annotations

from . import _async_stream, _errors, _log
from ._call import Caller, _log_state, answer_of
from ._check import acheck
from ._engine import Engine
from ._loop import loop_queue
from ._native import Failure
from ._resources import Completions, RawResponse
from ._watch import TRACING, Late
from ._wait import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from typing import Any, AsyncIterator, Generator

    from ._loop import LoopQueue
    from ._native import Outcome
    from ._resources import Operation
    from ._results import Model, ModelList
    from ._watch import Watch


class AsyncCaller(Caller):
    __slots__ = ()

    async def engine_of_key(self) -> Engine:  # type: ignore[override]
        engines = self.engines
        if isinstance(engines, Engine):
            return engines
        key = engines.source()
        if hasattr(key, "__await__"):
            key = await key
        return engines.of(key)

    async def outcome(  # type: ignore[override]
        self, verb: str, arguments: tuple[Any, ...]
    ) -> Outcome:
        engine = self._only or await self.engine_of_key()
        _log.attach(engine)
        native, queue = engine.native, loop_queue()
        watch = None
        if self._hooked or TRACING in _modules:
            watch = self.watcher.begin(engine, verb, arguments)
        number = 0
        token = next(queue.tokens)
        waiting = None if _log_state.queue is None else Waiting(queue)
        future = queue.calls[token] = waiting or queue.loop.create_future()
        try:
            records = None if waiting is None else waiting.records
            number = _log.submit(records, native, queue.queue, token, 0, verb, arguments)
            outcome: Outcome = await future
        except Failure as failure:
            del queue.calls[token]
            refused = engine.error(failure)
            if watch is not None:
                watch.left(refused)
            raise refused from None
        except BaseException as error:
            if number:
                native.cancel(number)
            else:
                del queue.calls[token]
            if watch is not None:
                _leave(watch, error, queue, token, future)
            raise
        if engine.shared.listeners:
            engine.hand_out_alerts()
        if watch is not None:
            watch.ended(outcome)
        if outcome.status:
            raise _errors.from_outcome(outcome, verb, arguments[0])
        return outcome

    async def answer(
        self, operation: Operation, arguments: tuple[Any, ...], raw: bool
    ) -> Any:
        made = operation.lazy.__new__(operation.lazy)
        made._outcome = outcome = await self.outcome(operation.verb, arguments)
        return RawResponse(made, outcome, (operation.verb, arguments[0])) if raw else made

    def listing(
        self, operation: Operation, arguments: tuple[Any, ...], raw: bool
    ) -> Any:
        if raw:
            return self.answer(operation, arguments, raw)
        return Listing(self, operation, arguments)

    async def stream(
        self, operation: Operation, arguments: tuple[Any, ...], raw: bool
    ) -> Any:
        engine = self._only or await self.engine_of_key()
        _log.attach(engine)
        made = await _async_stream.begin(engine, operation.chunk, arguments, self.watcher)
        return RawResponse(made, made._source.head, ("POST", arguments[0])) if raw else made

    def check(self, checks: list[dict[str, Any]], model: str | None) -> Any:
        return acheck(Completions(self).create, checks, model)

    async def anything(self, verb: str, arguments: tuple[Any, ...]) -> Any:
        return answer_of(await self.outcome(verb, arguments))


class Waiting:
    """Stands for the future of a call whose log records come in the task that waits for it."""

    __slots__ = ("_end", "_queue", "_waiter", "records")

    def __init__(self, queue: LoopQueue) -> None:
        self._queue = queue
        self._end: Outcome | None = None
        self.records = _log.Records(lambda: queue.soon(self._wake))
        self._waiter: Future[None] | None = None

    def done(self) -> bool:
        return self._end is not None

    def cancelled(self) -> bool:
        return False

    def result(self) -> Outcome:
        assert self._end is not None
        return self._end

    def set_result(self, outcome: Outcome) -> None:
        self._end = outcome
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def __await__(self) -> Generator[Any, Any, Outcome]:
        try:
            while True:
                self.records.hand_on()
                if self._end is not None:
                    return self._end
                self._waiter = self._queue.loop.create_future()
                yield from self._waiter
        finally:
            self.records.end()


def _leave(
    watch: Watch,
    error: BaseException,
    queue: LoopQueue,
    token: int,
    future: Future[Outcome] | Waiting,
) -> None:
    """Of a call that was cancelled, or never sent."""
    if token not in queue.calls:
        ended_before = future.done() and not future.cancelled()
        return watch.left(error, future.result() if ended_before else None)
    late = queue.calls[token] = Late()
    queue.bring(lambda: late.end is not None)
    watch.left(error, late.end)
    if late.end is None:
        late.watch = watch


class Listing:
    """`await` gives the list, `async for` its models."""

    __slots__ = ("_arguments", "_caller", "_operation")

    def __init__(
        self, caller: AsyncCaller, operation: Operation, arguments: tuple[Any, ...]
    ) -> None:
        self._caller = caller
        self._operation = operation
        self._arguments = arguments

    def __await__(self) -> Generator[Any, Any, ModelList]:
        return self._caller.answer(self._operation, self._arguments, False).__await__()

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in await self:
            yield model
