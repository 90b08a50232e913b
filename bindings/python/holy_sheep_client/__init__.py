"""The tutorial's import: `from holy_sheep_client import HolySheepClient`."""

from holysheep import HolySheepClient, HolySheepFailoverClient

__all__ = ["HolySheepClient", "HolySheepFailoverClient"]
