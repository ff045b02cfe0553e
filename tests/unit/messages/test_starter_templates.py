"""The starter rules as they are shipped."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.domain.rule import Generation, MessageTemplate
from engine.domain.ticket import Customer, Ticket
from engine.messages import CustomerNotice, Renderer, find_faults
from engine.rulebook import load

RULES = Path(__file__).parents[3] / "rules"


@pytest.fixture(scope="module")
def generation() -> Generation:
    loaded = load(RULES, channels=frozenset({"desk-log"}))
    assert loaded.problems == ()
    assert loaded.generation is not None
    return loaded.generation


def test_every_rule_file_begins_with_its_schema() -> None:
    for path in RULES.glob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=rules.schema.json"


def test_there_is_a_rule_for_each_trigger(generation: Generation) -> None:
    assert [rule.id for rule in generation.rules] == [
        "keep-customers-informed",
        "specialist-topics",
        "high-priority-first",
        "keeps-coming-back",
        "unresolved-in-time",
    ]


def test_no_starter_template_has_a_fault(generation: Generation) -> None:
    assert [find_faults(template) for template in generation.templates] == [
        [] for _ in generation.templates
    ]


def test_no_starter_template_lies_unused(generation: Generation) -> None:
    used = {level.template for rule in generation.rules for level in rule.levels}
    for rule in generation.rules:
        if rule.customer is not None:
            used |= {rule.customer.on_escalation or ""}
            used |= {rule.customer.updates.template} if rule.customer.updates else set()
            used |= {rule.customer.follow_up.template} if rule.customer.follow_up else set()
    assert {template.name for template in generation.templates} <= used


def test_customers_read_none_of_our_own_words(generation: Generation) -> None:
    renderer = Renderer(generation.templates)
    for template in _of_customers(generation):
        for notice in _notice(None), _notice("2016-03-03T09:00:00Z"):
            rendered = renderer.customer(template.name, notice)
            said = f"{rendered.subject}\n{rendered.text}".lower()
            assert not re.search(r"escalat|rule|level|\btier|sla\b|assign|desk:|category 45", said)
            assert "none" not in said.split()


def test_customers_are_told_when_they_hear_again_wherever_it_is_known(
    generation: Generation,
) -> None:
    renderer = Renderer(generation.templates, "Europe/London")
    while_it_waits = {one.name for one in _of_customers(generation)} - {"satisfaction-survey"}
    for name in while_it_waits:
        text = renderer.customer(name, _notice("2016-07-04T09:00:00Z")).text
        assert "Monday 4 July 2016, 10:00" in text


def _of_customers(generation: Generation) -> list[MessageTemplate]:
    return [one for one in generation.templates if one.audience == "customer"]


def _notice(next_update_at: str | None) -> CustomerNotice:
    ticket = Ticket(
        id="desk:INC1",
        created_at=datetime(2016, 3, 1, 9, 0, tzinfo=UTC),
        subject="Printer on fire",
        type="Category 45",
        customer=Customer("c1"),
    )
    return CustomerNotice(ticket, {"next_update_at": next_update_at})
