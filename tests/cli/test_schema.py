"""`schema`: what programs outside rely on, from the command line."""

from __future__ import annotations

import json

import pytest

from engine.insight.contracts import CONTRACTS
from tests.cli.desk import Desk


@pytest.mark.parametrize("name", ["once", "explain", "check", "outbox", "status", "import"])
def test_every_document_has_its_schema(empty_desk: Desk, name: str) -> None:
    ended = empty_desk.run("schema", "--contract", name)

    assert ended.code == 0
    assert json.loads(ended.out) == CONTRACTS[name]()


def test_the_reasons_are_an_enum(empty_desk: Desk) -> None:
    enum = empty_desk.run("schema", "--contract", "reasons").document["enum"]

    assert (enum[0], enum[-1]) == ("level_due", "error")


@pytest.mark.parametrize("arguments", [[], ["--contract", "twice"]])
def test_an_unknown_contract_is_refused_with_those_that_there_are(
    empty_desk: Desk, arguments: list[str]
) -> None:
    ended = empty_desk.run("schema", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(f"--contract takes {', '.join(CONTRACTS)}\n")
