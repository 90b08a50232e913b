"""The pytest fixture `holysheep_mock_pool`: makes mock pools, and closes them after the test.

    def test_my_application(holysheep_mock_pool):
        pool = holysheep_mock_pool([{"name": "primary", "replies": [{"status": 429}]},
                                    {"name": "backup-1"}])
        my_application(base_url=pool.urls[0])
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from . import MockPool


@pytest.fixture
def holysheep_mock_pool() -> Iterator[Callable[..., MockPool]]:
    pools: list[MockPool] = []

    def make(*script: Any, **more: Any) -> MockPool:
        pools.append(MockPool(*script, **more))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
