"""`client.chat.completions.create(…)` and its like, without an event loop."""

from __future__ import annotations

from . import _errors
from ._arguments import NOT_GIVEN
from ._call import Caller
from ._object import result_of
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
    from typing import Any, Iterable, Literal, Mapping, overload

    from ._arguments import Timeout
    from ._native import Outcome
    from ._stream import Stream
    from ._types import CallOptions, MessageParam

_completion = ChatCompletion._lazy
_embeddings = EmbeddingList._lazy
_response = Response._lazy
_models = ModelList._lazy


def missing(method: str, names: tuple[str, ...], body: Mapping[str, Any]) -> None:
    """Raises if one of the members that every such request has is not there."""
    for name in names:
        if name not in body:
            raise _errors.make(_errors.RequestError, f"{method}: `{name}` is missing")


class NotOffered:
    """A part of the OpenAI SDK that this package does not have: using it says what to do."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self._name}.{name} is not offered; use request(method, path, json=…)"
        )


class RawResponse:
    """An answer with its HTTP side: `status_code`, `headers`, `content`, `text`, `parse()`."""

    def __init__(self, lazy: type[Any], outcome: Outcome) -> None:
        self._outcome = outcome
        self._result = result_of(lazy, outcome)

    @property
    def status_code(self) -> int:
        return self._outcome.http_status

    @property
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = self._result.holysheep.headers
        return headers

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def content(self) -> bytes:
        return self._outcome.body()

    @property
    def text(self) -> str:
        return self._outcome.text()

    def parse(self) -> Any:
        """What the method without `with_raw_response` returns."""
        return self._result

    def json(self) -> Any:
        return self._result.to_dict()


class Resource:
    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        path = type(self).__name__.lower()
        raise AttributeError(f"{path}.{name} is not offered; use request(method, path, json=…)")


class RawCompletions(Resource):
    def create(
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
        return RawResponse(_completion, caller.outcome("POST", arguments))


class Completions(Resource):
    """Chat completions. Arguments that are not named here go into the body as they are."""

    __slots__ = ()

    @property
    def with_raw_response(self) -> RawCompletions:
        return RawCompletions(self._caller)

    if TYPE_CHECKING:

        @overload
        def create(
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
        def create(
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
        ) -> Stream[ChatCompletionChunk]: ...

        def create(self, **body: Any) -> Any: ...

    else:

        def create(
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
                return caller.stream(ChatCompletionChunk, arguments)
            made = _completion.__new__(_completion)
            made._outcome = caller.outcome("POST", arguments)
            return made


class Chat:
    __slots__ = ("completions",)

    def __init__(self, caller: Caller) -> None:
        self.completions = Completions(caller)


class Embeddings(Resource):
    __slots__ = ()

    def create(
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
        made: EmbeddingList = result_of(_embeddings, caller.outcome("POST", arguments))
        return made


class Responses(Resource):
    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def create(
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
        def create(
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
        ) -> Stream[ResponseEvent]: ...

        def create(self, **body: Any) -> Any: ...

    else:

        def create(
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
                return caller.stream(ResponseEvent, arguments)
            return result_of(_response, caller.outcome("POST", arguments))


class Models(Resource):
    __slots__ = ()

    def list(
        self,
        *,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        holysheep: CallOptions | None = None,
    ) -> ModelList:
        caller = self._caller
        arguments = caller.arguments(
            "/models", None, timeout, extra_headers, extra_query, holysheep
        )
        made: ModelList = result_of(_models, caller.outcome("GET", arguments))
        return made


#: What the OpenAI SDK has besides.
NOT_OFFERED = frozenset(
    (
        "completions audio batches beta containers conversations evals files fine_tuning graders"
        " images moderations realtime skills uploads vector_stores videos webhooks"
    ).split()
)
