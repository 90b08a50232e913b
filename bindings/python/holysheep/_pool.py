"""`client.pool`: the endpoints as they are now, and what can be done about them."""

from __future__ import annotations

from . import _errors, _json
from ._endpoint import Endpoint
from ._native import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

    from ._engine import Engine


class Pool:
    """A sequence of `Endpoint`s: live, each look is a fresh one, and never waits."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def config(self) -> dict[str, Any]:
        """The configuration in force, with every default, without secrets."""
        config: dict[str, Any] = _json.read(self._engine.ask(lambda native: native.config()))
        return config

    def reset(self, endpoint: str = "") -> None:
        """Makes an endpoint (or all) healthy now: ends cooldowns, closes breakers."""
        self._act(lambda native: native.reset(endpoint))

    def set_key(self, key: str, endpoint: str = "") -> None:
        """Sets the key of an endpoint, or of all that share the client's."""
        self._act(lambda native: native.set_key(endpoint, key))

    def _act(self, action: Any) -> None:
        try:
            self._engine.ask(action)
        except Failure as failure:
            raise _errors.from_failure(failure) from None

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def __len__(self) -> int:
        return len(self.endpoints)

    def __getitem__(self, which: int | str) -> Endpoint:
        """By position or by name."""
        endpoints = self.endpoints
        if isinstance(which, int):
            return endpoints[which]
        for endpoint in endpoints:
            if endpoint.name == which:
                return endpoint
        raise KeyError(which)

    def __repr__(self) -> str:
        states = ", ".join(f"{each.name}: {each.status.value}" for each in self.endpoints)
        return f"<Pool {states}>"


class Check:
    """What `check()` found at one endpoint. True if a call got through."""

    __slots__ = ("endpoint", "error", "model", "took")

    def __init__(self, endpoint: str, model: str, took: float, error: Exception | None) -> None:
        self.endpoint = endpoint
        self.model = model
        #: Seconds.
        self.took = took
        #: None if the endpoint answered.
        self.error = error

    def __bool__(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        told = "ok" if self.error is None else str(self.error).split("\n", 1)[0]
        return f"<Check {self.endpoint}: {told}>"
