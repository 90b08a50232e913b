"""`HolySheepFailoverClient`: the tutorial's class, on the engine with policy `document`."""

from __future__ import annotations

from . import _errors
from ._client import HolySheepClient
from ._endpoint import Endpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from ._check import ServiceCheck
    from ._results import ChatCompletion


class HolySheepFailoverClient:
    """Tries the endpoints in turn; one that answers 429 rests for a while.

    The class attributes are read when a client is made: assign to them or override them in a
    subclass. They are templates; the state of a client's endpoints is in `endpoints`.

    Logging: `logging.getLogger("holysheep")`.
    """

    ENDPOINTS: ClassVar[list[Endpoint]] = [
        Endpoint(url="https://api.holysheep.ai/v1/chat/completions", name="primary"),
        Endpoint(url="https://backup1.holysheep.ai/v1/chat/completions", name="backup-1"),
        Endpoint(url="https://backup2.holysheep.ai/v1/chat/completions", name="backup-2"),
    ]
    MAX_RETRIES: ClassVar[int] = 3  # HTTP requests in all
    RETRY_DELAY_BASE: ClassVar[float] = 1.0  # seconds; doubles with each attempt
    COOLDOWN_PERIOD: ClassVar[float] = 60.0  # seconds

    def __init__(self, api_key: str | None = None, **settings: Any) -> None:
        cooldown_ms = max(1, round(_number(self, "COOLDOWN_PERIOD") * 1000))
        attempts = _number(self, "MAX_RETRIES")
        if attempts != int(attempts) or attempts < 1:
            raise _errors.make(_errors.ConfigError, "MAX_RETRIES: expected a whole number from 1")
        self._templates = [_template(each) for each in self.ENDPOINTS]
        self._client = HolySheepClient(
            api_key,
            policy="document",
            endpoints=[
                {"name": each.name, "url": each.url, "share_key": True} for each in self._templates
            ],
            retry={
                "max_attempts": int(attempts),
                "base_delay_ms": round(_number(self, "RETRY_DELAY_BASE") * 1000),
            },
            cooldown_ms=cooldown_ms,
            cooldown_base_ms=cooldown_ms,
            **settings,
        )

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints as they are now."""
        live = self._client.pool.endpoints
        for endpoint, template in zip(live, self._templates):
            endpoint.url = template.url
        return live

    @property
    def current_endpoint_index(self) -> int:
        """Where the next call begins to look. The engine's to change, as calls fail."""
        index: int = self._client.pool.status()["current_endpoint"]
        return index

    def chat_completion_with_failover(
        self,
        model: str,
        messages: list[Any],
        temperature: float = 0.7,
        max_tokens: int | None = None,
    ) -> dict[str, Any]:
        """The answer as a plain dict. Raises AllEndpointsFailedError, which is also the class of
        the last cause, when every attempt failed."""
        body: dict[str, Any] = {"model": model, "messages": messages, "temperature": temperature}
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        answer: ChatCompletion = self._client.chat.completions.create(**body)
        return answer.model_dump()

    def check_service(self, url: str | None = None) -> ServiceCheck:
        """As `HolySheepClient.check_service`: the tutorial's `check_holysheep_status()`."""
        return self._client.check_service(url)

    def close(self, timeout: float = 0) -> bool:
        """As `HolySheepClient.close`."""
        return self._client.close(timeout)

    def __enter__(self) -> HolySheepFailoverClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __copy__(self) -> Any:
        raise _errors.make(
            _errors.HolySheepError, "a client cannot be copied or pickled: make another one"
        )

    def __deepcopy__(self, _: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return self.__copy__()

    def __repr__(self) -> str:
        states = ", ".join(f"{each.name}: {each.status.value}" for each in self.endpoints)
        return f"<HolySheepFailoverClient {states}>"


def _number(client: HolySheepFailoverClient, name: str) -> float:
    value: float = getattr(client, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
        raise _errors.make(_errors.ConfigError, f"{name}: expected a number, 0 or more")
    return value


def _template(entry: Any) -> Endpoint:
    """An endpoint, also as a dict of the same members."""
    if isinstance(entry, Endpoint):
        return entry
    try:
        return Endpoint(url=entry["url"], name=entry["name"])
    except (KeyError, TypeError):
        told = "ENDPOINTS: expected Endpoints, or dicts with url and name"
        raise _errors.make(_errors.ConfigError, told) from None
