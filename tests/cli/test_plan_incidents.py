"""`plan` on the real incidents: what it predicts is what then happens."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.cli.desk import Desk, conforming

ROOT = Path(__file__).parents[2]
LOG = ROOT / "examples" / "incidents" / "incident_event_log.csv"
NOW = "2016-03-02T16:00:00Z"
UNTIL = "2016-03-03T16:00:00Z"

EDITS = {
    "warn earlier": ("unresolved.yaml", "after: 75%", "after: 50%"),
    "act on the backlog": ("unresolved.yaml", "    levels:", "    backlog: act\n    levels:"),
    "promise less": ("unresolved.yaml", "high: 1d", "high: 4d"),
    "count fewer contacts": ("repeat-contacts.yaml", "at_least: 3", "at_least: 2"),
}


def up_to_now(target: Path) -> None:
    """The log as far as it had been written: afterwards nothing happens."""
    with LOG.open(encoding="utf-8", newline="") as source, target.open("w", newline="") as file:
        rows = csv.DictReader(source)
        assert rows.fieldnames
        kept = csv.DictWriter(file, rows.fieldnames)
        kept.writeheader()
        now = datetime.fromisoformat(NOW)
        kept.writerows(
            each
            for each in rows
            if datetime.strptime(each["sys_updated_at"], "%d-%m-%Y %H:%M").replace(tzinfo=UTC)
            <= now
        )


@pytest.mark.proof
@pytest.mark.parametrize("edit", EDITS)
def test_what_is_predicted_for_the_incidents_is_what_then_happens(
    empty_desk: Desk, edit: str
) -> None:
    desk = empty_desk
    config = yaml.safe_load((ROOT / "config.example.yaml").read_text(encoding="utf-8"))
    del config["helpdesks"]["incidents"]["replay"]
    config["helpdesks"]["incidents"]["path"] = "log.csv"
    desk.write("config.yaml", yaml.safe_dump(config))
    up_to_now(desk.folder / "log.csv")
    shutil.copytree(ROOT / "rules", desk.folder / "rules")
    desk.once("--at", NOW)
    shutil.copytree(desk.folder / "rules", desk.folder / "new")
    name, old, new = EDITS[edit]
    text = (desk.folder / "new" / name).read_text(encoding="utf-8")
    assert old in text
    desk.write(f"new/{name}", text.replace(old, new))

    ended = desk.run("plan", "new", "--at", NOW, "--for", "24h", "--format", "json")
    predicted = conforming("plan", ended.document)
    shutil.rmtree(desk.folder / "rules")
    (desk.folder / "new").rename(desk.folder / "rules")
    actual = desk.once("--through", UNTIL)

    assert len(actual["fired"]) > 100
    assert predicted["fired"] == actual["fired"]
