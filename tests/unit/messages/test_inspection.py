from __future__ import annotations

import pytest

from engine.domain.rule import MessageTemplate
from engine.messages import TemplateFault, find_doubts, find_faults, parts_of
from engine.messages.builtin import builtin_templates


@pytest.mark.parametrize("template", builtin_templates(), ids=lambda one: one.name)
def test_the_built_in_templates_have_no_fault(template: MessageTemplate) -> None:
    assert find_faults(template) == []


@pytest.mark.parametrize(
    "audience, body, line, told",
    [
        ("customer", "Hello\n{{ rule.id }}", 2, "customer templates know no 'rule'"),
        ("customer", "{% if false %}\n{{ ack_url }}\n{% endif %}", 2, "know no 'ack_url'"),
        ("staff", "a\nb\n{{ rule.nam }}", 3, "'rule' has no 'nam'"),
        ("staff", "{% if false %}{{ ticket.nope }}{% endif %}", 1, "'ticket' has no 'nope'"),
        ("staff", "{% for x in lines %}\n{{ x.tiket }}{% endfor %}", 2, "'x' has no 'tiket'"),
        ("staff", "{{ ticket.fields.room }}", 1, "a ticket without 'room' breaks this message"),
        ("staff", "{% if %}", 1, "Expected an expression"),
        ("staff", "a\n{% for x in tickets %}", 2, "the text ends, and 'for' is not closed"),
        ("staff", "{% if true %}\n{% endif %}\n{{ 1 / 0 }}", 3, "division by zero"),
        ("staff", "x\n{% macro a() %}{% endmacro %}", 2, "Macro statements are not for messages"),
        ("staff", "{{ due_at | localtime }}", 1, "localtime has no instant here"),
    ],
)
def test_a_fault_is_found_with_its_line_even_where_no_sample_goes(
    audience: str, body: str, line: int, told: str
) -> None:
    (fault,) = find_faults(MessageTemplate(audience, "t", None, "s", body))
    assert (fault.part, fault.line) == ("body", line)
    assert told in fault.message


def test_a_subject_is_looked_at_too() -> None:
    template = MessageTemplate("customer", "t", None, "{{ level.name }}", "x")
    assert [fault.part for fault in find_faults(template)] == ["subject"]


@pytest.mark.parametrize(
    "body, stretch, told",
    [
        ("x {{ ticket.subjct }}", "subjct", "did you mean 'subject'?"),
        ("Dear {{ custmer.name }},", "custmer", "did you mean 'customer'?"),
        ("x {{ ticket.fields.room }}", "room", "write … | default('') after 'room'"),
        ("x {{ 1 / 0 }} y", "{{ 1 / 0 }}", ""),
        ("a {{ due_at | lokaltime }}", "lokaltime", ""),
    ],
)
def test_a_fault_is_found_in_its_line_and_says_what_to_write(
    body: str, stretch: str, told: str
) -> None:
    (fault,) = find_faults(MessageTemplate("staff", "t", None, "s", body))

    assert body[fault.column - 1 : fault.end_column - 1] == stretch
    assert fault.help == told


def test_every_unknown_name_is_found_in_one_pass() -> None:
    body = "{{ nobody }}\n{{ ticket.nothing }} {{ ticket.subject }}\n{{ nowhere }}"

    faults = find_faults(MessageTemplate("customer", "t", None, "{{ x }}", body))

    assert [(fault.part, fault.line) for fault in faults] == [
        ("subject", 1),
        ("body", 1),
        ("body", 2),
        ("body", 3),
    ]


def test_a_name_that_a_template_gives_itself_is_its_own_business() -> None:
    body = "{% set rest = ticket.tags %}{% for tag in rest %}{{ tag }}{% endfor %}"

    assert find_faults(MessageTemplate("staff", "t", None, "s", body)) == []


def test_a_sound_template_has_no_fault() -> None:
    body = "{% if next_update_at %}Until {{ next_update_at | localtime }}{% endif %}"
    assert (
        find_faults(MessageTemplate("customer", "t", None, "Re: {{ ticket.subject }}", body)) == []
    )


def test_a_fault_is_plain_data() -> None:
    assert TemplateFault("body", 1, "x") == TemplateFault("body", 1, "x")


# --- doubts --------------------------------------------------------------------------------------


def doubts(subject: str, body: str) -> list[tuple[str, str, int]]:
    found = find_doubts(MessageTemplate("customer", "t", None, subject, body))
    return [(one.code, one.fault.part, one.fault.line) for one in found]


def test_a_subject_is_too_long_when_it_is_so_for_a_made_up_ticket() -> None:
    fits = "x" * 40 + " {{ ticket.number }}"

    assert doubts(fits, "hello") == []
    assert doubts(f"{fits} {'y' * 40}", "hello") == [("long-subject", "subject", 1)]


@pytest.mark.parametrize(
    "body, found",
    [
        ("Hello\n\n[Tell us]({{ survey_url }})", [("empty-link", "body", 3)]),
        ("{% if survey_url %}[Tell us]({{ survey_url }}){% endif %}", []),
        ("[Tell us]({{ survey_url or 'https://desk.example' }})", []),
        ("Tell us: {{ survey_url }}", []),
    ],
)
def test_a_link_whose_address_can_be_missing_is_found(
    body: str, found: list[tuple[str, str, int]]
) -> None:
    assert doubts("s", body) == found


def test_a_template_with_faults_has_no_doubts_beside_them() -> None:
    assert doubts("x" * 100, "{{ nobody }}") == []


def test_what_a_template_may_use_is_told_with_its_parts() -> None:
    parts = parts_of("customer")

    assert parts["escalation"] == ("since",)
    assert parts["next_update_at"] == ()
    assert parts_of("staff")["tickets"] == ("id", "number", "subject")
