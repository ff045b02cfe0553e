"""A token server of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oauth.token_server import TokenServer


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as made:
        yield made
