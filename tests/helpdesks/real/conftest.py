"""Real helpdesks, started once for all tests that ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.channels.sink import CERTIFICATE, MailSink, SinkController
from tests.helpdesks.real.dovecot import Dovecot
from tests.helpdesks.real.mariadb import MariaDb
from tests.helpdesks.real.redmine.server import Redmine
from tests.helpdesks.real.rt import RequestTracker, free_port


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A MariaDB."""
    made = MariaDb.started(tmp_path_factory.mktemp("mariadb"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A Request Tracker."""
    made = RequestTracker(tmp_path_factory.mktemp("rt"), free_port())
    made.make()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    """A Redmine."""
    made = Redmine(tmp_path_factory.mktemp("redmine"), free_port())
    try:
        made.make()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """An IMAP server."""
    made = Dovecot(CERTIFICATE, CERTIFICATE.with_name("loopback-key.pem"))
    made.make()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def sink() -> Iterator[MailSink]:
    """A mail server that keeps what it takes."""
    controller = SinkController(MailSink(), None)
    controller.start()
    yield controller.sink
    controller.end()
