"""Objects made of JSON: attributes and items of the same data, without copying it.

An object's `__dict__` *is* the parsed JSON object, so a field costs an attribute read and nothing
else. Members that hold objects are named in `_nested`; they become objects in place when the object
is made. Known members that the data lacks read as None.

A `Result` is what a whole answer becomes: its body is parsed at the first look into it. Until then
its class is a twin that knows how (`_lazy`), afterwards it is an ordinary object.
"""

from __future__ import annotations

from . import _errors, _json
from ._metadata import Metadata
from ._process import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Iterator, TypeVar

    from ._native import Outcome

    Self = TypeVar("Self", bound="Object")


def plain_of(value: Any) -> dict[str, Any]:
    """The dict that a JSON object or an `Object` is; an empty one for anything else."""
    if value.__class__ is dict:
        found: dict[str, Any] = value
        return found
    return value.__dict__ if isinstance(value, Object) else {}


def unwrap(value: Any) -> Any:
    """Plain dicts and lists, copied."""
    if isinstance(value, Object):
        value = value.__dict__
    if isinstance(value, dict):
        return {name: unwrap(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unwrap(each) for each in value]
    return value


def filled(kind: type[Object], data: dict[str, Any]) -> dict[str, Any]:
    """With None for the members of the class that are not there, below too."""
    made: dict[str, Any] = {**dict.fromkeys(kind._members), **data}
    for name, inner in kind._nested.items():
        value: Any = made.get(name)
        if isinstance(value, dict):
            made[name] = filled(inner, value)
        elif isinstance(value, list):
            made[name] = [filled(inner, each) if isinstance(each, dict) else each for each in value]
    return made


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_none(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_none(each) for each in value]
    return value


def chosen(value: Any, include: Any, exclude: Any) -> Any:
    """As pydantic's `include` and `exclude`: a set of names (of a list: of positions), or a dict
    that says of each what of it; `"__all__"` in it stands for each of a list."""
    pairs: Any = enumerate(value) if isinstance(value, list) else None
    if isinstance(value, dict):
        pairs = value.items()
    if pairs is None:
        return value
    made = []
    for name, each in pairs:
        within, without = _of_one(include, name), _of_one(exclude, name)
        if (include is None or within is not None) and without is not True:
            deeper = None if within is True else within
            made.append((name, chosen(each, deeper, without)))
    return [each for _, each in made] if isinstance(value, list) else dict(made)


def _of_one(which: Any, name: Any) -> Any:
    """True: all of it; None: nothing is said of it."""
    if isinstance(which, dict):
        found = which.get(name, which.get("__all__"))
        return True if found is ... else found or None
    return True if which is not None and (name in which or "__all__" in which) else None


class _Sealed:
    """A method that a member of the same name does not hide; the member is still an item."""

    __slots__ = ("function", "name")

    def __init__(self, name: str, function: Any) -> None:
        self.name = name
        self.function = function

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self.function.__get__(owner, kind)

    def __set__(self, owner: Any, value: Any) -> None:
        owner.__dict__[self.name] = value


class Object:
    """A JSON object. `o.name` and `o["name"]` are the same."""

    __slots__ = ("__dict__", "__weakref__")
    _nested: ClassVar[dict[str, type[Object]]] = {}
    #: Members that the SDK's class has; those of `_ours` it has not.
    _members: ClassVar[tuple[str, ...]] = ()
    _ours: ClassVar[tuple[str, ...]] = ()
    #: What the openai package calls it: module and class.
    _openai: ClassVar[tuple[str, str] | None] = None

    def __init_subclass__(cls) -> None:
        known = [name for name in cls.__dict__.get("__annotations__", ()) if name[0] != "_"]
        cls._members = tuple(name for name in known if name not in cls._ours)
        for name in known:
            if name not in cls.__dict__:
                setattr(cls, name, None)

    def __init__(self, **members: Any) -> None:
        nest(type(self), members)
        self.__dict__.update(members)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[Any]:
        """(name, value) pairs, as pydantic's models."""
        return iter(list(self.__dict__.items()))

    def get(self, name: str, default: Any = None) -> Any:
        return self.__dict__.get(name, default)

    def keys(self) -> Any:
        return self.__dict__.keys()

    def items(self) -> Any:
        return list(self)

    def to_dict(self) -> dict[str, Any]:
        """A plain dict, copied; what the provider sent, no more."""
        plain: dict[str, Any] = unwrap(self)
        return plain

    def model_dump(
        self,
        *,
        include: Any = None,
        exclude: Any = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """As `to_dict()`, and None for each member of the SDK's class that the body lacks. Further
        options of pydantic's method change nothing."""
        plain: dict[str, Any] = unwrap(self)
        if exclude_none:
            plain = without_none(plain)
        elif not (exclude_unset or exclude_defaults):
            plain = filled(type(self), plain)
        if include is not None or exclude is not None:
            return chosen(plain, include, exclude)  # type: ignore[no-any-return]
        return plain

    def model_copy(self, *, update: dict[str, Any] | None = None, deep: bool = False) -> Any:
        """A copy, with the members of `update` over it; `deep`: of what lies below too."""
        import copy

        made = copy.deepcopy(self) if deep else copy.copy(self)
        made.__dict__.update(update or {})
        return made

    @classmethod
    def model_validate(cls: type[Self], obj: Any, **_: Any) -> Self:
        """The object that a dict is, for tests: nothing is checked."""
        made: Self = of(cls, plain_of(unwrap(obj)))
        return made

    @classmethod
    def model_validate_json(cls: type[Self], json_data: str | bytes, **_: Any) -> Self:
        text = json_data if isinstance(json_data, str) else json_data.decode()
        return cls.model_validate(_json.read(text))

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        plain = self.model_dump(**options)
        if indent is None:
            try:
                return _json.write(plain, type(self).__name__)
            except _json.Failure:
                pass  # half a surrogate pair, which the provider may have cut; or nested too deeply
        import json

        try:
            return json.dumps(plain, indent=indent, ensure_ascii=indent is None)
        except RecursionError:
            raise ValueError(f"{type(self).__name__} is nested too deeply") from None

    def to_json(self, *, indent: int | None = 2, **options: Any) -> str:
        return self.model_dump_json(indent=indent, **{"exclude_unset": True, **options})

    def to_openai(self) -> Any:
        """The `openai` package's own object. ImportError where that is not installed."""
        known = type(self)._openai
        if known is None:
            raise TypeError(f"the openai package has no class for {type(self).__name__}")
        module, name = known
        kind = getattr(__import__(module, fromlist=[name]), name)
        return kind.construct(**self.to_dict())

    def __holysheep_plain__(self) -> dict[str, Any]:
        return self.__dict__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Object):
            return bool(unwrap(self) == unwrap(other))
        return NotImplemented

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({members})"


if not TYPE_CHECKING:
    for _name in ("get", "items", "keys", "model_dump", "model_dump_json", "to_dict", "to_json"):
        setattr(Object, _name, _Sealed(_name, Object.__dict__[_name]))


def nest(kind: Any, data: dict[str, Any]) -> None:
    """Makes objects of the members of `data` that are objects of `kind`."""
    for name, inner in kind._nested.items():
        value: Any = data.get(name)
        if isinstance(value, dict):
            data[name] = of(inner, value)
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, dict):
                    value[index] = of(inner, each)


def of(kind: Any, data: dict[str, Any]) -> Any:
    """The object of class `kind` that is `data`, not a copy of it."""
    if kind._nested:
        nest(kind, data)
    made = kind.__new__(kind)
    made.__dict__ = data
    return made


class Anything(Object):
    """An answer of a path that this package has no class for: every member works as attribute."""

    __slots__ = ()


def of_anything(value: Any) -> Any:
    if value.__class__ is dict:
        return of(Anything, {name: of_anything(each) for name, each in value.items()})
    if value.__class__ is list:
        return [of_anything(each) for each in value]
    return value


class Result(Object):
    """A whole answer. The provider's body is untouched in `raw`; what HolySheep did for it stands
    beside it in `holysheep`. One that a program made itself, for its tests, says there that nothing
    was sent, and `raw` is its JSON."""

    __slots__ = ("_metadata", "_outcome")
    _outcome: Outcome | _Kept
    _lazy: ClassVar[type[Result]]

    def __init_subclass__(cls) -> None:
        if "_whole" in cls.__dict__:
            return
        super().__init_subclass__()
        cls._lazy = type(cls.__name__, (_Unread, cls), {"__slots__": (), "_whole": cls})

    @property
    def raw(self) -> bytes:
        """The body, byte for byte."""
        return _outcome_of(self).body()

    @property
    def holysheep(self) -> Metadata:
        """Endpoint, models, attempts, trace, times, usage and cost of this call."""
        try:
            return self._metadata  # type: ignore[no-any-return,has-type]
        except AttributeError:
            self._metadata = Metadata(_outcome_of(self).meta())
            return self._metadata

    @property
    def _request_id(self) -> str | None:
        found: str | None = self.holysheep.headers.get("x-request-id")
        return found

    def to_openai(self) -> Any:
        """The `openai` package's own object. ImportError where that is not installed."""
        made = super().to_openai()
        made._request_id = self._request_id
        return made

    def __reduce__(self) -> Any:
        data = self.to_dict()
        outcome = getattr(self, "_outcome", None)
        if outcome is None:
            return _restored, (type(self), data)
        return _restored, (
            type(self), data, outcome.body(), outcome.text(), outcome.meta(), outcome.http_status
        )


_NOTHING_SENT = """{"endpoint": null, "model": null, "model_served": null, "http_status": 0,
    "headers": {}, "attempts": 0, "trace": [], "waited_ms": 0, "took_ms": 0, "usage": null,
    "cost_nano_usd": null, "maybe_billed": false}"""


class _Kept:
    """What a copied or pickled result has in place of the native part's `Outcome`."""

    __slots__ = ("_parts", "http_status")

    def __init__(self, body: bytes, text: str, meta: str, http_status: int) -> None:
        self._parts = (body, text, meta)
        self.http_status = http_status

    def body(self) -> bytes:
        return self._parts[0]

    def text(self) -> str:
        return self._parts[1]

    def meta(self) -> str:
        return self._parts[2]


def _outcome_of(result: Result) -> Outcome | _Kept:
    try:
        return result._outcome
    except AttributeError:
        text = result.model_dump_json(exclude_unset=True)
        return _Kept(text.encode(), text, _NOTHING_SENT, 0)


def _restored(kind: type[Result], data: dict[str, Any], *parts: Any) -> Result:
    made: Result = of(kind, data)
    if parts:
        made._outcome = _Kept(*parts)
    return made


_UNPARSED = frozenset(("raw", "holysheep", "_request_id", "_outcome", "_metadata", "__class__"))


class _Unread:
    """Reads the body at the first look into it, and steps aside."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name not in _UNPARSED:
            _parse(self)  # type: ignore[arg-type]
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _UNPARSED:
            _parse(self)  # type: ignore[arg-type]
        object.__setattr__(self, name, value)


def _parse(result: Result) -> None:
    kind: Any = object.__getattribute__(result, "__class__")
    whole = kind.__dict__.get("_whole")
    if whole is None:
        return  # another thread was faster
    try:
        data = _json.read(object.__getattribute__(result, "_outcome").text())
    except ValueError as error:
        raise _errors.make(
            _errors.APIResponseValidationError, f"the answer is no JSON: {error}"
        ) from error
    if data.__class__ is not dict:
        data = {"data": data}
    nest(whole, data)
    with process.lock:
        if object.__getattribute__(result, "__class__") is kind:  # no other thread was faster
            object.__setattr__(result, "__dict__", data)
            object.__setattr__(result, "__class__", whole)


def result_of(lazy: Any, outcome: Outcome) -> Any:
    """The result whose body is `outcome`'s; `lazy` is its class's `_lazy`."""
    made = lazy.__new__(lazy)
    made._outcome = outcome
    return made
