"""A client's hold on its engine: opened from a configuration document, shared by every view that
`with_options` makes, opened again in a child process.

A client that is dropped, not closed, leaves its engine running for the next one of equal
configuration, so that a program which makes a client for each request keeps its connections and
cooldowns. At most `_KEPT_MAX` engines are kept so.

Threads: any. After fork() the child's first call finds that its engine is the parent's
(`ForkedError` of the native part) and opens a fresh one from the same document; calls of the
parent's end there with an error and touch none of its sockets.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from . import _errors, _json, _native
from ._native import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


#: Who uses more configurations in turn makes them up for each call, and nothing is gained.
_KEPT_MAX = 4
_kept: dict[str, _native.Client] = {}  # the most recently opened last


def _keep(document: str) -> None:
    """Holds a handle of the engine of this configuration."""
    handle = _kept.pop(document, None)
    _kept[document] = handle or _native.Client(document)
    while len(_kept) > _KEPT_MAX:
        _kept.pop(next(iter(_kept)), None)


class Engine:
    __slots__ = ("_document", "_lock", "_pid", "closed", "key", "key_source", "native")

    def __init__(self, document: dict[str, Any], key_source: Callable[[], Any] | None) -> None:
        self._lock = allocate_lock()
        self.key_source = key_source
        self.key: str | None = None
        self.closed = False
        try:
            self._document = _json.write(document, "config")
            self.native = _native.Client(self._document)
            if not document.get("isolated"):
                _keep(self._document)
        except Failure as failure:
            raise _errors.from_failure(failure) from None
        self._pid = os.getpid()

    def recover(self, failure: Failure) -> None:
        """Opens a fresh engine if the failure is that of a forked process, else raises it."""
        if not _errors.is_forked(failure):
            if self.closed:
                raise _errors.make(_errors.ClosedError, "the client is closed") from None
            raise _errors.from_failure(failure) from None
        with self._lock:
            if self._pid == os.getpid():
                return
            try:
                self.native = _native.Client(self._document)
            except Failure as fault:
                raise _errors.from_failure(fault) from None
            self._pid = os.getpid()
            if self.key is not None:
                self.native.set_key("", self.key)

    def ask(self, question: Callable[[_native.Client], Any]) -> Any:
        """What `question` says of the native client."""
        try:
            return question(self.native)
        except Failure as failure:
            self.recover(failure)
            return question(self.native)

    def set_key(self, key: str) -> None:
        if not isinstance(key, str):
            raise _errors.make(_errors.ConfigError, "api_key: the callable returned no string")
        if key != self.key:
            try:
                self.ask(lambda native: native.set_key("", key))
            except Failure as failure:
                raise _errors.from_failure(failure) from None
            self.key = key

    def close(self, timeout: float) -> bool:
        """Lets calls that run finish for up to `timeout` seconds. False: some were cancelled."""
        self.closed = True
        _kept.pop(self._document, None)
        return self.native.drain(max(0, round(timeout * 1000)))


def _before_fork() -> None:
    _native.fork_prepare()


def _after_fork_in_parent() -> None:
    _native.fork_parent()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_kept.clear
)
