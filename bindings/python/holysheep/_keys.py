"""The engines of a client whose key is asked for before each call.

The key belongs to the configuration, so each call is made by the engine of the configuration with
the key that was given for this call, and can go out with no other. The same key is the same engine:
cooldowns stay as long as the key does.

Threads: any.
"""

from __future__ import annotations

from _weakref import ref
from time import monotonic

from . import _errors
from ._engine import Engine, seconds_of
from ._process import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable
    from weakref import ReferenceType


#: Of one client. The least recently used one is let go, and ends when its calls have ended.
_ENGINES_MAX = 8


class KeyEngines:
    """`source`: the callable. `first`: a key that it gave; None: it cannot be asked yet."""

    __slots__ = ("_document", "_endpoint_keys", "_engines", "_opened", "closed", "newest", "source")

    def __init__(
        self, document: dict[str, Any], source: Callable[[], Any], first: str | None
    ) -> None:
        self._document = document
        self.source = source
        self.closed = False
        self._endpoint_keys: dict[str, str] = {}
        self._engines: dict[str, Engine] = {}  # the most recently used last
        self._opened: list[ReferenceType[Engine]] = []
        #: Of the key that was given last: what the pool, metrics and monitor of the client show.
        self.newest: Engine
        if first is None:
            # Checks the configuration and shows the pool; no call is made with it.
            more: dict[str, Any] = {"api_key": "asked-before-each-call"}
            if isinstance(document.get("monitor"), dict):
                more["monitor"] = dict(document["monitor"])
                more["monitor"].pop("listen", None)  # left to the first key's
            self.newest = Engine({**document, **more})
        else:
            self.newest = Engine({**document, "api_key": first})
            self._take(first, self.newest)

    def of(self, key: Any) -> Engine:
        """The engine for a call with this key."""
        if not isinstance(key, str):
            raise _errors.make(_errors.ConfigError, "api_key: the callable returned no string")
        with process.lock:
            engine = None if self.closed else self._engines.pop(key, None)
            if engine is not None:
                self._engines[key] = engine
        if engine is None:
            engine = self._open(key)
        if engine is not self.newest:
            self._show(engine)
        return engine

    def _open(self, key: str) -> Engine:
        if self.closed:
            raise self.newest.error_closed()
        engine = Engine({**self._document, "api_key": key})
        for endpoint, its in self._endpoint_keys.items():
            engine.set_key_of(endpoint, its)
        return self._take(key, engine)

    def _take(self, key: str, engine: Engine) -> Engine:
        left: list[Engine | None] = []  # dropped without the lock
        with process.lock:
            if self.closed:
                raise engine.error_closed()
            engine = self._engines.setdefault(key, engine)  # another thread may have been faster
            # The lock keeps no signal handler out, whose call may be faster.
            too_many = list(self._engines)[:-_ENGINES_MAX]
            left = [self._engines.pop(oldest, None) for oldest in too_many]
            alive = [each for each in self._opened if each() is not None]
            self._opened = [*alive, ref(engine)]
        del left
        return engine

    def _show(self, engine: Engine) -> None:
        before, self.newest = self.newest._monitor, engine
        if before is not None and before.on_alert is not None:
            monitor = engine.monitor()
            if monitor.on_alert is not before.on_alert:
                monitor.on_alert = before.on_alert

    def set_key_of(self, endpoint: str, key: str) -> None:
        """For the engines of all keys, those to come included."""
        if not endpoint:
            raise _errors.make(
                _errors.ConfigError, "set_key: the callable `api_key` gives the client's key"
            )
        self.newest.set_key_of(endpoint, key)
        with process.lock:
            self._endpoint_keys = {**self._endpoint_keys, endpoint: key}
            others = [each for each in self._engines.values() if each is not self.newest]
        for each in others:
            each.set_key_of(endpoint, key)

    def close(self, timeout: float) -> bool:
        """As `Engine.close`, for all of them."""
        end = monotonic() + seconds_of(timeout)
        with process.lock:
            self.closed = True
            opened = [each() for each in self._opened]
        engines = {self.newest, *(each for each in opened if each is not None)}
        finished = True
        try:
            for engine in engines:
                finished = engine.close(max(0.0, end - monotonic())) and finished
        except BaseException:
            for engine in engines:
                engine.close(0)
            raise
        return finished
