"""What the client and its async twin share: construction, views, the pool, closing."""

from __future__ import annotations

import os

from . import _errors
from ._arguments import (
    NOT_GIVEN,
    Defaults,
    body_of,
    check_text,
    configuration,
    mapping,
    own,
)
from ._call import Caller
from ._engine import Engine
from ._json import is_given
from ._pool import Pool
from ._resources import (
    NOT_OFFERED,
    Chat,
    Embeddings,
    Models,
    Raw,
    Responses,
    not_offered,
)
from ._watch import TRACING, Watcher, code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Iterable, Literal, Mapping, TypeVar

    from ._arguments import Timeout
    from ._endpoint import Endpoint
    from ._keys import KeyEngines
    from ._metadata import Attempt, Metadata
    from ._monitor import RateLimitMonitor
    from ._types import CallOptions, EndpointConfig

    Self = TypeVar("Self", bound="BaseClient")


_OF_A_WATCHER = ("on_attempt", "on_done", "tracing")
_OF_AN_ENGINE = (
    "api_key", "base_url", "config", "endpoints", "organization", "policy", "project"
)


_CO_COROUTINE = 0x80


class BaseClient:
    __slots__ = ("__weakref__", "_arguments", "_caller", "_engines", "_watcher", "pool")

    _caller_class: type[Caller] = Caller
    _awaits = False

    #: Endpoints as they are now; also metrics and the configuration in force.
    pool: Pool

    def __init__(
        self,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        *,
        base_url: str | Any = None,
        endpoints: Iterable[str | Endpoint | EndpointConfig] | None = None,
        config: Mapping[str, Any] | str | Any = None,
        policy: Literal["smart", "document"] | None = None,
        timeout: Timeout = NOT_GIVEN,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        organization: str | None = None,
        project: str | None = None,
        on_attempt: Callable[[list[Attempt]], Any] | None = None,
        on_done: Callable[[Metadata], Any] | None = None,
        tracing: bool | None = None,
        **settings: Any,
    ) -> None:
        given = dict(locals())
        self._open({name: given[name] for name in given if name not in ("self", "__class__")})

    def _open(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments = own(arguments)
        given = dict(arguments)
        hooks = {name: given.pop(name) for name in _OF_A_WATCHER}
        self._watcher = _watcher(**hooks, awaits=self._awaits)
        settings = given.pop("settings")
        timeout, max_retries = given.pop("timeout"), given.pop("max_retries")
        if all(given[name] is None for name in ("base_url", "config", "endpoints")):
            given["config"] = os.environ.get("HOLYSHEEP_CONFIG") or None
        source = given["api_key"]
        if callable(source):
            given["api_key"] = None
        elif source is not None and not isinstance(source, (str, dict)):
            raise _errors.make(
                _errors.ConfigError, "api_key: expected a string or a callable that returns one"
            )
        document = configuration(settings=dict(settings), **given)
        # Beside the calls: clients that differ in these only share one engine.
        defaults = Defaults().changed(
            timeout, max_retries=max_retries, kind=_errors.ConfigError
        )
        engines: Engine | KeyEngines
        if callable(source):
            from ._keys import KeyEngines

            engines = KeyEngines(document, source, self._first_key(source))
        else:
            engines = Engine(document)
        self._start(engines, defaults)

    def _first_key(self, source: Callable[[], Any]) -> str | None:
        key = source()
        if hasattr(key, "__await__"):
            key.close()
            told = "api_key: a coroutine function is for AsyncHolySheepClient"
            raise _errors.make(_errors.ConfigError, told)
        if not isinstance(key, str):
            raise _errors.make(_errors.ConfigError, "api_key: the callable returned no string")
        return key

    @property
    def _engine(self) -> Engine:
        return self._caller.engine

    def _start(self, engines: Engine | KeyEngines, defaults: Defaults) -> None:
        self._engines = engines
        caller = self._caller = self._caller_class(engines, defaults, self._watcher)
        self.pool = Pool(caller)
        made: Any = self
        made.chat = Chat(caller)
        made.embeddings = Embeddings(caller)
        made.responses = Responses(caller)
        made.models = Models(caller)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | bytearray | str | None = None,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> Any:
        """Any request below the base URL. The answer is what its content type says: an object or a
        list, text (`text/…`, JSON lines), else `bytes`, untouched (audio, images, files), as is
        what is no UTF-8. A JSON object or list is read whatever its type.

        json: the body as a value; content: the body as bytes or text (with a Content-Type in
        `extra_headers`); not both."""
        body = json
        if content is not None:
            body = body_of(content, json)
        for name, text in (("method", method), ("path", path)):
            check_text(name, text)
        caller = self._caller
        arguments = caller.arguments(path, body, timeout, extra_headers, extra_query, holysheep)
        return caller.anything(method, arguments)

    def with_options(
        self: Self,
        *,
        timeout: Any = NOT_GIVEN,
        max_retries: Any = NOT_GIVEN,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        holysheep: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Self:
        """A client with other defaults on the same engine and pool. An argument that belongs to
        the configuration (`api_key`, `base_url`, …) makes a client of that configuration."""
        made = object.__new__(type(self))
        more = {name: value for name, value in more.items() if is_given(value)}
        if more.get("base_url") is not None:  # another pool, whichever way this one was given
            more.setdefault("endpoints", None)
        elif more.get("endpoints") is not None:
            more.setdefault("base_url", None)
        merged = {name: more.pop(name, value) for name, value in self._arguments.items()}
        if more or any(merged[name] is not self._arguments[name] for name in _OF_AN_ENGINE):
            merged["settings"] = {**merged["settings"], **more}
            made._open(merged)
        else:
            made._arguments = merged
            made._engines = self._engines
            hooks = {name: merged[name] for name in _OF_A_WATCHER}
            made._watcher = _watcher(**hooks, awaits=self._awaits)
        options = mapping(holysheep, "holysheep")
        defaults = self._caller.defaults.changed(
            timeout, default_headers, default_query, options, max_retries, _errors.ConfigError
        )
        made._start(made._engines, defaults)
        return made

    copy = with_options

    if not TYPE_CHECKING:

        @property
        def with_raw_response(self):
            """The client's resources, whose methods return a `RawResponse`."""
            return Raw(self._caller)

    @property
    def monitor(self) -> RateLimitMonitor:
        """Counts what the engine of this client does, for all clients that share it."""
        return self.pool.monitor

    def is_closed(self) -> bool:
        return self._engines.closed

    def metrics(self) -> str:
        """Metrics in the Prometheus text format."""
        return self.pool.metrics()

    def health(self) -> dict[str, Any]:
        """The health report: `ok`, `overall_status`, and each endpoint's state."""
        return self.pool.health()

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name in NOT_OFFERED:
                raise AttributeError(not_offered(name))
            if name == "api_key":
                raise AttributeError("a client hides its key; with_options(api_key=…) changes it")
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __copy__(self) -> Any:
        raise _errors.make(
            _errors.HolySheepError, "a client cannot be copied or pickled: make another one"
        )

    def __deepcopy__(self, _: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return self.__copy__()

    def __repr__(self) -> str:
        config = self.pool.config()
        names = ", ".join(each["name"] for each in config["endpoints"])
        return f"<{type(self).__name__} policy={config['policy']} endpoints=[{names}]>"


def _is_async(function: Any) -> bool:
    """Whether calling it makes a coroutine: without `inspect`, which takes long to import."""
    code = code_of(function)
    return code is not None and bool(code.co_flags & _CO_COROUTINE)


def _watcher(on_attempt: Any, on_done: Any, tracing: Any, awaits: bool) -> Watcher:
    if not isinstance(tracing, (bool, type(None))):
        raise _errors.make(_errors.ConfigError, "tracing: expected True, False or None")
    if tracing:
        from importlib import import_module

        try:
            import_module(TRACING)
        except ImportError as error:
            told = f"tracing: the package opentelemetry-api is needed ({error})"
            raise _errors.make(_errors.ConfigError, told) from error
    for name, hook in (("on_attempt", on_attempt), ("on_done", on_done)):
        if hook is not None and not callable(hook):
            raise _errors.make(_errors.ConfigError, f"{name}: expected a callable")
        if not awaits and _is_async(hook):
            told = f"{name}: a coroutine function is for AsyncHolySheepClient"
            raise _errors.make(_errors.ConfigError, told)
    return Watcher(on_attempt, on_done, tracing)
