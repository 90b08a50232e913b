"""The errors: one tree, named as the OpenAI SDK names its own.

    HolySheepError
      APIError
        APIConnectionError
          APITimeoutError
        APIStatusError
          BadRequestError 400, AuthenticationError 401, PermissionDeniedError 403,
          NotFoundError 404, ConflictError 409, UnprocessableEntityError 422,
          RateLimitError 429, InternalServerError 5xx
        APIResponseValidationError   an answer that is none
        StreamInterruptedError       after content was delivered; `.partial`
      AllEndpointsFailedError        always together with the class of the last cause
      ConfigError                    also a ValueError; nothing was sent
      RequestError                   also a ValueError; nothing was sent
      NoRouteError, LimitError, ClosedError, ForkedError, CancelledError

A handler for the `openai` package's class of the same name catches ours too, and one for its
`OpenAIError` all of them: where that package is loaded when an error is raised, the error is an
instance of both. It is never imported from here.

No text holds a key, a prompt or an answer: `str(error)` is made of typed fields and of the engine's
own words. What the provider said stands in `body`, what a stream had said in `partial`.
"""

from __future__ import annotations

import sys

from . import _json
from ._http import Request, Response
from ._metadata import Attempt, Headers, headers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Failure, Outcome

_FLAG_ALL_ENDPOINTS_FAILED = 1
_FLAG_RETRYABLE = 2
_FLAG_NOTHING_SENT = 4
_FLAG_MAYBE_BILLED = 8


class HolySheepError(Exception):
    """Everything that this package raises."""

    message: str
    #: HTTP status of the last cause; None if there was none.
    status_code: int | None = None
    #: The provider's typed fields.
    code: str | None = None
    type: str | None = None
    param: str | None = None
    request_id: str | None = None
    #: The provider's error object, or its text.
    body: Any = None
    #: Seconds until the same call may succeed, where that is known.
    retry_after: float | None = None
    #: Name of the endpoint of the last cause.
    endpoint: str | None = None
    #: One for each HTTP request that was made: endpoint, model, status, verdict, why, …
    trace: list[Attempt]
    #: HTTP requests that were made.
    attempts: int = 0
    #: What the last cause was taken for: "rate_limited", "overloaded", "network", …
    verdict: str | None = None
    #: The same call may succeed later.
    retryable: bool = False
    #: An attempt was sent in full and not answered; the provider may charge for it.
    maybe_billed: bool = False

    _request: tuple[str, str] = ("POST", "")
    _headers: Headers = Headers()
    _text: str = ""

    def __init__(self, message: str = "", **fields: Any) -> None:
        Exception.__init__(self, message)
        self.trace = []
        self.message = message
        self.__dict__.update(fields)

    @property
    def request(self) -> Request:
        return Request(*self._request)

    def __reduce__(self) -> tuple[Any, ...]:
        all_failed = isinstance(self, AllEndpointsFailedError)
        state = dict(self.__dict__)
        return _restore, (_plain_name(type(self)), all_failed, state, self.__cause__)


class APIError(HolySheepError):
    """The call was made, or begun, and did not succeed."""


class APIConnectionError(APIError):
    """No answer: connecting failed, the connection broke, or this machine has no network."""


class APITimeoutError(APIConnectionError):
    """A time limit passed."""


class _WithResponse(APIError):
    @property
    def response(self) -> Response:
        """The answer that the error is about."""
        content = self._text.encode("utf-8", "replace")
        return Response(self.status_code or 0, self._headers, content, self.request)


class APIStatusError(_WithResponse):
    """The answer was an HTTP status that is no success."""


class BadRequestError(APIStatusError):
    """400 or 413."""


class AuthenticationError(APIStatusError):
    """401."""


class PermissionDeniedError(APIStatusError):
    """403."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429; also if every endpoint was limited and nothing was sent."""


class InternalServerError(APIStatusError):
    """5xx."""


class APIResponseValidationError(_WithResponse):
    """A success that is none: HTML, broken JSON, an empty body."""


class StreamInterruptedError(APIError):
    """A stream broke after content had been delivered."""

    #: The text that had been delivered.
    partial: str = ""


class AllEndpointsFailedError(HolySheepError):
    """Every endpoint was tried or ruled out. Also an instance of the last cause's class."""


class ConfigError(HolySheepError, ValueError):
    """The client's configuration or an argument of its constructor. Nothing was sent."""


class RequestError(HolySheepError, ValueError):
    """An argument of a call; the message names it. Nothing was sent."""


class NoRouteError(HolySheepError):
    """`allow` or `models` leave no endpoint to send to. Nothing was sent."""


class LimitError(HolySheepError):
    """One of the client's own limits (calls, bytes, budget) is reached. Nothing was sent."""


class ClosedError(HolySheepError, RuntimeError):
    """The client is closed."""


class ForkedError(HolySheepError, RuntimeError):
    """The call was begun in the parent process, before fork()."""


class CancelledError(HolySheepError):
    """The call was cancelled: its client was closed meanwhile."""


_BY_STATUS: dict[int, type[HolySheepError]] = {
    -1: RequestError,
    -3: ClosedError,
    -5: ForkedError,
    -6: LimitError,
    -100: ConfigError,
    -101: ConfigError,
    -102: RequestError,
    -103: NoRouteError,
    -104: LimitError,
    -200: APIConnectionError,
    -201: APITimeoutError,
    -202: StreamInterruptedError,
    -203: CancelledError,
    -204: APIConnectionError,
    -205: APIResponseValidationError,
    -300: BadRequestError,
    -301: AuthenticationError,
    -303: PermissionDeniedError,
    -304: NotFoundError,
    -309: ConflictError,
    -322: UnprocessableEntityError,
    -329: RateLimitError,
    -350: InternalServerError,
    -399: APIStatusError,
}
_made: dict[tuple[object, ...], type[HolySheepError]] = {}


def _plain_name(kind: type) -> str:
    """The name of the package's own class behind a class that was made when raising."""
    for each in kind.__mro__:
        if each.__module__ == __name__ and each is not AllEndpointsFailedError:
            if globals().get(each.__name__) is each:
                return str(each.__name__)
    return "HolySheepError"


def _class_of(plain: type[HolySheepError], all_failed: bool) -> type[HolySheepError]:
    """The class to raise: `plain`, together with what else must catch it."""
    openai = sys.modules.get("openai")
    foreign = None
    if openai is not None:
        root = "APIError" if issubclass(plain, APIError) else "OpenAIError"
        foreign = getattr(openai, plain.__name__, None) or getattr(openai, root, None)
    if not isinstance(foreign, type) or not issubclass(foreign, Exception):
        foreign = None
    if not all_failed and foreign is None:
        return plain
    key = (plain, all_failed, foreign)
    made = _made.get(key)
    if made is None:
        bases: tuple[type, ...] = (AllEndpointsFailedError, plain) if all_failed else (plain,)
        if foreign is not None:
            bases += (foreign,)
        name = AllEndpointsFailedError.__name__ if all_failed else plain.__name__
        made = type(name, bases, {"__module__": "holysheep", "__doc__": plain.__doc__})
        made = _made.setdefault(key, made)  # another thread may have been faster
    return made


def _restore(
    name: str, all_failed: bool, state: dict[str, Any], cause: BaseException | None
) -> HolySheepError:
    error = _class_of(globals()[name], all_failed)(state.get("message", ""))
    error.__dict__.update(state)
    error.__cause__ = cause
    return error


def make(plain: type[HolySheepError], message: str, **fields: Any) -> HolySheepError:
    """An error of the package's own making."""
    return _class_of(plain, False)(message, **fields)


def from_failure(failure: Failure) -> HolySheepError:
    """The error of a call that was not accepted, or of a client that could not be opened."""
    status, message, http_status, flags, retry_after_ms = failure.args
    plain = _BY_STATUS.get(status, HolySheepError)
    return _class_of(plain, bool(flags & _FLAG_ALL_ENDPOINTS_FAILED))(
        message,
        status_code=http_status or None,
        retry_after=None if retry_after_ms < 0 else retry_after_ms / 1000,
    )


def _error_object(text: str) -> Any:
    """What the provider's body says: the object under `error`, else all of it, else its text."""
    if not text:
        return None
    try:
        value = _json.read(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        return value.get("error", value)
    return value


def _message(plain: type[HolySheepError], status: int, detail: dict[str, Any], told: str) -> str:
    """`Error code: 503 - {…}` as the OpenAI SDK begins, then what happened where."""
    if told.startswith("all endpoints failed"):
        told = told.replace("): ", "):\n  ", 1).replace("; ", "\n  ")
    if status and issubclass(plain, APIStatusError):
        typed = {name: detail[name] for name in ("type", "code", "param") if detail.get(name)}
        typed = typed or {"verdict": detail.get("verdict")}
        head = f"Error code: {status} - {{'error': {typed}}}"
    elif plain is APITimeoutError:
        head = "Request timed out."
    elif plain is APIConnectionError:
        head = "Connection error."
    else:
        return told
    return f"{head}\n{told}" if told else head


def from_outcome(outcome: Outcome, method: str, path: str, partial: str = "") -> HolySheepError:
    """The error of a call that ended badly, with its cause."""
    meta = _json.read(outcome.meta())
    detail: dict[str, Any] = meta.get("error") or {}
    flags = outcome.flags
    text = outcome.text()
    plain = _BY_STATUS.get(outcome.status, HolySheepError)
    all_failed = bool(flags & _FLAG_ALL_ENDPOINTS_FAILED)
    status_code = outcome.http_status
    if plain is RateLimitError and not status_code:
        status_code = 429  # every endpoint is limited, nothing was sent
    fields: dict[str, Any] = {
        "status_code": status_code or None,
        "code": detail.get("code"),
        "type": detail.get("type"),
        "param": detail.get("param"),
        "request_id": detail.get("request_id"),
        "body": _error_object(text),
        "retry_after": None if outcome.retry_after_ms < 0 else outcome.retry_after_ms / 1000,
        "endpoint": meta.get("endpoint"),
        "trace": [Attempt(line) for line in meta.get("trace", ())],
        "attempts": outcome.attempts,
        "verdict": detail.get("verdict"),
        "retryable": bool(flags & _FLAG_RETRYABLE),
        "maybe_billed": bool(flags & _FLAG_MAYBE_BILLED),
        "_request": (method, path),
        "_headers": headers_of(meta),
        "_text": text,
    }
    if plain is StreamInterruptedError:
        fields["partial"] = partial
    message = _message(plain, status_code, detail, outcome.message)
    error = _class_of(plain, all_failed)(message, **fields)
    if all_failed and outcome.attempts:
        last = fields["trace"][-1]
        told = f"{last['endpoint']}: {last['status'] or ''} {last['verdict']}".replace("  ", " ")
        cause = _class_of(plain, False)(_message(plain, status_code, detail, told), **fields)
        error.__cause__ = cause
    return error
