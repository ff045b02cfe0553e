"""Stores of every kind: the tests of this folder hold for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.ports import Store
from engine.store import SqlStore, open_store
from engine.store.memory import MemoryStore

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

KINDS = ("file", "memory", "postgres")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """Where a store may be made; nothing is there yet."""
    return _url(request.param, request)


@pytest.fixture(params=("file", "postgres"))
def lasting_url(request: pytest.FixtureRequest) -> str:
    """The same, of a store that outlives its last connection."""
    return _url(request.param, request)


def _url(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "memory":
        return "sqlite://"
    if kind == "file":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/store.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def migrated_database(postgres_server: PostgresServer) -> Iterator[str]:
    """Name of a migrated database to copy others from, which is quicker than migrating each."""
    database = postgres_server.create()
    open_store(postgres_server.url(database)).close()
    yield database
    postgres_server.drop(database)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, for the same purpose."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=(*KINDS, "twin"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store that is ready for use, and empty; the memory twin is held to the same facts."""
    if request.param == "twin":
        yield MemoryStore()
        return
    yield from _sql_store(request, tmp_path)


@pytest.fixture(params=KINDS)
def sql_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """The same, for facts about SQL, from which the twin is free."""
    yield from _sql_store(request, tmp_path)


def _sql_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "postgres":
        yield from _on_postgres(request)
        return
    if request.param == "file":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "s.db")
    store = open_store("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db")
    yield store
    store.close()


@pytest.fixture
def postgres_store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """The same, on PostgreSQL: for facts about several workers."""
    yield from _on_postgres(request)


def _on_postgres(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    database = server.create(template=request.getfixturevalue("migrated_database"))
    store = open_store(server.url(database))
    yield store
    store.close()
    server.drop(database)
