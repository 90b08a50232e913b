"""How a thread waits for a call: in the native part, or, where gevent or eventlet have patched
`select`, through that, so that other greenlets run meanwhile."""

from __future__ import annotations

import sys
from _thread import allocate_lock, start_new_thread

from . import _log
from ._native import Failure, Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._native import Client, Outcome

_modules = sys.modules
# How late a log record may be while a call is waited for.
_LOG_MS = 50
_SLICE_SECONDS = 0.05
# As long as a broken engine may hold up whoever leaves a call.
END_MS = 1000
_DONE = 4


def is_green() -> bool:
    """Whether blocking this thread would block other greenlets."""
    if "gevent.monkey" in _modules:
        return bool(_modules["gevent.monkey"].is_module_patched("select"))
    if "eventlet.patcher" in _modules:
        return bool(_modules["eventlet.patcher"].is_monkey_patched("select"))
    return False


def drain(
    queue: Queue, records: _log.Records | None, events: list[tuple[Any, ...]]
) -> None:
    """Puts into `events` those of the queue, whose call `records` belong to; waits for the first.
    They are there too if a signal handler raises while records are handed on."""
    hand_on = _log.flush if records is None else records.hand_on
    green = is_green()
    if not green and _log.state.queue is None:
        events += queue.drain(-1)
        return
    while not events:
        if green:
            import select

            seconds = _LOG_MS / 1000 if _log.state.queue else None
            select.select([queue.descriptor()], [], [], seconds)
            events += queue.drain(0)
        else:
            events += queue.drain(_LOG_MS)
        hand_on()


def interruptibly(work: Callable[[], Any], give_up: Callable[[], Any]) -> Any:
    """What `work()` says, made in another thread while signal handlers and greenlets run in this
    one; if a handler raises, `give_up()` must make `work` end soon. Where no thread can be had, as
    at the interpreter's end since Python 3.12, it is made in this one, and handlers wait."""
    if is_green():
        if "gevent.monkey" in _modules:
            return _modules["gevent"].get_hub().threadpool.apply(work)
        from importlib import import_module

        return import_module("eventlet.tpool").execute(work)
    done: list[Any] = []
    failed: list[BaseException] = []
    running = allocate_lock()

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            running.release()

    running.acquire()
    try:
        start_new_thread(run, ())
    except RuntimeError:
        return work()
    try:
        # In slices: a signal that comes just before the lock is waited for does not end the wait.
        while not running.acquire(True, _SLICE_SECONDS):
            pass
    except BaseException:
        give_up()
        running.acquire()  # no thread is left to the interpreter's end
        raise
    if failed:
        raise failed[0]
    return done[0]


def end_of(queue: Queue, events: list[tuple[Any, ...]]) -> Outcome | None:
    """The end of a call that was cancelled: among `events`, else in its queue, where the engine
    puts it within microseconds; None if it does not."""
    try:
        while True:
            for event in events:
                if event[1] == _DONE:
                    return event[2]  # type: ignore[no-any-return]
            events = queue.drain(END_MS)
            if not events:
                return None
    except Failure:
        return None  # of the process before fork()


def call(
    native: Client,
    method: str,
    arguments: tuple[Any, ...],
    told: Callable[[Outcome | None], Any] | None = None,
) -> Outcome:
    """As `native.call`, for greenlets and with log records as they come. If the wait is broken off,
    `told` gets the call's end."""
    queue = Queue()
    records = _log.records()
    events: list[tuple[Any, ...]] = []
    try:
        _log.submit(records, native, queue, 0, 0, method, arguments)
        drain(queue, records, events)
    except BaseException:
        if queue.latest:
            native.cancel(queue.latest)
            if told is not None:
                told(end_of(queue, events))
        raise
    finally:
        if records is not None:
            records.end()
    return events[0][2]  # type: ignore[no-any-return]  # DONE, the only one
