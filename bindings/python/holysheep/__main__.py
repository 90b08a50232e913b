"""`python -m holysheep`, and the script `holysheep`: the program that the package carries."""

from __future__ import annotations

import os
import sys


def program() -> str:
    """The path of the program."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "holysheep")


def main() -> None:
    path = program()
    try:
        os.execv(path, [path, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"holysheep: the program that belongs to this package cannot be run: {error}")


if __name__ == "__main__":
    main()
