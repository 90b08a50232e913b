"""What looks on while a client's calls are made: its hooks `on_attempt` and `on_done`, and
OpenTelemetry, where the program has loaded it."""

from __future__ import annotations

import sys
from _signal import NSIG, getsignal  # type: ignore[import-not-found,unused-ignore]

from ._metadata import Metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._engine import Engine
    from ._native import Outcome
    from ._tracing import CallSpan

_modules = sys.modules
TRACING = "opentelemetry.trace"


class Watcher:
    """Of a client. `tracing`: None for "where OpenTelemetry is loaded"."""

    __slots__ = ("hooked", "on_attempt", "on_done", "tracing")

    def __init__(
        self,
        on_attempt: Callable[[list[Any]], Any] | None,
        on_done: Callable[[Metadata], Any] | None,
        tracing: bool | None,
    ) -> None:
        self.on_attempt = on_attempt
        self.on_done = on_done
        self.tracing = tracing
        self.hooked = on_attempt is not None or on_done is not None

    def begin(self, engine: Engine, verb: str, arguments: tuple[Any, ...]) -> Watch | None:
        """For one call that is about to be made; None: nobody looks on."""
        span = None
        if self.tracing is not False and TRACING in _modules:
            from . import _tracing

            span = guarded(_tracing.begin, engine, verb, arguments)
        return Watch(self, span) if self.hooked or span is not None else None


class Watch:
    """Of one call: either `ended` is called, once, or `left` and then, if that was not given the
    call's end, perhaps `told`."""

    __slots__ = ("_hooked", "_span", "_watcher")

    def __init__(self, watcher: Watcher, span: CallSpan | None) -> None:
        self._watcher = watcher
        self._span = span
        self._hooked = watcher.hooked

    def ended(self, outcome: Outcome) -> None:
        metadata = Metadata(outcome.meta())
        if self._span is not None:
            guarded(self._span.ended, metadata, outcome)
        self._tell(metadata)

    def _tell(self, metadata: Metadata) -> None:
        watcher = self._watcher
        if watcher.on_attempt is not None:
            tell(watcher.on_attempt, metadata.trace)
        if watcher.on_done is not None:
            tell(watcher.on_done, metadata)

    def left(
        self,
        error: BaseException | None = None,
        end: Outcome | None = None,
        head: Outcome | None = None,
    ) -> None:
        """Nobody waits for the call any more. `error`: what kept the caller from it; `end`: how it
        ended, if that is known; `head`: of its answer, if one had begun."""
        if self._span is not None:
            known = head if end is None else end
            metadata = None if known is None else Metadata(known.meta())
            guarded(self._span.left, error, metadata)
        if end is not None:
            self.told(end)

    def told(self, end: Outcome) -> None:
        """The end of a call that was left before it was known."""
        if self._hooked:
            self._tell(Metadata(end.meta()))


class Late:
    """Stands for the future of an async call that was cancelled, until its end comes."""

    __slots__ = ("end", "watch")

    def __init__(self) -> None:
        self.end: Outcome | None = None
        #: Set once the call was left without its end.
        self.watch: Watch | None = None

    def done(self) -> bool:
        return False

    def set_result(self, outcome: Outcome) -> None:
        self.end = outcome
        if self.watch is not None:
            self.watch.told(outcome)


def guarded(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` says; None if it raises, which is shown, as what a hook raises."""
    try:
        return work(*arguments)
    except Exception as error:
        _show(error)


def code_of(function: Any) -> Any:
    """What runs when it is called; None if that is not Python."""
    while hasattr(function, "func"):
        function = function.func  # functools.partial
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)
    return getattr(function, "__code__", None)


def _is_of_signal(error: Exception) -> bool:
    """Whether a signal handler raised it, which runs wherever the thread is just then, and means
    whatever the thread does."""
    handlers = {code_of(getsignal(number)) for number in range(1, NSIG)}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _show(error: Exception) -> None:
    if _is_of_signal(error):
        raise error
    sys.excepthook(type(error), error, error.__traceback__)


def tell(hook: Callable[[Any], Any], what: Any) -> None:
    """What a hook raises is shown, as that of a thread, and takes no answer from the caller. What a
    signal handler raises meanwhile breaks off the call, as anywhere else."""
    try:
        later = hook(what)
        if hasattr(later, "__await__"):
            from asyncio import get_running_loop

            try:
                task = get_running_loop().create_task(later)
            except RuntimeError:
                later.close()  # else it complains once more
                raise
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
    except Exception as error:
        _show(error)


#: Those of hooks that are coroutine functions: a loop holds its tasks only weakly.
_tasks: set[Any] = set()
