"""Endpoints as users see them: a name, a URL, and the state in which they are."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class EndpointStatus(Enum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    RATE_LIMITED = "rate_limited"
    DOWN = "down"


class _OfADataclass:
    """What `dataclasses` looks for in a class, made when it looks: importing that module takes
    about as long as all of this package."""

    def __set_name__(self, _: Any, name: str) -> None:
        self._name = name

    def __get__(self, _: Any, kind: Any = None) -> Any:
        from dataclasses import make_dataclass

        defaults = dict(status=EndpointStatus.HEALTHY, last_error=None, cooldown_until=0)
        fields: Any = ["url", "name", *((name, object, it) for name, it in defaults.items())]
        return getattr(make_dataclass("Endpoint", fields), self._name)


class Endpoint:
    """A template for a client's pool, or, from a client, a view of an endpoint at one moment. For
    `dataclasses.asdict`, `replace` and `fields` it is a dataclass, as the tutorial's is."""

    __slots__ = ("cooldown_until", "details", "last_error", "name", "status", "url")
    if not TYPE_CHECKING:
        __dataclass_fields__ = _OfADataclass()
        __dataclass_params__ = _OfADataclass()

    def __init__(
        self,
        url: str,
        name: str,
        status: EndpointStatus = EndpointStatus.HEALTHY,
        last_error: str | None = None,
        cooldown_until: float = 0,
    ) -> None:
        self.url = url
        self.name = name
        self.status = status
        self.last_error = last_error
        #: Unix time in seconds until which the endpoint takes no calls; 0: it does.
        self.cooldown_until = cooldown_until
        #: All that the engine says: counters, reason, routes. Empty for a template.
        self.details: dict[str, Any] = {}

    @classmethod
    def from_status(cls, state: dict[str, Any]) -> Endpoint:
        made = cls(
            url=state["url"],
            name=state["name"],
            status=EndpointStatus(state["status"]),
            last_error=state["last_error"],
            cooldown_until=(state["until_unix_ms"] or 0) / 1000,
        )
        made.details = state
        return made

    def _key(self) -> tuple[Any, ...]:
        return (self.url, self.name, self.status, self.last_error, self.cooldown_until)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Endpoint) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"Endpoint(url={self.url!r}, name={self.name!r}, status={self.status},"
            f" last_error={self.last_error!r}, cooldown_until={self.cooldown_until!r})"
        )
