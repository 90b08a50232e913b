"""`RateLimitMonitor` and `RateLimitMetrics`: the tutorial's monitor, counted by the core."""

from __future__ import annotations

from _weakref import ref

from . import _errors, _json, _native
from ._native import Failure, Queue
from ._watch import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._engine import Shared

_PROMETHEUS, _OPENMETRICS = 0, 1


class RateLimitMetrics:
    """What was counted for one endpoint, at one moment."""

    endpoint_name: str
    total_requests: int
    successful_requests: int
    rate_limited_requests: int
    failed_requests: int
    total_retry_count: int
    total_latency_ms: float
    #: Unix time in seconds of the last 429.
    last_rate_limited_at: float | None
    #: Seconds from the first 429 of an episode to the next success, the last 64.
    rate_limit_recovery_times: list[float]

    def __init__(
        self,
        endpoint_name: str,
        total_requests: int = 0,
        successful_requests: int = 0,
        rate_limited_requests: int = 0,
        failed_requests: int = 0,
        total_retry_count: int = 0,
        total_latency_ms: float = 0.0,
        last_rate_limited_at: float | None = None,
        rate_limit_recovery_times: list[float] | None = None,
        **details: Any,
    ) -> None:
        self.endpoint_name = endpoint_name
        self.total_requests = total_requests
        self.successful_requests = successful_requests
        self.rate_limited_requests = rate_limited_requests
        self.failed_requests = failed_requests
        self.total_retry_count = total_retry_count
        self.total_latency_ms = total_latency_ms
        self.last_rate_limited_at = last_rate_limited_at
        self.rate_limit_recovery_times = rate_limit_recovery_times or []
        #: Latency quantiles, health and the recent past: `latency_ms`, `health`, `recent`, …
        self.details = details

    def __repr__(self) -> str:
        return (
            f"RateLimitMetrics({self.endpoint_name!r}, total_requests={self.total_requests},"
            f" successful_requests={self.successful_requests},"
            f" rate_limited_requests={self.rate_limited_requests},"
            f" failed_requests={self.failed_requests})"
        )


class RateLimitMonitor:
    """Counts requests by endpoint, judges health, raises an alert when an endpoint has answered 429
    `alert_threshold` times. Alone it counts what `record_request` tells it; `client.monitor` counts
    what its client does, in a child process from the first use of the client there. Memory is
    bounded. Threads: any."""

    def __init__(self, alert_threshold: int | None = None, window_ms: int | None = None) -> None:
        settings = {"alert_threshold": alert_threshold, "window_ms": window_ms}
        given = {name: value for name, value in settings.items() if value is not None}
        self._adopt(_guarded(lambda: _native.Monitor(_json.write(given, "settings"))), None)

    def _adopt(self, native: _native.Monitor, shared: Shared | None) -> None:
        self._native = native
        self._shared = shared
        self._listener: AlertListener | None = None

    @classmethod
    def _of(cls, native: _native.Monitor, shared: Shared) -> RateLimitMonitor:
        made = cls.__new__(cls)
        made._adopt(native, shared)
        return made

    def record_request(
        self,
        endpoint: str,
        success: bool,
        status_code: int,
        latency_ms: float,
        retry_count: int = 0,
    ) -> None:
        """Counts one HTTP request that has ended."""
        try:
            _guarded(
                lambda: self._native.record(endpoint, success, status_code, latency_ms, retry_count)
            )
        except TypeError:
            told = "record_request: expected (str, bool, int, float, int)"
            raise _errors.make(_errors.RequestError, told) from None
        self.alerts_pending()

    @property
    def alert_threshold(self) -> int:
        """429s of one endpoint that raise an alert; 0: none do."""
        settings = _json.read(_guarded(lambda: self._native.settings()))
        return settings["alert_threshold"]  # type: ignore[no-any-return]

    @alert_threshold.setter
    def alert_threshold(self, threshold: int) -> None:
        _guarded(
            lambda: self._native.set(_json.write({"alert_threshold": threshold}, "settings"))
        )

    @property
    def listen(self) -> str | None:
        """The address that was taken for `monitor={"listen": …}` of a client, with the port that
        `":0"` left to the system; None while it listens nowhere."""
        if self._shared is None:
            return None
        status = _json.read(_guarded(lambda: self._native.status()))
        return status["listen"] or None

    @property
    def metrics(self) -> dict[str, RateLimitMetrics]:
        """By endpoint, as it stands now."""
        found = _json.read(_guarded(lambda: self._native.endpoints()))
        return {each["endpoint_name"]: RateLimitMetrics(**each) for each in found}

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The last 100, the oldest first."""
        alerts: list[dict[str, Any]] = _json.read(_guarded(lambda: self._native.alerts()))
        return alerts

    @property
    def on_alert(self) -> Callable[[dict[str, Any]], Any] | None:
        """Called with each alert when it begins and when it is over: on the thread that records;
        for a client's monitor on that of the next call or stream that ends, of whichever client of
        its engine, or of `alerts_pending()`. Each client has its own; that of a client which is
        gone stays until another one of its engine sets one. What it raises goes to
        `sys.excepthook`."""
        return None if self._listener is None else self._listener.function

    @on_alert.setter
    def on_alert(self, function: Callable[[dict[str, Any]], Any] | None) -> None:
        if function is not None and not callable(function):
            raise _errors.make(_errors.RequestError, "on_alert: expected a callable")
        before = self._listener
        if before is not None and function is not None:
            before.function = function
            return
        self._listener = None if function is None else AlertListener(self, function)
        if self._shared is not None:
            self._shared.heard(before, self._listener)

    def alerts_pending(self) -> None:
        """Calls `on_alert` for what has come since: for a client's monitor, whose alerts come from
        the engine."""
        listener = self._listener
        if listener is not None:
            listener.hand_out()

    def get_metrics_summary(self) -> dict[str, Any]:
        """One flat dict: `holysheep_primary_total_requests` and so on."""
        summary: dict[str, Any] = _json.read(_guarded(lambda: self._native.summary()))
        return summary

    def export_prometheus_metrics(self) -> str:
        """The Prometheus text format."""
        text: str = _guarded(lambda: self._native.metrics(_PROMETHEUS))
        return text

    def export_openmetrics(self) -> str:
        """OpenMetrics 1.0."""
        text: str = _guarded(lambda: self._native.metrics(_OPENMETRICS))
        return text

    def get_health_report(self) -> dict[str, Any]:
        """`overall_status` and each endpoint's: "healthy", "degraded", "critical"."""
        report: dict[str, Any] = _json.read(_guarded(lambda: self._native.health()))
        return report

    def __repr__(self) -> str:
        return f"<RateLimitMonitor {list(self.metrics.values())}>"


class AlertListener:
    """Hears alerts for one monitor. Holds the native handle that they come through: they end with
    it."""

    __slots__ = ("_handle", "_owner", "_queue", "function")

    def __init__(self, owner: RateLimitMonitor, function: Callable[[dict[str, Any]], Any]) -> None:
        self._owner = ref(owner)
        self.function = function
        self.listen(owner._native)

    def listen(self, handle: _native.Monitor) -> None:
        """After fork() to the engine of the child."""
        self._handle = handle
        self._queue = Queue()
        _guarded(lambda: handle.alerts_to(self._queue))

    def is_left(self) -> bool:
        return self._owner() is None

    def hand_out(self) -> None:
        for event in _guarded(lambda: self._queue.drain(0)):
            tell(self.function, _json.read(event[2]))


def _guarded(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Failure as failure:
        error = _errors.from_failure(failure)
        if not isinstance(error, _errors.ForkedError):
            error = _errors.make(_errors.RequestError, failure.args[1])
        raise error from None
