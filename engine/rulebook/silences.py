"""`silences`: recurring hours in which rules wait."""

from __future__ import annotations

from engine.domain.calendar import Calendar
from engine.domain.silence import Matchers, SilentHours
from engine.rulebook.fields import Fields
from engine.rulebook.names import Names, define
from engine.rulebook.nodes import ListNode, Node, Span
from engine.rulebook.report import Report
from engine.rulebook.values import clipped, read_flag, read_mapping, read_scalars

SILENCE_KEYS = {
    "during": "The calendar whose open hours are silent.",
    "rules": "Only these rules.",
    "tickets": "Only these tickets, HELPDESK:ID.",
    "customers": "Only tickets of these customers, by id.",
    "groups": "Only tickets that these groups have.",
    "all": "`true` for every rule on every ticket, where nothing else is named.",
    "author": "Who asks for it.",
    "reason": "Why.",
}
_MATCHERS = ("rules", "tickets", "customers", "groups")
_EXAMPLE = "write for example groups: [facilities]; for every rule and ticket write all: true"


def read_silences(
    node: Node, names: Names, places: dict[str, Span], report: Report
) -> list[SilentHours]:
    """The silences of a file; `places` says where each of any file is defined."""
    mapping = read_mapping(node, report, "'silences'")
    found = []
    for key, value in () if mapping is None else mapping.entries:
        name = define(places, key, "silence", report)
        silence = _read_silence(key.text.strip(), value, names, report)
        if name is not None and silence is not None:
            found.append(silence)
    return found


def _read_silence(name: str, node: Node, names: Names, report: Report) -> SilentHours | None:
    fields = Fields.read(node, SILENCE_KEYS, report, f"silence '{clipped(name)}'")
    if fields is None:
        return None
    fields.required("during", "name the calendar whose open hours are silent")
    calendar = _read_calendar(fields, names, report)
    matchers = _read_matchers(name, fields, names, report)
    fields.required("author", "say who asks for it")
    fields.required("reason", "say why")
    author, reason = fields.text("author"), fields.text("reason")
    if calendar is None or author is None or reason is None:
        return None
    return SilentHours(name, matchers, calendar, author, reason)


def _read_calendar(fields: Fields, names: Names, report: Report) -> Calendar | None:
    node = fields.value("during")
    calendar = None if node is None else names.calendar(node, report, "'during'")
    if node is None or calendar is None:
        return None
    if calendar.hours.never_close:
        message = f"calendar '{clipped(calendar.name)}' never closes, so this silence never ends"
        report.error(node.span, "endless-silence", message, "give the rules 'mode: off' instead")
        return None
    return calendar


def _read_matchers(name: str, fields: Fields, names: Names, report: Report) -> Matchers:
    rules = fields.value("rules")
    scalars = () if rules is None else read_scalars(rules, report, "'rules'")
    known = [names.rule(scalar, report, "'rules'") for scalar in scalars]
    node = fields.value("all")
    is_for_all = False if node is None else read_flag(node, report, "'all'")
    named = [key for key in _MATCHERS if key in fields]
    if named and is_for_all:
        message = f"silence '{clipped(name)}' is about everything and about {named[0]}"
        report.error(fields.key("all"), "silence-scope", message, "keep one of the two")
    if not named and is_for_all is False:
        message = f"silence '{clipped(name)}' does not say what it is about"
        report.error(fields.span, "silence-scope", message, _EXAMPLE)
    for key in named:
        value = fields.value(key)
        if isinstance(value, ListNode) and not value.items:  # it would be about everything
            report.error(value.span, "empty-value", f"'{key}' names nothing", "remove the key")
    return Matchers(
        rules=tuple(rule for rule in known if rule is not None),
        tickets=_read_tickets(fields, report),
        customers=fields.texts("customers"),
        groups=fields.texts("groups"),
    )


def _read_tickets(fields: Fields, report: Report) -> tuple[str, ...]:
    node = fields.value("tickets")
    scalars = () if node is None else read_scalars(node, report, "'tickets'")
    for scalar in scalars:
        helpdesk, _, number = scalar.text.strip().partition(":")
        if not helpdesk or not number:
            message = f"'{clipped(scalar.text)}' is no ticket"
            report.error(scalar.span, "ticket-id", message, "write HELPDESK:ID")
    return tuple(scalar.text.strip() for scalar in scalars)
