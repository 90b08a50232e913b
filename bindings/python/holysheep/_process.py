"""What belongs to this process: how many forks lie behind it, and the lock of the package's own
state.

The lock is held for moments and may be taken again by the thread that has it, since the collector
may run what takes it. It is the same for everything, so that a child process has one to replace:
the parent's may have been held at fork().
"""

from __future__ import annotations

import os
from _thread import RLock


class _Process:
    """How many forks lie between this process and the one that imported the package."""

    generation = 0
    lock = RLock()


process = _Process()


def _after_fork_in_child() -> None:
    process.generation += 1
    process.lock = RLock()


os.register_at_fork(after_in_child=_after_fork_in_child)
