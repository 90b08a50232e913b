"""JSON in both directions, without the `json` package's import time and per-call overhead.

Reading uses the interpreter's own C scanner directly; writing is native (json_body.cpp), and what
is not plain goes through `plain`, which knows our results, pydantic's models and openai's.
"""

from __future__ import annotations

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


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
write = _native.dump_json


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
    """What a value that is not plain means in JSON; of a dict, one whose keys are texts. Raises
    TypeError if nothing."""
    if isinstance(value, dict):
        return {_name(key): each for key, each in value.items()}
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


_native.set_converter(plain)
Failure = _native.Failure
