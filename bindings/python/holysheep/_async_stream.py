"""Streams on an event loop: what the loop's queue brings, handed to whoever iterates."""

from __future__ import annotations

from . import _errors, _log
from ._loop import get_running_loop, loop_queue
from ._stream import DATA, DONE, HEADERS, RESTARTED, Reading, _Base, check_callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator, Callable, Iterator

    from ._engine import Engine
    from ._http import Response as HTTPResponse
    from ._loop import LoopQueue
    from ._metadata import Metadata
    from ._native import Outcome
    from ._stream import Chunk
    from ._watch import Watch, Watcher


class AsyncSource(Reading):
    """What has come of one stream and has not been read."""

    __slots__ = ("_end", "_late", "_queue", "_waiter", "_waiting")

    def __init__(
        self, engine: Engine, path: str, kind: type[Any], watch: Watch | None, queue: LoopQueue
    ) -> None:
        records = _log.records(lambda: queue.soon(self._wake))
        super().__init__(engine, path, kind, watch, records)
        self._queue = queue
        self._waiting: list[tuple[Any, ...]] = []
        self._end: Outcome | None = None  # once it has come, read or not
        self._waiter: Any = None
        self._late: Watch | None = None

    def feed(self, event: tuple[Any, ...]) -> None:
        self._waiting.append(event)
        if event[1] == DONE:
            self._end = event[2]
            if self._late is not None:
                self._late.told(event[2])
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _come(self) -> bool:
        """Whether there are events; hands on log records."""
        if self._records is not None:
            self._records.hand_on()
        return bool(self._waiting)

    async def events(self) -> list[tuple[Any, ...]]:
        if get_running_loop() is not self._queue.loop:
            raise _errors.make(
                _errors.HolySheepError, "a stream belongs to the event loop on which it was made"
            )
        while not self._come():
            if self._waiter is not None:
                raise _errors.make(
                    _errors.HolySheepError, "two tasks read one stream at the same time"
                )
            self._waiter = self._queue.loop.create_future()
            try:
                await self._waiter
            except BaseException as error:
                self.close(error)  # now, not when the exception's traceback goes
                raise
            finally:
                self._waiter = None
        events, self._waiting = self._waiting, []
        return events

    def _leave(self, error: BaseException | None) -> None:
        watch, self._watch = self._watch, None
        if watch is None:
            return
        if self.id:
            self._queue.bring(lambda: self._end is not None)
        watch.left(error, self._end, self.headers)
        if self._end is None:
            self._late = watch  # the loop brings the end

    async def begin(self) -> None:
        events = await self.events()
        if events[0][1] == HEADERS:
            self.headers = events[0][2]
            self._waiting = events[1:] + self._waiting
            return
        self.finish(events[0][2])


class AsyncChunks:
    """One reading of a stream. Dropping it before the end frees the stream's connection."""

    __slots__ = ("_event", "_events", "_on_restart", "_pieces", "_source")

    def __init__(self, source: AsyncSource, on_restart: Callable[[], Any] | None) -> None:
        self._source = source
        self._on_restart = on_restart
        self._events: Iterator[tuple[Any, ...]] = iter(())
        self._event: tuple[Any, ...] | None = None
        self._pieces: Iterator[Any] = iter(())

    def __aiter__(self) -> AsyncChunks:
        return self

    async def __anext__(self) -> Any:
        source = self._source
        while True:
            for piece in self._pieces:
                return source.chunk(piece)
            if self._event is not None:
                source.native.credit(source.id, self._event[3])
                self._event = None
            event = next(self._events, None)
            if event is None:
                if source.done is not None:
                    source.check_end()
                    raise StopAsyncIteration
                source.check_open()
                self._events = iter(await source.events())
            elif event[1] == DATA:
                self._event = event
                self._pieces = iter(event[2])
            elif event[1] == DONE:
                source.finish(event[2])
            elif event[1] == RESTARTED:
                told = source.restart(self._on_restart)
                if hasattr(told, "__await__"):
                    await told

    def __del__(self) -> None:
        self._source.close()


class AsyncStream(_Base["Chunk"]):
    """An answer in pieces. Iterate over it with `async for`; leaving the loop frees its connection.
    Belongs to the event loop on which it was made."""

    __slots__ = ("__weakref__", "_iterator", "_read", "_source")

    def __init__(self, source: AsyncSource) -> None:
        self._source = source
        self._read = False  # then the iterator decides when the stream is dropped
        self._iterator: AsyncChunks | None = None

    def _chunks(self, on_restart: Callable[[], Any] | None = None) -> AsyncChunks:
        self._read = True
        return AsyncChunks(self._source, on_restart)

    def __aiter__(self) -> AsyncIterator[Chunk]:
        if self._iterator is not None:
            return self._iterator
        return self._chunks()

    async def __anext__(self) -> Chunk:
        if self._iterator is None:
            self._iterator = self._chunks()
        return await self._iterator.__anext__()  # type: ignore[no-any-return]

    async def text_deltas(self) -> AsyncIterator[str]:
        """The pieces of text alone."""
        async for chunk in self:
            text = self._source.kind._text(chunk)
            if text:
                yield text

    def events(self, *, on_restart: Callable[[], Any]) -> AsyncIterator[Chunk]:
        """As iterating, for `stream_recovery: restart`: when the answer begins again on another
        endpoint, `on_restart()` is called, and what was read before is void."""
        check_callable(on_restart)
        return self._chunks(on_restart)

    @property
    def holysheep(self) -> Metadata:
        """Where the answer comes from; usage and cost once it has ended."""
        return self._source.metadata

    @property
    def response(self) -> HTTPResponse:
        """The head of the answer: `status_code`, `headers`."""
        return self._source.response

    async def close(self) -> None:
        """Ends the stream now. May be called again."""
        self._source.close()

    aclose = close

    async def __aenter__(self) -> AsyncStream[Chunk]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._source.close()

    def __del__(self) -> None:
        if not self._read:
            self._source.close()

    def __repr__(self) -> str:
        source = self._source
        state = "closed" if source.closed else "ended" if source.done else "open"
        return f"<{type(self).__name__} {state}>"


async def begin(
    engine: Engine, kind: type[Any], arguments: tuple[Any, ...], watcher: Watcher
) -> AsyncStream[Any]:
    """Submits a streamed call and returns once its answer has begun."""
    queue = loop_queue()
    watch = watcher.begin(engine, "POST", arguments)
    source = AsyncSource(engine, arguments[0], kind, watch, queue)
    token = next(queue.tokens)
    queue.streams[token] = source
    try:
        source.id = engine.ask(
            lambda native: _log.submit(
                source._records, native, queue.queue, token, 1, "POST", arguments
            )
        )
        source.native = engine.native
        await source.begin()
    except BaseException as error:
        if not source.id:
            del queue.streams[token]
        source.close(error)
        raise
    return AsyncStream(source)
