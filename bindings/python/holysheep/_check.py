"""The connection test: one call to each endpoint, no failover, so that a broken endpoint cannot
hide behind a healthy one. As `holysheep check` does it."""

from __future__ import annotations

from ._errors import HolySheepError
from ._pool import Check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

    from ._base import BaseClient
    from ._types import CallOptions

_MODEL = "gpt-4.1"
_SECONDS_MAX = 30  # a ten-token answer that takes longer is of no use


def plan(client: BaseClient, model: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(endpoint, arguments of `chat.completions.create`)."""
    for endpoint in client.pool.config()["endpoints"]:
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


def check(client: Any, model: str | None) -> list[Check]:
    checks = []
    for endpoint, arguments in plan(client, model):
        try:
            answer: Any = client.chat.completions.create(**arguments)
        except HolySheepError as error:
            answer = error
        checks.append(found(endpoint, arguments["model"], answer))
    return checks
