"""Bringing a database to the form that this program needs, and refusing one from its future.

Schemas are numbered like the migrations, from 1. A migration that only adds leaves older programs
working; one that takes away or changes a meaning names, in `meta`, the oldest schema that a
program must know. So an update can be taken back as long as nothing was contracted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, text

from engine.store.bulk import BulkInsert, overwrite
from engine.store.failures import SchemaOutdatedError, SchemaTooNewError
from engine.store.schema import META

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.store import SqlStore

SCHEMA: Final = 10
"""The newest schema that this program knows: the number of its last migration."""

_HAS: Final = "schema"
_NEEDS: Final = "oldest_schema"
_ENTRIES = select(META.c.key, META.c.value).where(META.c.key.in_([_HAS, _NEEDS]))
_SET = BulkInsert(META, conflict=overwrite("value", key=["key"]))
_FOLDER: Final = Path(__file__).with_name("migrations")
_POSTGRES_LOCK: Final = text("SELECT pg_advisory_xact_lock(:number)").bindparams(
    bindparam("number", 0x65_73_63_61_6C_61_74_65)  # "escalate"
)


def is_outdated(store: SqlStore) -> bool:
    """Whether a store must be migrated before use.

    Raises:
        SchemaTooNewError: A newer program has changed it beyond what this one knows.
        StoreError: It cannot be read.
    """
    try:
        with store.reading() as connection:
            entries = {key: int(value) for key, value in connection.execute(_ENTRIES).all()}
    except SchemaOutdatedError:  # there is no table yet
        return True
    if entries.get(_NEEDS, 0) > SCHEMA:
        raise SchemaTooNewError(
            f"store {store.where} has schema {entries[_HAS]}, which needs a program that knows"
            f" schema {entries[_NEEDS]}; this one knows {SCHEMA}: install the newer escalatord"
        )
    return entries.get(_HAS, 0) < SCHEMA


def migrate(store: SqlStore) -> list[str]:
    """Bring a store up to date, in one transaction; a second program waits meanwhile.

    Returns:
        The names of the revisions that were applied, in order; none when it was up to date.

    Raises:
        SchemaTooNewError: A newer program has changed it beyond what this one knows.
        StoreError: It cannot be written.
    """
    if not is_outdated(store):
        return []
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_POSTGRES_LOCK)
        applied = upgraded(connection)
        _SET.run(connection, [(_HAS, str(SCHEMA))])
    return applied


def upgraded(connection: Connection) -> list[str]:
    """Run every migration that is missing, in the connection's transaction; their names."""
    # Alembic takes a quarter of a second to import, and is needed once in a store's life or two.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    applied: list[str] = []
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes.update(connection=connection, applied=applied)
    command.upgrade(config, "head")
    return applied
