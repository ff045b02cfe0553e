"""From a URL to a store: what works, and one clear line where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store import (
    SchemaOutdatedError,
    StoreCorruptError,
    StoreLockedError,
    StoreUnreachableError,
    StoreUrlError,
    connect,
    open_store,
)
from tests.store.factories import NOON


def test_a_store_outlives_the_program(lasting_url: str) -> None:
    store = open_store(lasting_url)
    with store.write() as transaction:
        transaction.mark_due(["desk:1"], NOON)
    store.close()

    store = open_store(lasting_url)
    with store.read() as transaction:
        assert transaction.next_due_at() == NOON
    store.close()


def test_a_store_in_memory_is_new_each_time() -> None:
    one, other = open_store("sqlite://"), open_store("sqlite://")
    with one.write() as transaction:
        transaction.set_meta("colour", "red")

    with other.read() as transaction:
        assert transaction.meta("colour") is None
    one.close()
    other.close()


def test_a_relative_path_lies_in_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///here.db").close()

    assert (tmp_path / "here.db").is_file()


@pytest.mark.parametrize(
    "url, words",
    [
        ("", "cannot be read"),
        ("store.db", "cannot be read"),
        ("mysql://user@host/db", "nothing can be kept in mysql"),
        ("oracle+what://x", "nothing can be kept in oracle"),
        ("sqlite://store.db", "three slashes"),
        ("sqlite:///store.db?mode=ro", "no options"),
        ("postgresql://user@host:what/db", "cannot be read"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str, words: str) -> None:
    with pytest.raises(StoreUrlError, match=words) as caught:
        open_store(url)

    assert "postgresql://user@host/database" in str(caught.value)


def test_a_password_in_a_url_that_makes_no_sense_is_not_told() -> None:
    with pytest.raises(StoreUrlError) as caught:
        open_store("postgresql://user:hush@host:what/db")

    assert "hush" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachableError, match=f"no folder {tmp_path}/none; make it"):
        open_store(f"sqlite:///{tmp_path}/none/store.db")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachableError, match="is a folder"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_folder_where_nothing_can_be_made_is_named() -> None:
    with pytest.raises(StoreUnreachableError, match=r"cannot be opened or written.*rights"):
        open_store("sqlite:////proc/store.db")


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("dear diary, " * 1_000)

    with pytest.raises(StoreCorruptError, match=f"{path} is damaged or no database"):
        open_store(f"sqlite:///{path}")

    assert path.read_text().startswith("dear diary")


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://user:hush@/db?host={tmp_path}")

    assert isinstance(caught.value, StoreUnreachableError)
    assert "user:***@" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    with pytest.raises(StoreUnreachableError, match="does not exist"):
        open_store(postgres_url.replace("escalatord_test", "nothing"))


def test_the_driver_may_be_named(postgres_url: str) -> None:
    open_store(postgres_url.replace("postgresql://", "postgresql+psycopg://")).close()


def test_a_store_is_not_made_where_one_should_be(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachableError, match="there is no store"):
        open_store(f"sqlite:///{tmp_path}/typo.db", upgrade=False)

    assert list(tmp_path.iterdir()) == []


def test_a_store_that_must_be_migrated_is_refused_where_it_may_not_be(lasting_url: str) -> None:
    connect(lasting_url).close()
    if lasting_url.startswith("sqlite"):
        Path(lasting_url.removeprefix("sqlite:///")).touch()

    with pytest.raises(SchemaOutdatedError, match="run `escalatord migrate`"):
        open_store(lasting_url, upgrade=False)


def test_one_daemon_at_a_time_runs_on_a_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    one, other = open_store(url), open_store(url)

    with one.lock():
        with pytest.raises(StoreLockedError, match=rf"pid {os.getpid()}\) .*store\.db\.lock"):
            other.lock()
        with other.write() as transaction:  # the command line works beside it
            transaction.set_meta("colour", "red")
    other.lock().release()

    one.close()
    other.close()


def test_a_daemon_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    program = (
        "import os, signal; from engine.store import open_store;"
        f"held = open_store({url!r}).lock(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)

    store = open_store(url)
    with store.lock():
        assert (tmp_path / "store.db.lock").read_text() == f"{os.getpid()}\n"
    store.close()


def test_any_number_of_daemons_run_on_postgres(postgres_url: str) -> None:
    one, other = open_store(postgres_url), open_store(postgres_url)

    with one.lock(), other.lock():
        pass

    one.close()
    other.close()


def test_opening_a_store_that_is_up_to_date_imports_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    open_store(url).close()
    program = (
        f"import sys; from engine.store import open_store; open_store({url!r}).close();"
        "sys.exit(any(name.split('.')[0] in ('alembic', 'psycopg') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_committed_outlives_a_power_cut(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")

    with store.writing() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()
