"""The connection test: one call to each endpoint, no failover, so that a broken endpoint cannot
hide behind a healthy one. As `holysheep check` does it."""

from __future__ import annotations

from ._errors import HolySheepError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

    from ._types import CallOptions

_MODEL = "gpt-4.1"
_SECONDS_MAX = 30  # a ten-token answer that takes longer is of no use


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


def plan(config: dict[str, Any], model: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(endpoint, arguments of `chat.completions.create`)."""
    for endpoint in config["endpoints"]:
        options: CallOptions = {
            "allow": [endpoint["name"]],
            "retry": {"max_attempts": 1},
            "max_wait_ms": 0,
            "fallback_models": [],
        }
        served = endpoint.get("models") or [_MODEL]
        yield (
            endpoint["name"],
            {
                "model": model or served[0],
                "messages": [{"role": "user", "content": "test"}],
                "max_tokens": 10,
                "timeout": _SECONDS_MAX,
                "holysheep": options,
            },
        )


def found(endpoint: str, model: str, answer: Any) -> Check:
    """`answer`: a completion or the error of the call."""
    if isinstance(answer, HolySheepError):
        took = sum(line["took_ms"] for line in answer.trace) / 1000
        return Check(endpoint, model, took, answer)
    return Check(endpoint, model, answer.holysheep.took, None)


def check(create: Any, config: dict[str, Any], model: str | None) -> list[Check]:
    """`create`: `chat.completions.create` of the client."""
    checks = []
    for endpoint, arguments in plan(config, model):
        try:
            answer: Any = create(**arguments)
        except HolySheepError as error:
            answer = error
        checks.append(found(endpoint, arguments["model"], answer))
    return checks


async def acheck(create: Any, config: dict[str, Any], model: str | None) -> list[Check]:
    """The same on an event loop, all endpoints at the same time."""
    from asyncio import gather

    async def one(endpoint: str, arguments: dict[str, Any]) -> Check:
        try:
            answer: Any = await create(**arguments)
        except HolySheepError as error:
            answer = error
        return found(endpoint, arguments["model"], answer)

    return list(await gather(*(one(*each) for each in plan(config, model))))
