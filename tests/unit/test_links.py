"""Links in messages: which action gets one, and where it leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.links import ExampleLinks, Lifetimes, MessageLinks, Tokens

EPISODE = EpisodeId("late", "desk:1", "created")
NOTICE = Action(
    "late|desk:1|created|up|1|notify|log|ann",
    ActionKind.NOTIFY,
    Audience.STAFF,
    "desk:1",
    "desk:1",
    EPISODE,
    receiver="ann",
    details={"escalated": True},
)
FOLLOW_UP = Action(
    "late|desk:1|created|follow_up|1",
    ActionKind.REPLY,
    Audience.CUSTOMER,
    "desk:1",
    "desk:1",
    EPISODE,
    details={"message": "follow_up", "escalated": True},
)
UPDATE = replace(FOLLOW_UP, details={"message": "update"})
TOKENS = Tokens(["a key of the tests"], Lifetimes(timedelta(days=7), timedelta(days=30)))
LINKS = MessageLinks(TOKENS, "https://desk.example/esc", lambda rule: rule == "late")


@pytest.mark.parametrize(
    "action",
    [
        FOLLOW_UP,
        replace(NOTICE, details={"escalated": False}),
        replace(NOTICE, details={}),
        replace(NOTICE, kind=ActionKind.DIGEST),
        replace(NOTICE, episode=EpisodeId("other", "desk:1", "created")),
    ],
)
def test_what_cannot_be_taken_by_a_link_has_none(action: Action) -> None:
    assert LINKS.acknowledgement(action) is None


def test_a_link_stands_for_its_escalation_and_its_receiver() -> None:
    url = LINKS.acknowledgement(NOTICE) or ""

    read = TOKENS.acknowledgement(url.removeprefix("https://desk.example/esc/a/"))
    assert (read.rule, read.anchor, read.ticket, read.group) == ("late", "created", "desk:1", None)
    assert read.receiver == "ann"


def test_a_notice_that_is_written_again_acknowledges_as_the_same_one() -> None:
    first, again, other = (
        TOKENS.acknowledgement((LINKS.acknowledgement(one) or "").rpartition("/")[2])
        for one in (NOTICE, NOTICE, replace(NOTICE, key=f"{NOTICE.key}-2"))
    )

    assert first == again
    assert first.once != other.once


def test_only_the_follow_up_asks_on_our_page() -> None:
    assert (LINKS.survey(FOLLOW_UP) or "").startswith("https://desk.example/esc/s/")
    assert LINKS.survey(UPDATE) is None


def test_a_survey_elsewhere_wins_and_every_message_can_name_it() -> None:
    elsewhere = replace(LINKS, survey_elsewhere="https://survey.example")

    assert elsewhere.survey(FOLLOW_UP) == elsewhere.survey(UPDATE) == "https://survey.example"


def test_without_pages_there_are_no_links() -> None:
    none = MessageLinks(None, None, lambda _: True)

    assert none.acknowledgement(NOTICE) is None
    assert none.survey(FOLLOW_UP) is None


def test_what_is_only_tried_out_leads_nowhere() -> None:
    tried = ExampleLinks()

    assert tried.acknowledgement(NOTICE) == "https://links.example/a/token"
    assert tried.survey(FOLLOW_UP) == "https://links.example/s/token"
    assert tried.acknowledgement(FOLLOW_UP) is None
    assert tried.survey(UPDATE) is None
