"""From the arguments that the OpenAI SDK has to what the engine takes: the configuration document
of a client, and headers, time limit, path and options of a call. Names and shapes only: every
default, check and rule is the engine's.
"""

from __future__ import annotations

from . import _errors, _json
from ._endpoint import Endpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Union

    Timeout = Union[float, None, "NotGiven", Any]


class NotGiven:
    """The type of `NOT_GIVEN` and `omit`: as if the argument were not there."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()
omit = NOT_GIVEN

_NO_TRANSPORT = "HolySheep brings its own transport; instead of it set {} of the client"
_REFUSED = {
    "http_client": _NO_TRANSPORT.format("`proxy`, `ca_file` or `client_cert`"),
    "websocket_base_url": "realtime is not offered; `request()` reaches every HTTP path",
}


def is_given(value: object) -> bool:
    return type(value).__name__ not in ("NotGiven", "Omit")


def milliseconds(seconds: float, name: str) -> int:
    """At least 1 for what is more than nothing: 0 would mean something else."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise _errors.make(
            _errors.RequestError, f"{name}: expected seconds, None or an httpx.Timeout"
        )
    if not 0 < seconds < 1e9:
        raise _errors.make(_errors.RequestError, f"{name}: expected seconds above 0")
    return max(1, round(seconds * 1000))


def time_limits(timeout: Any, name: str) -> tuple[dict[str, int], int | None]:
    """What an `httpx.Timeout` says, by its shape, and its wait for a free connection (`pool`)."""
    limits: dict[str, int] = {}
    for part, keys in (
        ("connect", ("connect_ms",)),
        ("read", ("response_ms", "first_token_ms", "idle_ms")),
    ):
        seconds = getattr(timeout, part)
        for key in keys:
            limits[key] = 0 if seconds is None else milliseconds(seconds, f"{name}.{part}")
    pool = getattr(timeout, "pool", None)
    return limits, None if pool is None else milliseconds(pool, f"{name}.pool")


def is_timeout_object(timeout: object) -> bool:
    return hasattr(timeout, "connect") and hasattr(timeout, "read")


def load(config: Any) -> dict[str, Any]:
    """The configuration as a dict: given as one, as JSON text, or as the path of a file."""
    if hasattr(config, "keys"):
        return dict(config)
    text = config if isinstance(config, str) else ""
    if not text.lstrip().startswith("{"):
        try:
            with open(config, encoding="utf-8") as file:
                text = file.read()
        except (OSError, TypeError, ValueError) as error:
            raise _errors.make(
                _errors.ConfigError,
                f"config: expected a dict, JSON text or the path of a file ({error})",
            ) from error
    try:
        document = _json.read(text)
    except ValueError as error:
        # The engine reads it again and says where it is wrong, with line and column.
        from . import _native

        try:
            _native.Client(text)
        except _native.Failure as failure:
            raise _errors.from_failure(failure) from None
        raise _errors.make(_errors.ConfigError, f"config: {error}") from error
    if not isinstance(document, dict):
        raise _errors.make(_errors.ConfigError, "config: expected a JSON object")
    return document


def _endpoint(entry: Any) -> Any:
    if isinstance(entry, Endpoint):
        return {"name": entry.name, "url": entry.url}
    return entry


def _merge(document: dict[str, Any], name: str, members: Mapping[str, Any]) -> None:
    document[name] = {**document.get(name, {}), **members}


def configuration(
    *,
    api_key: str | None,
    base_url: Any,
    endpoints: Any,
    config: Any,
    policy: str | None,
    timeout: Any,
    max_retries: int | None,
    default_headers: Mapping[str, str] | None,
    default_query: Mapping[str, object] | None,
    organization: str | None,
    project: str | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The configuration document. What stands in `settings` are keys of the document itself."""
    for name, instead in _REFUSED.items():
        if settings.pop(name, None) is not None:
            raise _errors.make(_errors.ConfigError, f"{name}: {instead}")
    document: dict[str, Any] = {"version": 1} if config is None else load(config)
    document.setdefault("version", 1)
    if api_key is not None:
        document["api_key"] = api_key
    if base_url is not None:
        document.pop("endpoints", None)
        document["base_url"] = str(base_url)
    if endpoints is not None:
        document.pop("base_url", None)
        document["endpoints"] = [_endpoint(entry) for entry in endpoints]
    if policy is not None:
        document["policy"] = policy
    headers = dict(default_headers or {})
    for name, value in (("OpenAI-Organization", organization), ("OpenAI-Project", project)):
        if value is not None:
            headers[name] = value
    if headers:
        _merge(document, "headers", headers)
    if default_query:
        _merge(document, "query", {name: _query_text(each) for name, each in default_query.items()})
    if max_retries is not None and is_given(max_retries):
        _merge(document, "retry", {"max_attempts": max_retries + 1})
    if is_given(timeout):
        if timeout is None:
            _merge(document, "time_limits", {"total_ms": 0})
        elif is_timeout_object(timeout):
            limits, pool = time_limits(timeout, "timeout")
            _merge(document, "time_limits", limits)
            if pool is not None:
                document["max_wait_ms"] = pool
        else:
            _merge(document, "time_limits", {"total_ms": milliseconds(timeout, "timeout")})
    document.update({name: value for name, value in settings.items() if is_given(value)})
    return document


def _query_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def with_query(path: str, query: Mapping[str, object]) -> str:
    from urllib.parse import urlencode

    pairs = []
    for name, value in query.items():
        if not is_given(value) or value is None:
            continue
        if isinstance(value, (list, tuple)):
            pairs += [(f"{name}[]", _query_text(each)) for each in value]
        else:
            pairs.append((name, _query_text(value)))
    return f"{path}{'&' if '?' in path else '?'}{urlencode(pairs)}" if pairs else path


class Defaults:
    """What a client (or a view of it made by `with_options`) adds to each of its calls."""

    __slots__ = ("headers", "options", "query", "timeout_ms")

    def __init__(self) -> None:
        self.headers: str | None = None
        self.timeout_ms = 0
        self.options: dict[str, Any] = {}
        self.query: dict[str, object] = {}

    def copy(self) -> Defaults:
        made = Defaults()
        made.headers = self.headers
        made.timeout_ms = self.timeout_ms
        made.options = self.options
        made.query = self.query
        return made

    def changed(
        self,
        timeout: Any = NOT_GIVEN,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Defaults:
        """A copy with the given ones over it."""
        made = self.copy()
        if headers:
            made.headers = _header_lines(made.headers, headers)
        if query:
            made.query = {**made.query, **query}
        if options:
            made.options = {**made.options, **options}
        if not is_given(timeout):
            return made
        if timeout is None:
            made.timeout_ms = -1
        elif is_timeout_object(timeout):
            limits, pool = time_limits(timeout, "timeout")
            before = made.options.get("time_limits", {})
            more: dict[str, Any] = {"time_limits": {**before, **limits}}
            if pool is not None:
                more["max_wait_ms"] = pool
            made.options = {**made.options, **more}
        else:
            made.timeout_ms = milliseconds(timeout, "timeout")
        return made

    def options_text(self) -> str | None:
        if not self.options:
            return None
        try:
            return _json.write(self.options, "options")
        except _json.Failure as failure:
            raise _errors.make(_errors.RequestError, failure.args[1]) from None

    def path(self, path: str) -> str:
        return with_query(path, self.query) if self.query else path


def _header_lines(before: str | None, headers: Mapping[str, str]) -> str | None:
    """The lines of `before` with `headers` over them; a value that is not given takes one away."""
    names = {name.lower() for name in headers}
    lines = [
        line
        for line in (before or "").split("\n")
        if line and line.split(":")[0].lower() not in names
    ]
    for name, value in headers.items():
        if not is_given(value) or value is None:
            continue
        text = str(value)
        if "\n" in text or "\r" in text or "\n" in name or "\r" in name:
            raise _errors.make(_errors.RequestError, f"extra_headers: {name!r} holds a line break")
        lines.append(f"{name}: {text}")
    return "\n".join(lines) or None
