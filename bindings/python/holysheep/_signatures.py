"""What the methods of the clients' resources take, once for every client. For editors and type
checkers only; not imported when a program runs."""

from __future__ import annotations

from typing import Any, Iterable, Literal, Mapping, Protocol, TypeVar, overload

from ._arguments import NotGiven, Timeout
from ._types import CallOptions, MessageParam

#: What a call gives, and what it gives with `stream=True`.
Whole = TypeVar("Whole", covariant=True)
Streamed = TypeVar("Streamed", covariant=True)


class ChatCreate(Protocol[Whole, Streamed]):
    """Chat completions. Arguments that are not named here go into the body as they are."""

    @overload
    def __call__(
        self,
        *,
        messages: Iterable[MessageParam | Any],
        model: str,
        stream: Literal[False] | None = None,
        temperature: float | None | NotGiven = ...,
        max_tokens: int | None | NotGiven = ...,
        max_completion_tokens: int | None | NotGiven = ...,
        top_p: float | None | NotGiven = ...,
        n: int | None | NotGiven = ...,
        stop: str | list[str] | None | NotGiven = ...,
        tools: Iterable[Any] | NotGiven = ...,
        tool_choice: Any = ...,
        response_format: Any = ...,
        seed: int | None | NotGiven = ...,
        user: str | NotGiven = ...,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Whole: ...

    @overload
    def __call__(
        self,
        *,
        messages: Iterable[MessageParam | Any],
        model: str,
        stream: Literal[True],
        stream_options: Mapping[str, Any] | None | NotGiven = ...,
        temperature: float | None | NotGiven = ...,
        max_tokens: int | None | NotGiven = ...,
        max_completion_tokens: int | None | NotGiven = ...,
        top_p: float | None | NotGiven = ...,
        n: int | None | NotGiven = ...,
        stop: str | list[str] | None | NotGiven = ...,
        tools: Iterable[Any] | NotGiven = ...,
        tool_choice: Any = ...,
        response_format: Any = ...,
        seed: int | None | NotGiven = ...,
        user: str | NotGiven = ...,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Streamed: ...

    @overload
    def __call__(
        self,
        *,
        messages: Iterable[MessageParam | Any],
        model: str,
        stream: bool,
        **body: Any,
    ) -> Whole | Streamed: ...


class ResponsesCreate(Protocol[Whole, Streamed]):
    """Responses. Arguments that are not named here go into the body as they are. A stored `prompt`
    may name the model."""

    @overload
    def __call__(
        self,
        *,
        model: str | NotGiven = ...,
        input: str | Iterable[Any] | NotGiven = ...,
        stream: Literal[False] | None = None,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Whole: ...

    @overload
    def __call__(
        self,
        *,
        model: str | NotGiven = ...,
        input: str | Iterable[Any] | NotGiven = ...,
        stream: Literal[True],
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Streamed: ...

    @overload
    def __call__(self, *, stream: bool, **body: Any) -> Whole | Streamed: ...


class EmbeddingsCreate(Protocol[Whole]):
    """Embeddings. Arguments that are not named here go into the body as they are."""

    def __call__(
        self,
        *,
        input: str | Iterable[Any],
        model: str,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Whole: ...


class ModelsList(Protocol[Whole]):
    """The models that the endpoint knows."""

    def __call__(
        self,
        *,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> Whole: ...


class ModelsRetrieve(Protocol[Whole]):
    """One model, by its id."""

    def __call__(
        self,
        model: str,
        *,
        timeout: Timeout = ...,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> Whole: ...
