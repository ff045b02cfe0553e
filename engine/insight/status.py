"""How the daemon is doing, told from the store: format ``escalatord.status/1``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict, cast

from engine.domain.standing import Standing
from engine.domain.ticket import utc_second
from engine.insight.contracts.documents import (
    ExhaustedLadder,
    FiringLine,
    HealthDocument,
    NobodysEscalation,
    RuleStatus,
    StatusDocument,
)
from engine.insight.ownership import unowned
from engine.insight.shadow import shadows
from engine.insight.silences import silence_line, silences
from engine.pipeline.evaluate import Policy
from engine.ports import Json, Store

RECENT = 10
"""Firings that are shown."""
SHADOWS_OF = timedelta(hours=24)
"""How far back rules in shadow say what they would have done."""


class Counts(TypedDict):
    """What `Transaction.counts` gives."""

    live_episodes: int
    overdue: int
    held: int
    unreachable: int
    open_tickets: int
    outbox: dict[str, int]


def status(
    store: Store,
    policy: Policy,
    helpdesks: tuple[str, ...],
    now: datetime,
    daemon: HealthDocument | None,
    *,
    degraded: bool,
) -> StatusDocument:
    """The document of ``status --json``.

    Args:
        store: What is known.
        policy: What is in force.
        helpdesks: The configured helpdesks.
        now: The domain's instant (aware UTC).
        daemon: What the daemon says of itself; None where none answers.
        degraded: The rule files are broken, and the last good rules run.
    """
    with store.read() as tx:
        counts = cast("Counts", tx.counts(now))
        firings = cast("list[FiringLine]", tx.view("v_firings"))
        outbox = tx.view("v_outbox")
        read = {name: tx.watermark(name) is not None for name in helpdesks}
        tickets = tx.view("v_tickets")
    nobodys = unowned(store, policy, now)
    per_helpdesk = Counter(str(row["ticket"]).partition(":")[0] for row in tickets)
    return {
        "format": "escalatord.status/1",
        "now": utc_second(now),
        "generation": policy.ruleset.generation.id,
        "degraded": degraded,
        "daemon": daemon,
        "helpdesks": [
            {"name": name, "read": read[name], "tickets": per_helpdesk[name]} for name in helpdesks
        ],
        "open_tickets": counts["open_tickets"],
        "live_episodes": counts["live_episodes"],
        "overdue": counts["overdue"],
        "unowned": len(nobodys),
        "nobodys": sorted(map(_nobodys, nobodys), key=lambda one: one["since"]),
        "exhausted": _exhausted(nobodys),
        "silences": [silence_line(one, now) for one in silences(store, policy.ruleset, now)],
        "unreachable": counts["unreachable"],
        "held": counts["held"],
        "outbox": counts["outbox"],
        "rules": _per_rule(policy, firings, outbox),
        "shadow": shadows(store, policy.ruleset.generation, now - SHADOWS_OF),
        "recent": sorted(firings, key=lambda row: row["fired_at"])[-RECENT:],
    }


def _per_rule(policy: Policy, firings: list[FiringLine], outbox: list[Json]) -> list[RuleStatus]:
    escalations = Counter(r["rule"] for r in firings if r["kind"] and r["occurrence"] == 1)
    reminders = Counter(r["rule"] for r in firings if not r["kind"] and r["occurrence"] == 1)
    told = Counter(
        str(r["rule"]) for r in outbox if r["audience"] == "customer" and r["state"] == "delivered"
    )
    return [
        {
            "rule": rule.id,
            "mode": rule.mode.value,
            "escalations": escalations[rule.id],
            "reminders": reminders[rule.id],
            "customer_messages": told[rule.id],
        }
        for rule in policy.ruleset.generation.rules
    ]


def _nobodys(standing: Standing) -> NobodysEscalation:
    episode = standing.episode
    assert episode is not None  # noqa: S101 - it has escalated
    assert episode.escalated_at is not None  # noqa: S101 - as above
    ran_out = standing.acknowledged_until
    return {
        "ticket": episode.id.subject,
        "rule": standing.rule.id,
        "since": utc_second(ran_out or episode.escalated_at),
        "was_taken": ran_out is not None,
    }


def _exhausted(standings: Iterable[Standing]) -> list[ExhaustedLadder]:
    """The escalations of which the last notice was said in vain."""
    found: list[ExhaustedLadder] = []
    for standing in standings:
        episode = standing.episode
        firings = episode.firings if episode else ()
        said = {(f.identity, f.occurrence) for f in firings if f.has_fired}
        found.extend(
            {
                "ticket": episode.id.subject,
                "rule": standing.rule.id,
                "level": level.number,
                "name": level.identity,
            }
            for level in standing.rule.levels
            if episode and level.repeat and (level.identity, level.repeat.times + 1) in said
        )
    return found
