from __future__ import annotations

import pytest

from engine.domain.rule import MessageTemplate
from engine.messages import TemplateFault, find_faults
from engine.messages.builtin import builtin_templates


@pytest.mark.parametrize("template", builtin_templates(), ids=lambda one: one.name)
def test_the_built_in_templates_have_no_fault(template: MessageTemplate) -> None:
    assert find_faults(template) == []


@pytest.mark.parametrize(
    "audience, body, line, told",
    [
        ("customer", "Hello\n{{ rule.id }}", 2, "customer templates know no 'rule'; they know"),
        ("customer", "{% if false %}\n{{ ack_url }}\n{% endif %}", 2, "know no 'ack_url'"),
        ("staff", "a\nb\n{{ rule.nam }}", 3, "no attribute 'nam'"),
        ("staff", "{% if %}", 1, "Expected an expression"),
        ("staff", "a\n{% for x in tickets %}", 2, "Unexpected end of template"),
        ("staff", "{% if true %}\n{% endif %}\n{{ 1 / 0 }}", 3, "division by zero"),
        ("staff", "x\n{% macro a() %}{% endmacro %}", 2, "Macro statements are not for messages"),
        ("staff", "{{ due_at | localtime }}", 1, "localtime takes an instant"),
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


def test_a_sound_template_has_no_fault() -> None:
    body = "{% if next_update_at %}Until {{ next_update_at | localtime }}{% endif %}"
    assert (
        find_faults(MessageTemplate("customer", "t", None, "Re: {{ ticket.subject }}", body)) == []
    )


def test_a_fault_is_plain_data() -> None:
    assert TemplateFault("body", 1, "x") == TemplateFault("body", 1, "x")
