"""A made-up year of a support desk: the customers heard what they were promised. See README.md."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.year.checking.hours import HOUR
from tests.year.checking.judging import Judgement, judge
from tests.year.conftest import Year, year_in
from tests.year.generating import year_of
from tests.year.running import (
    UNTIL,
    desk_in,
    live,
    live_in_slices,
    runs_until,
    slices_of,
)

TICKETS = int(os.environ.get("ESCALATORD_YEAR_TICKETS", "300"))
"""10,000 take most of an hour on two cores; README.md has their figures."""
ON_SQLITE = 60
SEED = 1


def without_objection(year: Year) -> Judgement:
    judgement = judge(year.stories, year.record)
    told = [str(one) for one in judgement.objections]
    assert told == [], f"{len(told)} objections\n" + "\n".join(told[:40])
    return judgement


def test_a_small_desk_keeps_its_promises_for_a_quarter_of_a_year(quarter: Year) -> None:
    judgement = without_objection(quarter)
    kinds = Counter(message.kind for message in quarter.record.messages)
    assert kinds["update"] > 50
    assert kinds["on_escalation"] > 10
    assert kinds["follow_up"] > 0
    assert judgement.escalated.computed > 20


def test_no_customer_is_cut_apart_by_a_slice() -> None:
    slices = slices_of(year_of(300, SEED))
    seen = [{row["customer"]["id"] for row in rows} for rows in slices]
    assert len(seen) > 2
    assert sum(map(len, seen)) == len(set().union(*seen))


@pytest.mark.proof
def test_the_customers_of_a_year_hear_what_they_were_promised(
    tmp_path: Path, figures: list[str]
) -> None:
    rows = year_of(TICKETS, SEED)
    lived = live_in_slices(rows, runs_until(UNTIL), processes=2)
    year = year_in(tmp_path, rows, lived, UNTIL)
    figures += figures_of(year, without_objection(year), "memory twin, in slices, two processes")


@pytest.mark.proof
def test_the_command_line_on_sqlite_keeps_its_promises_and_does_what_the_slices_did(
    tmp_path: Path, figures: list[str]
) -> None:
    rows = year_of(ON_SQLITE, SEED + 1)
    folder = tmp_path / "desk"
    folder.mkdir()
    desk_in(folder, rows)
    lived = live(folder, runs_until(UNTIL))
    year = year_in(tmp_path, rows, lived, UNTIL)
    figures += figures_of(year, without_objection(year), "command line, SQLite")
    sliced = year_in(tmp_path, rows, live_in_slices(rows, runs_until(UNTIL), 2), UNTIL)
    assert set(year.record.messages) == set(sliced.record.messages)
    assert set(year.record.firings) == set(sliced.record.firings)


def figures_of(year: Year, judgement: Judgement, how: str) -> list[str]:
    kept, record = judgement.kept, year.record
    kinds = Counter(message.kind for message in record.messages)
    customers = {story.customer.id for story in year.stories.values()}
    seconds = year.lived.seconds
    silences = [
        f"  longest silence, {rule}, {priority}: promised {_hours(one.promised)}"
        f", on time {_hours(one.on_time)}, delayed {_hours(one.delayed)} of the rule's hours"
        for (rule, priority), one in sorted(kept.silences.items())
    ]
    looked = judgement.escalated
    about = f"{len(year.stories)} tickets of {len(customers)} customers, {len(year.rows)} events"
    pace = f"{seconds:.0f} s, {len(record.messages) / seconds:.1f} messages a second"
    return [
        f"a year of a support desk ({how}): {about}; no objection",
        f"  {len(record.messages)} messages ({_counted(kinds)}) in {pace}",
        f"  {kept.spells} spells; prohibitions only: {kept.unjudged} messages",
        f"  when they came: {_counted(kept.delays)}",
        f"  what became of announced next words: {_counted(kept.announced)}",
        f"  {looked.firings} levels fired, {looked.computed} first escalations computed",
        f"  ladders left out: {_counted(looked.unjudged) or 'none'}",
        *silences,
    ]


def _hours(seconds: int) -> str:
    return f"{seconds / HOUR:.1f} h"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
