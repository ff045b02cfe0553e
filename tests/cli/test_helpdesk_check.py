"""`helpdesk check`: the first thing that a newcomer runs."""

from __future__ import annotations

import jsonschema

from engine.insight.contracts import CONTRACTS
from tests.cli.desk import HEADER, Desk, row

RT = """\
  rt:
    kind: rt
    url: http://127.0.0.1:9
    token_env: NO_SUCH_TOKEN
"""


def with_tickets(desk: Desk) -> Desk:
    rows = [row(case, "09:00", caller=f"customer-{case}") for case in "12345"]
    desk.write("log.csv", HEADER + "".join(rows))
    return desk


def test_it_says_who_we_are_and_shows_three_tickets(empty_desk: Desk) -> None:
    with_tickets(empty_desk).config()
    ended = empty_desk.run("helpdesk", "check", "desk")

    assert ended.code == 0
    assert ended.out.startswith("desk: file log.csv\n")
    assert ended.out.count("customer        customer-") == 3
    assert ended.out.endswith("✓ nothing is wrong\n")


def test_as_a_document_it_keeps_its_contract(empty_desk: Desk) -> None:
    with_tickets(empty_desk).config()
    document = empty_desk.run("helpdesk", "check", "desk", "--json").document

    jsonschema.validate(document, CONTRACTS["helpdesk-check"]())
    assert document["format"] == "escalatord.helpdesk-check/1"
    assert document["ok"] is True
    assert [ticket["ticket"] for ticket in document["tickets"]] == ["desk:3", "desk:4", "desk:5"]


def test_a_helpdesk_without_tickets_is_doubted(empty_desk: Desk) -> None:
    empty_desk.write("log.csv", HEADER)
    empty_desk.config()
    ended = empty_desk.run("helpdesk", "check", "desk")

    assert ended.code == 1
    assert "✗ desk: it shows us no ticket" in ended.out


def test_one_that_cannot_be_reached_ends_with_two(empty_desk: Desk) -> None:
    empty_desk.config()
    ended = empty_desk.run("helpdesk", "check", "desk")

    assert ended.code == 2
    assert ended.out == ""
    assert ended.complaint.startswith("escalatord: ")


def test_a_name_that_is_not_there_is_answered_with_those_that_are(empty_desk: Desk) -> None:
    with_tickets(empty_desk).config()
    ended = empty_desk.run("helpdesk", "check", "dusk")

    assert ended.code == 2
    assert "there is no helpdesk 'dusk'; those there are: desk" in ended.complaint


def test_a_token_that_is_not_there_is_asked_for(empty_desk: Desk) -> None:
    with_tickets(empty_desk).config(("channels:\n", f"{RT}channels:\n"))
    ended = empty_desk.run("helpdesk", "check", "rt")

    assert ended.code == 2
    assert "NO_SUCH_TOKEN is missing or empty" in ended.complaint
