"""Real helpdesks, started once for all tests that ask."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.channels.sink import CERTIFICATE, MailSink, SinkController
from tests.helpdesks.real import dovecot as imap_server
from tests.helpdesks.real import mariadb as maria
from tests.helpdesks.real import rt as request_tracker
from tests.helpdesks.real.dovecot import Dovecot
from tests.helpdesks.real.mariadb import MariaDb
from tests.helpdesks.real.redmine import server as redmine_server
from tests.helpdesks.real.redmine.server import Redmine
from tests.helpdesks.real.rt import RequestTracker, free_port


def needed(name: str, *, is_installed: bool) -> None:
    """Skips without Debian's packages, unless they are required."""
    if not is_installed and os.environ.get("ESCALATORD_SYSTEM_TESTS") != "1":
        pytest.skip(f"{name} is not installed: make test-system installs it")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A MariaDB."""
    needed("MariaDB", is_installed=maria.is_installed())
    made = MariaDb.started(tmp_path_factory.mktemp("mariadb"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A Request Tracker."""
    needed("Request Tracker", is_installed=request_tracker.is_installed())
    made = RequestTracker(tmp_path_factory.mktemp("rt"), free_port())
    made.make()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    """A Redmine."""
    needed("Redmine", is_installed=redmine_server.is_installed())
    made = Redmine(tmp_path_factory.mktemp("redmine"), free_port())
    try:
        made.make()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """An IMAP server."""
    needed("Dovecot", is_installed=imap_server.is_installed())
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
