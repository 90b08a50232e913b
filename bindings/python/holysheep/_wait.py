"""How a thread waits for a call: in the native part, or, where gevent or eventlet have patched
`select`, through that, so that other greenlets run meanwhile."""

from __future__ import annotations

import sys

from ._native import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Client, Outcome

_modules = sys.modules
_DONE = 4


def is_green() -> bool:
    """Whether blocking this thread would block other greenlets."""
    if "gevent.monkey" in _modules:
        return bool(_modules["gevent.monkey"].is_module_patched("select"))
    if "eventlet.patcher" in _modules:
        return bool(_modules["eventlet.patcher"].is_monkey_patched("select"))
    return False


def drain(queue: Queue) -> list[tuple[Any, ...]]:
    """Events of the queue; waits for the first."""
    if is_green():
        import select

        descriptor = queue.descriptor()
        while True:
            select.select([descriptor], [], [])
            events = queue.drain(0)
            if events:
                return events
    return queue.drain(-1)


def call(native: Client, *arguments: Any) -> Outcome:
    """As `native.call`, for greenlets."""
    queue = Queue()
    native.submit(queue, 0, 0, *arguments)
    while True:
        for event in drain(queue):
            if event[1] == _DONE:
                return event[2]  # type: ignore[no-any-return]
