"""The checker can fail: a record that is right, broken in one place, is objected to."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.year.checking.hours import HOUR
from tests.year.checking.judging import judge
from tests.year.checking.objection import Objection
from tests.year.checking.promises import ALWAYS, BY_RULE, DAY, DAYTIME, OFFICE, SUPPORT
from tests.year.checking.record import Firing, Message, Record
from tests.year.checking.story import PAUSED, Story
from tests.year.conftest import Year

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# --- it shares nothing with the engine -----------------------------------------------------------

OWN = "tests.year."
INDEPENDENT = (
    *sorted((HERE / "checking").glob("*.py")),
    *(HERE / f"{name}.py" for name in ("generating", "agenda", "people")),
)


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or "."
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("path", INDEPENDENT, ids=lambda path: path.stem)
def test_the_checker_and_the_generator_need_the_standard_library_alone(path: Path) -> None:
    theirs = {f"tests.year.{one.relative_to(HERE).with_suffix('')}".replace("/", ".")
              for one in INDEPENDENT}  # fmt: skip
    for name in imports_of(path):
        assert name in theirs or name.partition(".")[0] in sys.stdlib_module_names, name


def test_a_program_that_imports_the_checker_has_loaded_nothing_of_the_engine() -> None:
    code = (
        "import sys, tests.year.checking.judging, tests.year.generating;"
        "print([name for name in sys.modules if name.partition('.')[0] == 'engine'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- its hours -----------------------------------------------------------------------------------


def at(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


def test_eight_hours_that_begin_on_a_friday_end_on_monday() -> None:
    assert SUPPORT.add(at("2026-01-09 16:00"), 8 * HOUR) == at("2026-01-12 14:00")


def test_hours_that_end_with_the_day_end_at_its_close() -> None:
    assert SUPPORT.add(at("2026-01-09 16:00"), 2 * HOUR) == at("2026-01-09 18:00")


def test_a_lunch_break_does_not_count() -> None:
    assert OFFICE.add(at("2026-01-12 11:00"), HOUR) == at("2026-01-12 13:00")  # an hour ahead


def test_a_holiday_is_shut_and_a_special_day_beats_it() -> None:
    assert SUPPORT.next_open(at("2026-04-02 18:00")) == at("2026-04-07 07:00")
    assert SUPPORT.elapsed(at("2026-12-24 00:00"), at("2026-12-25 00:00")) == 5 * HOUR


def test_summer_time_moves_the_opening_in_utc() -> None:
    assert SUPPORT.next_open(at("2026-03-27 18:00")) == at("2026-03-30 07:00")
    assert DAYTIME.next_open(at("2026-10-24 19:30")) == at("2026-10-26 06:00")


def test_a_pause_stands_still_and_one_that_lasts_never_ends() -> None:
    begin, pause = at("2026-01-12 09:00"), (at("2026-01-12 10:00"), at("2026-01-13 10:00"))
    assert SUPPORT.add(begin, 2 * HOUR, [pause]) == at("2026-01-13 11:00")
    assert SUPPORT.add(begin, HOUR, [pause]) == at("2026-01-12 10:00")
    assert SUPPORT.add(begin, 2 * HOUR, [(pause[0], None)]) is None


def test_around_the_clock_is_every_second() -> None:
    assert ALWAYS.add(at("2026-03-28 23:00"), DAY) == at("2026-03-29 23:00")


# --- what it objects to --------------------------------------------------------------------------

Messages = list[Message]
Break = Callable[[Messages, Message, Mapping[str, Story]], Messages]
"""Given what was sent, one message and the stories: what was sent, broken."""


def of_kind(kind: str) -> Callable[[Message, Story], bool]:
    return lambda message, _: message.kind == kind


def dropped(messages: Messages, one: Message, _: object) -> Messages:
    return [message for message in messages if message is not one]


def said_twice(messages: Messages, one: Message, _: object) -> Messages:
    return [*messages, replace(one, at=one.at + 1)]


def asked_twice(messages: Messages, one: Message, _: object) -> Messages:
    return [*messages, replace(one, at=one.at + DAY, occurrence=2)]


def instead(**changes: object) -> Break:
    return lambda messages, one, _: [
        replace(message, **changes) if message is one else message  # type: ignore[arg-type]
        for message in messages
    ]


def moved(seconds: int) -> Break:
    return lambda messages, one, _: [
        replace(message, at=one.at + seconds) if message is one else message for message in messages
    ]


def moved_to(instant: Callable[[Message, Story], int]) -> Break:
    def breaking(messages: Messages, one: Message, stories: Mapping[str, Story]) -> Messages:
        return moved(instant(one, stories[one.ticket]) - one.at)(messages, one, stories)

    return breaking


def at_night(one: Message, _: Story) -> int:
    """Three hours after midnight, UTC."""
    return one.at - one.at % DAY + DAY + 3 * HOUR


def after_the_end(one: Message, story: Story) -> int:
    resolved = (change.at for change in story.statuses(one.at + 100 * DAY)
                if change.value == "resolved" and change.at > one.at)  # fmt: skip
    return next(resolved) + 60


def in_a_pause(one: Message, story: Story) -> int:
    asked = (change.at for change in story.statuses(one.at + 100 * DAY) if change.value == PAUSED)
    return next(asked) + 60


def after_their_own(_: Message, story: Story) -> int:
    return story.created_at + 60


def while_down(_: Message, __: Story) -> int:
    return at("2026-04-21 10:00")


def crowd(messages: Messages, one: Message, _: object) -> Messages:
    more = (replace(one, at=one.at + n * HOUR, occurrence=90 + n) for n in range(1, 6))
    return [*messages, *more]


def is_on_a_ticket_that_was_paused(_: Message, story: Story) -> bool:
    return any(change.value == PAUSED for change in story.changes)


def is_resolved_later(message: Message, story: Story) -> bool:
    return message.kind == "update" and any(
        change.value == "resolved" and change.at > message.at for change in story.changes
    )


UPDATE, NEWS, SURVEY = of_kind("update"), of_kind("on_escalation"), of_kind("follow_up")

BREAKS: dict[str, tuple[Callable[[Message, Story], bool], Break, str]] = {
    "an update that never came": (UPDATE, dropped, "silence"),
    "an update an hour late": (UPDATE, moved(HOUR), "silence"),
    "an update a second late": (UPDATE, moved(1), "silence"),
    "an update a second early": (UPDATE, moved(-1), "early"),
    "an escalation that nobody told of": (NEWS, dropped, "silence"),
    "a survey that never came": (SURVEY, dropped, "silence"),
    "an update said twice": (UPDATE, said_twice, "twice"),
    "two messages at once": (UPDATE, said_twice, "within the gap"),
    "a survey asked twice": (SURVEY, asked_twice, "twice in an opening"),
    "an update at night": (UPDATE, moved_to(at_night), "outside hours"),
    "an update after the resolution": (
        is_resolved_later, moved_to(after_the_end), "after resolution",
    ),
    "an update while the customer is asked": (
        is_on_a_ticket_that_was_paused, moved_to(in_a_pause), "paused",
    ),
    "an answer by a machine to who just wrote": (
        UPDATE, moved_to(after_their_own), "too soon",
    ),
    "a message from a daemon that was down": (UPDATE, moved_to(while_down), "impossible"),
    "more than so many a day": (UPDATE, crowd, "too many a day"),
    "a message to somebody else": (UPDATE, instead(to="other@customers.example"), "wrong customer"),
    "a message on a ticket that is none": (UPDATE, instead(ticket="desk:99999"), "unknown"),
    "an update with another number": (UPDATE, instead(occurrence=77), "wrong count"),
    "a text of another language": (
        UPDATE, instead(title="it still-working 10001"), "wrong text",
    ),
    "an announcement of another time": (
        UPDATE, instead(next_at=at("2026-05-05 05:05")), "wrong promise",
    ),
    "a rule that has not the word": (UPDATE, instead(rule="outage-watch"), "wrong voice"),
    "a message that no rule promises": (UPDATE, instead(rule="high-priority-first"), "no promise"),
}  # fmt: skip


def objections_to(
    year: Year, customer: str, messages: Messages, firings: list[Firing] | None = None
) -> list[Objection]:
    """What the checker says of one customer's tickets; of all others it says nothing."""
    stories = {key: one for key, one in year.stories.items() if one.customer.id == customer}
    subjects = {*stories, f"customer:{customer}"}
    fired = year.record.firings if firings is None else firings
    record = Record(
        messages,
        [one for one in fired if one.subject in subjects],
        year.record.down,
        year.record.until,
        year.record.late,
    )
    record.file(stories)
    return judge(stories, record).objections


def sent_to(year: Year, customer: str) -> Messages:
    return list(year.record.of_customer[customer])


@pytest.mark.parametrize("name", BREAKS)
def test_the_checker_objects_to(name: str, quarter: Year) -> None:
    wanted, breaking, fault = BREAKS[name]
    found: list[Objection] = []
    for message in quarter.record.messages:
        story = quarter.stories[message.ticket]
        if message.subject != story.key or not wanted(message, story):
            continue
        sent = sent_to(quarter, story.customer.id)
        assert objections_to(quarter, story.customer.id, sent) == []
        broken = breaking(sent, message, quarter.stories)
        found = objections_to(quarter, story.customer.id, broken)
        if fault in {one.fault for one in found}:
            break
    faults = [one for one in found if one.fault == fault]
    assert faults, [str(one) for one in found]
    line = str(faults[0])
    assert line.startswith("desk:")
    assert " 2026-" in line
    assert any(rule in line for rule in BY_RULE)


def test_the_checker_objects_to_a_message_to_who_wants_none(quarter: Year) -> None:
    message = next(one for one in quarter.record.messages if one.kind == "update")
    story = quarter.stories[message.ticket]
    customer = replace(story.customer, wants_nothing=True)
    record = Record([message], [], (), quarter.record.until)
    stories = {story.key: replace(story, customer=customer)}
    record.file(stories)
    found = judge(stories, record).objections
    assert "unwanted" in {one.fault for one in found}


def is_first_escalation(firing: Firing) -> bool:
    return firing.is_escalation and firing.level == "second-line"


def test_the_checker_objects_to_an_escalation_that_never_came(quarter: Year) -> None:
    firing = next(one for one in quarter.record.firings if is_first_escalation(one))
    faults = of_firings(quarter, firing, [])
    assert "not escalated" in faults


def test_the_checker_objects_to_an_escalation_at_another_instant(quarter: Year) -> None:
    firing = next(one for one in quarter.record.firings if is_first_escalation(one))
    assert "uncalled for" in of_firings(quarter, firing, [replace(firing, at=firing.at + 60)])
    assert "fired early" in of_firings(quarter, firing, [replace(firing, at=firing.due_at - 60)])


def test_the_checker_objects_to_a_level_that_fires_twice(quarter: Year) -> None:
    firing = next(one for one in quarter.record.firings if is_first_escalation(one))
    again = replace(firing, at=firing.at + 60)
    assert "fired twice" in of_firings(quarter, firing, [firing, again])


def of_firings(year: Year, firing: Firing, instead_of_it: list[Firing]) -> set[str]:
    customer = year.stories[firing.subject].customer.id
    others = [one for one in year.record.firings if one is not firing]
    found = objections_to(year, customer, sent_to(year, customer), [*others, *instead_of_it])
    return {one.fault for one in found}
