"""From the outbox's actions to messages: keys, and facts for machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.domain.rule import MessageTemplate
from engine.messages import TemplateComposer
from engine.testing import ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVEL = {"number": 2, "name": "tier-2", "kind": "technical"}
DETAILS: Mapping[str, object] = {
    "rule": {"id": "late", "description": "Too late"},
    "level": LEVEL,
    "due_at": "2026-01-05T09:00:00Z",
    "fired_at": "2026-01-05T09:00:30Z",
    "tickets": ["desk:T1"],
    "occurrence": 1,
    "reason": "level_due",
}


def notice(number: int = 1, kind: ActionKind = ActionKind.NOTIFY, **details: object) -> Action:
    return Action(
        key=f"late|desk:T{number}|notify",
        kind=kind,
        audience=Audience.STAFF,
        ticket=f"desk:T{number}",
        subject=f"desk:T{number}",
        episode=EpisodeId("late", f"desk:T{number}", "opened"),
        level=2,
        occurrence=1,
        channel="log",
        to="tier-2",
        details={**DETAILS, "tickets": [f"desk:T{number}"], **details},
    )


WORKING = MessageTemplate("customer", "still-working", None, "Still open", "We are on it.")


@pytest.fixture
def composer() -> TemplateComposer:
    return TemplateComposer([WORKING], UTC)


def test_a_notice_has_the_key_of_its_action_and_tells_machines_what_fired(
    composer: TemplateComposer,
) -> None:
    message = composer.staff([(notice(), ticket("T1"))], None)
    assert message.key == "late|desk:T1|notify"
    assert message.facts == {
        "event": "escalation.fired",
        "audience": "staff",
        "kind": "notify",
        "ticket": "desk:T1",
        "tickets": ["desk:T1"],
        "rule": "late",
        "episode": "opened",
        "level": 2,
        "name": "tier-2",
        "message": None,
        "occurrence": 1,
        "reason": "level_due",
        "due_at": "2026-01-05T09:00:00Z",
        "fired_at": "2026-01-05T09:00:30Z",
    }


@pytest.mark.parametrize(
    "action, event",
    [
        (notice(), "escalation.fired"),
        (notice(level={**LEVEL, "kind": None}), "reminder.fired"),
        (notice(reason="last_update"), "notice.sent"),
        (notice(kind=ActionKind.DIGEST, reason="backlog"), "digest.sent"),
    ],
)
def test_the_event_says_what_the_notice_is_about(
    composer: TemplateComposer, action: Action, event: str
) -> None:
    assert composer.staff([(action, ticket("T1"))], None).facts["event"] == event


def test_a_digest_names_the_tickets_of_all_its_lines_once(composer: TemplateComposer) -> None:
    told = [(notice(n, ActionKind.DIGEST), ticket(f"T{n}")) for n in (1, 2, 2)]
    assert composer.staff(told, None).facts["tickets"] == ["desk:T1", "desk:T2"]


def test_a_digest_that_holds_more_the_next_time_has_another_key(
    composer: TemplateComposer,
) -> None:
    told = [(notice(n, ActionKind.DIGEST), ticket(f"T{n}")) for n in (1, 2, 3)]
    keys = [composer.staff(some, None).key for some in (told[:1], told[:2], told)]
    assert len(set(keys)) == 3
    assert composer.staff(told, None).key == keys[-1]
    assert all(key.startswith(told[0][0].key) for key in keys)


def test_a_message_to_a_customer_says_so_and_names_no_level(composer: TemplateComposer) -> None:
    action = replace(
        notice(),
        kind=ActionKind.REPLY,
        audience=Audience.CUSTOMER,
        template="still-working",
        details={"message": "update"},
    )
    facts = composer.customer(action, ticket("T1"), "a@b.c").facts
    assert (facts["event"], facts["audience"], facts["message"]) == (
        "customer.updated", "customer", "update",
    )  # fmt: skip
