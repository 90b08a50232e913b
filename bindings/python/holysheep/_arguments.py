"""From the arguments that the OpenAI SDK has to what the engine takes: the configuration document
of a client, and headers, time limit, path and options of a call. Names and shapes only: every
default, check and rule is the engine's.
"""

from __future__ import annotations

from os import fspath

from . import _errors, _json
from ._endpoint import Endpoint
from ._json import is_given
from ._object import unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Union

    Timeout = Union[float, None, "NotGiven", Any]
    Kind = type[_errors.HolySheepError]


class NotGiven:
    """The type of `NOT_GIVEN` and `omit`: as if the argument were not there."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()
omit = NOT_GIVEN

_NO_TRANSPORT = "HolySheep brings its own transport; instead of it set {} of the client"
#: The engine's own limit, which it says of each call only.
_ATTEMPTS_MAX = 1000
_REFUSED = {
    "http_client": _NO_TRANSPORT.format("`proxy`, `ca_file` or `client_cert`"),
    "websocket_base_url": "realtime is not offered; `request()` reaches every HTTP path",
}


def milliseconds(seconds: float, name: str, kind: Kind = _errors.RequestError) -> int:
    """At least 1 for what is more than nothing: 0 would mean something else."""
    if isinstance(seconds, bool) or not hasattr(type(seconds), "__float__"):
        raise _errors.make(kind, f"{name}: expected seconds, None or an httpx.Timeout")
    if not 0 < seconds <= 1e9:
        told = f"{name}: expected seconds, above 0 and up to 1e9; None means no limit"
        raise _errors.make(kind, told)
    return max(1, round(seconds * 1000))


def attempts(max_retries: Any, kind: Kind = _errors.RequestError) -> int:
    """HTTP requests that a call may make."""
    if isinstance(max_retries, bool) or not hasattr(type(max_retries), "__index__"):
        raise _errors.make(kind, "max_retries: expected a whole number, 0 or more")
    if not 0 <= max_retries < _ATTEMPTS_MAX:
        raise _errors.make(kind, f"max_retries: expected 0 to {_ATTEMPTS_MAX - 1}")
    return int(max_retries) + 1


def mapping(value: Any, name: str, kind: Kind = _errors.RequestError) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not hasattr(value, "keys") or not hasattr(value, "items"):
        raise _errors.make(kind, f"{name}: expected a mapping, not {type(value).__name__}")
    return value  # type: ignore[no-any-return]


def check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _errors.make(_errors.RequestError, f"{name}: expected text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _errors.make(_errors.RequestError, f"{name}: {error}") from None


def body_of(content: Any, json: Any) -> bytes:
    """A body that is sent as it is."""
    if json is not None:
        raise _errors.make(_errors.RequestError, "content: give either this or `json`")
    if isinstance(content, str):
        check_text("content", content)
        return content.encode()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise _errors.make(_errors.RequestError, "content: expected bytes or text")
    return bytes(content)


def time_limits(
    timeout: Any, name: str, kind: Kind = _errors.RequestError
) -> tuple[dict[str, int], int | None]:
    """What an `httpx.Timeout` says, by its shape, and its wait for a free connection (`pool`)."""
    limits: dict[str, int] = {}
    for part, keys in (
        ("connect", ("connect_ms",)),
        ("read", ("response_ms", "first_token_ms", "idle_ms")),
    ):
        seconds = getattr(timeout, part)
        for key in keys:
            limits[key] = 0 if seconds is None else milliseconds(seconds, f"{name}.{part}", kind)
    pool = getattr(timeout, "pool", None)
    return limits, None if pool is None else milliseconds(pool, f"{name}.pool", kind)


def is_timeout_object(timeout: object) -> bool:
    return hasattr(timeout, "connect") and hasattr(timeout, "read")


def load(config: Any) -> dict[str, Any]:
    """The configuration as a dict: given as one, as JSON text, or as the path of a file."""
    if hasattr(config, "keys"):
        return dict(config)
    if isinstance(config, (bytes, bytearray, memoryview)):
        config = _text_of(bytes(config))
    text = config.lstrip("\ufeff \t\r\n") if isinstance(config, str) else ""
    if text[:1] not in ("{", "["):
        try:
            # Not whatever `open` takes: a number is a descriptor of somebody else.
            path = fspath(config)
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, TypeError, ValueError) as error:
            raise _errors.make(_errors.ConfigError, _unread(config, error)) from None
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


_POOLS = ("base_url", "endpoints")
_EXPECTED = "config: expected a dict, JSON text or the path of a file"


def _text_of(config: bytes) -> str:
    """Of what a file opened as "rb" or a secrets store gives: always the document, never a path."""
    try:
        text = config.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        text = ""
    if text[:1] not in ("{", "["):
        raise _errors.make(_errors.ConfigError, f"{_EXPECTED}, not bytes that are no JSON object")
    return text


def _unread(config: Any, error: Exception) -> str:
    """Names a file only where it looks like one: any other text may hold a key."""
    told = _EXPECTED
    if not isinstance(error, OSError):
        return f"{told}, not {type(config).__name__}"
    is_path = not isinstance(config, str) or ("sk-" not in config and config.endswith(".json"))
    name = str(config) if is_path else "the text"
    return f"{told} ({name}: {error.strerror})"


def _endpoint(entry: Any) -> Any:
    if isinstance(entry, Endpoint):
        return {"name": entry.name, "url": entry.url}
    return entry


def own(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A client's arguments as views that are made of it later must find them: whoever gave them may
    change a dict, and an iterator ends with its first use."""
    made = {
        name: unwrap(value) if is_given(value) or name == "timeout" else None
        for name, value in arguments.items()
    }
    config: Any = made["config"]
    if hasattr(config, "keys"):
        made["config"] = unwrap(dict(config))
    if made["endpoints"] is not None:
        made["endpoints"] = unwrap(_list_of_endpoints(made["endpoints"]))
    return made


def _list_of_endpoints(given: Any) -> list[Any]:
    # The members of a mapping are its keys: names, where its URLs are meant.
    if isinstance(given, (str, bytes)) or hasattr(given, "keys") or not hasattr(given, "__iter__"):
        raise _errors.make(
            _errors.ConfigError,
            "endpoints: expected a list of names, URLs, Endpoints or dicts with `name` and `url`,"
            f" not {type(given).__name__}",
        )
    return list(given)


def _merge(document: dict[str, Any], name: str, members: Mapping[str, Any]) -> None:
    before = document.get(name, {})
    if hasattr(before, "keys"):  # else the engine says what is wrong with it
        document[name] = {**before, **members}


def configuration(
    *,
    api_key: str | None,
    base_url: Any,
    endpoints: Any,
    config: Any,
    policy: str | None,
    default_headers: Mapping[str, str] | None,
    default_query: Mapping[str, object] | None,
    organization: str | None,
    project: str | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The configuration document. What stands in `settings` are keys of the document itself."""
    kind = _errors.ConfigError
    for name, instead in _REFUSED.items():
        if settings.pop(name, None) is not None:
            raise _errors.make(_errors.ConfigError, f"{name}: {instead}")
    document: dict[str, Any] = {"version": 1} if config is None else load(config)
    document.setdefault("version", 1)
    if api_key is not None:
        document["api_key"] = api_key
    pool: dict[str, Any] = {}  # given beside `config`, it is in the place of that one's
    if base_url is not None:
        pool["base_url"] = str(base_url)
    if endpoints is not None:
        pool["endpoints"] = [_endpoint(entry) for entry in endpoints]
    if pool:
        document = {name: document[name] for name in document if name not in _POOLS}
        document.update(pool)
    if policy is not None:
        document["policy"] = policy
    headers = dict(mapping(default_headers, "default_headers", kind))
    for name in headers:
        if not isinstance(name, str):
            raise _errors.make(kind, f"default_headers: expected text, not {name!r}")
    query = mapping(default_query, "default_query", kind)
    for name, value in (("OpenAI-Organization", organization), ("OpenAI-Project", project)):
        if value is not None:
            headers[name] = value
    if headers:
        _merge(document, "headers", headers)
    if query:
        _merge(document, "query", _query_texts(query, kind))
    document.update({name: value for name, value in settings.items() if is_given(value)})
    return document


def _query_pairs(
    name: str, value: object, whose: str, kind: Kind
) -> Iterator[tuple[str, str]]:
    """As the OpenAI SDK writes them: `a[]=1`, `a[b]=1`."""
    if not is_given(value) or value is None:
        return
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _query_pairs(f"{name}[]", each, whose, kind)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _query_pairs(f"{name}[{key}]", each, whose, kind)
    else:
        yield name, _query_text(value, f"{whose}.{name}", kind)


def _query_text(value: object, name: str, kind: Kind) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = type(value).__str__ is object.__str__ and type(value).__repr__ is object.__repr__
    if plain or isinstance(value, (bytes, bytearray, memoryview)):
        raise _errors.make(kind, f"{name}: expected text, not {type(value).__name__}")
    return str(value)


def _pairs_of(
    query: Mapping[str, object], whose: str, kind: Kind
) -> list[tuple[str, str]]:
    return [
        pair
        for name, value in query.items()
        for pair in _query_pairs(str(name), value, whose, kind)
    ]


def _query_texts(query: Mapping[str, object], kind: Kind) -> dict[str, str]:
    """For the configuration document, whose query has each name once."""
    texts: dict[str, str] = {}
    for name, text in _pairs_of(query, "default_query", kind):
        if name in texts:
            told = f"default_query.{name}: expected one value; lists go into a call's `extra_query`"
            raise _errors.make(kind, told)
        texts[name] = text
    return texts


def with_query(path: str, query: Mapping[str, object]) -> str:
    from urllib.parse import urlencode

    pairs = _pairs_of(query, "extra_query", _errors.RequestError)
    try:
        return f"{path}{'&' if '?' in path else '?'}{urlencode(pairs)}" if pairs else path
    except UnicodeEncodeError as error:
        raise _errors.make(_errors.RequestError, f"extra_query: {error}") from None


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
        headers: Any = None,
        query: Any = None,
        options: Any = None,
        max_retries: Any = None,
        kind: Kind = _errors.RequestError,
    ) -> Defaults:
        """A copy with the given ones over it. `kind`: of the error if one of them is wrong; a
        ConfigError names headers and query as a client's arguments are."""
        made = self.copy()
        scope = "default" if kind is _errors.ConfigError else "extra"
        if headers is not None and is_given(headers):
            made.headers = _header_lines(made.headers, headers, f"{scope}_headers", kind)
        if query is not None and is_given(query):
            made.query = {**made.query, **mapping(query, f"{scope}_query", kind)}
        if options is not None and is_given(options):
            made.options = _merged(made.options, mapping(options, "holysheep"))
        if max_retries is not None and is_given(max_retries):
            limit = attempts(max_retries, kind)
            more = {"retry": {"max_attempts": limit, "rate_limited_counts": True}}
            made.options = _merged(made.options, more)
        if is_given(timeout):
            made._limit(timeout, kind)
        return made

    def _limit(self, timeout: Any, kind: Kind) -> None:
        if timeout is None:
            self.timeout_ms = -1
        elif is_timeout_object(timeout):
            limits, pool = time_limits(timeout, "timeout", kind)
            more: dict[str, Any] = {"time_limits": limits}
            if pool is not None:
                more["max_wait_ms"] = pool
            self.options = _merged(self.options, more)
        else:
            self.timeout_ms = milliseconds(timeout, "timeout", kind)

    def options_text(self) -> str | None:
        if not self.options:
            return None
        try:
            return _json.write(self.options, "options")
        except _json.Failure as failure:
            raise _errors.make(_errors.RequestError, failure.args[1]) from None

    def path(self, path: str) -> str:
        return with_query(path, self.query) if self.query else path


def _merged(before: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Sections such as `retry` keep what the new ones do not name."""
    made = {**before, **options}
    for name, section in before.items():
        if isinstance(section, dict) and isinstance(made[name], dict):
            made[name] = {**section, **made[name]}
    return made


def _header_lines(before: str | None, headers: Any, whose: str, kind: Kind) -> str | None:
    """The lines of `before` with `headers` over them; a value that is not given takes one away."""
    kept = {line.split(":")[0].lower(): line for line in (before or "").split("\n") if line}
    for name, value in mapping(headers, whose, kind).items():
        if not isinstance(name, str):
            raise _errors.make(kind, f"{whose}: expected text, not {name!r}")
        kept.pop(name.lower(), None)
        if not is_given(value) or value is None:
            continue
        if not isinstance(value, (str, int, float)):
            told = f"{whose}.{name}: expected text, not {type(value).__name__}"
            raise _errors.make(kind, told)
        line = f"{name}: {value}"
        if "\n" in line or "\r" in line:
            raise _errors.make(kind, f"{whose}: {name!r} holds a line break")
        kept[name.lower()] = line
    return "\n".join(kept.values()) or None
