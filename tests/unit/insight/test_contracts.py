"""The schemas of the contracts: valid, open to new keys, closed in words, true to the types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, TypedDict

import pytest
from jsonschema import Draft202012Validator, ValidationError

from engine.domain.reason import Reason, Verdict
from engine.insight.contracts import CONTRACTS, DOCUMENTS
from engine.insight.contracts.json_schema import Schema, keywords, one_of, schema_of
from engine.insight.contracts.reasons import MEANINGS
from engine.insight.ingested import as_json as import_json

CONTRACT_ORDER = """
    level_due no_match no_anchor no_target not_yet paused suspended acknowledged silenced
    inhibited cooldown budget backlog too_late joined customer_limit outside_hours replied
    resolved changed_by_person field_taken gone merged passed_on_reload shadow off error
"""
"""As contract.md lists them, copied by hand."""

NOW = datetime(2024, 1, 8, 9, tzinfo=UTC)


def objects(schema: object) -> list[Schema]:
    """Every schema of an object in a schema."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for part in schema.values() for found in objects(part)]


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_a_schema_of_2020_12_with_a_name_and_a_meaning(name: str) -> None:
    schema = CONTRACTS[name]()

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:escalatord:{name}:1"
    assert schema["title"] == f"escalatord {name}"
    assert schema["description"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_names_its_format(name: str) -> None:
    assert CONTRACTS[name]()["properties"]["format"] == {"const": f"escalatord.{name}/1"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_object_is_closed_to_keys_of_the_future(name: str) -> None:
    named = [each for each in objects(CONTRACTS[name]()) if "properties" in each]

    assert named
    assert not any("additionalProperties" in each for each in named)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_object_says_what_it_is_and_requires_all_its_keys(name: str) -> None:
    for each in objects(CONTRACTS[name]()):
        if "properties" in each:
            assert each["description"]
            assert each["required"] == list(each["properties"])


def test_the_reasons_are_the_closed_list_in_its_order() -> None:
    assert CONTRACTS["reasons"]()["enum"] == CONTRACT_ORDER.split()
    assert [reason.value for reason in Reason] == CONTRACT_ORDER.split()


def test_every_reason_has_its_meaning() -> None:
    assert list(MEANINGS) == list(Reason)
    assert len(set(MEANINGS.values())) == len(MEANINGS)


def test_a_reason_is_checked_by_its_schema() -> None:
    validator = Draft202012Validator(CONTRACTS["reasons"]())

    assert validator.is_valid("budget")
    assert not validator.is_valid("because")


def test_a_document_without_a_key_does_not_agree() -> None:
    document: dict[str, object] = {**import_json({}, {}, NOW)}
    validator = Draft202012Validator(CONTRACTS["import"]())

    validator.validate(document)
    del document["helpdesks"]
    with pytest.raises(ValidationError, match="'helpdesks' is a required property"):
        validator.validate(document)


@pytest.mark.parametrize(
    "instant", ["2024-01-08T09:00:00+00:00", "2024-01-08 09:00:00Z", "2024-01-08T09:00:00.5Z", ""]
)
def test_an_instant_in_another_form_does_not_agree(instant: str) -> None:
    document = {**import_json({}, {}, NOW), "now": instant}

    assert not Draft202012Validator(CONTRACTS["import"]()).is_valid(document)


# --- from types to schemas -----------------------------------------------------------------------


class Leaf(TypedDict):
    """A part."""

    word: Annotated[str, one_of(Verdict)]
    maybe: Annotated[Annotated[str, one_of(("a", "b"))] | None, "One of two, or nothing"]


class Tree(TypedDict):
    """A document
    of several lines.
    """

    format: Literal["escalatord.tree/7"]
    count: Annotated[int, keywords(minimum=0), "How many"]
    leaf: Leaf
    leaves: list[Leaf]
    by_name: dict[str, int]
    trees: list[Tree]
    either: int | Leaf
    no_leaf: Leaf | None
    anything: object


def tree() -> Schema:
    return schema_of(Tree, "tree")


def test_the_version_of_the_format_is_the_schemas() -> None:
    assert tree()["$id"] == "urn:escalatord:tree:7"


def test_a_docstring_describes_in_one_line() -> None:
    assert tree()["description"] == "A document of several lines."


def test_a_note_describes_and_keywords_narrow() -> None:
    assert tree()["properties"]["count"] == {
        "type": "integer",
        "minimum": 0,
        "description": "How many",
    }


def test_an_enum_gives_its_words() -> None:
    assert tree()["$defs"]["Leaf"]["properties"]["word"] == {
        "type": "string",
        "enum": ["FIRED", "WAITING", "SUPPRESSED", "NO_MATCH", "OFF"],
    }


def test_what_may_be_nothing_may_be_null_and_nothing_else_more() -> None:
    schema = tree()
    maybe = Draft202012Validator(schema["$defs"]["Leaf"]["properties"]["maybe"])

    assert [maybe.is_valid(value) for value in ("a", None, "c", 1)] == [True, True, False, False]
    assert schema["properties"]["no_leaf"] == {
        "anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}]
    }


def test_a_part_stands_once_and_may_hold_its_like() -> None:
    schema = tree()

    assert schema["properties"]["leaf"] == {"$ref": "#/$defs/Leaf"}
    assert schema["properties"]["leaves"]["items"] == {"$ref": "#/$defs/Leaf"}
    assert schema["$defs"]["Tree"]["properties"]["trees"]["items"] == {"$ref": "#/$defs/Tree"}


def test_a_mapping_says_what_it_holds() -> None:
    assert tree()["properties"]["by_name"] == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }


def test_a_choice_is_any_of_its_parts_and_anything_is_unbounded() -> None:
    schema = tree()

    assert schema["properties"]["either"] == {
        "anyOf": [{"type": "integer"}, {"$ref": "#/$defs/Leaf"}]
    }
    assert schema["properties"]["anything"] == {}
