"""What a plan came to, as programs outside are told: format ``escalatord.plan/1``."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from engine.domain.ticket import utc_second
from engine.insight.contracts.documents import (
    PlanDocument,
    PlannedChange,
    PlannedRule,
    PlannedTraffic,
)
from engine.insight.once import firing, order_of
from engine.simulation.plan import Change, Plan, Traffic, traffic


def as_json(plan: Plan, generation: str, proposed: str) -> PlanDocument:
    """The document of ``plan --json``.

    Args:
        plan: What was found.
        generation: Id of the present rules.
        proposed: Id of the proposed rules.
    """
    present, becomes = traffic(plan.present.told), traffic(plan.proposed.told)
    return {
        "format": "escalatord.plan/1",
        "now": utc_second(plan.now),
        "until": utc_second(plan.until),
        "generation": generation,
        "proposed": proposed,
        "added": list(plan.edited.added),
        "removed": list(plan.edited.removed),
        "renamed": [{"before": before, "now": now} for before, now in plan.edited.renamed],
        "changed": list(plan.edited.changed),
        "ok": not plan.over_budget and not plan.proposed.failures,
        "over_budget": list(plan.over_budget),
        "fired": sorted((firing(one) for one in plan.proposed.fired), key=order_of),
        "changes": [_change(one) for one in plan.changes],
        "rules": _rules(plan, present, becomes),
        "present_messages": _traffic(present),
        "proposed_messages": _traffic(becomes),
        "failures": dict(plan.proposed.failures),
    }


def _change(one: Change) -> PlannedChange:
    return {
        "ticket": one.step.ticket,
        "rule": one.step.rule,
        "level": one.step.level,
        "fate": one.fate.value,
        "was_at": _text(one.was_at),
        "is_at": _text(one.is_at),
        "passed": one.passed.value if one.passed else None,
    }


def _rules(plan: Plan, present: Traffic, proposed: Traffic) -> list[PlannedRule]:
    fired = Counter(one.rule for one in plan.proposed.fired)
    return [
        {
            "rule": rule,
            "fired": fired[rule],
            "messages": proposed.by_rule.get(rule, 0),
            "messages_now": present.by_rule.get(rule, 0),
            "passed": {reason.value: count for reason, count in plan.passed.get(rule, {}).items()},
        }
        for rule in plan.rules
    ]


def _traffic(one: Traffic) -> PlannedTraffic:
    return {
        "customers": one.customers,
        "staff": one.staff,
        "busiest_hour": _text(one.busiest),
        "in_busiest_hour": one.in_busiest,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)
