"""The crash proof: a daemon is killed again and again while it works, and nothing is lost by it.

No customer hears anything twice, no escalation is lost, and whatever may or may not have arrived is
held for a person. What a customer was told is counted at a mail server that is none of ours.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.crash.killing import Aftermath, Killing, message_of
from tests.crash.load import SENDER, Load, Span, Terms, message_id, stamp
from tests.crash.process import Json, ask

pytestmark = [pytest.mark.proof, pytest.mark.slow]

SEED = int(os.environ.get("ESCALATORD_CRASH_SEED", "20260722"))
"""Other seeds kill at other instants; each run prints its own."""

LEVELS = {1: {"experts@staff.example"}, 2: {"first@managers.example", "second@managers.example"}}
"""Who is told at each level."""


@dataclass(frozen=True)
class Scene:
    """Where the daemon works while it is killed.

    Attributes:
        speed: Of a replay; None for a desk that lives now.
    """

    kills: int
    busy: int
    idle: int
    lasts: timedelta
    terms: Terms
    speed: int | None = None

    def __str__(self) -> str:
        return f"a replay at speed {self.speed}" if self.speed else "a desk that lives now"

    def load(self, seed: int) -> Load:
        begin = datetime.now(UTC) + timedelta(seconds=3)
        if self.speed is not None:
            begin = datetime(2016, 3, 2, 16, tzinfo=UTC)
        span = Span(begin, self.lasts)
        return Load.over(span, self.busy, self.idle, self.terms, random.Random(seed))

    def replay(self, load: Load) -> str:
        """What the config file says of the clock."""
        if self.speed is None:
            return ""
        begin = min(one.created_at for one in load.busy) + self.terms.experts
        before = begin - timedelta(minutes=1)
        return f'replay: {{from: "{stamp(before)}", speed: {self.speed}}}'


SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIVE = Scene(
    kills=30, busy=250, idle=2000, lasts=60 * SECOND,
    terms=Terms(120 * MINUTE, 120 * MINUTE + 30 * SECOND, 10 * SECOND, 2),
)  # fmt: skip
REPLAY = Scene(
    kills=5, busy=60, idle=200, lasts=60 * MINUTE,
    terms=Terms(120 * MINUTE, 160 * MINUTE, 20 * MINUTE, 2), speed=120,
)  # fmt: skip


@pytest.fixture(scope="module", params=[LIVE, REPLAY], ids=["live, 30 kills", "replay, 5 kills"])
def scene(request: pytest.FixtureRequest) -> Scene:
    found = request.param
    assert isinstance(found, Scene)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Path:
    return tmp_path_factory.mktemp("replay" if scene.speed else "live")


@pytest.fixture(scope="module")
def aftermath(scene: Scene, folder: Path, figures: list[str]) -> Aftermath:
    load = scene.load(SEED)
    killing = Killing(folder, load, SEED)
    try:
        port = killing.open_sink()
        mail = f"{{kind: smtp, host: 127.0.0.1, port: {port}, from: escalatord@{SENDER}}}"
        load.write(folder, mail=mail, replay=scene.replay(load))
        found = killing.live_through(scene.kills)
    finally:
        killing.close()
    figures += [f"{scene}, seed {SEED}", *found.told(), ""]
    return found


def test_it_was_killed_under_load_as_often_as_it_should(scene: Scene, aftermath: Aftermath) -> None:
    assert len(aftermath.kills) == scene.kills
    assert aftermath.left > 0


# --- customers -----------------------------------------------------------------------------------


def test_no_customer_got_a_message_twice(aftermath: Aftermath) -> None:
    ids = Counter(str(mail["Message-ID"]) for mail in aftermath.to_customers)
    said = Counter(_said(mail) for mail in aftermath.to_customers)
    assert [name for name, count in ids.items() if count > 1] == []
    assert [what for what, count in said.items() if count > 1] == []


def test_every_customer_got_their_own_messages_and_no_others(aftermath: Aftermath) -> None:
    addresses = {one.id: one.address for one in aftermath.load.tickets}
    for mail in aftermath.to_customers:
        assert mail["to"] == [addresses[str(mail["X-Escalatord-Ticket"])]]
    said = Counter(_said(mail)[:2] for mail in aftermath.to_customers)
    assert said <= Counter(aftermath.load.customer_messages())


def test_every_customer_message_was_delivered_or_is_held(aftermath: Aftermath) -> None:
    rows = [row for row in aftermath.rows(audience="customer") if row["state"] != "cancelled"]
    decided = Counter((str(row["ticket"]), message_of(row)) for row in rows)
    assert decided == Counter(aftermath.load.customer_messages())
    assert {row["state"] for row in rows} <= {"delivered", "unknown"}


def test_what_was_put_off_says_why(aftermath: Aftermath) -> None:
    # What waited for its turn may by then be too close to another message to the same customer, or
    # overtaken by one. It is decided anew, under the next number.
    put_off = aftermath.rows(audience="customer", state="cancelled")
    assert {row["reason"] for row in put_off} <= {"customer_limit", "joined"}


def test_what_counts_as_delivered_to_a_customer_has_arrived(aftermath: Aftermath) -> None:
    delivered = _ids(aftermath.rows(audience="customer", state="delivered"))
    assert delivered <= set(aftermath.ids)
    may_have_arrived = _ids(aftermath.rows(audience="customer", state="unknown"))
    arrived = {str(mail["Message-ID"]) for mail in aftermath.to_customers}
    assert arrived - delivered <= may_have_arrived


def test_only_what_was_being_sent_at_a_kill_is_unknown(scene: Scene, aftermath: Aftermath) -> None:
    unknown = aftermath.rows(state="unknown")
    assert len(unknown) <= scene.kills
    assert {row["audience"] for row in unknown} <= {"customer"}
    assert {row["attempts"] for row in unknown} <= {1}


def test_the_unknown_messages_are_listed_and_counted_for_people(aftermath: Aftermath) -> None:
    unknown = aftermath.rows(state="unknown")
    assert aftermath.unknown_told == unknown
    assert aftermath.status["held"] == len(unknown)


# --- escalations ---------------------------------------------------------------------------------


def test_every_due_level_is_in_the_store_exactly_once(aftermath: Aftermath) -> None:
    fired = Counter(_level(row) for row in aftermath.firings)
    assert set(fired) == aftermath.load.due()
    assert set(fired.values()) == {1}


def test_every_staff_notice_arrived(aftermath: Aftermath) -> None:
    notices = aftermath.rows(audience="staff", action="notify")
    assert {row["state"] for row in notices} == {"delivered"}
    assert _ids(notices) <= set(aftermath.ids)


def test_everybody_who_is_to_hear_of_a_level_has_heard_of_it(aftermath: Aftermath) -> None:
    heard: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for mail in aftermath.to_staff:
        if mail["X-Escalatord-Level"]:
            ticket, level = str(mail["X-Escalatord-Ticket"]), int(str(mail["X-Escalatord-Level"]))
            heard[ticket, level].update(_recipients(mail))
    assert heard == {(ticket, level): LEVELS[level] for ticket, level in _spoken(aftermath)}


def test_staff_heard_again_only_what_was_being_sent_at_a_kill(
    scene: Scene, aftermath: Aftermath
) -> None:
    again = [count - 1 for count in aftermath.ids.values() if count > 1]
    assert sum(again) <= scene.kills


def test_every_change_and_note_is_beside_the_log_exactly_once(
    folder: Path, aftermath: Aftermath
) -> None:
    lines = (folder / "log.csv.actions.jsonl").read_text().splitlines()
    written = Counter(str(json.loads(line)["key"]) for line in lines)
    rows = aftermath.rows(audience="ticket")
    assert {row["state"] for row in rows} == {"delivered"}
    assert written == Counter(str(row["idempotency_key"]) for row in rows)


# --- before and after ----------------------------------------------------------------------------


def test_a_stop_under_load_is_prompt_and_leaves_nothing_half_done(aftermath: Aftermath) -> None:
    assert aftermath.half_done == 0
    assert aftermath.drained_in < 15
    assert set(aftermath.codes) == {0}


def test_started_again_it_says_nothing_again(aftermath: Aftermath) -> None:
    assert aftermath.mails_again == 0


def test_a_life_without_kills_comes_to_the_same(aftermath: Aftermath, tmp_path: Path) -> None:
    load = replace(aftermath.load, tickets=aftermath.load.busy)  # no rule concerns the others
    load.write(tmp_path, mail="{kind: file, path: told.jsonl}")
    document = ask(tmp_path, "once", "--through", stamp(load.ends_at))
    fired, said = document["fired"], document["customer"]
    assert isinstance(fired, list)
    assert isinstance(said, list)
    assert {_level(row) for row in fired} == {_level(row) for row in aftermath.firings}
    told = Counter((str(row["ticket"]), str(row["message"])) for row in said)
    assert told == Counter(load.customer_messages())


# --- telling -------------------------------------------------------------------------------------


def _said(mail: Json) -> tuple[str, str, int]:
    ticket, message = str(mail["X-Escalatord-Ticket"]), str(mail["X-Escalatord-Message"])
    return ticket, message, int(str(mail["X-Escalatord-Occurrence"]))


def _level(row: Json) -> tuple[str, str, int, int, str]:
    level, occurrence = int(str(row["level"])), int(str(row["occurrence"]))
    return str(row["ticket"]), str(row["rule"]), level, occurrence, str(row["due_at"])


def _ids(rows: list[Json]) -> set[str]:
    return {message_id(str(row["idempotency_key"])) for row in rows}


def _recipients(mail: Json) -> set[str]:
    to = mail["to"]
    assert isinstance(to, list)
    return {str(address) for address in to}


def _spoken(aftermath: Aftermath) -> set[tuple[str, int]]:
    """Levels with a notice of their own: of those that fired together, the last."""
    last: dict[tuple[str, str], int] = {}
    for row in aftermath.firings:
        fired, level = (str(row["ticket"]), str(row["fired_at"])), int(str(row["level"]))
        last[fired] = max(level, last.get(fired, 0))
    return {(ticket, level) for (ticket, _), level in last.items()}
