"""A ticket's fields as test files write them: the names of `match`, dotted or nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from engine.domain.condition import Operator
from engine.domain.ticket import CUSTOMER_FIELDS, Priority, Status, Value
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, is_nothing
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import (
    clipped,
    read_choice,
    read_flag,
    read_scalar,
    read_texts,
    wrong_type,
)
from engine.ruletests.case import FieldCheck
from engine.ruletests.stamps import Stamps

_TEXTS: Final = ("subject", "type", "raw_status", "group", "assignee", "channel", "language")
_FLAGS: Final = ("customer.no_updates", "customer.is_automatic")
_CUSTOMER: Final = tuple(f"customer.{name}" for name in CUSTOMER_FIELDS)
FIELDS: Final = ("status", "priority", "tags", "due", *_TEXTS, *_CUSTOMER)
"""Every field that a test file may name, `fields.NAME` aside."""

_STORED_AS: Final[Mapping[str, str]] = {"due": "due_at"}
_ALWAYS_SET: Final = ("status", *_FLAGS)
"""Fields that a ticket never lacks."""

Entry = tuple[str, ScalarNode, Node]


def read_values(node: MapNode, stamps: Stamps, besides: tuple[str, ...] = ()) -> dict[str, Value]:
    """Field → its value, names as the domain has them; null empties a field.

    Args:
        node: The mapping.
        stamps: How instants are read.
        besides: Keys of the mapping that are no fields; they are passed over.
    """
    values: dict[str, Value] = {}
    for name, key, value in _entries(node, stamps, besides):
        stored = _STORED_AS.get(name, name)
        if not is_nothing(value):
            read = _read_value(name, value, stamps)
            if read is not None:
                values[stored] = read
        elif name in _ALWAYS_SET:
            message = f"'{name}' has no value"
            stamps.report.error(key.span, "empty-value", message, "a ticket always has one")
        else:
            values[stored] = () if name == "tags" else None
    return values


def read_checks(
    node: MapNode, stamps: Stamps, besides: tuple[str, ...] = ()
) -> tuple[FieldCheck, ...]:
    """What fields should be: a value, `{not: …}` or `{exists: …}`."""
    checks: list[FieldCheck] = []
    for name, key, value in _entries(node, stamps, besides):
        stored = _STORED_AS.get(name, name)
        if is_nothing(value):
            checks.append(FieldCheck(stored, Operator.EXISTS, wanted=False))
        elif isinstance(value, MapNode):
            checks.extend(_read_operators(name, stored, key, value, stamps))
        elif (wanted := _read_value(name, value, stamps)) is not None:
            checks.append(FieldCheck(stored, Operator.EQUALS, wanted))
    return tuple(checks)


def _entries(node: MapNode, stamps: Stamps, besides: tuple[str, ...]) -> Iterator[Entry]:
    """The fields that a mapping names, those below `customer` and `fields` with their prefix."""
    for key, value in node.entries:
        if key.text in besides:
            continue
        if key.text in ("customer", "fields") and isinstance(value, MapNode):
            for inner, one in value.entries:
                yield from _known(f"{key.text}.{inner.text}", inner, one, stamps)
        elif key.text == "customer":
            yield "customer.id", key, value
        else:
            yield from _known(key.text, key, value, stamps)


def _known(name: str, key: ScalarNode, value: Node, stamps: Stamps) -> Iterator[Entry]:
    prefix, _, rest = name.partition(".")
    if name in FIELDS or (prefix == "fields" and rest):
        yield name, key, value
        return
    inside = prefix == "customer"
    known = CUSTOMER_FIELDS if inside and rest == key.text else (*FIELDS, "customer", "fields")
    hint = did_you_mean(key.text, known) or "fields of your own are written fields.NAME"
    stamps.report.error(key.span, "unknown-key", f"unknown key '{clipped(key.text)}'", hint)


def _read_operators(
    name: str, stored: str, key: ScalarNode, node: MapNode, stamps: Stamps
) -> Iterator[FieldCheck]:
    if not node.entries:
        message = f"'{name}' names no test"
        stamps.report.error(key.span, "empty-value", message, "write a value")
    for operator, value in node.entries:
        if operator.text == "not" and not is_nothing(value):
            wanted = _read_value(name, value, stamps)
            if wanted is not None:
                yield FieldCheck(stored, Operator.NOT, wanted)
        elif operator.text == "exists":
            flag = read_flag(value, stamps.report, "'exists'")
            if flag is not None:
                yield FieldCheck(stored, Operator.EXISTS, flag)
        else:
            message = f"unknown operator '{clipped(operator.text)}'"
            hint = did_you_mean(operator.text, ("not", "exists"))
            stamps.report.error(operator.span, "unknown-operator", message, hint)


def _read_value(name: str, node: Node, stamps: Stamps) -> Value:
    """One field's value; None, reported, when it does not fit."""
    read = _READERS.get(name)
    if read is not None:
        return read(node, stamps)
    if isinstance(node, ListNode):
        wrong_type(stamps.report, node, f"'{name}'", "one text")
        return None
    scalar = read_scalar(node, stamps.report, f"'{name}'")
    return None if scalar is None else scalar.text.strip()


def _status(node: Node, stamps: Stamps) -> Value:
    word = read_choice(node, stamps.report, "status", Status)
    return None if word is None else Status(word)


def _priority(node: Node, stamps: Stamps) -> Value:
    word = read_choice(node, stamps.report, "priority", Priority)
    return None if word is None else Priority(word)


def _tags(node: Node, stamps: Stamps) -> Value:
    return read_texts(node, stamps.report, "'tags'")


def _due(node: Node, stamps: Stamps) -> Value:
    return stamps.read(node, "'due'")


def _flag(node: Node, stamps: Stamps) -> Value:
    return read_flag(node, stamps.report, "this field")


_READERS: Final[Mapping[str, Callable[[Node, Stamps], Value]]] = {
    "status": _status,
    "priority": _priority,
    "tags": _tags,
    "due": _due,
    **dict.fromkeys(_FLAGS, _flag),
}
