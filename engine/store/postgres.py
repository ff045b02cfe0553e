"""PostgreSQL 14 or newer, by psycopg 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, create_engine

from engine.store.failures import StoreUnreachableError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

DRIVER: Final = "postgresql+psycopg"
OLDEST: Final = (14,)


def engines(url: URL, pool_size: int, timeout: float) -> tuple[Engine, Engine]:
    """Engines for writing (read committed) and for reading (one snapshot), on one pool.

    Args:
        url: With or without the driver's name; what it says itself is kept.
        pool_size: Connections to keep open.
        timeout: Seconds to wait for a server, a connection or a lock.
    """
    defaults = {
        "connect_timeout": str(max(2, round(timeout))),
        "application_name": "escalatord",
        "options": f"-c lock_timeout={round(timeout * 1000)} -c timezone=UTC",
    }
    wanted = {name: value for name, value in defaults.items() if name not in url.query}
    writing = create_engine(
        url.set(drivername=DRIVER),
        connect_args=wanted,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        pool_timeout=timeout,
    )
    reading = writing.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return writing, reading


def require_version(connection: Connection, where: str) -> None:
    """Refuse a server that is too old.

    Raises:
        StoreUnreachableError: It is.
    """
    found = connection.dialect.server_version_info or ()
    if found < OLDEST:
        raise StoreUnreachableError(
            f"store {where} is PostgreSQL {'.'.join(map(str, found))}:"
            f" {OLDEST[0]} or newer is needed"
        )
