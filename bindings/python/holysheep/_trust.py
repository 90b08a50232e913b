"""Trusted certificates on systems where the engine finds none: what Python knows of them."""

from __future__ import annotations

from . import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def lacking(config: str) -> bool:
    """Whether an endpoint of this configuration, as the engine shows it, has nobody to trust."""
    if '"https://' not in config:
        return False
    endpoints: list[dict[str, Any]] = _json.read(config)["endpoints"]
    return any(e["url"].startswith("https://") and not e.get("ca_file") for e in endpoints)


def known() -> str | None:
    """The file that Python's own `ssl` uses, else that of the package certifi."""
    try:
        import ssl

        found: str | None = ssl.get_default_verify_paths().cafile
        if found is not None:
            return found
    except ImportError:  # a Python without TLS
        pass
    try:
        from importlib import import_module

        found = import_module("certifi").where()
    except ImportError:
        return None
    return found
