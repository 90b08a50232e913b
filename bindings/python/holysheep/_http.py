"""The HTTP side of an answer, as far as programs look at it: what `httpx.Request` and
`httpx.Response` are to the OpenAI SDK, by the same names."""

from __future__ import annotations

from . import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from ._metadata import Headers


class Request:
    """What was asked: `method` and `url` (the path below an endpoint's base URL: which endpoint
    it was says the trace)."""

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url!r})>"


class Response:
    """What was answered. Of a stream: the head alone."""

    def __init__(
        self,
        status_code: int,
        headers: Headers,
        content: bytes,
        request: Request,
        took: float = 0.0,
    ) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.request = request
        self._took = took

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def url(self) -> str:
        return self.request.url

    @property
    def elapsed(self) -> timedelta:
        """From the call, which may have made several requests, to its end; of a stream, to its
        head."""
        from datetime import timedelta

        return timedelta(seconds=self._took)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def is_error(self) -> bool:
        return self.status_code >= 400

    def json(self) -> Any:
        return _json.read(self.text)

    def read(self) -> bytes:
        return self.content

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"
