"""Why something was, or was not, done: one closed list for explanations, logs and store."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What `decide` says of one rule and one subject."""

    FIRED = "FIRED"
    WAITING = "WAITING"
    SUPPRESSED = "SUPPRESSED"
    NO_MATCH = "NO_MATCH"
    OFF = "OFF"


class Reason(StrEnum):
    """Every reason that a decision, a firing or an outbox row can carry."""

    LEVEL_DUE = "level_due"
    NO_MATCH = "no_match"
    NO_ANCHOR = "no_anchor"
    NO_TARGET = "no_target"
    NOT_YET = "not_yet"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    COOLDOWN = "cooldown"
    BUDGET = "budget"
    BACKLOG = "backlog"
    TOO_LATE = "too_late"
    JOINED = "joined"
    CUSTOMER_LIMIT = "customer_limit"
    OUTSIDE_HOURS = "outside_hours"
    REPLIED = "replied"
    RESOLVED = "resolved"
    CHANGED_BY_PERSON = "changed_by_person"
    FIELD_TAKEN = "field_taken"
    GONE = "gone"
    MERGED = "merged"
    PASSED_ON_RELOAD = "passed_on_reload"
    SHADOW = "shadow"
    OFF = "off"
    ERROR = "error"
