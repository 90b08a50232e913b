"""One completion queue for each running event loop. Its descriptor is one reader of the loop; each
wake-up empties the queue in one crossing and resolves everything that has come.

Threads: each loop's queue is used on that loop's thread alone; several loops in several threads are
fine. A loop that was closed gives its queue back when the next loop asks for one.
"""

from __future__ import annotations

import os
import sys
from _contextvars import Context
from itertools import count

from . import _errors, _log
from ._native import Failure, Queue
from ._wait import END_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any, Callable

    from ._async_call import Waiting
    from ._async_stream import AsyncSource
    from ._native import Outcome
    from ._watch import Late

if "asyncio" in sys.modules:
    from asyncio import get_running_loop
else:

    def get_running_loop() -> AbstractEventLoop:
        """Nothing can run a loop before asyncio is imported; then its own function takes over."""
        from asyncio import get_running_loop as real

        globals()["get_running_loop"] = real
        return real()


__all__ = ["LoopQueue", "get_running_loop", "loop_queue"]

_DONE = 4


class LoopQueue:
    __slots__ = ("_handing_on", "calls", "logs", "loop", "queue", "streams", "tokens")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.queue = Queue()
        #: Who waits for what: by the number that the engine echoes in each event.
        self.calls: dict[int, Future[Outcome] | Late | Waiting] = {}
        self.streams: dict[int, AsyncSource] = {}
        #: Of this loop alone: threads that count together may be given one number twice.
        self.tokens = count(1)
        self._read(self.queue, self._readable)
        self.logs: Queue | None = None
        self._handing_on = False

    def bring_logs(self) -> None:
        """Log records come on this loop too, as they come."""
        self.logs = _log.state.queue
        if self.logs is not None:
            self._read(self.logs, _log.flush)

    def _read(self, queue: Queue, readable: Callable[[], Any]) -> None:
        """In no context: that of the task which came first is nobody else's."""
        Context().run(self.loop.add_reader, queue.descriptor(), readable)

    def soon(self, wake: Callable[[], None]) -> None:
        """Calls it on the loop; from any thread."""
        if self._is_running_here():
            return wake()
        try:
            self.loop.call_soon_threadsafe(wake)
        except RuntimeError:
            pass  # the loop is closed, and nobody waits any more

    def bring(self, has_come: Callable[[], bool]) -> None:
        """Hands on what comes until the end of a call that was cancelled is there, for which the
        engine takes microseconds. Does nothing in another thread than the loop's, or, called by
        the collector, in the middle of events: later ones must not overtake them."""
        if self._handing_on or not self._is_running_here():
            return
        try:
            while not has_come() and self._hand_on(END_MS):
                pass
        except Failure:
            return  # the queue is that of the process before fork()

    def _is_running_here(self) -> bool:
        try:
            return get_running_loop() is self.loop
        except RuntimeError:
            return False

    def _hand_on(self, milliseconds: int) -> bool:
        """Whether something has come."""
        self._handing_on = True
        try:
            events = self.queue.drain(milliseconds)
            self._resolve(events)
            return bool(events)
        finally:
            self._handing_on = False

    def _resolve(self, events: list[tuple[Any, ...]]) -> None:
        calls = self.calls
        for event in events:
            token = event[0]
            if token in calls:
                future = calls.pop(token)
                if not future.done():
                    future.set_result(event[2])
            elif token in self.streams:
                stream = self.streams[token]
                if event[1] == _DONE:
                    del self.streams[token]
                stream.feed(event)

    def _readable(self) -> None:
        self._hand_on(0)


#: By loop, not by its number: a number may be another loop's a moment later.
_queues: dict[AbstractEventLoop, LoopQueue] = {}


def loop_queue() -> LoopQueue:
    """The running loop's queue."""
    try:
        loop = get_running_loop()
    except RuntimeError:
        raise _errors.make(
            _errors.HolySheepError, "an async client needs a running asyncio event loop"
        ) from None
    found = _queues.get(loop)
    if found is not None:
        if found.logs is not _log.state.queue:
            found.bring_logs()
        return found
    for each in list(_queues):
        if each.is_closed():
            _queues.pop(each, None)  # another thread may have been faster
    made = _queues[loop] = LoopQueue(loop)
    made.bring_logs()
    return made


# A child's loops are not its parent's, even where they are the same objects.
os.register_at_fork(after_in_child=_queues.clear)
