"""One call of a client without an event loop: one crossing into the engine and one back."""

from __future__ import annotations

from . import _errors, _log, _stream, _wait
from ._arguments import NOT_GIVEN, Defaults
from ._hooks import Hooks
from ._native import Failure
from ._object import of_anything, result_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._engine import Engine
    from ._native import Outcome

_modules = _wait._modules
_log_state = _log.state


class Caller:
    """What every resource of a client holds: engine, defaults, hooks. Not the client, so that a
    dropped client is gone at once."""

    __slots__ = ("_headers", "_options", "_plain", "_timeout_ms", "defaults", "engine", "hooks")

    def __init__(self, engine: Engine, defaults: Defaults, hooks: Hooks | None) -> None:
        self.engine = engine
        self.defaults = defaults
        self.hooks = hooks
        self._headers = defaults.headers
        self._timeout_ms = defaults.timeout_ms
        self._options = defaults.options_text()
        self._plain = not defaults.query and engine.key_source is None and hooks is None

    def arguments(
        self, path: str, body: Any, timeout: Any, headers: Any, query: Any, options: Any
    ) -> tuple[Any, ...]:
        """(path, headers, body, timeout_ms, options) as the native part takes them."""
        if (
            timeout is NOT_GIVEN
            and headers is None
            and query is None
            and options is None
            and not self.defaults.query
        ):
            return path, self._headers, body, self._timeout_ms, self._options
        changed = self.defaults.changed(timeout, headers, query, options)
        return (
            changed.path(path),
            changed.headers,
            body,
            changed.timeout_ms,
            changed.options_text(),
        )

    def outcome(self, method: str, arguments: tuple[Any, ...]) -> Outcome:
        """The end of a call that went well, else its error."""
        engine = self.engine
        if engine.key_source is not None:
            engine.set_key(engine.key_source())
        try:
            if (
                "gevent.monkey" in _modules
                or "eventlet.patcher" in _modules
                or _log_state.queue is not None
            ):
                outcome = _wait.call(engine.native, method, arguments)
            else:
                outcome = engine.native.call(method, arguments)
        except Failure as failure:
            engine.recover(failure)
            outcome = engine.native.call(method, arguments)
        if self.hooks is not None:
            self.hooks.ended(outcome)
        if outcome.status:
            raise _errors.from_outcome(outcome, method, arguments[0])
        return outcome

    def stream(self, kind: type[Any], arguments: tuple[Any, ...]) -> _stream.Stream[Any]:
        engine = self.engine
        if engine.key_source is not None:
            engine.set_key(engine.key_source())
        return _stream.begin(engine, kind, arguments[0], arguments)

    def anything(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """The answer of a path without a class of its own."""
        return answer_of(self.outcome(method, arguments))


def answer_of(outcome: Outcome) -> Any:
    from . import _json

    text = outcome.text()
    try:
        return of_anything(_json.read(text))
    except ValueError:
        return text


__all__ = ["Caller", "answer_of", "result_of"]
