"""What scenarios share: a desk of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenario.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.store.close()
