"""Refuses to be imported where that would never return; the package imports this first.

Before Python 3.12 a native module that takes the GIL by `PyGILState_Ensure`, as pybind11's do,
waits for ever in a sub-interpreter.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 12):
    try:
        import _xxsubinterpreters as _interpreters  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        _interpreters = None  # a Python without it can make none

    if _interpreters is not None and _interpreters.get_current() != _interpreters.get_main():
        raise ImportError(
            "holysheep: Python before 3.12 cannot load it in a sub-interpreter; use the main one"
            " (mod_wsgi: WSGIApplicationGroup %{GLOBAL}; uWSGI: single-interpreter = true)"
        )
