"""A client's hold on its engine: opened from a configuration document, shared by every view that
`with_options` makes, opened again in a child process.

A client that is dropped or closed leaves its engine running for the next one of equal
configuration, so that a program which makes a client for each request keeps its connections and
cooldowns. At most `_KEPT_MAX` engines are kept so.

Threads: any. After fork() the child's first call finds that its engine is the parent's and opens a
fresh one from the same document; calls that were under way end there with a `ForkedError`, are not
sent again, and touch none of the parent's sockets.
"""

from __future__ import annotations

import os
from _weakref import ref

from . import _errors, _json, _native, _trust, _wait
from ._native import Failure
from ._process import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    from weakref import ReferenceType

    from ._monitor import AlertListener, RateLimitMonitor


#: Enough for a key per customer; an idle engine is a thread and less than 100 kB.
_KEPT_MAX = 64
_CLOSING_SECONDS_MAX = 1e9
_CA_FILE_DEFAULT = "ca_file_default"
_kept: dict[str, tuple[_native.Client, Shared]] = {}  # the most recently opened last


class Shared:
    """What all clients of one engine have in common on this side of it."""

    __slots__ = ("__weakref__", "generation", "keys", "listeners")

    def __init__(self) -> None:
        self.generation = process.generation
        #: Set since the engine was opened, by endpoint: the document does not know them.
        self.keys: dict[str, str] = {}
        #: Who is told of alerts when calls have ended.
        self.listeners: tuple[AlertListener, ...] = ()

    def heard(self, before: AlertListener | None, now: AlertListener | None) -> None:
        """`now` instead of `before`, and of those that clients which are gone have left."""
        with process.lock:
            left = [each for each in self.listeners if now is not None and each.is_left()]
            kept = [each for each in self.listeners if each is not before and each not in left]
            self.listeners = (*kept, now) if now is not None else tuple(kept)
        for each in left:
            each.hand_out()

    def follow(self, native: _native.Client) -> None:
        """After fork(), for the fresh engine of the child."""
        with process.lock:
            if self.generation != process.generation:
                self.generation = process.generation
                for each in self.listeners:
                    each.listen(native.monitor())
            keys = dict(self.keys)
        for endpoint, key in keys.items():
            native.set_key(endpoint, key)


_shared: dict[str, ReferenceType[Shared]] = {}


def _shared_of(document: str) -> Shared:
    with process.lock:
        reference = _shared.get(document)
        found = reference() if reference is not None else None
        if found is None:
            found = Shared()
            _shared[document] = ref(found, lambda dead: _forget(document, dead))
        return found


def _forget(document: str, dead: ReferenceType[Shared]) -> None:
    with process.lock:
        if _shared.get(document) is dead:
            del _shared[document]


def _part(document: str, shared: Shared) -> None:
    """Once its key is another, the next client of this document gets an engine of its own."""
    with process.lock:
        reference = _shared.get(document)
        if reference is not None and reference() is shared:
            _shared.pop(document, None)
            _kept.pop(document, None)


def _keep(document: str, shared: Shared) -> None:
    """Holds a handle of the engine of this configuration."""
    kept = _kept.pop(document, None)
    _kept[document] = kept or (_native.Client(document), shared)
    # Without a lock, as dropping a client may run anything: `list` is one step of the interpreter.
    for oldest in list(_kept)[:-_KEPT_MAX]:
        _kept.pop(oldest, None)


def _opened(document: dict[str, Any]) -> tuple[str, _native.Client]:
    """The document's text, and a client of it that has certificates to trust, if Python knows
    some and the engine does not."""
    text = _json.write(document, "config")
    native = _native.Client(text)
    if _CA_FILE_DEFAULT not in document and _trust.lacking(native.config()):
        file = _trust.known()
        if file is not None:
            return _opened({**document, _CA_FILE_DEFAULT: file})
    return text, native


def seconds_of(timeout: float) -> float:
    """How long a client may take to close."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout != timeout:
        raise _errors.make(_errors.RequestError, "timeout: expected seconds")
    return min(max(0, timeout), _CLOSING_SECONDS_MAX)


class Engine:
    __slots__ = (
        "__weakref__",
        "_addresses",
        "_document",
        "_monitor",
        "_native",
        "closed",
        "generation",
        "listens",
        "log_level",
        "shared",
    )

    def __init__(self, document: dict[str, Any]) -> None:
        self._addresses: dict[str, tuple[str | None, int | None]] | None = None
        self._monitor: RateLimitMonitor | None = None
        self.closed = False
        #: What the engine's records are sent for; 0: nobody listens.
        self.log_level = 0
        try:
            self._document, self._native = _opened(document)
            isolated = document.get("isolated")
            self.shared = Shared() if isolated else _shared_of(self._document)
            if not isolated:
                _keep(self._document, self.shared)
            if self.shared.generation != process.generation:
                self.shared.follow(self._native)
        except Failure as failure:
            raise _errors.from_failure(failure) from None
        #: Whether its monitor is to listen, which may fail.
        self.listens = bool((document.get("monitor") or {}).get("listen"))
        self.generation = process.generation

    @property
    def native(self) -> _native.Client:
        """The engine of this process."""
        if self.generation != process.generation:
            self._open_again()
        return self._native

    def _open_again(self) -> None:
        with process.lock:
            if self.generation == process.generation:
                return
            if self.closed:
                raise self.error_closed()
            try:
                self._native = _native.Client(self._document)
                self.shared.follow(self._native)
            except Failure as failure:
                raise _errors.from_failure(failure) from None
            if self._monitor is not None:
                self._monitor._native = self._native.monitor()
            self.log_level = 0
            self.generation = process.generation

    def error_closed(self) -> Exception:
        return _errors.make(_errors.ClosedError, "the client is closed")

    def error(self, failure: Failure) -> Exception:
        """The error that a failure of the native client is."""
        return self.error_closed() if self.closed else _errors.from_failure(failure)

    def ask(self, question: Callable[[_native.Client], Any]) -> Any:
        """What `question` says of the native client."""
        try:
            return question(self.native)
        except Failure as failure:
            raise self.error(failure) from None

    def tell(self, order: Callable[[_native.Client], Any]) -> None:
        """As `ask`, for what a closed client refuses."""
        if self.closed:
            raise self.error_closed()
        self.ask(order)

    def addresses(self) -> dict[str, tuple[str | None, int | None]]:
        """Host and port of each endpoint."""
        if self._addresses is None:
            from ._tracing import addresses

            self._addresses = addresses(self.ask(lambda native: native.config()))
        return self._addresses

    def monitor(self) -> RateLimitMonitor:
        """Of this client and its views; it counts for all that share the engine."""
        from ._monitor import RateLimitMonitor

        native = self.ask(lambda native: native.monitor())
        with process.lock:
            if self._monitor is None:
                self._monitor = RateLimitMonitor._of(native, self.shared)
            return self._monitor

    def set_key_of(self, endpoint: str, key: str) -> None:
        """Sets it for an endpoint, or for all that share the client's key, also after fork()."""
        self.tell(lambda native: native.set_key(endpoint, key))
        self.shared.keys[endpoint] = key
        _part(self._document, self.shared)

    def hand_out_alerts(self) -> None:
        """Calls each `on_alert` for what has come."""
        if self.generation == process.generation:
            for each in self.shared.listeners:
                each.hand_out()

    def close(self, timeout: float) -> bool:
        """Lets calls that run finish for up to `timeout` seconds. False: some were cancelled."""
        milliseconds = round(seconds_of(timeout) * 1000)
        native = self._native
        try:
            self.closed = True
            if milliseconds == 0 or self.generation != process.generation:
                return native.drain(0)
            finished: bool = _wait.interruptibly(
                lambda: native.drain(milliseconds), lambda: native.drain(0)
            )
            return finished
        except BaseException:
            native.drain(0)
            raise


def _before_fork() -> None:
    _native.fork_prepare()


def _after_fork_in_parent() -> None:
    _native.fork_parent()


def _after_fork_in_child() -> None:
    _kept.clear()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
