"""The tests under `match` that look at what customers did: `contacts` and `message`."""

from __future__ import annotations

from engine.domain.calendar import ALWAYS
from engine.domain.condition import FIELDS, ContactsBy, ContactsTest, FieldKind, MessageTest
from engine.rulebook.durations import read_duration
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import Node, ScalarNode
from engine.rulebook.patterns import Mentions
from engine.rulebook.report import Report
from engine.rulebook.scope import Scope
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_scalars

CONTACTS_KEYS = {
    "by": "Whose contacts are counted together.",
    "at_least": "How many.",
    "within": "In the last so long; wall-clock time.",
    "same": "Only contacts on tickets that agree with this one in these fields.",
    "channel": "Only contacts that came in this way.",
}
MESSAGE_KEYS = {
    "mentions": "Words or phrases; one of them stands in the customer's text, as whole words.",
    "within": "Only messages of the last so long; wall-clock time.",
}
_COMPARABLE = (FieldKind.TEXT, FieldKind.PRIORITY, FieldKind.STATUS)


def read_contacts(node: Node, scope: Scope) -> ContactsTest | None:
    """`contacts`: so many in the last so long, by the clock on the wall."""
    fields = Fields.read(node, CONTACTS_KEYS, scope.report, "'contacts'")
    if fields is None:
        return None
    fields.required("by", "write ticket, customer, organization or everyone")
    fields.required("at_least", "write for example at_least: 3")
    within = fields.required("within", "write for example within: 7d")
    by = fields.choice("by", ContactsBy, "grouping")
    at_least = fields.count("at_least", least=1)
    window = None if within is None else read_duration(within, scope.report, ALWAYS, "'within'")
    same = _read_same(fields, scope.report)
    channel = fields.text("channel")
    if by is None or at_least is None or window is None:
        return None
    folded = None if channel is None else channel.casefold()
    return ContactsTest(ContactsBy(by), at_least, window, same, folded)


def read_message(node: Node, scope: Scope) -> MessageTest | None:
    """`message`: words in what the customer wrote."""
    fields = Fields.read(node, MESSAGE_KEYS, scope.report, "'message'")
    if fields is None:
        return None
    listed = fields.required("mentions", 'write for example mentions: ["cancel my account"]')
    mentions = fields.texts("mentions")
    if listed is not None and not mentions:
        scope.report.error(listed.span, "empty-value", "'mentions' lists no words")
    node_within = fields.value("within")
    within = None
    if node_within is not None:
        within = read_duration(node_within, scope.report, ALWAYS, "'within'")
    return MessageTest(mentions, within, Mentions.of(mentions)) if mentions else None


def _read_same(fields: Fields, report: Report) -> tuple[str, ...]:
    node = fields.value("same")
    scalars = () if node is None else read_scalars(node, report, "'same'")
    return tuple(scalar.text for scalar in scalars if _is_comparable(scalar, report))


def _is_comparable(scalar: ScalarNode, report: Report) -> bool:
    known = [name for name, kind in FIELDS.items() if kind in _COMPARABLE and name != "id"]
    if scalar.text in known or scalar.text.startswith("fields."):
        return True
    message = f"contacts cannot be the same in '{clipped(scalar.text)}'"
    hint = did_you_mean(scalar.text, known) or "name fields that hold text, such as type"
    report.error(scalar.span, "unknown-field", message, hint)
    return False
