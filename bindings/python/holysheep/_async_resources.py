"""`await client.chat.completions.create(…)` and its like."""

from __future__ import annotations

from ._arguments import NOT_GIVEN
from ._object import result_of
from ._resources import (
    RawResponse,
    _completion,
    _embeddings,
    _models,
    _response,
    missing,
)
from ._results import (
    ChatCompletion,
    ChatCompletionChunk,
    EmbeddingList,
    ModelList,
    Response,
    ResponseEvent,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncIterator, Generator, Iterable, Literal, Mapping, overload

    from ._arguments import Timeout
    from ._async_call import AsyncCaller
    from ._async_stream import AsyncStream
    from ._results import Model
    from ._types import CallOptions, MessageParam


class AsyncResource:
    __slots__ = ("_caller",)

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        path = type(self).__name__.removeprefix("Async").lower()
        raise AttributeError(f"{path}.{name} is not offered; use request(method, path, json=…)")


class AsyncRawCompletions(AsyncResource):
    async def create(
        self,
        *,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> RawResponse:
        missing("chat.completions.create", ("messages", "model"), body)
        if extra_body:
            body.update(extra_body)
        caller = self._caller
        arguments = caller.arguments(
            "/chat/completions", body, timeout, extra_headers, extra_query, holysheep
        )
        return RawResponse(_completion, await caller.outcome("POST", arguments))


class AsyncCompletions(AsyncResource):
    """Chat completions. Arguments that are not named here go into the body as they are."""

    __slots__ = ()

    @property
    def with_raw_response(self) -> AsyncRawCompletions:
        return AsyncRawCompletions(self._caller)

    if TYPE_CHECKING:

        @overload
        async def create(
            self,
            *,
            messages: Iterable[MessageParam | Any],
            model: str,
            stream: Literal[False] | None = None,
            temperature: float | None = ...,
            max_tokens: int | None = ...,
            max_completion_tokens: int | None = ...,
            top_p: float | None = ...,
            n: int | None = ...,
            stop: str | list[str] | None = ...,
            tools: Iterable[Any] = ...,
            tool_choice: Any = ...,
            response_format: Any = ...,
            seed: int | None = ...,
            user: str = ...,
            timeout: Timeout = ...,
            extra_headers: Mapping[str, str] | None = None,
            extra_query: Mapping[str, object] | None = None,
            extra_body: Mapping[str, Any] | None = None,
            holysheep: CallOptions | None = None,
            **body: Any,
        ) -> ChatCompletion: ...

        @overload
        async def create(
            self,
            *,
            messages: Iterable[MessageParam | Any],
            model: str,
            stream: Literal[True],
            stream_options: Mapping[str, Any] | None = ...,
            temperature: float | None = ...,
            max_tokens: int | None = ...,
            max_completion_tokens: int | None = ...,
            top_p: float | None = ...,
            n: int | None = ...,
            stop: str | list[str] | None = ...,
            tools: Iterable[Any] = ...,
            tool_choice: Any = ...,
            response_format: Any = ...,
            seed: int | None = ...,
            user: str = ...,
            timeout: Timeout = ...,
            extra_headers: Mapping[str, str] | None = None,
            extra_query: Mapping[str, object] | None = None,
            extra_body: Mapping[str, Any] | None = None,
            holysheep: CallOptions | None = None,
            **body: Any,
        ) -> AsyncStream[ChatCompletionChunk]: ...

        async def create(self, **body: Any) -> Any: ...

    else:

        async def create(
            self,
            *,
            timeout=NOT_GIVEN,
            extra_headers=None,
            extra_query=None,
            extra_body=None,
            holysheep=None,
            **body,
        ):
            if "messages" not in body or "model" not in body:
                missing("chat.completions.create", ("messages", "model"), body)
            if extra_body:
                body.update(extra_body)
            caller = self._caller
            arguments = caller.arguments(
                "/chat/completions", body, timeout, extra_headers, extra_query, holysheep
            )
            if "stream" in body and body["stream"]:
                return await caller.stream(ChatCompletionChunk, arguments)
            made = _completion.__new__(_completion)
            made._outcome = await caller.outcome("POST", arguments)
            return made


class AsyncChat:
    __slots__ = ("completions",)

    def __init__(self, caller: AsyncCaller) -> None:
        self.completions = AsyncCompletions(caller)


class AsyncEmbeddings(AsyncResource):
    __slots__ = ()

    async def create(
        self,
        *,
        input: str | Iterable[Any],
        model: str,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> EmbeddingList:
        body = {"input": input, "model": model, **body, **(extra_body or {})}
        caller = self._caller
        arguments = caller.arguments(
            "/embeddings", body, timeout, extra_headers, extra_query, holysheep
        )
        made: EmbeddingList = result_of(_embeddings, await caller.outcome("POST", arguments))
        return made


class AsyncResponses(AsyncResource):
    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        async def create(
            self,
            *,
            model: str,
            input: str | Iterable[Any] = ...,
            stream: Literal[False] | None = None,
            timeout: Timeout = ...,
            extra_headers: Mapping[str, str] | None = None,
            extra_query: Mapping[str, object] | None = None,
            extra_body: Mapping[str, Any] | None = None,
            holysheep: CallOptions | None = None,
            **body: Any,
        ) -> Response: ...

        @overload
        async def create(
            self,
            *,
            model: str,
            input: str | Iterable[Any] = ...,
            stream: Literal[True],
            timeout: Timeout = ...,
            extra_headers: Mapping[str, str] | None = None,
            extra_query: Mapping[str, object] | None = None,
            extra_body: Mapping[str, Any] | None = None,
            holysheep: CallOptions | None = None,
            **body: Any,
        ) -> AsyncStream[ResponseEvent]: ...

        async def create(self, **body: Any) -> Any: ...

    else:

        async def create(
            self,
            *,
            timeout=NOT_GIVEN,
            extra_headers=None,
            extra_query=None,
            extra_body=None,
            holysheep=None,
            **body,
        ):
            if extra_body:
                body.update(extra_body)
            caller = self._caller
            arguments = caller.arguments(
                "/responses", body, timeout, extra_headers, extra_query, holysheep
            )
            if body.get("stream"):
                return await caller.stream(ResponseEvent, arguments)
            return result_of(_response, await caller.outcome("POST", arguments))


class _Listing:
    """`await` gives the list, `async for` its models."""

    __slots__ = ("_arguments", "_caller")

    def __init__(self, caller: AsyncCaller, arguments: tuple[Any, ...]) -> None:
        self._caller = caller
        self._arguments = arguments

    async def _get(self) -> ModelList:
        made: ModelList = result_of(_models, await self._caller.outcome("GET", self._arguments))
        return made

    def __await__(self) -> Generator[Any, Any, ModelList]:
        return self._get().__await__()

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in await self._get():
            yield model


class AsyncModels(AsyncResource):
    __slots__ = ()

    def list(
        self,
        *,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> _Listing:
        caller = self._caller
        arguments = caller.arguments(
            "/models", None, timeout, extra_headers, extra_query, holysheep
        )
        return _Listing(caller, arguments)
