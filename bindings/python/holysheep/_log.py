"""The engine's log records as records of `logging.getLogger("holysheep")`. Never on by itself: only
where the program has imported `logging` and the logger's level lets something through.

One queue takes the records of all engines of the process; whoever makes calls empties it. Records
carry `endpoint`, `attempt`, `verdict` and `request_id` as attributes, as far as they have them.
"""

from __future__ import annotations

import sys

from . import _json
from ._native import Failure, Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

    from ._engine import Engine

NAME = "holysheep"
_FIELDS = ("endpoint", "attempt", "verdict", "request_id")


class _State:
    queue: Queue | None = None
    level = 0


def level() -> int:
    """The logger's level, 0 if nobody listens."""
    logging = sys.modules.get("logging")
    if logging is None or not hasattr(logging, "getLogger"):
        return 0
    logger = logging.getLogger(NAME)
    if not logger.hasHandlers():
        return 0  # only logging's last resort would print it
    return max(10, int(logger.getEffectiveLevel()))


def attach(engine: Engine) -> bool:
    """Sends the engine's records to the queue, if somebody listens."""
    wanted = level()
    if not wanted:
        return False
    if _State.queue is None:
        _State.queue = Queue()
    try:
        engine.native.log(_State.queue, wanted)
    except Failure:
        return False  # made before fork(): the next call opens a new engine
    return True


def is_on() -> bool:
    return _State.queue is not None


def flush() -> None:
    """Hands on what has come."""
    queue = _State.queue
    if queue is None:
        return
    try:
        events = queue.drain(0)
    except Failure:
        _State.queue = None  # the parent's
        return
    if not events:
        return
    logger = sys.modules["logging"].getLogger(NAME)
    for event in events:
        emit(logger, event[2])


def emit(logger: logging.Logger, text: str) -> None:
    record = _json.read(text)
    number = {"debug": 10, "info": 20, "warning": 30, "error": 40}[record.pop("level")]
    if not logger.isEnabledFor(number):
        return
    record.pop("time_unix_ms")
    message = record.pop("message")
    extra = {name: record.get(name) for name in _FIELDS}
    told = ", ".join(f"{name} {value}" for name, value in record.items() if value != "")
    logger.log(number, "%s (%s)" if told else "%s%s", message, told, extra=extra)
