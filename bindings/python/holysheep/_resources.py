"""`client.chat.completions.create(…)` and its like. Written once: what a method returns, an answer
or something to await, is the business of the client's `Caller`; the classes with `Async` say so to
type checkers."""

from __future__ import annotations

from . import _errors
from ._arguments import NOT_GIVEN, check_text, mapping
from ._http import Request as HTTPRequest
from ._http import Response as HTTPResponse
from ._json import is_given
from ._results import (
    ChatCompletion,
    ChatCompletionChunk,
    EmbeddingList,
    ModelList,
    Response,
    ResponseEvent,
    RetrievedModel,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, Coroutine, Generic, Mapping, TypeVar

    from ._arguments import Timeout
    from ._async_call import Listing
    from ._async_stream import AsyncStream
    from ._call import Caller
    from ._metadata import Headers
    from ._native import Outcome
    from ._signatures import (
        ChatCreate,
        EmbeddingsCreate,
        ModelsList,
        ModelsRetrieve,
        ResponsesCreate,
    )
    from ._stream import Stream
    from ._types import CallOptions

    Answer = TypeVar("Answer")
    Later = Coroutine[Any, Any, Answer]

    class _Base(Generic[Answer]):
        pass

else:

    class _Base:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


class Operation:
    """One method of a resource: its path, the class of its answers and of their pieces."""

    __slots__ = ("chunk", "lazy", "name", "needed", "path", "verb")

    def __init__(
        self, verb: str, name: str, path: str, result: Any, chunk: Any, needed: tuple[str, ...]
    ) -> None:
        self.verb = verb
        self.name = name
        self.path = path
        self.lazy = result._lazy
        self.chunk = chunk
        self.needed = needed

    def check(self, body: Mapping[str, Any]) -> None:
        """Raises if one of the members that every such request has is not there."""
        for name in self.needed:
            if name not in body or not is_given(body[name]):
                raise _errors.make(_errors.RequestError, f"{self.name}: `{name}` is missing")


class RawResponse(_Base["Answer"]):
    """An answer with its HTTP side, under the names of the OpenAI SDK's class."""

    def __init__(self, result: Any, outcome: Outcome, request: tuple[str, str]) -> None:
        self._outcome = outcome
        self._result = result
        self._request = request

    @property
    def http_response(self) -> HTTPResponse:
        """Status, headers and body; `elapsed` is from the call to its end, of a stream to its
        head."""
        metadata = self._result.holysheep
        return HTTPResponse(
            self.status_code, metadata.headers, self.content, self.http_request, metadata.took
        )

    @property
    def http_request(self) -> HTTPRequest:
        return HTTPRequest(*self._request)

    @property
    def method(self) -> str:
        return self._request[0]

    @property
    def url(self) -> str:
        """The path below the endpoint's base URL; `parse().holysheep.endpoint` is the endpoint."""
        return self._request[1]

    @property
    def retries_taken(self) -> int:
        """HTTP requests that were made for the call after the first."""
        return max(0, self._result.holysheep.attempts - 1)  # type: ignore[no-any-return]

    @property
    def status_code(self) -> int:
        return self._outcome.http_status

    @property
    def headers(self) -> Headers:
        return self._result.holysheep.headers  # type: ignore[no-any-return]

    @property
    def request_id(self) -> str | None:
        found: str | None = self.headers.get("x-request-id")
        return found

    @property
    def elapsed(self) -> timedelta:
        """From the call to its end; of a stream, to its head."""
        return self.http_response.elapsed

    @property
    def content(self) -> bytes:
        return self._outcome.body()

    @property
    def text(self) -> str:
        return self._outcome.text()

    def read(self) -> bytes:
        return self.content

    def parse(self) -> Answer:
        """What the method without `with_raw_response` returns."""
        return self._result  # type: ignore[no-any-return]

    def json(self) -> Any:
        return self._result.to_dict()

    def __reduce__(self) -> Any:
        return _raw_restored, (self._result, self._request)

    def __repr__(self) -> str:
        return f"<RawResponse [{self.status_code}] {self.method} {self.url}>"


def _raw_restored(result: Any, request: tuple[str, str]) -> RawResponse[Any]:
    return RawResponse(result, result._outcome, request)


def not_offered(name: str) -> str:
    """What using a part of the OpenAI SDK says that this package does not have."""
    return f"{name} is not offered; use request(method, path, json=…)"


class Resource:
    # No slots: tests of programs put their own `create` there.

    def __init__(self, caller: Caller, raw: bool = False) -> None:
        self._caller = caller
        self._raw = raw

    if not TYPE_CHECKING:

        @property
        def with_raw_response(self):
            """The same methods; they return a `RawResponse`."""
            return type(self)(self._caller, True)

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(not_offered(f"{type(self).__name__.lower()}.{name}"))


def _creating(operation: Operation) -> Any:
    needed, path, verb = operation.needed, operation.path, operation.verb

    def create(
        self: Resource,
        *,
        timeout: Timeout = NOT_GIVEN,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, object] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        holysheep: CallOptions | None = None,
        **body: Any,
    ) -> Any:
        for name in needed:
            if name not in body or not is_given(body[name]):
                operation.check(body)
        if extra_body:
            body.update(mapping(extra_body, "extra_body"))
        caller = self._caller
        arguments = caller.arguments(path, body, timeout, extra_headers, extra_query, holysheep)
        if "stream" in body and body["stream"] and operation.chunk is not None:
            return caller.stream(operation, arguments, self._raw)
        return caller.answer(operation, arguments, self._raw)

    create.__qualname__ = operation.name  # as its errors say it
    create.__doc__ = f"""`{verb} {path}`, with what the SDK's method takes. Arguments that it does
        not know go into the body as they are.

        timeout: seconds for the whole call; holysheep: `CallOptions` of this call, as
        `{{"allow": ["region:eu"]}}`. Raises RequestError before anything is sent."""
    return create


_MODEL = Operation("GET", "models.retrieve", "/models/{model}", RetrievedModel, None, ())
_MODELS = Operation("GET", "models.list", "/models", ModelList, None, ())


class Completions(Resource):
    """Chat completions. Arguments that `ChatCreate` does not name go into the body as they are."""

    if TYPE_CHECKING:
        create: ChatCreate[ChatCompletion, Stream[ChatCompletionChunk]]

        @property
        def with_raw_response(self) -> RawCompletions: ...

    else:
        create = _creating(
            Operation(
                "POST", "chat.completions.create", "/chat/completions", ChatCompletion,
                ChatCompletionChunk, ("messages", "model"),
            )
        )


class Embeddings(Resource):
    if TYPE_CHECKING:
        create: EmbeddingsCreate[EmbeddingList]

        @property
        def with_raw_response(self) -> RawEmbeddings: ...

    else:
        create = _creating(
            Operation(
                "POST", "embeddings.create", "/embeddings", EmbeddingList, None, ("input", "model")
            )
        )


class Responses(Resource):
    if TYPE_CHECKING:
        create: ResponsesCreate[Response, Stream[ResponseEvent]]

        @property
        def with_raw_response(self) -> RawResponses: ...

    else:
        create = _creating(
            Operation("POST", "responses.create", "/responses", Response, ResponseEvent, ())
        )


class Models(Resource):
    if TYPE_CHECKING:
        list: ModelsList[ModelList]
        retrieve: ModelsRetrieve[RetrievedModel]

        @property
        def with_raw_response(self) -> RawModels: ...

    else:

        def list(self, *, timeout=NOT_GIVEN, extra_headers=None, extra_query=None, holysheep=None):
            """The models that the endpoint knows."""
            caller = self._caller
            arguments = caller.arguments(
                "/models", None, timeout, extra_headers, extra_query, holysheep
            )
            return caller.listing(_MODELS, arguments, self._raw)

        def retrieve(
            self, model, *, timeout=NOT_GIVEN, extra_headers=None, extra_query=None, holysheep=None
        ):
            """One model, by its id."""
            from urllib.parse import quote

            check_text("model", model)
            if not model:
                raise _errors.make(_errors.RequestError, "model: expected a model's id")
            caller = self._caller
            arguments = caller.arguments(
                f"/models/{quote(model, safe='')}", None, timeout, extra_headers, extra_query,
                holysheep,
            )
            return caller.answer(_MODEL, arguments, self._raw)


class Chat:
    __slots__ = ("completions",)

    def __init__(self, caller: Caller, raw: bool = False) -> None:
        self.completions = Completions(caller, raw)


class Raw:
    """`client.with_raw_response`: the client's resources, whose methods return a `RawResponse`."""

    __slots__ = ("chat", "embeddings", "models", "responses")

    def __init__(self, caller: Caller) -> None:
        self.chat = Chat(caller, True)
        self.embeddings = Embeddings(caller, True)
        self.responses = Responses(caller, True)
        self.models = Models(caller, True)


if TYPE_CHECKING:
    _Raw = RawResponse

    class RawCompletions:
        create: ChatCreate[_Raw[ChatCompletion], _Raw[Stream[ChatCompletionChunk]]]

    class RawEmbeddings:
        create: EmbeddingsCreate[_Raw[EmbeddingList]]

    class RawResponses:
        create: ResponsesCreate[_Raw[Response], _Raw[Stream[ResponseEvent]]]

    class RawModels:
        list: ModelsList[_Raw[ModelList]]
        retrieve: ModelsRetrieve[_Raw[RetrievedModel]]

    class AsyncRawCompletions:
        create: ChatCreate[
            Later[_Raw[ChatCompletion]], Later[_Raw[AsyncStream[ChatCompletionChunk]]]
        ]

    class AsyncRawEmbeddings:
        create: EmbeddingsCreate[Later[_Raw[EmbeddingList]]]

    class AsyncRawResponses:
        create: ResponsesCreate[Later[_Raw[Response]], Later[_Raw[AsyncStream[ResponseEvent]]]]

    class AsyncRawModels:
        list: ModelsList[Later[_Raw[ModelList]]]
        retrieve: ModelsRetrieve[Later[_Raw[RetrievedModel]]]

    class AsyncCompletions:
        create: ChatCreate[Later[ChatCompletion], Later[AsyncStream[ChatCompletionChunk]]]
        with_raw_response: AsyncRawCompletions

    class AsyncEmbeddings:
        create: EmbeddingsCreate[Later[EmbeddingList]]
        with_raw_response: AsyncRawEmbeddings

    class AsyncResponses:
        create: ResponsesCreate[Later[Response], Later[AsyncStream[ResponseEvent]]]
        with_raw_response: AsyncRawResponses

    class AsyncModels:
        list: ModelsList[Listing]
        retrieve: ModelsRetrieve[Later[RetrievedModel]]
        with_raw_response: AsyncRawModels

    class AsyncChat:
        completions: AsyncCompletions

    class RawChat:
        completions: RawCompletions

    class AsyncRawChat:
        completions: AsyncRawCompletions

    class RawClient:
        chat: RawChat
        embeddings: RawEmbeddings
        responses: RawResponses
        models: RawModels

    class AsyncRawClient:
        chat: AsyncRawChat
        embeddings: AsyncRawEmbeddings
        responses: AsyncRawResponses
        models: AsyncRawModels


#: What the OpenAI SDK has besides.
NOT_OFFERED = frozenset(
    (
        "completions audio batches beta containers conversations evals files fine_tuning graders"
        " images moderations realtime skills uploads vector_stores videos webhooks"
        " with_streaming_response get post put patch delete get_api_list"
    ).split()
)
