"""`template list|show`: for made-up tickets and for real ones, and what is said of wrong names."""

from __future__ import annotations

import re

import pytest

from tests.cli.desk import LATE, Desk, Document, conforming, day, row

UPDATED = LATE.replace(
    "    customer: {on_escalation: received}\n",
    "    customer:\n"
    "      on_escalation: received\n"
    "      updates: {every: 1h, template: still, deliver_in: always, max: 3}\n"
    "      follow_up: {after: 1h, template: survey}\n",
)
NEXT = "{% if next_update_at %}Until {{ next_update_at | localtime }}{% else %}The last{% endif %}"


def text(subject: str, body: str) -> str:
    return f"---\nsubject: {subject}\n---\n{body}\n"


@pytest.fixture
def replayed(desk: Desk) -> Desk:
    """It is half past ten; the ticket came in at nine and escalates at eleven."""
    desk.replay()
    desk.rules(UPDATED)
    folder = "rules/templates"
    desk.write(f"{folder}/customer/received.md", text("We have it", NEXT))
    desk.write(f"{folder}/customer/received.de.md", text("Wir haben es", NEXT))
    desk.write(f"{folder}/customer/still.md", text("Still {{ ticket.number }}", NEXT))
    desk.write(f"{folder}/customer/survey.md", text("How?", "[Say]({{ survey_url }}) " + NEXT))
    desk.once("--through", day("10:30"))
    return desk


def shown(desk: Desk, *arguments: str) -> Document:
    ended = desk.run("template", "show", "--json", *arguments)
    assert ended.code == 0, ended.err
    return conforming("template", ended.document)


# --- for a real ticket ---------------------------------------------------------------------------


def test_a_message_that_has_not_gone_out_is_shown_as_if_its_moment_were_now(
    replayed: Desk,
) -> None:
    document = shown(replayed, "received", "--ticket", "desk:1")

    assert (document["rule"], document["is_live"]) == ("late", True)
    assert document["text"] == "Until Monday 8 January 2024, 11:30\n"


def test_what_a_message_promises_is_what_comes(replayed: Desk) -> None:
    replayed.once("--through", day("12:00"))
    promise = shown(replayed, "still", "--ticket", "desk:1")
    played = replayed.once("--through", day("13:00"))
    last = shown(replayed, "still", "--ticket", "desk:1")

    assert promise["text"] == "Until Monday 8 January 2024, 13:00\n"
    assert [one["deliver_at"] for one in played["customer"]] == [day("13:00")]
    assert last["text"] == "The last\n"


def test_a_follow_up_promises_nothing(replayed: Desk) -> None:
    document = shown(replayed, "survey", "--ticket", "desk:1")

    assert document["text"] == "Say: https://desk.example/survey The last\n"


def test_staff_are_shown_their_rule_and_level_and_what_it_changes(replayed: Desk) -> None:
    document = shown(replayed, "escalation", "--ticket", "desk:1")

    assert (document["rule"], document["level"], document["file"]) == ("late", "escalate", None)
    assert "We set group to tier-2" in document["text"]
    assert "It was due Mon 8 Jan 2024, 11:00" in document["text"]


def test_showing_a_template_sends_and_remembers_nothing(replayed: Desk) -> None:
    before = (replayed.folder / "sent.jsonl").read_text()
    shown(replayed, "escalation", "--ticket", "desk:1")
    shown(replayed, "received", "--ticket", "desk:1")

    after = replayed.once("--through", day("11:00"))

    assert (replayed.folder / "sent.jsonl").read_text().startswith(before)
    assert [one["name"] for one in after["fired"]] == ["escalate"]


def test_a_rule_that_does_not_hold_for_the_ticket_is_named_all_the_same(replayed: Desk) -> None:
    replayed.rules(UPDATED.replace("levels:", "match: {priority: urgent}\n    levels:"))

    document = shown(replayed, "received", "--ticket", "desk:1")
    told = replayed.run("template", "show", "received", "--ticket", "desk:1").out

    assert (document["rule"], document["is_live"]) == ("late", False)
    assert "by rule late, which does not hold for it now" in " ".join(told.split())


def test_a_template_that_no_rule_uses_is_filled_in_with_the_ticket_alone(replayed: Desk) -> None:
    replayed.write("rules/templates/customer/spare.md", text("x", "{{ ticket.number }}"))

    document = shown(replayed, "spare", "--ticket", "desk:1")

    assert (document["rule"], document["text"]) == (None, "1\n")


def test_an_unknown_ticket_is_refused(replayed: Desk) -> None:
    ended = replayed.run("template", "show", "received", "--ticket", "desk:7")

    assert ended.code == 2
    assert "there is no ticket 'desk:7' in the store" in ended.err


# --- for a made-up one ---------------------------------------------------------------------------


def test_a_template_is_shown_with_its_file_its_subject_and_what_it_may_use(replayed: Desk) -> None:
    told = replayed.run("template", "show", "still").out

    assert told.startswith(
        "rules/templates/customer/still.md (in en), for a made-up ticket\n\n"
        "Subject: Still INC0000045\n\nUntil Tuesday 13 January 2026, 15:00\n\n"
        "It may use: ticket (id, number, subject, type, status, channel, created_at),\n"
    )


def test_a_template_is_shown_in_the_language_that_is_asked_for(replayed: Desk) -> None:
    german = shown(replayed, "received", "--language", "de-AT")
    default = shown(replayed, "received", "--language", "it")
    built_in = shown(replayed, "escalation", "--language", "fr")

    assert (german["subject"], german["language"]) == ("Wir haben es", "de")
    assert german["file"] == "rules/templates/customer/received.de.md"
    assert (default["subject"], default["language"]) == ("We have it", "en")
    assert built_in["subject"].startswith("Escalade\u202f: INC0000045")


def test_what_the_desk_speaks_is_shown_where_nothing_is_asked_for(replayed: Desk) -> None:
    replayed.config(("channels:\n", "language: de\nchannels:\n"))

    assert shown(replayed, "received")["subject"] == "Wir haben es"
    assert shown(replayed, "escalation")["subject"].startswith("Eskaliert: ")


def test_the_html_part_comes_by_itself(replayed: Desk) -> None:
    ended = replayed.run("template", "show", "escalation", "--html")

    assert ended.out.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert ended.out.endswith("</html>\n")
    assert re.search(r'<a class="button" href="https://desk.example/\S+"', ended.out)


def test_no_config_file_is_needed_for_a_made_up_ticket(replayed: Desk) -> None:
    (replayed.folder / "config.yaml").unlink()

    assert shown(replayed, "received")["subject"] == "We have it"
    ended = replayed.run("template", "show", "received", "--ticket", "desk:1")
    assert ended.code == 2
    assert "a ticket is looked up in the store: name a config file" in ended.err


def test_a_folder_that_is_not_there_is_refused(empty_desk: Desk) -> None:
    ended = empty_desk.run("template", "list")

    assert ended.code == 2
    assert "there is no rules folder rules; name a config file by --config" in ended.err


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["recieved"], "there is no template 'recieved'; did you mean 'received'?"),
        (["escalation", "--customer"], "there is no customer template 'escalation'"),
        (["both"], "there are two templates 'both'; say --customer or --staff"),
    ],
)
def test_a_name_that_is_none_is_refused_with_what_may_be_meant(
    replayed: Desk, arguments: list[str], told: str
) -> None:
    for audience in ("staff", "customer"):
        replayed.write(f"rules/templates/{audience}/both.md", text("x", audience))

    ended = replayed.run("template", "show", *arguments)

    assert ended.code == 2
    assert told in ended.err


def test_one_of_two_templates_of_a_name_is_shown_when_it_is_said_which(replayed: Desk) -> None:
    for audience in ("staff", "customer"):
        replayed.write(f"rules/templates/{audience}/both.md", text("x", audience))

    assert shown(replayed, "both", "--staff")["text"] == "staff\n"
    assert shown(replayed, "both", "--customer")["text"] == "customer\n"


def test_a_template_with_a_fault_ends_with_its_place(replayed: Desk) -> None:
    replayed.write("rules/templates/customer/still.md", text("x", "Hello\n{{ ticket.numbr }}"))

    ended = replayed.run("template", "show", "still")

    assert (ended.code, ended.out) == (1, "")
    assert "rules/templates/customer/still.md:5:11: error[template]" in ended.err
    assert "did you mean 'number'?" in ended.err


def test_a_template_that_fails_for_this_ticket_alone_says_why(replayed: Desk) -> None:
    body = "{% if ticket.number == '1' %}{{ 1 / 0 }}{% endif %}x"
    replayed.write("rules/templates/customer/still.md", text("x", body))

    ended = replayed.run("template", "show", "still", "--ticket", "desk:1")

    assert (ended.code, ended.out) == (1, "")
    assert "customer template 'still' fails: division by zero" in ended.err


def test_two_forms_at_once_are_refused(replayed: Desk) -> None:
    assert replayed.run("template", "show", "still", "--html", "--json").code == 2


# --- all of them ---------------------------------------------------------------------------------


def test_all_templates_are_listed_with_their_languages_and_rules(replayed: Desk) -> None:
    told = replayed.run("template", "list").out

    assert told.startswith(
        "For customers:\n"
        "  received: en, de (late)\n"
        "  still: en (late)\n"
        "  survey: en (late)\n"
        "For staff:\n"
    )
    assert "  digest: en, de, es, fr, built in\n" in told
    assert "  escalation: en, de, es, fr, built in (late)\n" in told


def test_a_template_of_the_desk_is_listed_in_the_place_of_the_built_in_one(replayed: Desk) -> None:
    replayed.write("rules/templates/staff/escalation.md", text("x", "y"))
    document = conforming("templates", replayed.run("template", "list", "--json").document)

    (line,) = [one for one in document["templates"] if one["name"] == "escalation"]
    assert line == {
        "audience": "staff",
        "name": "escalation",
        "texts": [
            {"language": "en", "is_default": True, "file": "rules/templates/staff/escalation.md"}
        ],
        "used_by": ["late"],
    }


def test_the_word_to_a_person_at_the_end_of_updates_can_be_shown_before_it_comes(
    replayed: Desk,
) -> None:
    document = shown(replayed, "last-update", "--ticket", "desk:1")

    assert document["rule"] == "late"
    assert "all the automatic updates that the rule allows (3)" in document["text"]


def test_what_a_group_is_told_is_shown_for_a_ticket_of_it(replayed: Desk) -> None:
    replayed.say(row("2", "09:10"))
    match = "match: {contacts: {by: customer, at_least: 2, within: 1d}}\n    levels:"
    replayed.rules(LATE.replace("levels:", match))
    replayed.once("--through", day("10:40"))

    document = shown(replayed, "escalation", "--ticket", "desk:1")

    assert (document["rule"], document["is_live"]) == ("late", True)
    assert "2 tickets need somebody" in document["text"]
