"""The engine's log records as records of `logging.getLogger("holysheep")`. Never on by itself:
only where the program has set up `logging`, as far as the level lets through.

One record for each line of the tutorial's client, at its level; the engine's further records at
theirs, with their fields, except what the caller learns anyway. They carry `call`, `endpoint`,
`attempt`, `verdict` and `request_id` as attributes, as far as they have them.

One queue takes the records of all engines of the process; whoever waits for a call empties it. A
record of a call that is under way is kept for the thread or task which made that call, so that a
thread's name and context variables are those of the caller; whoever empties the queue emits the
others, one thread at a time, in order.

A signal handler may raise anywhere here and break off what runs. So what is said of a call or of
the thread that emits is said of an object that lives as long as those do, and void once it is gone.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from _weakref import ref

from . import _json
from ._native import Failure, Queue
from ._process import process
from ._watch import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Any, Callable
    from weakref import ReferenceType

    from ._engine import Engine
    from ._native import Client
else:
    from _collections import deque

NAME = "holysheep"
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
_FIELDS = ("call", "endpoint", "attempt", "verdict", "request_id")
# What the engine calls it, and what the log says then.
_LINES: dict[str, list[tuple[int, str]]] = {
    "attempt": [(INFO, "trying {endpoint} (attempt {attempt}/{attempts_max})")],
    "rate limited, cooldown begins": [
        (ERROR, "429 rate limit: {endpoint} - {outcome}"),
        (WARNING, "endpoint {endpoint} - 429 rate limit, cooldown begins"),
    ],
    "attempt failed": [(ERROR, "attempt failed: {endpoint} - {outcome}")],
    "waiting before the next attempt": [(INFO, "trying again after {seconds} s")],
    "waiting for capacity": [(INFO, "waiting {seconds} s for capacity ({reason})")],
    "no endpoint is available, forced back to the first": [
        (WARNING, "no endpoint is available, forced back to {endpoint}")
    ],
    # The answer and the exception say it.
    "succeeded": [(DEBUG, "succeeded: {endpoint} (attempt {attempt}) in {took_ms} ms")],
    "call failed": [(DEBUG, "call failed: {status} - {detail}")],
}
_LEVELS = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
_ALERTS = ("alert", "alert is over")
# What a line says apart from its other fields.
_APART = ("time_unix_ms", "level", "message", "detail", "seconds")
_TOLD_MAX = 100
# Of no call under way, while a handler holds up the thread that emits them: the oldest give way.
_OTHERS_MAX = 4096
# Calls under way that are kept without a look for those which were broken off.
_CALLS_MIN = 64


class _State:
    queue: Queue | None = None
    logger: Any = None
    root: Any = None
    told: set[str] = set()  # of what is said once in a process

    def __init__(self) -> None:
        # Guards what follows. Not held while a handler runs; a signal handler or the collector may
        # come back here meanwhile.
        self.lock = RLock()
        self.calls: dict[int, ReferenceType[Records]] = {}
        self.calls_max = _CALLS_MIN
        # Calls that have no number yet, or whose number is not in `calls` yet.
        self.submitting: set[ReferenceType[Records]] = set()
        self.early: dict[int, list[dict[str, Any]]] = {}  # records that may be of one of those
        self.come: deque[tuple[Any, ...]] = deque()  # from the queue, whose they are is not known
        self.others: deque[dict[str, Any]] = deque(maxlen=_OTHERS_MAX)
        self.emitting: ReferenceType[_Emitting] | None = None

    def keep(self, number: int, kept: Records) -> None:
        """The call has this number."""
        kept._number = number
        self.calls[number] = ref(kept)
        for record in self.early.pop(number, ()):
            kept._add(record)
        if len(self.calls) > self.calls_max:
            self.calls = {each: kept for each, kept in self.calls.items() if kept() is not None}
            self.calls_max = max(_CALLS_MIN, 2 * len(self.calls))

    def sort(self, record: dict[str, Any]) -> None:
        number = record.get("call", 0)
        found = self.calls.get(number)
        kept = None if found is None else found()
        if kept is not None:
            kept._add(record)
        elif number and self.submitting and len(self.early) < _OTHERS_MAX:
            self.early.setdefault(number, []).append(record)
        else:
            self.others.append(record)

    def give_up_early(self) -> None:
        """Of calls that are not ours, once none is left which they may be of."""
        self.submitting = {each for each in self.submitting if each() is not None}
        if not self.submitting:
            for early in self.early.values():
                self.others.extend(early)
            self.early.clear()


_modules = sys.modules


def _after_fork_in_child() -> None:
    state.queue = None  # the parent's
    _State.__init__(state)


os.register_at_fork(after_in_child=_after_fork_in_child)


def level() -> int:
    """The logger's level, 0 if nobody listens."""
    logger = state.logger
    if logger is None:
        logging = _modules.get("logging")
        if logging is None or not hasattr(logging, "getLogger"):
            return 0  # nobody has imported it, or somebody is about to
        logger = state.logger = logging.getLogger(NAME)
        state.root = logging.getLogger()
    if not logger.handlers and not (logger.propagate and state.root.handlers):
        return 0  # only logging's last resort would print it
    return max(DEBUG, int(logger.level or state.root.level))


def attach(engine: Engine) -> None:
    """Sends the engine's records to the queue, if somebody listens. Asked before each call, since
    programs set up logging when they like: cheap when nothing has changed."""
    wanted = level()
    if not wanted:
        return
    native = engine.native  # after fork() a fresh one
    if wanted == engine.log_level:
        return
    engine.log_level = wanted
    with process.lock:
        queue = state.queue
        if queue is None:
            queue = state.queue = Queue()
            import atexit

            atexit.register(flush)  # before `logging` shuts its handlers, which was there before
    # A warning of the engine may be an error here.
    level_of_engine = WARNING if wanted > WARNING else DEBUG if wanted < INFO else wanted
    try:
        native.log(queue, level_of_engine)
        if engine.listens:
            _tell_listening(native)
    except Failure:
        engine.log_level = 0  # closed, which the call will say


def _tell_listening(native: Client) -> None:
    """The engine said so when it was opened, before anybody could listen to it."""
    error = _json.read(native.monitor().status()).get("listen_error")
    if error and error not in state.told:
        if len(state.told) >= _TOLD_MAX:
            state.told.clear()
        state.told.add(error)
        record = {"level": "warning", "message": f"the monitor does not listen: {error}"}
        tell(_emit, record)


class _Emitting:
    """Of the others: lives as long as the thread that does it is at it."""

    __slots__ = ("__weakref__",)


class Records:
    """Those of one call that is under way. Whoever made the call takes them with `hand_on`, and
    says with `end` that it waits no more. As many as the call makes attempts, times a few."""

    __slots__ = ("__weakref__", "_number", "_own", "_wake")

    def __init__(self, wake: Callable[[], Any] | None) -> None:
        self._number = 0
        self._own: deque[dict[str, Any]] = deque()
        self._wake = wake

    def hand_on(self) -> None:
        """Emits what has come, in this thread and context."""
        flush()
        while self._own:
            try:
                record = self._own.popleft()
            except IndexError:
                return  # a stream that another thread has just closed
            tell(_emit, record)  # a handler that raises takes no answer away

    def _add(self, record: dict[str, Any]) -> None:
        self._own.append(record)
        if self._wake is not None and len(self._own) == 1:
            self._wake()

    def end(self) -> None:
        """What has not been handed on goes to whoever empties the queue."""
        with state.lock:
            state.calls.pop(self._number, None)
            state.others.extend(self._own)
            self._own.clear()
            self._wake = None


def records(wake: Callable[[], Any] | None = None) -> Records | None:
    """For a call that is about to be made; None: nobody listens. `wake`: called on any thread when
    there are some; without it the caller looks by itself."""
    return None if state.queue is None else Records(wake)


def submit(kept: Records | None, native: Client, *arguments: Any) -> int:
    """As `_json.submit`; the call's first records are kept for it, whoever takes them from the
    queue. Without the lock meanwhile: the body may be a generator of the user's."""
    if kept is None:
        return _json.submit(native, *arguments)
    number = 0
    try:
        with state.lock:
            state.submitting.add(ref(kept))
        number = _json.submit(native, *arguments)
        return number
    finally:
        with state.lock:
            state.submitting.discard(ref(kept))
            if number:
                state.keep(number, kept)
            if state.early:
                state.give_up_early()


def flush() -> None:
    """Gives each call its records and emits the others, unless another thread does."""
    queue = state.queue
    if queue is None:
        return
    emitting = _Emitting()
    try:
        with state.lock:
            state.come.extend(queue.drain(0))
            while state.come:
                state.sort(_json.read(state.come.popleft()[2]))
            if state.early:
                state.give_up_early()
            somebody = state.emitting
            if not state.others or (somebody is not None and somebody() is not None):
                return
            state.emitting = ref(emitting)
        while True:
            with state.lock:
                if not state.others:
                    state.emitting = None
                    return
                record = state.others.popleft()
            tell(_emit, record)
    finally:
        somebody = state.emitting
        if somebody is not None and somebody() is emitting:
            state.emitting = None


state = _State()


def _emit(record: dict[str, Any]) -> None:
    logger = state.logger
    extra = {name: record.get(name) for name in _FIELDS}
    if "wait_ms" in record:
        record["seconds"] = record["wait_ms"] / 1000
    lines = _LINES.get(record["message"])
    if lines is None:
        number = _LEVELS.get(record["level"], WARNING)
        if logger.isEnabledFor(number):
            logger.log(number, "%s", _readable(record, number), extra=extra)
        return
    for number, line in lines:
        if logger.isEnabledFor(number):
            logger.log(number, "%s", line.format_map(record), extra=extra)


def _readable(record: dict[str, Any], number: int) -> str:
    """Message, detail, then the other fields: `alert, critical: … (cause budget_exceeded)`."""
    line: str = record["message"]
    if line in _ALERTS:
        line += ", critical" if number >= ERROR else ", warning"
    if record.get("detail"):
        line += f": {record['detail']}"
    more = [
        f"{name} {value}"
        for name, value in record.items()
        if name not in _APART and value not in (None, "")
    ]
    return f"{line} ({', '.join(more)})" if more else line
