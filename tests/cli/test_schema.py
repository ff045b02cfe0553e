"""`schema`: rule files, and what programs outside rely on, from the command line."""

from __future__ import annotations

import json

import pytest

from engine.insight.contracts import CONTRACTS
from engine.rulebook.schema import rules_schema
from tests.cli.desk import Desk


@pytest.mark.parametrize("name", ["once", "explain", "check", "outbox", "status", "import"])
def test_every_document_has_its_schema(empty_desk: Desk, name: str) -> None:
    ended = empty_desk.run("schema", "--contract", name)

    assert ended.code == 0
    assert json.loads(ended.out) == CONTRACTS[name]()


def test_the_reasons_are_an_enum(empty_desk: Desk) -> None:
    enum = empty_desk.run("schema", "--contract", "reasons").document["enum"]

    assert (enum[0], enum[-1]) == ("level_due", "error")


def test_without_a_contract_it_is_the_schema_of_rule_files(empty_desk: Desk) -> None:
    ended = empty_desk.run("schema")

    assert ended.code == 0
    assert json.loads(ended.out) == rules_schema()


def test_an_unknown_contract_is_refused_with_those_that_there_are(empty_desk: Desk) -> None:
    ended = empty_desk.run("schema", "--contract", "twice")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(f"--contract takes {', '.join(CONTRACTS)}\n")
