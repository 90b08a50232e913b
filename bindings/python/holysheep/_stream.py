"""Streams of a client without an event loop.

The engine delivers events in batches; each batch is parsed as the reader gets to it, and its credit
is given back when it is used up, so that a slow reader holds back its own stream only. A loop that
is left early drops its iterator, and with it connection, quota and place in the engine.
"""

from __future__ import annotations

from . import _errors, _json, _wait
from ._metadata import Metadata
from ._native import Failure, Queue
from ._object import of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generic, Iterator, TypeVar

    from ._engine import Engine
    from ._native import Outcome

    Chunk = TypeVar("Chunk")

    class _Base(Generic[Chunk]):
        pass

else:

    class _Base:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


HEADERS, DATA, RESTARTED, DONE = 1, 2, 3, 4
_LEFT = (
    "this stream was closed before its end: the loop that read it was left, or close() was called"
)
_RESTARTED = "the stream began again elsewhere; only events(on_restart=…) can follow it there"


def chunk_of(kind: type[Any], piece: Any) -> Any:
    """The object of one event. `piece`: its data, or (name, data)."""
    if piece.__class__ is tuple:
        piece = piece[1]
    try:
        data = _json.read(piece)
    except ValueError:
        data = {"data": piece}
    return of(kind, data if data.__class__ is dict else {"data": data})


def text_of(kind: type[Any], pieces: list[Any]) -> str:
    """The text that these events brought."""
    return "".join(chunk_of(kind, piece)._text() or "" for piece in pieces)


class Reading:
    """What sync and async streams share: what has come, and how it ended."""

    __slots__ = ("_native", "_path", "_pieces", "closed", "done", "headers", "id", "kind")

    def __init__(self, engine: Engine, path: str, kind: type[Any]) -> None:
        self._native = engine.native
        self._path = path
        self.kind = kind
        self._pieces: list[Any] = []  # delivered so far, for `partial`
        self.headers: Outcome | None = None
        self.done: Outcome | None = None
        self.closed = False
        self.id = 0

    def delivered(self, event: tuple[Any, ...]) -> None:
        """The reader has used this DATA event."""
        self._pieces += event[2]
        self._native.credit(self.id, event[3])

    def restart(self, on_restart: Callable[[], Any] | None) -> None:
        if on_restart is None:
            self.close()
            raise _errors.make(
                _errors.StreamInterruptedError,
                _RESTARTED,
                partial=text_of(self.kind, self._pieces),
                _request=("POST", self._path),
            )
        self._pieces = []
        on_restart()

    def finish(self, outcome: Outcome) -> None:
        self.done = outcome
        if outcome.status:
            raise self.error(outcome)

    def error(self, outcome: Outcome) -> _errors.HolySheepError:
        partial = text_of(self.kind, self._pieces) if outcome.status == -202 else ""
        return _errors.from_outcome(outcome, "POST", self._path, partial)

    def close(self) -> None:
        if self.done is None and not self.closed:
            self.closed = True
            if self.id:
                self._native.cancel(self.id)

    def check_open(self) -> None:
        if self.closed:
            raise _errors.make(_errors.ClosedError, _LEFT)

    @property
    def metadata(self) -> Metadata:
        outcome = self.done or self.headers
        if outcome is None:
            raise _errors.make(_errors.ClosedError, _LEFT)
        return Metadata(outcome.meta())


class _Source(Reading):
    """The queue of one stream."""

    __slots__ = ("_queue", "waiting")

    def __init__(self, engine: Engine, path: str, kind: type[Any], queue: Queue) -> None:
        super().__init__(engine, path, kind)
        self._queue = queue
        self.waiting: list[tuple[Any, ...]] = []

    def __del__(self) -> None:
        self.close()

    def events(self) -> list[tuple[Any, ...]]:
        """What has come; waits if nothing has."""
        if self.waiting:
            events, self.waiting = self.waiting, []
            return events
        try:
            return _wait.drain(self._queue)
        except Failure as failure:
            raise _errors.from_failure(failure) from None

    def begin(self) -> None:
        """Waits for the answer's head, or raises the call's error."""
        events = self.events()
        if events[0][1] == HEADERS:
            self.headers = events[0][2]
            self.waiting = events[1:]
            return
        self.finish(events[0][2])
        self.waiting = events

    def chunks(self, on_restart: Callable[[], Any] | None) -> Iterator[Any]:
        kind = self.kind
        self.check_open()
        if self.done is not None:
            return
        try:
            while True:
                for event in self.events():
                    if event[1] == DATA:
                        for piece in event[2]:
                            yield chunk_of(kind, piece)
                        self.delivered(event)
                    elif event[1] == DONE:
                        return self.finish(event[2])
                    elif event[1] == RESTARTED:
                        self.restart(on_restart)
        finally:
            self.close()


class Stream(_Base["Chunk"]):
    """An answer in pieces. Iterate over it; leaving the loop frees its connection."""

    __slots__ = ("__weakref__", "_iterator", "_source")

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._iterator: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Chunk]:
        if self._iterator is not None:
            return self._iterator
        return self._source.chunks(None)

    def __next__(self) -> Chunk:
        if self._iterator is None:
            self._iterator = self._source.chunks(None)
        return next(self._iterator)  # type: ignore[no-any-return]

    def text_deltas(self) -> Iterator[str]:
        """The pieces of text alone."""
        for chunk in self._source.chunks(None):
            text = chunk._text()
            if text:
                yield text

    def events(self, *, on_restart: Callable[[], Any]) -> Iterator[Chunk]:
        """As iterating, for `stream_recovery: restart`: when the answer begins again on another
        endpoint, `on_restart()` is called, and what was read before is void."""
        return self._source.chunks(on_restart)

    @property
    def holysheep(self) -> Metadata:
        """Where the answer comes from; usage and cost once it has ended."""
        return self._source.metadata

    def close(self) -> None:
        """Ends the stream now. May be called again."""
        self._source.close()

    def __enter__(self) -> Stream[Chunk]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        source = self._source
        state = "closed" if source.closed else "ended" if source.done else "open"
        return f"<{type(self).__name__} {state}>"


def begin(engine: Engine, kind: type[Any], path: str, arguments: tuple[Any, ...]) -> Stream[Any]:
    """Submits a streamed call and returns once its answer has begun."""
    queue = Queue()
    try:
        number = engine.native.submit(queue, 0, 1, "POST", arguments)
    except Failure as failure:
        engine.recover(failure)
        number = engine.native.submit(queue, 0, 1, "POST", arguments)
    source = _Source(engine, path, kind, queue)
    source.id = number
    try:
        source.begin()
    except BaseException:
        source.close()
        raise
    return Stream(source)
