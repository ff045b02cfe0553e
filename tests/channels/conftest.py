from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.channels.peer import Peer
from tests.channels.sink import MailSink, SinkController, StartSink

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2016, 3, 2, 16, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """A clock that stands still."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def start_sink() -> Iterator[StartSink]:
    controllers: list[SinkController] = []

    def start(*, users: dict[str, str] | None = None, **options: object) -> MailSink:
        controllers.append(SinkController(MailSink(), users, **options))
        controllers[-1].start()
        return controllers[-1].sink

    yield start
    for controller in controllers:
        controller.end()


@pytest.fixture
def sink(start_sink: StartSink) -> MailSink:
    return start_sink()


@pytest.fixture
def peer() -> Iterator[Peer]:
    started = Peer()
    yield started
    started.stop()
