"""Running the daemon and the oracle over the same incidents."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INCIDENTS = HERE.parents[1] / "examples" / "incidents" / "incident_event_log.csv"

Answer = dict[str, list[dict[str, Any]]]


def run_json(*command: str | Path, cwd: Path) -> Answer:
    """What a Python program says on stdout."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: Answer = json.loads(done.stdout)
    return answer


def desk_of(folder: Path, tickets: int | None = None) -> None:
    """Put rules, configuration and incidents into a folder; only so many, the first opened."""
    shutil.copytree(HERE / "rules", folder / "rules")
    shutil.copy(HERE / "config.yaml", folder)
    derived = folder / "derived.csv"
    subprocess.run([sys.executable, HERE / "derive.py", INCIDENTS, derived], check=True)
    if tickets is not None:
        _keep_first(derived, tickets)


def _keep_first(path: Path, tickets: int) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    opened = {row["number"]: (sortable(row["opened_at"]), row["number"]) for row in rows}
    kept = set(sorted(opened, key=lambda number: opened[number])[:tickets])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["number"] in kept)


def sortable(stamp: str) -> str:
    """``29-02-2016 01:16`` as ``2016-02-29T01:16:00Z``."""
    day, time = stamp.split()
    return "-".join(reversed(day.split("-"))) + f"T{time}:00Z"


def live(folder: Path, through: str) -> Answer:
    """Let the daemon live through the incidents."""
    return run_json(
        *("-m", "engine.cli", "once", "--through", through, "--json"),
        *("--config", folder / "config.yaml"),
        cwd=folder,
    )
