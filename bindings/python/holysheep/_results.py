"""Classes of the answers that have one. Members stand here for editors and type checkers, and read
as None where an answer lacks them; members that are not listed are there all the same."""

from __future__ import annotations

from ._object import Object, Result, of, plain_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator


_new: Any = object.__new__


class Function(Object):
    name: str
    arguments: str


class ToolCall(Object):
    _ours = ("index",)
    index: int
    id: str
    type: str
    function: Function
    _nested = {"function": Function}


class Message(Object):
    _ours = ("reasoning", "reasoning_content")
    role: str
    content: str | None
    refusal: str | None
    reasoning: str | None
    reasoning_content: str | None
    tool_calls: list[ToolCall] | None
    function_call: Function | None
    annotations: list[Any] | None
    audio: Any
    _nested = {"tool_calls": ToolCall, "function_call": Function}


class Choice(Object):
    index: int
    message: Message
    finish_reason: str
    logprobs: Any
    _nested = {"message": Message}


class TokenDetails(Object):
    cached_tokens: int | None
    reasoning_tokens: int | None
    audio_tokens: int | None


class Usage(Object):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: TokenDetails | None
    completion_tokens_details: TokenDetails | None
    _nested = {
        "prompt_tokens_details": TokenDetails,
        "completion_tokens_details": TokenDetails,
    }


class ChatCompletion(Result):
    """The answer of `chat.completions.create`."""

    __slots__ = ()
    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None
    service_tier: str | None
    system_fingerprint: str | None
    _nested = {"choices": Choice, "usage": Usage}
    _openai = ("openai.types.chat", "ChatCompletion")

    @property
    def output_text(self) -> str:
        """The text of the first choice; "" if it has none."""
        for choice in self.choices or ():
            message = getattr(choice, "message", None)
            return getattr(message, "content", None) or ""
        return ""


class Delta(Object):
    _ours = ("reasoning", "reasoning_content")
    role: str | None
    content: str | None
    refusal: str | None
    reasoning: str | None
    reasoning_content: str | None
    tool_calls: list[ToolCall] | None
    function_call: Function | None
    _nested = {"tool_calls": ToolCall, "function_call": Function}


class ChunkChoice(Object):
    index: int
    delta: Delta
    finish_reason: str | None
    logprobs: Any
    _nested = {"delta": Delta}


class ChatCompletionChunk(Object):
    """One piece of a streamed chat completion."""

    id: str
    object: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None
    service_tier: str | None
    system_fingerprint: str | None
    _nested = {"choices": ChunkChoice, "usage": Usage}
    _openai = ("openai.types.chat", "ChatCompletionChunk")

    def _text(self) -> str | None:
        return self._text_of(self.__dict__)

    @staticmethod
    def _delivered(data: dict[str, Any]) -> tuple[ChatCompletionChunk, str | None]:
        """The object of a piece, and its text. Most pieces are one choice with a content."""
        try:
            choices = data["choices"]
            (choice,) = choices
            delta = choice["delta"]
            text: Any = delta["content"]
        except (KeyError, TypeError, ValueError):
            return ChatCompletionChunk._other(data)
        if len(delta) != 1 or text.__class__ is not str or data.get("usage") is not None:
            return ChatCompletionChunk._other(data)
        made = _new(Delta)
        made.__dict__ = delta
        choice["delta"] = made
        made = _new(ChunkChoice)
        made.__dict__ = choice
        choices[0] = made
        made = _new(ChatCompletionChunk)
        made.__dict__ = data
        return made, text

    @staticmethod
    def _other(data: dict[str, Any]) -> tuple[ChatCompletionChunk, str | None]:
        text = ChatCompletionChunk._text_of(data)
        return of(ChatCompletionChunk, data), text

    @staticmethod
    def _text_of(data: dict[str, Any]) -> str | None:
        """Of the first choice, whatever else the provider sends; data or objects made of it."""
        choices = data.get("choices")
        choice = choices[0] if choices.__class__ is list and choices else None
        delta = plain_of(choice).get("delta")
        content = plain_of(delta).get("content")
        return content if content.__class__ is str else None


class Embedding(Object):
    index: int
    object: str
    embedding: list[float]


class EmbeddingList(Result):
    """The answer of `embeddings.create`."""

    __slots__ = ()
    object: str
    model: str
    data: list[Embedding]
    usage: Usage
    _nested = {"data": Embedding, "usage": Usage}
    _openai = ("openai.types", "CreateEmbeddingResponse")


class ContentPart(Object):
    type: str
    text: str
    annotations: list[Any] | None


class OutputItem(Object):
    _ours = ("role", "status", "content", "name", "arguments", "call_id")  # by its type
    id: str
    type: str
    role: str | None
    status: str | None
    content: list[ContentPart] | None
    name: str | None
    arguments: str | None
    call_id: str | None
    _nested = {"content": ContentPart}


class ResponseUsage(Object):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: TokenDetails | None
    output_tokens_details: TokenDetails | None
    _nested = {"input_tokens_details": TokenDetails, "output_tokens_details": TokenDetails}


class Response(Result):
    """The answer of `responses.create`."""

    __slots__ = ()
    id: str
    object: str
    created_at: float
    model: str
    status: str | None
    error: Any
    output: list[OutputItem]
    usage: ResponseUsage | None
    _nested = {"output": OutputItem, "usage": ResponseUsage}
    _openai = ("openai.types.responses", "Response")

    @property
    def output_text(self) -> str:
        """The text of all messages of the output."""
        return "".join(
            part.text or ""
            for item in self.output or ()
            if item.type == "message"
            for part in item.content or ()
            if part.type == "output_text"
        )


class ResponseEvent(Object):
    """One event of a streamed response; `response`, `delta` and others by its `type`."""

    type: str
    sequence_number: int
    delta: str | None

    def _text(self) -> str | None:
        return self._text_of(self.__dict__)

    @staticmethod
    def _delivered(data: dict[str, Any]) -> tuple[ResponseEvent, str | None]:
        return of(ResponseEvent, data), ResponseEvent._text_of(data)

    @staticmethod
    def _text_of(data: dict[str, Any]) -> str | None:
        delta = data.get("delta") if data.get("type") == "response.output_text.delta" else None
        return delta if delta.__class__ is str else None


class Model(Object):
    id: str
    object: str
    created: int
    owned_by: str


class RetrievedModel(Model, Result):
    """The answer of `models.retrieve`."""

    __slots__ = ()
    id: str
    object: str
    created: int
    owned_by: str
    _openai = ("openai.types", "Model")


class ModelList(Result):
    """The answer of `models.list`; iterating gives the models."""

    __slots__ = ()
    object: str
    data: list[Model]
    _nested = {"data": Model}

    def __iter__(self) -> Iterator[Model]:
        return iter(self.data or ())
