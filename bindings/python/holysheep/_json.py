"""JSON in both directions, without the `json` package's import time and per-call overhead.

Reading uses the interpreter's own C scanner directly; writing is native (json_body.cpp). What is
not plain is made so here and then written: that may run code of the user's, a generator, a
`model_dump`, in which other greenlets run, so that it must not run inside a native function.
"""

from __future__ import annotations

from . import _native
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._native import Client


class _Settings:
    """What the scanner wants to know: JSON as it is, no hooks."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    try:
        from _json import make_scanner

        settings: Any = _Settings
        return make_scanner(settings)
    except ImportError:
        import json

        decoder: Any = json.JSONDecoder(strict=False)
        scan_once: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
        return scan_once


scan = _scanner()
Failure = _native.Failure
NotPlain = _native.NotPlain
_REQUEST, _CONFIG = -102, -100  # what the engine calls the errors of a call's, of a client's JSON
_DEPTH_MAX = 200  # as json_body.cpp
_LEAVES = frozenset((str, int, float, bool, type(None)))


def write(value: Any, name: str) -> str:
    """JSON text. Raises Failure."""
    try:
        return _native.dump_json(value, name)
    except NotPlain:
        pass
    return _native.dump_json(made_plain(value, name, _CONFIG), name)


def submit(native: Client, *arguments: Any) -> int:
    """As `native.submit`, with any body."""
    try:
        return native.submit(*arguments)
    except NotPlain:
        pass
    arguments = (*arguments[:-1], with_plain_body(arguments[-1]))
    return native.submit(*arguments)


def with_plain_body(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a call, whose third is the body. Raises Failure."""
    path, headers, body, *others = arguments
    return (path, headers, made_plain(body, "body", _REQUEST), *others)


def read(text: str) -> Any:
    """The value that `text` is. Raises ValueError."""
    try:
        value, end = scan(text, 0)
    except StopIteration:
        stripped = text.lstrip("\ufeff \t\r\n")  # some gateways send a byte order mark
        if not stripped or stripped == text:
            raise ValueError("expected JSON") from None
        return read(stripped)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except SystemError:  # the scanner of Python before 3.13 takes `json.decoder` to be there
        import json

        return json.loads(text)
    if end != len(text) and text[end:].strip():
        raise ValueError(f"expected the end after the JSON value, at character {end}")
    return value


def _name(key: Any) -> str:
    """A key as text, as `json.dumps` writes it. Raises TypeError."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, float)):
        if key in (float("inf"), float("-inf")) or key != key:
            raise TypeError
        return write(key, "key")
    if isinstance(key, int):
        return int.__repr__(key)
    value = plain(key)  # an Enum's, numpy's
    if isinstance(value, (int, float, str)):
        return _name(value)
    raise TypeError


def plain(value: Any) -> Any:
    """What a value that is not plain means in JSON, itself only. Raises TypeError if nothing."""
    for method in ("__holysheep_plain__", "model_dump"):
        function = getattr(value, method, None)
        if function is not None and not isinstance(value, type):
            if method == "model_dump":
                return function(mode="json", exclude_unset=True, by_alias=True)
            return function()
    kind: Any = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    if hasattr(kind, "dtype") and hasattr(kind, "tolist"):
        return value.tolist()  # numpy's scalars and arrays, tensors
    if isinstance(value, (bytes, bytearray, memoryview, set, frozenset)):
        raise TypeError(kind.__name__)
    if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
        mapping: Any = value
        return {name: mapping[name] for name in mapping.keys()}
    if hasattr(kind, "isoformat"):
        return value.isoformat()
    if hasattr(kind, "__members__"):  # an Enum
        return value.value
    if hasattr(kind, "__iter__"):
        iterable: Any = value
        return list(iterable)
    if hasattr(kind, "__fspath__"):
        return kind.__fspath__(value)
    raise TypeError(kind.__name__)



def is_given(value: object) -> bool:
    """The OpenAI package's markers are recognised by name, since it is never imported."""
    return type(value).__name__ not in ("NotGiven", "Omit")


class _Refused(Exception):
    """What cannot be written, and where."""

    def __init__(self, complaint: str) -> None:
        self.complaint = complaint
        self.path = ""


def made_plain(value: Any, name: str, status: int) -> Any:
    """The same of dicts, lists, texts, numbers, True, False and None alone; members that are not
    given are left out. Raises Failure."""
    try:
        return _made_plain(value, 0)
    except _Refused as refused:
        told = f"{name}{refused.path}: {refused.complaint}"
    raise Failure(status, told, 0, 0, -1)


def _made_plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if depth > _DEPTH_MAX:
        raise _Refused("is nested too deeply, or holds itself")
    if isinstance(value, dict):
        return _plain_dict(value, depth)
    if isinstance(value, (list, tuple)):
        made = []
        for index, each in enumerate(value):
            try:
                made.append(_made_plain(each, depth + 1))
            except _Refused as refused:
                refused.path = f"[{index}]{refused.path}"
                raise
        return made
    try:
        value = plain(value)
    except TypeError:
        told = f"cannot become JSON: {type(value).__name__}"
        if isinstance(value, type):
            told = "is a class; give its JSON schema, or a value"
        raise _Refused(told) from None
    return _made_plain(value, depth + 1)


def _plain_dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    made = {}
    # A copy, made in one step of the interpreter: other threads may change it meanwhile.
    for key, each in dict.copy(value).items():
        if not isinstance(key, str):
            try:
                key = _name(key)
            except TypeError:
                raise _Refused("has a key that is neither text nor a number") from None
        if type(each) not in _LEAVES:  # most are: a long history is walked in little time
            if not is_given(each):
                continue
            try:
                each = _made_plain(each, depth + 1)
            except _Refused as refused:
                refused.path = f".{key}{refused.path}"
                raise
        made[key] = each
    return made
