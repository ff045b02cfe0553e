"""Real helpdesks, started once for all tests that ask."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.helpdesks.real import rt as request_tracker
from tests.helpdesks.real.rt import RequestTracker, free_port


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A Request Tracker; skips without Debian's packages, unless it is required."""
    is_required = os.environ.get("ESCALATORD_SYSTEM_TESTS") == "1"
    if not request_tracker.is_installed() and not is_required:
        pytest.skip("Request Tracker is not installed: make test-system installs it")
    made = RequestTracker(tmp_path_factory.mktemp("rt"), free_port())
    made.make()
    made.start()
    yield made
    made.stop()
