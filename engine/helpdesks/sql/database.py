"""A database that is only read: connections, time-outs, and faults in one clear line.

Every session is read-only by the database's own means, where it has any:

- SQLite: the file is opened with `mode=ro`.
- PostgreSQL: `default_transaction_read_only`.
- MariaDB, MySQL: `SET SESSION TRANSACTION READ ONLY`.

Everything else rests on the statements (see `statement`) and on the rights of the user; and every
transaction is rolled back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.errors import ConfigError, HelpdeskError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS: Final = {"pymysql": "escalatord[mysql]"}
_NAMES: Final = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
}
_CLOCKS: Final = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    "mysql": "SELECT UNIX_TIMESTAMP()",
    "mariadb": "SELECT UNIX_TIMESTAMP()",
}
"""Seconds since 1970; a file has no clock."""
_CONNECT_SECONDS: Final = 10
_STEPS_BETWEEN_LOOKS: Final = 20_000
"""Of SQLite's machine: some milliseconds."""
_LONGEST_FAULT: Final = 300


class Database:
    """Reads one database.

    Attributes:
        where: What it is called in messages: no user, no password.
        account: The user that it knows us by; empty before the first connection, and without one.
    """

    def __init__(self, helpdesk: str, url: Callable[[], str], timeout: timedelta) -> None:
        """Connect to nothing yet.

        Args:
            helpdesk: The helpdesk's name.
            url: Gives the URL; it may raise `ConfigError`.
            timeout: How long one statement may take.
        """
        self._helpdesk = helpdesk
        self._url = url
        self._timeout = timeout
        self._engine: Engine | None = None
        self.where = "the database"
        self.account = ""

    def rows(
        self, place: str, statement: Executable, values: Mapping[str, object] | None = None
    ) -> tuple[list[str], Sequence[Sequence[Any]]]:
        """What a statement answers.

        Args:
            place: Where it stands in the config file: ``tickets.query``.
            statement: One that only reads.
            values: What is filled in by name.

        Returns:
            Names of the columns, and the rows.

        Raises:
            HelpdeskError: The database cannot be reached, or refuses the statement.
        """
        try:
            engine = self._connected()
            with engine.connect() as connection:
                result = connection.execute(statement, values or {})
                return list(result.keys()), result.fetchall()
        except SQLAlchemyError as error:
            raise self._fault(place, error) from None

    def server(self) -> tuple[str, timedelta | None]:
        """What the database is, and how far its clock is ahead of ours, where it has one.

        Raises:
            HelpdeskError: It cannot be reached.
        """
        try:
            engine = self._connected()
            with engine.connect() as connection:
                version = ".".join(map(str, engine.dialect.server_version_info or ()))
                clock = _CLOCKS.get(engine.dialect.name)
                said = connection.execute(text(clock)).scalar_one() if clock else None
        except SQLAlchemyError as error:
            raise self._fault("url", error) from None
        name = _NAMES.get(engine.dialect.name, engine.dialect.name)
        skew = timedelta(seconds=round(float(said) - time.time())) if said is not None else None
        return f"{name} {version}".strip(), skew

    def close(self) -> None:
        """Let go of connections; the next reading makes new ones."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = self._made()
        return self._engine

    def _made(self) -> Engine:
        try:
            url = make_url(self._url())
        except ConfigError as error:
            raise HelpdeskError(f"helpdesk '{self._helpdesk}': {error}") from None
        except ArgumentError:
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': the URL names no database;"
                " write for example sqlite:////srv/desk.db or postgresql://user@host/database"
            ) from None
        self.where, self.account = _shown(url), url.username or ""
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        try:
            return self._engine_of(url)
        except ModuleNotFoundError as error:
            package = _EXTRAS.get(str(error.name), str(error.name))
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': Python has no driver '{error.name}' for"
                f" {url.get_backend_name()}; install it: pip install '{package}'"
            ) from None
        except NoSuchModuleError:
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': nobody knows databases of kind '{url.drivername}';"
                " write sqlite, postgresql, mariadb, mysql, or a kind that SQLAlchemy has"
            ) from None

    def _engine_of(self, url: URL) -> Engine:
        kind = url.get_backend_name()
        if kind == "sqlite":
            return self._sqlite(url)
        arguments = (
            {}
            if url.get_driver_name() not in _CONNECT_ARGUMENTS
            else {
                name: value
                for name, value in _CONNECT_ARGUMENTS[url.get_driver_name()].items()
                if name not in url.query
            }
        )
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=2,
            pool_timeout=self._timeout.total_seconds(),
            connect_args=arguments,
        )
        if kind in _SESSIONS:
            milliseconds = round(self._timeout.total_seconds() * 1000)
            _on_connect(engine, _SESSIONS[kind], milliseconds)
        return engine

    def _sqlite(self, url: URL) -> Engine:
        path = Path(url.database or "")
        if not url.database or url.database == ":memory:":
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': an SQLite in memory holds no tickets;"
                " write sqlite:////the/path/of/the/file"
            )
        if not path.is_file():
            raise HelpdeskError(
                f"helpdesk '{self._helpdesk}': there is no file {path}; correct `url`, or let the"
                " daemon's user read its folder"
            )
        read_only = url.set(
            database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}
        )
        seconds = self._timeout.total_seconds()
        # Opened for each question: a file that was replaced meanwhile is then the new one.
        engine = create_engine(
            read_only,
            poolclass=NullPool,
            connect_args={"timeout": seconds, "check_same_thread": False},
        )

        def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            connection.text_factory = _readable
            connection.execute("PRAGMA query_only = ON")

        def limit(connection: Connection, *_: object) -> None:
            until = time.monotonic() + seconds
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS_BETWEEN_LOOKS)

        event.listen(engine, "connect", prepare)
        event.listen(engine, "before_cursor_execute", limit)
        return engine

    def _fault(self, place: str, error: SQLAlchemyError) -> HelpdeskError:
        said = _first_line(error)
        head = f"helpdesk '{self._helpdesk}'"
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return HelpdeskError(f"{head}: the connection to {self.where} was lost: {said}")
        if isinstance(error, DBAPIError) and error.statement is None:
            return HelpdeskError(f"{head}: cannot reach {self.where}: {said}")
        if "interrupted" in said or "statement timeout" in said or "max_statement_time" in said:
            seconds = round(self._timeout.total_seconds())
            return HelpdeskError(
                f"{head}: {place} takes longer than {seconds}s; make it cheaper (an index, no"
                " grouping over everything), or raise `timeout`"
            )
        return HelpdeskError(f"{head}: {place}: {said}")


_CONNECT_ARGUMENTS: Final[Mapping[str, Mapping[str, object]]] = {
    "psycopg": {"connect_timeout": _CONNECT_SECONDS, "application_name": "escalatord"},
    "pymysql": {"connect_timeout": _CONNECT_SECONDS, "read_timeout": 150},
}


def _postgresql(connection: Any, milliseconds: int) -> None:  # noqa: ANN401  any driver's
    cursor = connection.cursor()
    cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    cursor.execute(f"SET statement_timeout = {milliseconds}")
    cursor.execute(f"SET lock_timeout = {milliseconds}")
    cursor.close()
    connection.commit()


def _mysql(connection: Any, milliseconds: int) -> None:  # noqa: ANN401  any driver's
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.execute("SELECT VERSION()")
    (version,) = cursor.fetchone()
    is_mariadb = "mariadb" in str(version).lower()
    limit = (
        f"max_statement_time = {milliseconds / 1000}"
        if is_mariadb
        else f"max_execution_time = {milliseconds}"
    )
    with contextlib.suppress(Exception):  # a server too old for it is held by the socket's limit
        cursor.execute(f"SET SESSION {limit}")
    cursor.close()
    connection.commit()


_SESSIONS: Final[Mapping[str, Callable[[Any, int], None]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}


def _on_connect(engine: Engine, prepare: Callable[[Any, int], None], milliseconds: int) -> None:
    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        prepare(connection, milliseconds)

    event.listen(engine, "connect", on_connect)


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _shown(url: URL) -> str:
    """A database as messages name it."""
    place = f"{url.host}:{url.port}" if url.host and url.port else url.host or ""
    return f"{url.get_backend_name()} {place}{'/' if place else ''}{url.database or ''}".strip()


def _first_line(error: SQLAlchemyError) -> str:
    """What the database says, in one line."""
    origin = getattr(error, "orig", None) or error
    arguments = getattr(origin, "args", ())
    said = str(list(arguments)[-1]) if len(arguments) > 1 else str(origin)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    hint = getattr(getattr(origin, "diag", None), "message_hint", None)
    text = (lines or [type(origin).__name__])[0] + (f" ({hint})" if hint else "")
    return text[:_LONGEST_FAULT]
