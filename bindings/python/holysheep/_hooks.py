"""`on_attempt` and `on_done`: called on the caller's thread or loop when a call has ended."""

from __future__ import annotations

from ._metadata import Metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._native import Outcome


class Hooks:
    """`on_attempt` gets the call's attempts, all at once; `on_done` gets its metadata."""

    __slots__ = ("_on_attempt", "_on_done")

    def __init__(
        self,
        on_attempt: Callable[[list[Any]], Any] | None,
        on_done: Callable[[Metadata], Any] | None,
    ) -> None:
        self._on_attempt = on_attempt
        self._on_done = on_done

    @staticmethod
    def of(on_attempt: Any, on_done: Any) -> Hooks | None:
        return Hooks(on_attempt, on_done) if on_attempt or on_done else None

    def ended(self, outcome: Outcome) -> None:
        metadata = Metadata(outcome.meta())
        if self._on_attempt is not None:
            self._on_attempt(metadata.trace)
        if self._on_done is not None:
            self._on_done(metadata)
