"""What the client and its async twin share: construction, views, the pool, closing."""

from __future__ import annotations

import os

from . import _errors, _log
from ._arguments import NOT_GIVEN, Defaults, configuration, is_given
from ._call import Caller
from ._engine import Engine
from ._hooks import Hooks
from ._pool import Pool
from ._resources import NOT_OFFERED, NotOffered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, TypeVar

    from ._monitor import RateLimitMonitor

    Self = TypeVar("Self", bound="BaseClient")

#: What `with_options` changes for a view of the same engine; all else makes a new client.
_OF_A_VIEW = ("timeout", "max_retries", "default_headers", "default_query", "extra")


class BaseClient:
    __slots__ = ("__weakref__", "_arguments", "_caller", "_engine", "_hooks", "pool")

    #: Endpoints as they are now; also metrics and the configuration in force.
    pool: Pool

    def _open(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        given = dict(arguments)
        self._hooks = Hooks.of(given.pop("on_attempt"), given.pop("on_done"))
        settings = given.pop("settings")
        if given["config"] is None:
            given["config"] = os.environ.get("HOLYSHEEP_CONFIG") or None
        source = given["api_key"]
        key_source: Callable[[], Any] | None = None
        if callable(source):
            key_source = source
            given["api_key"], settings = self._first_key(source), {**settings, "isolated": True}
        elif source is not None and not isinstance(source, (str, dict)):
            raise _errors.make(
                _errors.ConfigError, "api_key: expected a string or a callable that returns one"
            )
        document = configuration(settings=dict(settings), **given)
        self._start(Engine(document, key_source), Defaults())
        _log.attach(self._engine)

    def _first_key(self, source: Callable[[], Any]) -> str:
        key = source()
        if not isinstance(key, str):
            raise _errors.make(_errors.ConfigError, "api_key: the callable returned no string")
        return key

    def _start(self, engine: Engine, defaults: Defaults) -> None:
        self._engine = engine
        self._caller = self._make_caller(engine, defaults, self._hooks)
        self.pool = Pool(engine)
        self._resources(self._caller)

    def _make_caller(self, engine: Engine, defaults: Defaults, hooks: Hooks | None) -> Caller:
        return Caller(engine, defaults, hooks)

    def _resources(self, caller: Caller) -> None:
        raise NotImplementedError

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
        if more:
            known = {name: more.pop(name) for name in tuple(more) if name in self._arguments}
            merged = {**self._arguments, **known}
            merged["settings"] = {**merged["settings"], **more}
            made._open(merged)
        else:
            made._arguments = self._arguments
            made._hooks = self._hooks
            made._start(self._engine, self._caller.defaults)
        options = dict(holysheep or {})
        if is_given(max_retries):
            options["retry"] = {**options.get("retry", {}), "max_attempts": max_retries + 1}
        defaults = made._caller.defaults.changed(timeout, default_headers, default_query, options)
        made._start(made._engine, defaults)
        return made

    copy = with_options

    @property
    def monitor(self) -> RateLimitMonitor:
        """Counts what the engine of this client does, for all clients that share it."""
        from ._monitor import RateLimitMonitor

        return RateLimitMonitor._of(self._engine.ask(lambda native: native.monitor()))

    def metrics(self) -> str:
        """Metrics in the Prometheus text format."""
        return self.pool.metrics()

    def health(self) -> dict[str, Any]:
        """The health report: `ok`, `overall_status`, and each endpoint's state."""
        return self.monitor.get_health_report()

    def __getattr__(self, name: str) -> Any:
        if name in NOT_OFFERED:
            return NotOffered(name)
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


def gathered(local: dict[str, Any]) -> dict[str, Any]:
    """A constructor's arguments as they are kept."""
    return {name: value for name, value in local.items() if name not in ("self", "__class__")}
