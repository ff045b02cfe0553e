"""`customer`: what the customer hears because of a rule."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.rule import (
    DEFAULT_SCALE,
    SCALES,
    CustomerPlan,
    FollowUp,
    Level,
    Updates,
    UpdatesFrom,
)
from engine.rulebook.durations import read_duration, read_per_priority
from engine.rulebook.fields import Fields
from engine.rulebook.levels import read_notify
from engine.rulebook.nodes import Node
from engine.rulebook.scope import Scope

CUSTOMER_KEYS = {
    "on_escalation": "A customer template, sent at the first level with a `kind`.",
    "updates": "Regular messages while the customer waits.",
    "follow_up": "One message after an escalated ticket is resolved.",
}
UPDATES_KEYS = {
    "from": "From the first level with a `kind`, or from when the rule begins to hold.",
    "every": "How long the customer may hear nothing, in the rule's calendar; one, or by priority.",
    "template": "A customer template.",
    "deliver_in": "Messages go out in these hours only; the clock's calendar unless it is given.",
    "max": "After so many the customer gets no more, and the assignee is told.",
}
FOLLOW_UP_KEYS = {
    "after": "How long after the resolution, in the rule's calendar.",
    "template": "A customer template.",
    "scale": "The best score of the survey, 5 or 10; 5 unless it is given.",
    "low_score": "Who hears of a low score in the survey.",
}
LOW_SCORE_KEYS = {
    "below": "Scores lower than this are low.",
    "notify": "Names of receivers.",
}


def read_customer(
    rule: Fields, levels: tuple[Level, ...], scope: Scope
) -> tuple[CustomerPlan | None, Fields | None]:
    """The plan, and the fields it was read from."""
    fields = rule.fields("customer", CUSTOMER_KEYS)
    if fields is None:
        return None, None
    updates = _read_updates(fields, levels, scope)
    plan = CustomerPlan(
        deliver_in=scope.clock.calendar if updates is None else updates.deliver_in,
        on_escalation=_read_template(fields, "on_escalation", scope),
        updates=updates,
        follow_up=_read_follow_up(fields, scope),
    )
    _warn_of_silence(plan, levels, fields, scope)
    return plan, fields


def _read_updates(fields: Fields, levels: tuple[Level, ...], scope: Scope) -> Updates | None:
    updates = fields.fields("updates", UPDATES_KEYS)
    if updates is None:
        return None
    scope.names.want_default(fields.key("updates"))
    starts = updates.choice("from", UpdatesFrom, "start")
    if not levels and (starts == UpdatesFrom.ESCALATION or "from" not in updates):
        message = "a rule without levels never escalates, so these updates never begin"
        at = updates.value("from")
        place = fields.key("updates") if at is None else at.span
        scope.report.error(place, "never-escalates", message, "write 'from: match'")
    every = updates.required("every", "write for example every: 1d")
    updates.required("template", "name a file of templates/customer")
    template = _read_template(updates, "template", scope)
    deliver_in = updates.value("deliver_in")
    calendar = None
    if deliver_in is not None:
        calendar = scope.names.calendar(deliver_in, scope.report, "'deliver_in'")
    most = updates.count("max", least=1)

    def read(value: Node) -> timedelta | None:
        return read_duration(value, scope.report, scope.clock.calendar, "'every'")

    cadence = None if every is None else read_per_priority(every, scope.report, read)
    if cadence is None or template is None:
        return None
    return Updates(
        every=cadence,
        template=template,
        deliver_in=calendar or scope.clock.calendar,
        starts=UpdatesFrom.ESCALATION if starts is None else UpdatesFrom(starts),
        max=most,
    )


def _read_follow_up(fields: Fields, scope: Scope) -> FollowUp | None:
    follow_up = fields.fields("follow_up", FOLLOW_UP_KEYS)
    if follow_up is None:
        return None
    after = follow_up.required("after", "write for example after: 1d")
    follow_up.required("template", "name a file of templates/customer")
    template = _read_template(follow_up, "template", scope)
    wait = None
    if after is not None:
        wait = read_duration(
            after, scope.report, scope.clock.calendar, "'after'", zero_is_fine=True
        )
    scale = _read_scale(follow_up, scope)
    below, notify = _read_low_score(follow_up, scale, scope)
    if wait is None or template is None:
        return None
    return FollowUp(wait, template, below, notify, scale)


def _read_scale(follow_up: Fields, scope: Scope) -> int:
    best = follow_up.count("scale", least=1)
    node = follow_up.value("scale")
    if best is None or node is None:
        return DEFAULT_SCALE
    if best not in SCALES:
        scope.report.error(node.span, "number", f"'scale' must be {' or '.join(map(str, SCALES))}")
    return best


def _read_low_score(
    follow_up: Fields, scale: int, scope: Scope
) -> tuple[int | None, tuple[str, ...]]:
    fields = follow_up.fields("low_score", LOW_SCORE_KEYS)
    if fields is None:
        return None, ()
    fields.required("below", "write for example below: 4")
    notify = fields.required("notify", "name who hears of it")
    names = () if notify is None else read_notify(notify, scope)
    below = fields.count("below", least=1)
    if below is not None and not 1 < below <= scale:
        said = "no score is" if below == 1 else "every score is"
        message = f"{said} below {below} on a scale from 1 to {scale}"
        at = fields.value("below")
        place = fields.key("below") if at is None else at.span
        scope.report.warn(place, "low-score-beyond-scale", message, f"write 2 to {scale}")
    return below, names


def _read_template(fields: Fields, key: str, scope: Scope) -> str | None:
    node = fields.value(key)
    return None if node is None else scope.names.template(node, scope.report, "customer")


def _warn_of_silence(
    plan: CustomerPlan, levels: tuple[Level, ...], fields: Fields, scope: Scope
) -> None:
    """Report messages that wait for an escalation of a rule that has reminders only."""
    if any(level.kind for level in levels) or not levels:
        return
    waiting = [key for key in ("on_escalation", "follow_up") if fields.value(key) is not None]
    if plan.updates is not None and plan.updates.starts is UpdatesFrom.ESCALATION:
        waiting.append("updates")
    for key in waiting:
        message = f"'{key}' waits for an escalation, and no level of this rule has a 'kind'"
        hint = "write 'kind: technical' or 'kind: hierarchical' in a level"
        scope.report.warn(fields.key(key), "never-escalates", message, hint)
