"""OpenTelemetry spans: one for each call, with the names of the GenAI semantic conventions, and
below it one for each HTTP request that it took. Imported only where the program has loaded
`opentelemetry.trace`; without a tracer provider the API's own tracer does nothing.

No attribute holds a key, a prompt or an answer. Nothing is sent to the provider: the trace's ids
stay here. What a span processor raises is shown, as what a hook raises is, and is kept from the
call.
"""

from __future__ import annotations

import time

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from . import __version__, _json
from ._watch import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._engine import Engine
    from ._metadata import Attempt, Metadata
    from ._native import Outcome

_NS_OF_MS = 1_000_000
_ERROR_STATUS_MIN = 400
# Whoever breaks a call off may have what he wanted; the call's own span says if not.
_NO_ERRORS = ("ok", "cancelled")
_SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
# The conventions' name for who speaks this protocol, whoever the provider is.
_PROVIDER = "openai"
_OPERATIONS = {
    "/chat/completions": "chat",
    "/messages": "chat",
    "/responses": "chat",
    "/completions": "text_completion",
    "/embeddings": "embeddings",
}
# Other paths may hold ids, which a span's name must not.
_NAMED_PATHS = {*_OPERATIONS, "/models", "/moderations"}
_PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "n": "choice.count",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
}

_tracer = trace.get_tracer("holysheep", __version__, schema_url=_SCHEMA)


def begin(engine: Engine, verb: str, arguments: tuple[Any, ...]) -> CallSpan | None:
    """The span of a call that is about to be made, below the caller's current span; None if nobody
    records it."""
    path = arguments[0].partition("?")[0]
    body = arguments[2] if isinstance(arguments[2], dict) else {}
    operation = _OPERATIONS.get(path)
    model = body.get("model")
    if not isinstance(model, str):
        model = None  # refused later on
    attributes: dict[str, Any] = {"gen_ai.provider.name": _PROVIDER}
    if operation is not None:
        attributes["gen_ai.operation.name"] = operation
    if model:
        attributes["gen_ai.request.model"] = model
    for name, attribute in _PARAMETERS.items():
        value = body.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            attributes["gen_ai.request." + attribute] = value
    request = f"{verb} {path}" if path in _NAMED_PATHS else verb
    name = f"{operation} {model or ''}".strip() if operation is not None else request
    start = time.time_ns()
    span = _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=start)
    return CallSpan(span, start, engine, verb, request, attributes) if span.is_recording() else None


def _error_type(status: int, verdict: str) -> str:
    """A success status says nothing of what went wrong after it."""
    return str(status) if status >= _ERROR_STATUS_MIN else verdict


def _server(engine: Engine, endpoint: str | None) -> dict[str, Any]:
    if endpoint is None:
        return {}
    address, port = engine.addresses().get(endpoint, (None, None))
    found = {"holysheep.endpoint": endpoint, "server.address": address, "server.port": port}
    return {name: value for name, value in found.items() if value is not None}


class CallSpan:
    __slots__ = ("_engine", "_request", "_shared", "_span", "_start", "_verb")

    def __init__(
        self,
        span: trace.Span,
        start: int,
        engine: Engine,
        verb: str,
        request: str,
        attributes: dict[str, Any],
    ) -> None:
        self._span = span
        self._start = start
        self._engine = engine
        self._verb = verb
        self._request = request
        names = ("gen_ai.operation.name", "gen_ai.provider.name")
        self._shared = {name: attributes[name] for name in names if name in attributes}

    def ended(self, metadata: Metadata, outcome: Outcome) -> None:
        end = time.time_ns()
        self._describe(metadata, metadata.endpoint, end)
        if outcome.status:
            verdict = metadata.to_dict()["error"]["verdict"]
            self._span.set_attribute("error.type", _error_type(outcome.http_status, verdict))
            self._span.set_status(Status(StatusCode.ERROR, outcome.message))
        self._span.end(end)

    def left(self, error: BaseException | None, metadata: Metadata | None) -> None:
        """`metadata`: what is known of the call; None: it was refused, or the engine is gone."""
        end = time.time_ns()
        if metadata is not None:
            # The endpoint that a call without an answer names is the first whose headers came.
            asked = metadata.trace
            self._describe(metadata, asked[-1].endpoint if asked else metadata.endpoint, end)
        if error is not None:
            self._span.set_attribute("error.type", type(error).__qualname__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(end)

    def _describe(self, metadata: Metadata, endpoint: str | None, end: int) -> None:
        context = trace.set_span_in_context(self._span)
        for number, attempt in enumerate(metadata.trace):
            guarded(self._attempt, number, attempt, context, end)
        span = self._span
        span.set_attributes(_server(self._engine, endpoint))
        usage = metadata.usage or {}
        for name, value in (
            ("gen_ai.response.model", metadata.model_served or None),
            ("gen_ai.usage.input_tokens", usage.get("input")),
            ("gen_ai.usage.output_tokens", usage.get("output")),
            ("gen_ai.usage.cache_read.input_tokens", usage.get("cached")),
            ("holysheep.attempts", metadata.attempts),
            ("holysheep.waited_ms", round(metadata.waited * 1000)),
            ("holysheep.cost_usd", metadata.cost),
        ):
            if value is not None:
                span.set_attribute(name, value)

    def _attempt(self, number: int, attempt: Attempt, context: Any, end: int) -> None:
        begun = min(self._start + attempt.at_ms * _NS_OF_MS, end)
        attributes = {
            **self._shared,
            **_server(self._engine, attempt.endpoint),
            "http.request.method": self._verb,
            "holysheep.verdict": attempt.verdict,
            "holysheep.reason": attempt.why,
        }
        if attempt.model:
            attributes["gen_ai.request.model"] = attempt.model
        if number:
            attributes["http.request.resend_count"] = number
        if attempt.status:
            attributes["http.response.status_code"] = attempt.status
        span = _tracer.start_span(
            self._request,
            context=context,
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=begun,
        )
        if attempt.verdict not in _NO_ERRORS:
            span.set_attribute("error.type", _error_type(attempt.status, attempt.verdict))
            span.set_status(Status(StatusCode.ERROR))
        span.end(min(begun + attempt.took_ms * _NS_OF_MS, end))


def addresses(config: str) -> dict[str, tuple[str | None, int | None]]:
    """Host and port of each endpoint of a configuration, by its name."""
    from urllib.parse import urlsplit

    found = {}
    for endpoint in _json.read(config)["endpoints"]:
        url = urlsplit(endpoint["url"])
        found[endpoint["name"]] = (url.hostname, url.port or {"https": 443, "http": 80}[url.scheme])
    return found
