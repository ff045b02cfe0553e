"""`receivers`: who is told, and how they are reached."""

from __future__ import annotations

from engine.domain.calendar import Calendar
from engine.domain.rule import Receiver, Target
from engine.rulebook.fields import Fields
from engine.rulebook.names import BUILT_IN_RECEIVERS, Names, define
from engine.rulebook.nodes import ListNode, Node
from engine.rulebook.report import Report
from engine.rulebook.suggestion import did_you_mean
from engine.rulebook.values import clipped, read_items, read_mapping

RECEIVER_KEYS = {
    "channel": "The name of a channel of the config file.",
    "to": "The address there.",
    "during": "Use this way only while this calendar is open.",
    "outside": "Use this way only while this calendar is closed.",
}
_EXAMPLE = "write for example [{channel: email, to: support@example.com}]"


def read_receivers(node: Node, names: Names, report: Report) -> list[Receiver]:
    """All receivers of a file, and their names entered into `names`."""
    mapping = read_mapping(node, report, "'receivers'")
    receivers = []
    for key, value in () if mapping is None else mapping.entries:
        name = define(names.receivers, key, "receiver", report, reserved=BUILT_IN_RECEIVERS)
        targets = _read_targets(clipped(key.text), value, names, report)
        if name is not None:
            receivers.append(Receiver(name, targets))
    return receivers


def _read_targets(name: str, node: Node, names: Names, report: Report) -> tuple[Target, ...]:
    items = read_items(node, report, f"receiver '{name}'")
    if isinstance(node, ListNode) and not items:
        report.error(node.span, "empty-value", f"receiver '{name}' reaches nobody", _EXAMPLE)
    targets = (_read_target(item, names, report) for item in items)
    return tuple(target for target in targets if target is not None)


def _read_target(node: Node, names: Names, report: Report) -> Target | None:
    fields = Fields.read(node, RECEIVER_KEYS, report, "a way to reach a receiver")
    if fields is None:
        return None
    fields.required("channel", "write for example channel: email")
    fields.required("to", "write the address")
    channel, to = fields.text("channel"), fields.text("to")
    during = _read_calendar(fields, "during", names, report)
    outside = _read_calendar(fields, "outside", names, report)
    if channel is None or to is None:
        return None
    if names.channels is not None and channel not in names.channels:
        node = fields.required("channel") or node
        message = f"the config file has no channel '{clipped(channel)}'"
        hint = did_you_mean(channel, sorted(names.channels))
        report.error(node.span, "unknown-channel", message, hint)
    return Target(channel, to, during, outside)


def _read_calendar(fields: Fields, key: str, names: Names, report: Report) -> Calendar | None:
    node = fields.value(key)
    return None if node is None else names.calendar(node, report, f"'{key}'")
