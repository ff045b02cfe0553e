"""`match`, as a JSON Schema: fields, operators and what nests."""

from __future__ import annotations

from collections.abc import Iterator

from engine.domain.condition import FIELDS, ContactsBy, FieldKind, Operator
from engine.domain.ticket import Priority, Status
from engine.rulebook.contacts import CONTACTS_KEYS, MESSAGE_KEYS
from engine.rulebook.field_test import FITTING
from engine.rulebook.schema.shapes import (
    DURATION,
    FLAG,
    TEXT,
    Schema,
    any_case,
    count,
    mapping,
    one_or_several,
    reference,
    words,
)

LIVE_STATUS = any_case(status.value for status in Status if not status.is_resolved)
_PRIORITY = any_case(reversed(Priority))

_VALUES: dict[FieldKind, Schema] = {
    FieldKind.TEXT: TEXT,
    FieldKind.TAGS: TEXT,
    FieldKind.STATUS: LIVE_STATUS,
    FieldKind.PRIORITY: _PRIORITY,
    FieldKind.COUNT: count(0),
    FieldKind.DURATION: DURATION,
}
_ABOUT: dict[FieldKind, str] = {
    FieldKind.TEXT: "A text; capitals do not matter.",
    FieldKind.TAGS: "Tags: whether the ticket bears one of these.",
    FieldKind.STATUS: "A status; rules see unresolved tickets only.",
    FieldKind.PRIORITY: "A priority: low < medium < high < urgent; none compares as medium.",
    FieldKind.COUNT: "A count.",
    FieldKind.DURATION: "A duration, in the rule's calendar and with its pauses.",
}
_OPERATORS: dict[Operator, str] = {
    Operator.NOT: "None of these values, or no value at all.",
    Operator.AT_LEAST: "This or more.",
    Operator.AT_MOST: "This or less.",
    Operator.MORE_THAN: "More than this.",
    Operator.LESS_THAN: "Less than this.",
    Operator.CONTAINS: "These letters stand somewhere in it.",
    Operator.MATCHES: "This pattern (RE2) is found somewhere in it.",
    Operator.EXISTS: "Whether there is a value at all.",
}
_EXAMPLES: dict[FieldKind, list[object]] = {
    FieldKind.TEXT: ["billing", ["billing", "refund"], {"contains": "invoice"}],
    FieldKind.TAGS: ["vip", {"not": ["internal"]}],
    FieldKind.STATUS: [["new", "open"]],
    FieldKind.PRIORITY: [{"at_least": "high"}],
    FieldKind.COUNT: [{"at_least": 3}],
    FieldKind.DURATION: [{"at_least": "4h"}],
}


def match_definitions() -> Iterator[tuple[str, Schema]]:
    """What the schema of `match` is made of, by the names that refer to it."""
    yield "match", _match()
    for kind in FieldKind:
        yield f"{kind.value}_test", _test(kind)


def _match() -> Schema:
    tests = {"type": "array", "items": reference("tests"), "minItems": 1}
    nested: dict[str, Schema] = {
        "all": {"description": "Each of these groups of tests holds.", **tests},
        "any": {"description": "At least one of these groups of tests holds.", **tests},
        "not": {
            "description": "The tests in it do not hold together; of a list, none holds.",
            "anyOf": [reference("tests"), tests],
        },
    }
    across: dict[str, Schema] = {
        "contacts": {"description": "Customers who come back.", **_contacts()},
        "message": {"description": "What customers write.", **_message()},
    }
    fields = {name: reference(f"{kind.value}_test") for name, kind in FIELDS.items()}
    return {
        "description": "Tests, all of which must hold.",
        "type": "object",
        "properties": {**nested, **across, **fields},
        "patternProperties": {r"^fields\.[\s\S]+$": reference(f"{FieldKind.TEXT.value}_test")},
        "additionalProperties": False,
    }


def _test(kind: FieldKind) -> Schema:
    value = _VALUES[kind]
    operators = {
        operator.value: {"description": _OPERATORS[operator], **_wanted(operator, value)}
        for operator in FITTING[kind]
    }
    return {
        "description": _ABOUT[kind],
        "examples": _EXAMPLES[kind],
        "anyOf": [
            value,
            {"type": "array", "items": value, "minItems": 1},
            {
                "type": "object",
                "properties": operators,
                "additionalProperties": False,
                "minProperties": 1,
            },
        ],
    }


def _wanted(operator: Operator, value: Schema) -> Schema:
    match operator:
        case Operator.NOT:
            return one_or_several(value, least=1)
        case Operator.EXISTS:
            return FLAG
        case _:
            return value


def _contacts() -> Schema:
    values: dict[str, Schema] = {
        "by": words(ContactsBy),
        "at_least": count(1),
        "within": DURATION,
        "same": one_or_several(TEXT),
        "channel": TEXT,
    }
    return mapping(CONTACTS_KEYS, values, "by", "at_least", "within")


def _message() -> Schema:
    values: dict[str, Schema] = {"mentions": one_or_several(TEXT, least=1), "within": DURATION}
    return mapping(MESSAGE_KEYS, values, "mentions")
