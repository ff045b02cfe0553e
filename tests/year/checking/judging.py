"""The checker: reads the log and the record, and objects.

    python -m tests.year.checking.judging FOLDER

Nothing here, nor in anything that it imports, knows the engine: the standard library is all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.year.checking.escalations import Escalated, broken_ladders
from tests.year.checking.keeping import Kept, broken_promises
from tests.year.checking.objection import Objection
from tests.year.checking.prohibitions import breaches
from tests.year.checking.record import (
    Record,
    add_our_changes,
    firings_of,
    messages_of,
)
from tests.year.checking.story import Story, read_log, seconds

Document = Mapping[str, Any]


@dataclass(slots=True)
class Judgement:
    """What the checker found, and how much it has looked at."""

    objections: list[Objection]
    kept: Kept = field(default_factory=Kept)
    escalated: Escalated = field(default_factory=Escalated)


def judge(stories: Mapping[str, Story], record: Record) -> Judgement:
    """Hold a record against the stories; objections by time."""
    judgement = Judgement([])
    found = [
        *breaches(stories, record),
        *broken_promises(stories, record, judgement.kept),
        *broken_ladders(stories, record, judgement.escalated),
    ]
    judgement.objections = sorted(found, key=lambda one: (one.at, one.subject, one.fault))
    return judgement


def read(
    log: Path,
    actions: Iterable[Document],
    fired: Iterable[Document],
    skipped: Iterable[Document],
    down: Iterable[tuple[str, str]],
    until: str,
) -> tuple[dict[str, Story], Record]:
    """Read what there is to judge.

    Args:
        log: What the generator wrote.
        actions: The lines of the file in which the daemon writes what it does in the desk.
        fired: As `once --json` tells; so is `skipped`.
        down: Spells in which the daemon did not run, as instants.
        until: The instant up to which it lived.
    """
    known = list(actions)
    stories = read_log(log)
    add_our_changes(stories, known)
    record = Record(
        messages_of(known),
        firings_of(fired),
        tuple((seconds(since), seconds(back)) for since, back in down),
        seconds(until),
        frozenset((one["ticket"], one["rule"]) for one in skipped if one["reason"] == "too_late"),
    )
    record.file(stories)
    record.note_machines(stories.values())
    return stories, record


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold what the daemon did against its promises.")
    parser.add_argument("folder", type=Path, help="with log.jsonl and lived.json")
    folder = parser.parse_args().folder
    lived = json.loads((folder / "lived.json").read_text(encoding="utf-8"))
    stories, record = read(folder / "log.jsonl", **lived)
    judgement = judge(stories, record)
    for objection in judgement.objections:
        print(objection)
    print(judgement.kept)
    print(judgement.escalated)
    return 1 if judgement.objections else 0


if __name__ == "__main__":
    sys.exit(main())
