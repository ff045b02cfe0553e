"""What `explain --at` tells of the past, against the oracle that says why."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.app import App, open_app
from engine.insight.explain import explain
from engine.insight.explained import as_json
from engine.pipeline.evaluate import Policy
from tests.oracle.running import HERE, Answer, desk_of, live, run_json, sortable

SECOND = timedelta(seconds=1)
COMMON = {
    ("FIRED", "level_due"),
    ("FIRED", "budget"),
    ("WAITING", "not_yet"),
    ("SUPPRESSED", "acknowledged"),
    ("SUPPRESSED", "cooldown"),
    ("SUPPRESSED", "inhibited"),
    ("SUPPRESSED", "paused"),
    ("SUPPRESSED", "shadow"),
    ("SUPPRESSED", "suspended"),
    ("SUPPRESSED", "too_late"),
    ("NO_MATCH", "no_anchor"),
    ("NO_MATCH", "no_match"),
    ("NO_MATCH", "no_target"),
    ("NO_MATCH", "resolved"),
    ("OFF", "off"),
}


class Span(NamedTuple):
    """From one instant to before another, a rule stood so to a subject."""

    subject: str
    rule: str
    begin: datetime
    end: datetime
    verdict: str
    reason: str


class Sample(NamedTuple):
    """A question to `explain`, and what the oracle answers."""

    ticket: str
    rule: str
    at: datetime
    verdict: str
    reason: str


@dataclass(frozen=True)
class Past:
    """What a desk has lived through, and what the oracle says of it.

    Attributes:
        tickets: Subject → its tickets, each with its opening.
    """

    folder: Path
    spans: list[Span]
    tickets: dict[str, list[tuple[str, datetime]]]


def live_through(folder: Path, tickets: int, through: str) -> Past:
    desk_of(folder, tickets)
    live(folder, through)
    answer = run_json(
        *(HERE / "oracle.py", "derived.csv", "--through", through, "--why"), cwd=folder
    )
    spans = list(spans_of(answer, datetime.fromisoformat(through)))
    return Past(folder, spans, tickets_of(folder / "derived.csv"))


def spans_of(answer: Answer, until: datetime) -> Iterator[Span]:
    told: dict[tuple[str, str], list[tuple[datetime, str, str]]] = defaultdict(list)
    for row in answer["why"]:
        at = datetime.fromisoformat(row["at"])
        told[row["ticket"], row["rule"]].append((at, row["verdict"], row["reason"]))
    for (subject, rule), rows in told.items():
        ends = [at for at, _, _ in rows[1:]] + [until]
        for (begin, verdict, reason), end in zip(rows, ends, strict=True):
            yield Span(subject, rule, begin, end, verdict, reason)


def tickets_of(path: Path) -> dict[str, list[tuple[str, datetime]]]:
    """The tickets of each subject; those that changed their site are left out of both sites."""
    found: dict[str, set[tuple[str, datetime]]] = defaultdict(set)
    sites: dict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        sites[row["number"]].add(row["location"])
    for row in rows:
        ticket = (f"desk:{row['number']}", datetime.fromisoformat(sortable(row["opened_at"])))
        subjects = [ticket[0], "everyone", f"customer:{row['caller_id']}"]
        if len(sites[row["number"]]) == 1:
            subjects.append(f"organization:{row['location']}")
        for subject in subjects:
            found[subject].add(ticket)
    return {subject: sorted(tickets) for subject, tickets in found.items()}


def samples(past: Past, count: int, seed: int) -> list[Sample]:
    """Of each rule, verdict and reason as many as of any other, as far as there are so many.

    A third of the instants are the first of their span, a third the last, a third between.
    """
    chance = random.Random(seed)
    strata: dict[tuple[str, str, str], list[Span]] = defaultdict(list)
    for span in past.spans:
        strata[span.rule, span.verdict, span.reason].append(span)
    for spans in strata.values():
        chance.shuffle(spans)
    found: list[Sample] = []
    while len(found) < count and strata:
        for stratum in sorted(strata):
            sample = sample_of(past, strata[stratum].pop(), chance)
            found += [sample] if sample else []
            if not strata[stratum]:
                del strata[stratum]
    return found[:count]


def sample_of(past: Past, span: Span, chance: random.Random) -> Sample | None:
    length = (span.end - span.begin) // SECOND
    at = span.begin + chance.choice([0, length - 1, chance.randrange(length)]) * SECOND
    there = [ticket for ticket, opened in past.tickets.get(span.subject, []) if opened <= at]
    if not there:
        return None
    return Sample(chance.choice(there), span.rule, at, span.verdict, span.reason)


def told(app: App, policy: Policy, sample: Sample) -> tuple[str, str]:
    """What the explanation says, in the words of the contract."""
    found = explain(app.store, policy, sample.ticket, sample.at, app.lived_until(), sample.rule)
    assert not found.rules[0].was_learnt_later
    told = as_json(found)["rules"][0]
    return told["verdict"], told["reason"]


def disagreements(past: Past, asked: list[Sample]) -> list[tuple[Sample, tuple[str, str]]]:
    app = open_app(past.folder / "config.yaml", upgrade=False)
    policy = app.in_force_now()
    try:
        answers = [(sample, told(app, policy, sample)) for sample in asked]
    finally:
        app.close()
    return [(sample, answer) for sample, answer in answers if answer != sample[3:]]


@pytest.mark.proof
def test_explain_agrees_with_the_oracle_about_a_thousand_moments_of_a_month(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    past = live_through(tmp_path, tickets=120, through="2016-04-02T00:00:00Z")
    asked = samples(past, 1_000, seed=3)

    assert disagreements(past, asked) == []
    counts = Counter((sample.verdict, sample.reason) for sample in asked)
    with capsys.disabled():
        for (verdict, reason), count in sorted(counts.items()):
            print(f"\n{count:5} {verdict} {reason}", end="")
    assert len(set(asked)) == 1_000
    assert counts.keys() >= COMMON


def test_explain_agrees_with_the_oracle_about_a_day_and_a_half(tmp_path: Path) -> None:
    past = live_through(tmp_path, tickets=10, through="2016-03-01T12:00:00Z")
    asked = samples(past, 50, seed=3)

    assert disagreements(past, asked) == []
    assert len({(sample.verdict, sample.reason) for sample in asked}) > 5
