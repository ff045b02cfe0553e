from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from engine.app import App
from engine.settings import load_settings
from engine.store import open_store

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def app_on(url: str, folder: Path) -> App:
    config = folder / "config.yaml"
    config.write_text("rules: rules\n")
    return App(load_settings(config), open_store(url), StringIO())


def test_who_leased_before_the_only_daemon_started_is_dead(tmp_path: Path) -> None:
    app = app_on(f"sqlite:///{tmp_path / 'store.db'}", tmp_path)
    assert app.dead_by(NOW) > NOW
    app.close()


def test_where_other_daemons_may_run_a_lease_lasts_as_long_as_it_says(
    postgres_url: str, tmp_path: Path
) -> None:
    app = app_on(postgres_url, tmp_path)
    assert app.dead_by(NOW) == NOW
    app.close()
