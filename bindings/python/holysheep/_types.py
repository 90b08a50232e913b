"""Shapes of arguments, for editors and type checkers. Not imported when a program runs."""

from __future__ import annotations

from typing import Any, Iterable, Literal, Mapping, TypedDict, Union


class MessageParam(TypedDict, total=False):
    """One message of a chat. Results of earlier calls are accepted in its place."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Union[str, Iterable[Any], None]
    name: str
    tool_calls: Iterable[Any]
    tool_call_id: str


class RetryOptions(TypedDict, total=False):
    max_attempts: int
    rate_limited_counts: bool


class CallOptions(TypedDict, total=False):
    """`holysheep=` of one call: CONFIGURATION.md, "Options of a call"."""

    allow: list[str]
    endpoint: str
    max_wait_ms: int
    fallback_models: list[str]
    retry: RetryOptions
    time_limits: Mapping[str, int]
    stream_recovery: Literal["error", "restart", "buffer"]
    include_usage: bool
    replay: Literal["free", "bound", "once"]
    tag: str


class EndpointConfig(TypedDict, total=False):
    """One of `endpoints`: CONFIGURATION.md, "Endpoint"."""

    name: str
    url: str
    api_key: Union[str, Mapping[str, str]]
    share_key: bool
    auth: Literal["bearer", "api-key", "x-api-key", "none"]
    headers: Mapping[str, str]
    query: Mapping[str, str]
    models: list[str]
    model_names: Mapping[str, str]
    weight: float
    priority: int
    labels: Mapping[str, str]
    quota_group: str
