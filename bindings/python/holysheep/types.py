"""The classes of answers and of what stands beside them, for annotations:

    from holysheep.types import ChatCompletion, Stream
"""

from __future__ import annotations

from ._async_stream import AsyncStream
from ._check import Check, ServiceCheck
from ._metadata import Attempt, Headers, Metadata
from ._pool import Pool
from ._resources import RawResponse
from ._results import (
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    Delta,
    Embedding,
    EmbeddingList,
    Message,
    Model,
    ModelList,
    Response,
    ResponseEvent,
    RetrievedModel,
    ToolCall,
    Usage,
)
from ._stream import Stream
from ._types import CallOptions, EndpointConfig, MessageParam

__all__ = [
    "AsyncStream",
    "Attempt",
    "CallOptions",
    "ChatCompletion",
    "ChatCompletionChunk",
    "Check",
    "Choice",
    "Delta",
    "Embedding",
    "EmbeddingList",
    "EndpointConfig",
    "Headers",
    "Message",
    "MessageParam",
    "Metadata",
    "Model",
    "ModelList",
    "Pool",
    "RawResponse",
    "Response",
    "ResponseEvent",
    "RetrievedModel",
    "ServiceCheck",
    "Stream",
    "ToolCall",
    "Usage",
]
