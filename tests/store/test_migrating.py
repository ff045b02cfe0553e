"""How a database comes to the form that the program needs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from engine.store import SchemaTooNewError, connect, migrate, open_store
from engine.store.migrating import SCHEMA
from engine.store.schema import METADATA

VERSIONS = sorted(
    path.stem
    for path in Path("engine/store/migrations/versions").glob("[0-9]*.py")
)  # fmt: skip


def test_an_empty_database_gets_every_revision_once(url: str) -> None:
    store = connect(url)

    assert migrate(store) == VERSIONS
    assert migrate(store) == []
    store.close()


def test_the_schema_is_numbered_like_the_last_migration() -> None:
    assert [int(name[:4]) for name in VERSIONS] == list(range(1, SCHEMA + 1))


def test_the_migrations_make_the_tables_that_the_statements_expect(url: str) -> None:
    store = open_store(url)

    with store.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
        found = inspect(connection)
        indexes = {
            index["name"]: index for table in METADATA.tables for index in found.get_indexes(table)
        }

    assert differences == []
    assert {
        index.name for table in METADATA.tables.values() for index in table.indexes
    } <= indexes.keys()
    store.close()


def test_programs_that_start_together_migrate_once(lasting_url: str) -> None:
    start = threading.Barrier(3)
    applied: list[list[str]] = []

    def begin() -> None:
        store = connect(lasting_url)
        start.wait()
        applied.append(migrate(store))
        store.close()

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(applied) == [[], [], VERSIONS]


def test_a_store_of_a_newer_program_is_refused(lasting_url: str) -> None:
    store = open_store(lasting_url)
    with store.write() as transaction:
        transaction.set_meta("schema", str(SCHEMA + 2))
        transaction.set_meta("oldest_schema", str(SCHEMA + 1))
    store.close()

    with pytest.raises(SchemaTooNewError, match=f"this one knows {SCHEMA}"):
        open_store(lasting_url)


def test_a_newer_schema_that_only_added_is_taken(lasting_url: str) -> None:
    store = open_store(lasting_url)
    with store.write() as transaction:
        transaction.set_meta("schema", str(SCHEMA + 1))
    store.close()

    store = open_store(lasting_url)
    assert migrate(store) == []
    store.close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.store import migrating

    store = connect(url)
    whole = migrating.upgraded

    def upgraded_and_failed(connection: object) -> list[str]:
        whole(connection)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(migrating, "upgraded", upgraded_and_failed)
    with pytest.raises(KeyboardInterrupt):
        migrate(store)
    with store.reading() as connection:
        tables = inspect(connection).get_table_names()
    monkeypatch.undo()

    assert tables == []
    assert migrate(store) == VERSIONS
    store.close()
