"""The JSON Schema of rule files, for editors that complete and check while somebody types.

It is made from what the readers read by: their keys with descriptions, the fields and operators of
`match`, the words of every enum. It knows shapes only; names, order and sense are for `check`. What
the schema refuses, `check` refuses too.
"""

from __future__ import annotations

from engine.rulebook.loader import SECTIONS, VERSION
from engine.rulebook.schema.matching import match_definitions
from engine.rulebook.schema.policy import calendar, calendars, level, receivers, rule, silences
from engine.rulebook.schema.shapes import Schema, definitions, mapping, reference

# Editors do not support later dialects in full.
_DIALECT = "http://json-schema.org/draft-07/schema#"


def rules_schema() -> Schema:
    """The schema (draft 7) of one rule file."""
    values: dict[str, Schema] = {
        "version": {"enum": [int(VERSION), VERSION]},
        "calendars": calendars(),
        "receivers": receivers(),
        "rules": {"type": ["array", "null"], "items": reference("rule")},
        "silences": silences(),
    }
    file = mapping(SECTIONS, values, "version")
    matching = dict(match_definitions())
    return {
        "$schema": _DIALECT,
        "$id": f"urn:escalatord:rules:{VERSION}",
        "title": "escalatord rule file",
        "description": "Calendars, receivers, rules and silences of escalatord, version 1.",
        **file,
        "type": ["object", "null"],
        "definitions": {
            **dict(definitions()),
            "rule": rule(),
            "level": level(),
            "calendar": calendar(),
            **matching,
            "tests": {**matching["match"], "minProperties": 1},
        },
    }
