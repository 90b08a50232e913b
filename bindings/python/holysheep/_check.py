"""The connection test: one call to each endpoint, no failover, so that a broken endpoint cannot
hide behind a healthy one. As `holysheep check` does it. And what a status page says."""

from __future__ import annotations

from . import _json, _native
from ._arguments import check_text
from ._errors import HolySheepError, from_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator


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


class ServiceCheck:
    """What a status page said. True if it answered and names no outage."""

    __slots__ = ("description", "error", "http_status", "indicator", "ok", "took", "url")

    def __init__(self, url: str, ok: bool, http_status: int, **found: Any) -> None:
        self.url = url
        self.ok = ok
        #: 0: no answer.
        self.http_status = http_status
        #: "none", "minor", "major", …; None: the page tells none. `description`: its own words.
        self.indicator: str | None = found["indicator"]
        self.description: str | None = found["description"]
        #: Seconds.
        self.took: float = found["took_ms"] / 1000
        #: Why there was no answer: "connect_failed", "timeout", …; None if there was.
        self.error: str | None = found["error"]

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        told = self.description or self.indicator or self.error or f"HTTP status {self.http_status}"
        return f"<ServiceCheck {self.url}: {told}>"


def ask_page(config: dict[str, Any], url: str | None) -> ServiceCheck:
    """What the page at `url`, or else the configured one, says. Blocks, up to 5 seconds."""
    page = config["monitor"]["status_page_url"] if url is None else url
    check_text("url", page)
    try:
        return ServiceCheck(**_json.read(_native.check_service(page)))
    except _native.Failure as failure:
        raise from_failure(failure) from None


def plan(checks: list[dict[str, Any]], model: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(endpoint, arguments of `chat.completions.create`), of what the engine says."""
    for check in checks:
        arguments = {
            **check["body"],
            "holysheep": check["options"],
            "timeout": check["timeout_ms"] / 1000,
        }
        if model is not None:
            arguments["model"] = model
        yield check["endpoint"], arguments


def found(endpoint: str, model: str, answer: Any) -> Check:
    """`answer`: a completion or the error of the call."""
    if isinstance(answer, HolySheepError):
        took = sum(line["took_ms"] for line in answer.trace) / 1000
        return Check(endpoint, model, took, answer)
    return Check(endpoint, model, answer.holysheep.took, None)


def check(create: Any, checks: list[dict[str, Any]], model: str | None) -> list[Check]:
    """`create`: `chat.completions.create` of the client."""
    done = []
    for endpoint, arguments in plan(checks, model):
        try:
            answer: Any = create(**arguments)
        except HolySheepError as error:
            answer = error
        done.append(found(endpoint, arguments["model"], answer))
    return done


async def acheck(create: Any, checks: list[dict[str, Any]], model: str | None) -> list[Check]:
    """The same on an event loop, all endpoints at the same time."""
    from asyncio import gather

    async def one(endpoint: str, arguments: dict[str, Any]) -> Check:
        try:
            answer: Any = await create(**arguments)
        except HolySheepError as error:
            answer = error
        return found(endpoint, arguments["model"], answer)

    return list(await gather(*(one(*each) for each in plan(checks, model))))
