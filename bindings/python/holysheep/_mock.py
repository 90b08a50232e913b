"""`MockPool`: fake providers on loopback sockets, for tests of your own application."""

from __future__ import annotations

from . import _errors, _json, _native, _wait
from ._native import Failure
from ._object import of_anything
from ._process import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping

    from ._async_client import AsyncHolySheepClient
    from ._client import HolySheepClient


_SLICE_MS = 50


class MockPool:
    """A pool of fake endpoints, served by one thread until it is closed; a context manager.

    script: the script as a dict, as JSON text, or just its list of endpoints (MOCK.md); nothing is
    one healthy endpoint.

        with MockPool([{"replies": [{"status": 429}]}, {}]) as pool:
            client = pool.client()
            client.chat.completions.create(model="gpt-4.1", messages=[…])
            assert pool.count("primary") == 1
    """

    def __init__(
        self,
        script: Mapping[str, Any] | Iterable[Any] | str | None = None,
        **more: Any,
    ) -> None:
        given: Any = more.pop("endpoints", [{}]) if script is None else script
        if not isinstance(given, str) and not hasattr(given, "__iter__"):
            told = "script: expected a dict, a list of endpoints or JSON text"
            raise _errors.make(_errors.ConfigError, told)
        try:
            if not isinstance(given, str):
                document = given if hasattr(given, "keys") else {"endpoints": list(given)}
                given = _json.write({"version": 1, **document, **more}, "script")
            self._native: _native.Mock | None = _native.Mock(given)
            self._users = 0  # threads that are inside it
            self._closed: _native.Mock | None = None  # until they have left it
        except Failure as failure:
            raise _errors.from_failure(failure) from None

    def _ask(self, question: Callable[[_native.Mock], Any]) -> Any:
        with process.lock:
            native = self._native
            if native is None:
                raise _errors.make(_errors.ClosedError, "the mock pool is closed")
            self._users += 1
        try:
            return question(native)
        except Failure as failure:
            raise _errors.from_failure(failure) from None
        finally:
            with process.lock:
                self._users -= 1
                self._free_unused()

    def _free_unused(self) -> None:
        native = self._closed
        if native is not None and self._users == 0:
            self._closed = None
            native.close()

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of a client of this pool."""
        config: dict[str, Any] = _json.read(self._ask(lambda mock: mock.config()))
        return config

    @property
    def urls(self) -> list[str]:
        """The base URLs, in order."""
        return [endpoint["url"] for endpoint in self.config["endpoints"]]

    def client(self, **settings: Any) -> HolySheepClient:
        """A client of this pool; the arguments are those of `HolySheepClient`."""
        from ._client import HolySheepClient

        return HolySheepClient(config=self.config, **settings)

    def async_client(self, **settings: Any) -> AsyncHolySheepClient:
        """A client of this pool; the arguments are those of `AsyncHolySheepClient`."""
        from ._async_client import AsyncHolySheepClient

        return AsyncHolySheepClient(config=self.config, **settings)

    @property
    def requests(self) -> list[Any]:
        """What has arrived: objects with `endpoint`, `method`, `path`, `headers`, `key`, `model`,
        `body`, `status`, `time_ms` and `connection`."""
        requests: list[Any] = of_anything(
            _json.read(self._ask(lambda mock: mock.requests()))
        )
        return requests

    def count(self, endpoint: str = "") -> int:
        """Requests that an endpoint (or all) received."""
        count: int = self._ask(lambda mock: mock.count(endpoint))
        if count < 0:
            self._ask(lambda mock: mock.config())  # raises in a child process
            raise _errors.make(_errors.ConfigError, f"no endpoint is called {endpoint!r}")
        return count

    def wait(self, count: int, endpoint: str = "", timeout: float = 10) -> bool:
        """Waits until an endpoint (or all together) has received `count` requests; False if it has
        not within `timeout` seconds."""
        if not isinstance(count, int) or not isinstance(timeout, (int, float)):
            raise _errors.make(_errors.RequestError, "wait: expected a count and seconds")
        if endpoint:
            self.count(endpoint)  # raises if there is none of this name
        left = round(timeout * 1000)
        if _wait.is_green():
            wait = _wait.interruptibly
            return bool(self._ask(lambda mock: wait(lambda: mock.wait(endpoint, count, left), int)))
        while True:  # in slices, so that signal handlers run
            slice_ms = min(left, _SLICE_MS)
            if self._ask(lambda mock: mock.wait(endpoint, count, slice_ms)):
                return True
            left -= slice_ms
            if left <= 0:
                return False

    def set(self, endpoint: str, **script: Any) -> None:
        """Replaces one endpoint's script while it runs."""
        self._ask(lambda mock: mock.set(endpoint, _json.write(script, "script")))

    def advance(self, client: Any, seconds: float) -> None:
        """Moves the clock of the client's engine, and that of every mock pool, forward."""
        engine = getattr(getattr(client, "_client", client), "_engine", None)
        if engine is None or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e9:
            raise _errors.make(_errors.RequestError, "advance: expected a client and seconds")
        _native.mock_clock_advance(engine.native, round(seconds * 1000))

    def close(self) -> None:
        """Closes all sockets, at once or when the threads that wait in `wait` have noticed, which
        then raises ClosedError. May be called again."""
        with process.lock:
            if self._native is not None:
                self._closed, self._native = self._native, None
                self._free_unused()

    def __enter__(self) -> MockPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._native is None:
            return "<MockPool closed>"
        return f"<MockPool {', '.join(self.urls)}>"
