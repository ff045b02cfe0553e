"""Rules, calendars, receivers and silences, as JSON Schemas."""

from __future__ import annotations

from engine.domain.calendar import ALWAYS
from engine.domain.rule import (
    DEFAULT_SCALE,
    SCALES,
    AcknowledgeBy,
    BacklogPolicy,
    Kind,
    Mode,
    Since,
    UpdatesFrom,
)
from engine.domain.ticket import Priority, Status
from engine.rulebook.calendars import CALENDAR_KEYS
from engine.rulebook.clock import CLOCK_KEYS
from engine.rulebook.customer import CUSTOMER_KEYS, FOLLOW_UP_KEYS, LOW_SCORE_KEYS, UPDATES_KEYS
from engine.rulebook.holiday_dates import HOLIDAY_KEYS
from engine.rulebook.levels import ASSIGN_KEYS, LEVEL_KEYS, REPEAT_KEYS, SETTABLE
from engine.rulebook.names import BUILT_IN_RECEIVERS
from engine.rulebook.receivers import RECEIVER_KEYS
from engine.rulebook.rules import ACKNOWLEDGE_KEYS, ASKED_BY, RULE_KEYS
from engine.rulebook.schema.matching import LIVE_STATUS
from engine.rulebook.schema.shapes import (
    BUDGET,
    DATE_KEYS,
    DATES,
    DUES,
    DURATION,
    DURATIONS,
    FLAG,
    HOURS,
    ID,
    TEXT,
    WEEK_KEYS,
    Schema,
    count,
    example,
    fitting,
    mapping,
    one_or_several,
    reference,
    words,
)
from engine.rulebook.silences import SILENCE_KEYS

_NAMES = {**one_or_several(TEXT), "examples": [["assignee"], ["group", "support-manager"]]}


def rule() -> Schema:
    """One rule."""
    values: dict[str, Schema] = {
        "id": ID,
        "description": TEXT,
        "match": reference("match"),
        "clock": _clock(),
        "levels": {"type": "array", "items": reference("level")},
        "acknowledge": _acknowledge(),
        "customer": _customer(),
        "mode": {**words(Mode), "default": Mode.ACTIVE.value},
        "backlog": {**words(BacklogPolicy), "default": BacklogPolicy.DIGEST.value},
        "max_lateness": {**DURATION, "default": "3d"},
        "budget": {**BUDGET, "default": "50/h"},
        "cooldown": DURATION,
        "inhibits": one_or_several(TEXT),
        "moved_from": TEXT,
        "asked_by": {**words(ASKED_BY), "default": ASKED_BY[0]},
        "reason": TEXT,
    }
    one_of_them = [{"required": ["levels"]}, {"required": ["customer"]}]
    return {**mapping(RULE_KEYS, values, "id"), "anyOf": one_of_them}


def level() -> Schema:
    """One level of a ladder."""
    values: dict[str, Schema] = {
        "name": TEXT,
        "after": DUES,
        "before": DURATIONS,
        "kind": words(Kind),
        "set": _settings(),
        "raise_priority": count(1),
        "tag": one_or_several(TEXT),
        "untag": one_or_several(TEXT),
        "assign": {**mapping(ASSIGN_KEYS, dict.fromkeys(ASSIGN_KEYS, TEXT)), "minProperties": 1},
        "note": TEXT,
        "notify": _NAMES,
        "template": {**example("escalation"), "default": "escalation"},
        "repeat": mapping(REPEAT_KEYS, {"every": DURATIONS, "times": count(1)}, "every", "times"),
    }
    when = [{"required": ["after"]}, {"required": ["before"]}]
    return {**mapping(LEVEL_KEYS, values), "oneOf": when}


def calendar() -> Schema:
    """One calendar."""
    days = {"type": "object", "additionalProperties": False}
    holidays = mapping(
        HOLIDAY_KEYS, {"country": example("DE"), "subdivision": example("BE")}, "country"
    )
    week = {
        **days,
        "patternProperties": {WEEK_KEYS: HOURS},
        "examples": [{"mon-fri": "09:00-17:00"}],
    }
    values: dict[str, Schema] = {
        "timezone": example("Europe/Berlin"),
        "open": week,
        "holidays": {"anyOf": [holidays, {"type": "array", "items": DATES}]},
        "days": {**days, "patternProperties": {DATE_KEYS: HOURS}},
        "day": DURATION,
        "week": DURATION,
    }
    return mapping(CALENDAR_KEYS, values, "timezone", "open")


def calendars() -> Schema:
    """All calendars of a file."""
    return _by_name(reference("calendar"), ALWAYS.name)


def receivers() -> Schema:
    """All receivers of a file."""
    values: dict[str, Schema] = {
        "channel": example("email"),
        "to": example("support@example.com"),
        "during": TEXT,
        "outside": TEXT,
    }
    ways = {
        "type": "array",
        "items": mapping(RECEIVER_KEYS, values, "channel", "to"),
        "minItems": 1,
    }
    return _by_name(ways, *BUILT_IN_RECEIVERS)


def silences() -> Schema:
    """All silences of a file."""
    values: dict[str, Schema] = {
        "during": example("maintenance"),
        "rules": one_or_several(TEXT, least=1),
        "tickets": one_or_several(fitting("[^:]+:.+", "desk:1001"), least=1),
        "customers": one_or_several(TEXT, least=1),
        "groups": {**one_or_several(TEXT, least=1), "examples": [["facilities"]]},
        "all": FLAG,
        "author": TEXT,
        "reason": TEXT,
    }
    return _by_name(mapping(SILENCE_KEYS, values, "during", "author", "reason"))


def _by_name(value: Schema, *reserved: str) -> Schema:
    names = {"not": {"enum": list(reserved)}}
    return {"type": ["object", "null"], "propertyNames": names, "additionalProperties": value}


def _clock() -> Schema:
    values: dict[str, Schema] = {
        "since": {**words(Since), "default": Since.OPENED.value},
        "calendar": {**example("support-hours"), "default": ALWAYS.name},
        "pause_while": {**one_or_several(LIVE_STATUS), "default": [Status.PENDING_CUSTOMER.value]},
        "target": {**DURATIONS, "examples": ["8h", {"urgent": "4h", "high": "1d"}]},
    }
    return mapping(CLOCK_KEYS, values)


def _settings() -> Schema:
    by_field: dict[str, Schema] = {"priority": words(Priority), "status": words(Status)}
    return {
        "type": "object",
        "properties": {name: by_field.get(name, TEXT) for name in SETTABLE},
        "patternProperties": {r"^fields\.[\s\S]+$": TEXT},
        "additionalProperties": False,
    }


def _acknowledge() -> Schema:
    ways = one_or_several(words(AcknowledgeBy))
    return mapping(ACKNOWLEDGE_KEYS, {"by": ways, "expires": DURATION})


def _customer() -> Schema:
    low_score = mapping(LOW_SCORE_KEYS, {"below": count(1), "notify": _NAMES}, *LOW_SCORE_KEYS)
    follow_up: dict[str, Schema] = {
        "after": DURATION,
        "template": TEXT,
        "scale": {"enum": list(SCALES), "default": DEFAULT_SCALE},
        "low_score": low_score,
    }
    updates: dict[str, Schema] = {
        "from": {**words(UpdatesFrom), "default": UpdatesFrom.ESCALATION.value},
        "every": DURATIONS,
        "template": TEXT,
        "deliver_in": TEXT,
        "max": count(1),
    }
    values: dict[str, Schema] = {
        "on_escalation": TEXT,
        "updates": mapping(UPDATES_KEYS, updates, "every", "template"),
        "follow_up": mapping(FOLLOW_UP_KEYS, follow_up, "after", "template"),
    }
    return mapping(CUSTOMER_KEYS, values)
