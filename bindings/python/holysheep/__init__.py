"""HolySheep keeps calls to LLM APIs going.

    from holysheep import HolySheepClient

    client = HolySheepClient()  # the key is in HOLYSHEEP_API_KEY
    answer = client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "Say hello"}]
    )
    print(answer.choices[0].message.content)

`HolySheepClient` and `AsyncHolySheepClient` look like the OpenAI SDK's clients; the engine behind
them is native and does the rest. `HolySheepFailoverClient` is the tutorial's class. `MockPool` is a
pool of fake providers for tests.
"""

from __future__ import annotations

from . import _interpreter, _native
from ._arguments import NOT_GIVEN, omit
from ._client import HolySheepClient
from ._endpoint import Endpoint, EndpointStatus
from ._errors import (
    AllEndpointsFailedError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CancelledError,
    ClosedError,
    ConfigError,
    ConflictError,
    ForkedError,
    HolySheepError,
    InternalServerError,
    LimitError,
    NoRouteError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestError,
    StreamInterruptedError,
    UnprocessableEntityError,
)
from ._failover import HolySheepFailoverClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._async_client import AsyncHolySheepClient
    from ._mock import MockPool
    from ._monitor import RateLimitMetrics, RateLimitMonitor

#: "0.1.0 libcurl/… OpenSSL/…": this package and what it runs on.
version: str = _native.version()
__version__ = version.split(" ", 1)[0]

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AllEndpointsFailedError",
    "AsyncHolySheepClient",
    "AuthenticationError",
    "BadRequestError",
    "CancelledError",
    "ClosedError",
    "ConfigError",
    "ConflictError",
    "Endpoint",
    "EndpointStatus",
    "ForkedError",
    "HolySheepClient",
    "HolySheepError",
    "HolySheepFailoverClient",
    "InternalServerError",
    "LimitError",
    "MockPool",
    "NoRouteError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitMetrics",
    "RateLimitMonitor",
    "RequestError",
    "StreamInterruptedError",
    "UnprocessableEntityError",
    "omit",
    "version",
]

# Loaded when first asked for: not every program needs them.
_LATER = {
    "AsyncHolySheepClient": "_async_client",
    "MockPool": "_mock",
    "RateLimitMetrics": "_monitor",
    "RateLimitMonitor": "_monitor",
}


def __getattr__(name: str) -> Any:
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module 'holysheep' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module("." + module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
