"""The closed list of reasons, each with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.domain.reason import Reason
from engine.insight.contracts.json_schema import Schema, head

MEANINGS: Final[Mapping[Reason, str]] = {
    Reason.LEVEL_DUE: "a level fell due and fired",
    Reason.NO_MATCH: "the rule's match does not hold",
    Reason.NO_ANCHOR: "the event that the clock counts from has not happened",
    Reason.NO_TARGET: "the rule says nothing for the ticket's priority",
    Reason.NOT_YET: "nothing has fallen due yet",
    Reason.PAUSED: "the status is one in which the clock stands still",
    Reason.SUSPENDED: "the match stopped holding after a level had fired",
    Reason.ACKNOWLEDGED: "somebody has taken the escalation",
    Reason.SILENCED: "a silence is in force",
    Reason.INHIBITED: "another rule holds this one's levels back",
    Reason.COOLDOWN: "the rule fired here a short while ago",
    Reason.BUDGET: "the rule has fired as often as it may in this period",
    Reason.BACKLOG: "newly loaded rule text put the level in the past",
    Reason.TOO_LATE: "the level's time had passed by more than max_lateness",
    Reason.JOINED: "it became part of another message, which stands for it",
    Reason.CUSTOMER_LIMIT: "the customer has heard from us as often as is allowed, or must not",
    Reason.OUTSIDE_HOURS: "messages are delivered in opening hours only",
    Reason.REPLIED: "a person has answered, or the customer has just written",
    Reason.RESOLVED: "the ticket is resolved",
    Reason.CHANGED_BY_PERSON: "a person has changed it meanwhile",
    Reason.FIELD_TAKEN: "another rule set the field at the same instant",
    Reason.GONE: "the helpdesk says that the ticket is no more",
    Reason.MERGED: "the ticket was merged into another",
    Reason.PASSED_ON_RELOAD: "a reload let the level pass",
    Reason.SHADOW: "the rule decides and records, and does not act",
    Reason.OFF: "the rule is off or no longer there",
    Reason.ERROR: "the decision failed; the log has the error",
}


def reasons_schema() -> Schema:
    """A schema whose `enum` is the closed list, in the contract's order."""
    return {
        **head("reasons", "1"),
        "description": "Why something was, or was not, done: one closed list for explanations,"
        " logs, metrics and the store.",
        "type": "string",
        "enum": [reason.value for reason in Reason],
        "oneOf": [{"const": each.value, "description": MEANINGS[each]} for each in Reason],
    }
