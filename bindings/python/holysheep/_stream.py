"""Streams of a client without an event loop.

The engine delivers events in batches; each batch is parsed as the reader gets to it, and its credit
is given back when it is used up, so that a slow reader holds back its own stream only. A loop that
is left early drops its iterator, and with it connection, quota and place in the engine.
"""

from __future__ import annotations

from . import _errors, _json, _log, _wait
from ._http import Request as HTTPRequest
from ._http import Response as HTTPResponse
from ._metadata import Metadata
from ._native import Failure, Queue
from ._process import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generic, Iterator, TypeVar

    from ._engine import Engine
    from ._native import Outcome
    from ._watch import Watch, Watcher

    Chunk = TypeVar("Chunk")

    class _Base(Generic[Chunk]):
        pass

else:

    class _Base:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


scan = _json.scan
HEADERS, DATA, RESTARTED, DONE = 1, 2, 3, 4
_TEXTS_MAX = 4096
_LEFT = (
    "this stream was closed before its end: the loop that read it was left, or close() was called"
)
_RESTARTED = "the stream began again elsewhere; only events(on_restart=…) can follow it there"


def _read(piece: str) -> Any:
    try:
        return _json.read(piece)
    except ValueError:
        return piece


def check_callable(on_restart: Any) -> None:
    if not callable(on_restart):
        raise _errors.make(_errors.RequestError, "on_restart: expected a callable")


class Reading:
    """What sync and async streams share: what has come, and how it ended."""

    __slots__ = (
        "_delivered",
        "_engine",
        "_path",
        "_records",
        "_texts",
        "_watch",
        "closed",
        "done",
        "headers",
        "id",
        "kind",
        "native",
    )

    def __init__(
        self,
        engine: Engine,
        path: str,
        kind: type[Any],
        watch: Watch | None,
        records: _log.Records | None,
    ) -> None:
        self.native = engine.native
        self._engine = engine
        self._path = path
        self._watch = watch
        self._records = records
        self.kind = kind
        self._delivered: Callable[[dict[str, Any]], tuple[Any, str | None]] = kind._delivered
        self._texts: list[str] = []  # delivered so far, for `partial`
        self.headers: Outcome | None = None
        self.done: Outcome | None = None
        self.closed = False
        self.id = 0

    def chunk(self, piece: Any) -> Any:
        """The object of one event, about to be delivered. `piece`: its data, or (name, data)."""
        if piece.__class__ is tuple:
            piece = piece[1]
        try:
            data, end = scan(piece, 0)
            if end != len(piece):
                data = _json.read(piece)
        except Exception:  # as rare as it is slow
            data = _read(piece)
        if data.__class__ is not dict:
            data = {"data": data}
        made, text = self._delivered(data)
        if text:
            texts = self._texts
            texts.append(text)
            if len(texts) > _TEXTS_MAX:
                texts[:] = ["".join(texts)]  # a str object for each would take 100 bytes a chunk
        return made

    def restart(self, on_restart: Callable[[], Any] | None) -> Any:
        if on_restart is None:
            self.close()
            raise _errors.make(
                _errors.StreamInterruptedError,
                _RESTARTED,
                partial="".join(self._texts),
                _request=("POST", self._path),
            )
        self._texts.clear()
        return on_restart()

    def finish(self, outcome: Outcome) -> None:
        self.done = outcome
        if self._records is not None:
            self._records.end()
        self._engine.hand_out_alerts()
        with process.lock:
            watch, self._watch = self._watch, None
        if watch is not None and self.closed:
            watch.left(None, outcome)
        elif watch is not None:
            watch.ended(outcome)
        self.check_end()

    def check_end(self) -> None:
        """Raises if the stream did not end well: however often it is asked."""
        if self.done is not None and self.done.status:
            partial = "".join(self._texts)
            raise _errors.from_outcome(self.done, "POST", self._path, partial)

    def close(self, error: BaseException | None = None) -> None:
        if self.done is None and not self.closed:
            self.closed = True
            if self.id:
                self.native.cancel(self.id)
            if self._records is not None:
                self._records.end()
            if self._watch is not None:
                self._leave(error)
            self._engine.hand_out_alerts()

    def _leave(self, error: BaseException | None) -> None:
        raise NotImplementedError

    def check_open(self) -> None:
        if self.closed:
            raise _errors.make(_errors.ClosedError, _LEFT)

    @property
    def head(self) -> Outcome:
        """What is known so far: the answer's head, or its end."""
        outcome = self.done or self.headers
        if outcome is None:
            raise _errors.make(_errors.ClosedError, _LEFT)
        return outcome

    @property
    def metadata(self) -> Metadata:
        return Metadata(self.head.meta())

    @property
    def response(self) -> HTTPResponse:
        metadata = self.metadata
        request = HTTPRequest("POST", self._path)
        status = self.head.http_status
        return HTTPResponse(status, metadata.headers, b"", request, metadata.took)


class _Source(Reading):
    """The queue of one stream."""

    __slots__ = ("_latest", "_queue", "_reading", "busy", "waiting")

    def __init__(
        self,
        engine: Engine,
        path: str,
        kind: type[Any],
        watch: Watch | None,
        records: _log.Records | None,
        queue: Queue,
    ) -> None:
        super().__init__(engine, path, kind, watch, records)
        self._queue = queue
        self.waiting: list[tuple[Any, ...]] = []
        self._latest: list[tuple[Any, ...]] = []
        self._reading = False
        self.busy = False

    def __del__(self) -> None:
        self.close()

    def events(self) -> list[tuple[Any, ...]]:
        """What has come; waits if nothing has."""
        if self.waiting:
            self._latest, self.waiting = self.waiting, []
            return self._latest
        with process.lock:
            self.check_open()  # whoever closed it may have taken its end
            self._reading = True
        try:
            self._latest = []
            _wait.drain(self._queue, self._records, self._latest)
            return self._latest
        except Failure as failure:
            raise _errors.from_failure(failure) from None
        finally:
            self._reading = False

    def _leave(self, error: BaseException | None) -> None:
        with process.lock:
            watch = self._watch
            if watch is None or self._reading:
                return  # another thread reads, and gets the end
            self._watch = None
        end = _wait.end_of(self._queue, self._latest + self.waiting) if self.id else None
        watch.left(error, end, self.headers)

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
        self.check_open()
        if self.done is not None:
            return self.check_end()
        with process.lock:
            busy, self.busy = self.busy, True
        if busy:
            raise _errors.make(_errors.HolySheepError, "two readers of one stream at the same time")
        chunk = self.chunk
        try:
            while True:
                for event in self.events():
                    if event[1] == DATA:
                        for piece in event[2]:
                            yield chunk(piece)
                        self.native.credit(self.id, event[3])
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
        return self._source.chunks(None) if self._iterator is None else self._iterator

    def __next__(self) -> Chunk:
        if self._iterator is None:
            self._iterator = self._source.chunks(None)
        return next(self._iterator)  # type: ignore[no-any-return]

    def text_deltas(self) -> Iterator[str]:
        """The pieces of text alone."""
        for chunk in self:
            text = self._source.kind._text(chunk)
            if text:
                yield text

    def events(self, *, on_restart: Callable[[], Any]) -> Iterator[Chunk]:
        """As iterating, for `stream_recovery: restart`: when the answer begins again on another
        endpoint, `on_restart()` is called, and what was read before is void."""
        check_callable(on_restart)
        return self._source.chunks(on_restart)

    @property
    def holysheep(self) -> Metadata:
        """Where the answer comes from; usage and cost once it has ended."""
        return self._source.metadata

    @property
    def response(self) -> HTTPResponse:
        """The head of the answer: `status_code`, `headers`."""
        return self._source.response

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


def begin(
    engine: Engine, kind: type[Any], arguments: tuple[Any, ...], watcher: Watcher
) -> Stream[Any]:
    """Submits a streamed call and returns once its answer has begun."""
    queue = Queue()
    watch = watcher.begin(engine, "POST", arguments)
    records = _log.records()
    source = _Source(engine, arguments[0], kind, watch, records, queue)
    try:
        source.id = engine.ask(
            lambda native: _log.submit(records, native, queue, 0, 1, "POST", arguments)
        )
        source.begin()
    except BaseException as error:
        source.id = queue.latest
        source.close(error)
        raise
    return Stream(source)
