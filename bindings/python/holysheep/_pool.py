"""`client.pool`: the endpoints as they are now, and what can be done about them."""

from __future__ import annotations

from . import _json
from ._arguments import check_text
from ._endpoint import Endpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, overload

    from ._call import Caller
    from ._engine import Engine
    from ._monitor import RateLimitMonitor


class Pool:
    """A sequence of `Endpoint`s: live, each look is a fresh one, and never waits."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def _engine(self) -> Engine:
        return self._caller.engine

    def status(self) -> dict[str, Any]:
        """All that the engine says of the pool: endpoints, routes, counts."""
        state: dict[str, Any] = _json.read(self._engine.ask(lambda native: native.status()))
        return state

    @property
    def endpoints(self) -> list[Endpoint]:
        return [Endpoint.from_status(state) for state in self.status()["endpoints"]]

    def metrics(self) -> str:
        """Metrics in the Prometheus text format."""
        text: str = self._engine.ask(lambda native: native.metrics())
        return text

    @property
    def monitor(self) -> RateLimitMonitor:
        """Counts what the engine does, for all clients that share it."""
        return self._engine.monitor()

    def health(self) -> dict[str, Any]:
        """The health report: `ok`, `overall_status`, and each endpoint's state."""
        return self.monitor.get_health_report()

    def check(self, model: str | None = None) -> Any:
        """Tests each endpoint with a call of ten tokens, once, without failover. A list of `Check`;
        of an async client something to await."""
        checks = _json.read(self._engine.ask(lambda native: native.checks()))
        return self._caller.check(checks, model)

    def config(self) -> dict[str, Any]:
        """The configuration in force, with every default, without secrets."""
        config: dict[str, Any] = _json.read(self._engine.ask(lambda native: native.config()))
        return config

    def reset(self, endpoint: str = "") -> None:
        """Makes an endpoint (or all) healthy now: ends cooldowns, closes breakers."""
        check_text("endpoint", endpoint)
        self._engine.tell(lambda native: native.reset(endpoint))

    def set_key(self, key: str, endpoint: str = "") -> None:
        """Sets the key of an endpoint, or of all that share the client's. Where `api_key` is a
        callable, it gives the latter: raises ConfigError."""
        check_text("key", key)
        check_text("endpoint", endpoint)
        self._caller.engines.set_key_of(endpoint, key)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def __len__(self) -> int:
        return len(self.endpoints)

    def __contains__(self, which: object) -> bool:
        """An endpoint or its name."""
        return any(which in (each, each.name) for each in self.endpoints)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, which: int | str) -> Endpoint: ...
        @overload
        def __getitem__(self, which: slice) -> list[Endpoint]: ...

    def __getitem__(self, which: int | str | slice) -> Any:
        """By position or by name."""
        endpoints = self.endpoints
        if not isinstance(which, str):
            return endpoints[which]
        for endpoint in endpoints:
            if endpoint.name == which:
                return endpoint
        raise KeyError(which)

    def __repr__(self) -> str:
        states = ", ".join(f"{each.name}: {each.status.value}" for each in self.endpoints)
        return f"<Pool {states}>"
