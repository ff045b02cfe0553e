"""`timeline`: what happens, each step with its instant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.domain.calendar import ALWAYS
from engine.domain.silence import Matchers
from engine.domain.ticket import Actor, Value
from engine.rulebook.durations import read_duration
from engine.rulebook.fields import Fields
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, is_nothing
from engine.rulebook.suggestion import one_of
from engine.rulebook.values import read_flag, read_mapping, read_scalar, wrong_type
from engine.ruletests.case import (
    Acknowledges,
    Changes,
    Contacts,
    Deletes,
    Merges,
    Reloads,
    Restarts,
    Says,
    Silences,
    Step,
)
from engine.ruletests.scope import Scope
from engine.ruletests.stamps import LATEST
from engine.ruletests.ticket_fields import read_values

SOMEBODY: Final = "somebody"
"""Who acknowledges where a test does not say it."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """What is known of a step before its own value is read; `ticket` is empty where none is."""

    at: datetime
    line: int
    ticket: str
    scope: Scope


def read_step(node: Node, scope: Scope) -> Step | None:
    """One step; None, reported, when it is faulty."""
    fields = Fields.read(node, ("at", "ticket", *_STEPS), scope.report, "a step")
    if fields is None:
        return None
    named = [word for word in _STEPS if word in fields]
    if len(named) != 1:
        _say_how_many(fields, named, scope)
        return None
    when = fields.required("at", "write for example at: +4h")
    at = None if when is None else scope.instant(when, "'at'")
    word = named[0]
    may_lack_ticket = word in _OF_NO_TICKET or (word in _OF_SOME_TICKETS and "ticket" not in fields)
    ticket = None if may_lack_ticket else scope.ticket_of(fields)
    if word in _OF_NO_TICKET and "ticket" in fields:
        message = f"'{word}' concerns the daemon, and no ticket"
        scope.report.error(fields.key("ticket"), "exclusive", message, "remove 'ticket'")
    value = fields.value(word)
    if value is None:
        return None
    # An instant or a ticket that is faulty must not hide what is wrong with the value.
    begun = _Begun(at or LATEST, fields.span.line, ticket or "", scope)
    step = _STEPS[word](value, begun)
    if when is None or at is None:
        return None
    if may_lack_ticket:
        return step
    return step if ticket is not None and scope.is_there(ticket, at, when) else None


def _say_how_many(fields: Fields, named: list[str], scope: Scope) -> None:
    if not named:
        message, hint = "this step does nothing", one_of(_STEPS)
        scope.report.error(fields.span, "missing-key", message, hint)
        return
    message = f"a step does one thing, and this one has {' and '.join(map(repr, named))}"
    hint = "write two steps with the same 'at'"
    scope.report.error(fields.key(named[1]), "exclusive", message, hint)


# --- what people and helpdesks do ----------------------------------------------------------------


def _set(node: Node, begun: _Begun) -> Step | None:
    mapping = read_mapping(node, begun.scope.report, "'set'")
    if mapping is None:
        return None
    if not mapping.entries:
        begun.scope.report.error(node.span, "empty-value", "'set' names no field")
    values = read_values(mapping, begun.scope.stamps)
    return Changes(begun.at, begun.line, begun.ticket, tuple(values.items()))


def _assign(node: Node, begun: _Begun) -> Step | None:
    """A person gives the ticket to somebody: `assign: ann`, or a group, or both."""
    if not isinstance(node, MapNode):
        scalar = read_scalar(node, begun.scope.report, "'assign'")
        return None if scalar is None else _changes(begun, assignee=scalar.text.strip())
    fields = Fields(node, ("group", "assignee"), begun.scope.report)
    if not node.entries:
        begun.scope.report.error(node.span, "empty-value", "'assign' names nobody", "write a name")
    values = {key: fields.text(key) for key in ("group", "assignee") if key in fields}
    return _changes(begun, **values)


def _due(node: Node, begun: _Begun) -> Step | None:
    return _changes(begun, due_at=begun.scope.stamps.read(node, "'due'"))


def _changes(begun: _Begun, **values: Value) -> Changes:
    return Changes(begun.at, begun.line, begun.ticket, tuple(values.items()))


def _reply(node: Node, begun: _Begun) -> Step | None:
    return _said(node, begun, "'reply'", Actor.PERSON)


def _note(node: Node, begun: _Begun) -> Step | None:
    return _said(node, begun, "'note'", Actor.PERSON, is_public=False)


def _auto_reply(node: Node, begun: _Begun) -> Step | None:
    return _said(node, begun, "'auto_reply'", Actor.ROBOT)


def _said(
    node: Node, begun: _Begun, what: str, actor: Actor, *, is_public: bool = True
) -> Step | None:
    text, _ = _words(node, begun, what, ("says",))
    if text is None:
        return None
    return Says(begun.at, begun.line, begun.ticket, actor, text, is_public)


def _contact(node: Node, begun: _Begun) -> Step | None:
    text, channel = _words(node, begun, "'contact'", ("says", "channel"))
    return None if text is None else Contacts(begun.at, begun.line, begun.ticket, text, channel)


def _words(
    node: Node, begun: _Begun, what: str, keys: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """What is said, and the channel: from a text alone, or from a mapping."""
    if not isinstance(node, MapNode):
        scalar = read_scalar(node, begun.scope.report, what, "what is said")
        return (None if scalar is None else scalar.text.strip()), None
    fields = Fields(node, keys, begun.scope.report)
    fields.required("says", "write what is said, for example {says: hello}")
    return fields.text("says"), fields.text("channel") if "channel" in keys else None


def _merge(node: Node, begun: _Begun) -> Step | None:
    """Into which ticket: `merge: T2`, or `merge: {into: T2}`."""
    target: Node | None = node
    if isinstance(node, MapNode):
        target = Fields(node, ("into",), begun.scope.report).required("into")
    into = None if target is None else begun.scope.ticket(target, "'merge'")
    if into is not None and into == begun.ticket:
        begun.scope.report.error(node.span, "merge", "a ticket cannot be merged into itself")
    return None if into is None else Merges(begun.at, begun.line, begun.ticket, into)


def _delete(node: Node, begun: _Begun) -> Step | None:
    flag = read_flag(node, begun.scope.report, "'delete'")
    if flag is False:
        begun.scope.report.error(node.span, "delete", "'delete: false' does nothing", "remove it")
    return Deletes(begun.at, begun.line, begun.ticket)


# --- what is done to the daemon ------------------------------------------------------------------


def _acknowledge(node: Node, begun: _Begun) -> Step | None:
    """By whom, and of which rule: `acknowledge: ann`, or `acknowledge: {by: ann, rule: late}`."""
    if isinstance(node, ScalarNode):
        scalar = read_scalar(node, begun.scope.report, "'acknowledge'", "who takes it")
        who = SOMEBODY if scalar is None else scalar.text.strip()
        return Acknowledges(begun.at, begun.line, begun.ticket, who, None)
    fields = Fields.read(node, ("by", "rule"), begun.scope.report, "'acknowledge'")
    if fields is None:
        return None
    rule = fields.value("rule")
    return Acknowledges(
        begun.at,
        begun.line,
        begun.ticket,
        fields.text("by") or SOMEBODY,
        None if rule is None else begun.scope.rule(rule),
    )


def _silence(node: Node, begun: _Begun) -> Step | None:
    """For how long, and over what: `silence: 4h`, or `silence: {for: 4h, rule: late}`."""
    scope = begun.scope
    tickets = (begun.ticket,) if begun.ticket else ()
    if isinstance(node, ScalarNode):
        length = read_duration(node, scope.report, ALWAYS, "'silence'")
        named = Matchers(tickets=tickets)
        return None if length is None else _silenced(begun, named, begun.at + length)
    fields = Fields.read(node, _OF_SILENCE, scope.report, "'silence'")
    if fields is None:
        return None
    ids = [scope.ticket(one) for one in _listed(fields.value("ticket"))]
    named = Matchers(
        rules=tuple(id_ for one in _listed(fields.value("rule")) if (id_ := scope.rule(one))),
        tickets=(*tickets, *(one for one in ids if one is not None)),
        customers=fields.texts("customer"),
        groups=fields.texts("group"),
    )
    until = _end_of(fields, begun)
    return None if until is None else _silenced(begun, named, until)


def _silenced(begun: _Begun, named: Matchers, until: datetime) -> Silences:
    return Silences(begun.at, begun.line, named, until, SOMEBODY)


def _end_of(fields: Fields, begun: _Begun) -> datetime | None:
    """When a silence ends: after its `for`, or at its `until`."""
    report = begun.scope.report
    if "until" in fields:
        if "for" in fields:
            message = "a silence has either 'for' or 'until'"
            report.error(fields.key("until"), "exclusive", message, "remove one")
        node = fields.value("until")
        until = None if node is None else begun.scope.stamps.read(node, "'until'")
        if node is not None and until is not None and until <= begun.at:
            report.error(node.span, "instant", "this silence ends before it begins")
        return until
    node = fields.required("for", "say how long: {for: 4h}, or {until: 2026-01-12 08:00}")
    length = None if node is None else read_duration(node, report, ALWAYS, "'for'")
    return None if length is None else begun.at + length


def _listed(node: Node | None) -> tuple[Node, ...]:
    if isinstance(node, ListNode):
        return node.items
    return () if node is None else (node,)


def _restart(node: Node, begun: _Begun) -> Step | None:
    fields = Fields.read(node, ("down_for",), begun.scope.report, "'restart'")
    if fields is None:
        return None
    length = fields.required("down_for", "write for example restart: {down_for: 3h}")
    if length is None:
        return None
    down_for = read_duration(length, begun.scope.report, ALWAYS, "'down_for'", zero_is_fine=True)
    return None if down_for is None else Restarts(begun.at, begun.line, down_for)


def _reload(node: Node, begun: _Begun) -> Step | None:
    if isinstance(node, MapNode) or is_nothing(node):
        wrong_type(begun.scope.report, node, "'reload'", "a rule file, or a list of them")
        return None
    ruleset = begun.scope.load(node)
    return None if ruleset is None else Reloads(begun.at, begun.line, ruleset)


_STEPS: Final[Mapping[str, Callable[[Node, _Begun], Step | None]]] = {
    "set": _set,
    "reply": _reply,
    "note": _note,
    "assign": _assign,
    "contact": _contact,
    "auto_reply": _auto_reply,
    "acknowledge": _acknowledge,
    "silence": _silence,
    "due": _due,
    "merge": _merge,
    "delete": _delete,
    "restart": _restart,
    "reload": _reload,
}
_OF_NO_TICKET: Final = frozenset({"restart", "reload"})
_OF_SOME_TICKETS: Final = frozenset({"silence"})
"""Steps that concern a ticket if one is named, else all."""
_OF_SILENCE: Final = ("for", "until", "rule", "ticket", "customer", "group")
