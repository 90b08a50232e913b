"""One call of a client without an event loop: one crossing into the engine and one back."""

from __future__ import annotations

from . import _errors, _log, _stream, _wait
from ._arguments import NOT_GIVEN, Defaults
from ._check import check
from ._engine import Engine
from ._json import with_plain_body
from ._metadata import headers_of
from ._native import Failure, NotPlain
from ._object import Object, of_anything
from ._resources import Completions, RawResponse
from ._watch import TRACING, Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._keys import KeyEngines
    from ._native import Outcome
    from ._resources import Operation

_modules = _wait._modules
_log_state = _log.state


class Caller:
    """What every resource of a client holds: engine, defaults, watcher. Not the client, so that a
    dropped client is gone at once. Its async twin returns something to await where this one returns
    the thing itself."""

    __slots__ = (
        "_headers",
        "_hooked",
        "_only",
        "_options",
        "_timeout_ms",
        "defaults",
        "engines",
        "watcher",
    )

    def __init__(
        self, engines: Engine | KeyEngines, defaults: Defaults, watcher: Watcher
    ) -> None:
        self.engines = engines
        self._only = engines if isinstance(engines, Engine) else None
        self.defaults = defaults
        self.watcher = watcher
        self._headers = defaults.headers
        self._timeout_ms = defaults.timeout_ms
        self._options = defaults.options_text()
        self._hooked = watcher.hooked

    @property
    def engine(self) -> Engine:
        """What the client shows; not always what makes its next call."""
        engines = self.engines
        return engines if isinstance(engines, Engine) else engines.newest

    def engine_of_key(self) -> Engine:
        """For one call; asks for its key."""
        engines = self.engines
        return engines if isinstance(engines, Engine) else engines.of(engines.source())

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

    def outcome(self, verb: str, arguments: tuple[Any, ...]) -> Outcome:
        """The end of a call that went well, else its error."""
        engine = self._only or self.engine_of_key()
        _log.attach(engine)
        watch = None
        ends: list[Outcome | None] = []  # of a wait that was broken off
        if self._hooked or TRACING in _modules:
            watch = self.watcher.begin(engine, verb, arguments)
        try:
            if (
                "gevent.monkey" in _modules
                or "eventlet.patcher" in _modules
                or _log_state.queue is not None
                or watch is not None
            ):
                told = None if watch is None else ends.append
                outcome = _wait.call(engine.native, verb, arguments, told)
            else:
                try:
                    outcome = engine.native.call(verb, arguments)
                except NotPlain:
                    outcome = engine.native.call(verb, with_plain_body(arguments))
        except Failure as failure:
            refused = engine.error(failure)
            if watch is not None:
                watch.left(refused)
            raise refused from None
        except BaseException as error:
            if watch is not None:
                watch.left(error, *ends)
            raise
        if engine.shared.listeners:
            engine.hand_out_alerts()
        if watch is not None:
            watch.ended(outcome)
        if outcome.status:
            raise _errors.from_outcome(outcome, verb, arguments[0])
        return outcome

    def answer(self, operation: Operation, arguments: tuple[Any, ...], raw: bool) -> Any:
        """What a method of a resource returns."""
        made = operation.lazy.__new__(operation.lazy)
        made._outcome = outcome = self.outcome(operation.verb, arguments)
        return RawResponse(made, outcome, (operation.verb, arguments[0])) if raw else made

    listing = answer

    def stream(self, operation: Operation, arguments: tuple[Any, ...], raw: bool) -> Any:
        engine = self._only or self.engine_of_key()
        _log.attach(engine)
        made = _stream.begin(engine, operation.chunk, arguments, self.watcher)
        return RawResponse(made, made._source.head, ("POST", arguments[0])) if raw else made

    def check(self, checks: list[dict[str, Any]], model: str | None) -> Any:
        return check(Completions(self).create, checks, model)

    def anything(self, verb: str, arguments: tuple[Any, ...]) -> Any:
        """The answer of a path without a class of its own."""
        return answer_of(self.outcome(verb, arguments))


#: How the media types end whose bodies are text, beside all of `text/`.
_TEXTS = (
    "xml", "yaml", "javascript", "ecmascript", "x-www-form-urlencoded", "x-subrip", "sql",
    "jsonl", "jsonlines", "ndjson", "json-seq",
)
#: Several values, one a line: text also where there is one.
_LINES = ("jsonl", "jsonlines", "ndjson", "json-seq", "event-stream")


def answer_of(outcome: Outcome) -> Any:
    """What the content type says: an object or a list, text, or bytes as they came; where it says
    nothing, whichever it can be. An object or a list whatever the type, which few servers set."""
    from . import _json

    body = outcome.body()
    headers = headers_of(_json.read(outcome.meta()))
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    is_text = kind.startswith("text/") or kind.endswith(_TEXTS)
    is_json = not kind or (kind.endswith("json") and not kind.endswith(_LINES))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    if is_json or (not kind.endswith(_LINES) and text.lstrip("\ufeff \t\r\n")[:1] in "{["):
        try:
            value = of_anything(_json.read(text))
            if is_json or isinstance(value, (Object, list)):
                return value
        except (ValueError, RecursionError):
            pass
    return text if is_text or is_json else body
