"""What HolySheep did for a call: which endpoint and model served it, what was tried and why."""

from __future__ import annotations

from . import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NANO = 1_000_000_000


class Headers(dict[str, str]):
    """Headers of an answer: names in lower case, found in any."""

    def __getitem__(self, name: str) -> str:
        return dict.__getitem__(self, name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and dict.__contains__(self, name.lower())

    def __setitem__(self, name: str, value: str) -> None:
        dict.__setitem__(self, name.lower(), value)

    def __delitem__(self, name: str) -> None:
        dict.__delitem__(self, name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return dict.get(self, name.lower(), default)

    def pop(self, name: str, *default: Any) -> Any:
        return dict.pop(self, name.lower(), *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        return dict.setdefault(self, name.lower(), default)


def headers_of(members: dict[str, Any]) -> Headers:
    """Those of an outcome's meta data."""
    found = members.get("headers") or {}
    return Headers({name.lower(): value for name, value in found.items()})


class Attempt:
    """One HTTP request of a call."""

    __slots__ = ("_line",)

    def __init__(self, line: dict[str, Any]) -> None:
        self._line = line

    def __getattr__(self, name: str) -> Any:
        if name[0] == "_":
            raise AttributeError(name)
        try:
            return self._line[name]
        except KeyError:
            if name in ("dimension", "time_limit", "transport", "rule"):
                return None
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self._line[name]

    def to_dict(self) -> dict[str, Any]:
        return dict(self._line)

    def __eq__(self, other: object) -> bool:
        return self._line == other._line if isinstance(other, Attempt) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        line = self._line
        status = f" {line['status']}" if line["status"] else ""
        return f"<Attempt {line['endpoint']}{status} {line['verdict']} {line['took_ms']} ms>"


class Metadata:
    """Stands beside a result, an error's data or a stream. Read from JSON when first looked at."""

    __slots__ = ("_members", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._members: dict[str, Any] | None = None

    def _get(self, name: str) -> Any:
        members = self._members
        if members is None:
            members = self._members = _json.read(self._text)
        return members.get(name)

    @property
    def endpoint(self) -> str | None:
        """Name of the endpoint that answered; None where none did."""
        return self._get("endpoint")  # type: ignore[no-any-return]

    @property
    def model(self) -> str | None:
        """The model that was asked for; None of a path that has none."""
        return self._get("model")  # type: ignore[no-any-return]

    @property
    def model_served(self) -> str | None:
        """The model that the answer names; None where it names none."""
        return self._get("model_served")  # type: ignore[no-any-return]

    @property
    def http_status(self) -> int:
        return self._get("http_status")  # type: ignore[no-any-return]

    @property
    def headers(self) -> Headers:
        """The answer's headers."""
        return headers_of(self.to_dict())

    @property
    def attempts(self) -> int:
        """HTTP requests that were made."""
        return self._get("attempts")  # type: ignore[no-any-return]

    @property
    def trace(self) -> list[Attempt]:
        """One line for each of them: endpoint, model, status, verdict, why it was chosen."""
        return [Attempt(line) for line in self._get("trace")]

    @property
    def waited(self) -> float:
        """Seconds that the call waited for capacity."""
        return self._get("waited_ms") / 1000  # type: ignore[no-any-return]

    @property
    def took(self) -> float:
        """Seconds from the call to its end."""
        return self._get("took_ms") / 1000  # type: ignore[no-any-return]

    @property
    def usage(self) -> dict[str, int] | None:
        """Tokens: `input`, `output`, `cached`, as far as the answer says."""
        return self._get("usage")  # type: ignore[no-any-return]

    @property
    def cost(self) -> float | None:
        """US dollars; None where the model has no price."""
        nano = self._get("cost_nano_usd")
        return None if nano is None else nano / NANO

    @property
    def cost_nano_usd(self) -> int | None:
        """The same, exactly."""
        return self._get("cost_nano_usd")  # type: ignore[no-any-return]

    @property
    def maybe_billed(self) -> bool:
        """An attempt was sent in full and not answered; the provider may charge for it."""
        return self._get("maybe_billed")  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, Any]:
        result: dict[str, Any] = _json.read(self._text)
        return result

    def __repr__(self) -> str:
        return (
            f"<Metadata endpoint={self.endpoint!r} model={self.model!r} attempts={self.attempts}"
            f" took={self.took} cost={self.cost}>"
        )
