"""Which files a test runs on: test files, the rules that they name, and what these lean on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.app import equipment
from engine.ruletests.finding import find_test_files
from engine.ruletests.running import Runner
from tests.ruletests.conftest import Folder

ONE_RULE = "version: 1\nrules:\n  - {id: %s, levels: [{name: a, after: 1h, notify: [%s]}]}\n"
CASE = """
- name: a case
  start: 2026-01-05 09:00
  ticket: {}
  until: +1d
  expect: [{at: +1h, rule: %s, level: a, notify: [%s]}]
"""


def test_the_other_files_of_the_folder_lend_receivers_and_calendars_but_no_rules(
    folder: Folder,
) -> None:
    folder.write("one.yaml", ONE_RULE % ("one", "manager"))

    assert folder.run(CASE % ("one", "manager"), head="rules: ../one.yaml").is_good


def test_a_files_own_definitions_beat_those_of_the_folder(folder: Folder) -> None:
    own = "version: 1\nreceivers: {default: [{channel: log, to: us}], own: [{channel: log, to: o}]}"
    folder.write("own.yaml", (ONE_RULE % ("one", "own")).replace("version: 1", own))
    folder.write("twin.yaml", (ONE_RULE % ("two", "own")).replace("version: 1", own))

    assert folder.run(CASE % ("one", "own"), head="rules: ../own.yaml").is_good


def test_a_rule_may_name_a_rule_that_is_not_in_force(folder: Folder) -> None:
    folder.write(
        "one.yaml", (ONE_RULE % ("one", "manager")).replace("id: one", "id: one, inhibits: [late]")
    )

    assert folder.run(CASE % ("one", "manager"), head="rules: ../one.yaml").is_good


def test_tests_may_lie_beside_the_rules(folder: Folder) -> None:
    folder.write("one.yaml", ONE_RULE % ("one", "manager"))
    body = (CASE % ("one", "manager")).replace("\n", "\n  ")
    path = folder.write("one.test.yaml", f"rules: one.yaml\ncases:{body}\n")

    assert Runner(equipment()).run(path).is_good


def test_tests_are_found_from_within_their_folder(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("one.yaml", ONE_RULE % ("one", "manager"))
    path = folder.test(CASE % ("one", "manager"), head="rules: ../one.yaml")
    monkeypatch.chdir(path.parent)

    assert Runner(equipment()).run(Path(path.name)).is_good


def test_a_fault_in_a_file_that_lends_its_names_is_told(folder: Folder) -> None:
    folder.write("one.yaml", ONE_RULE % ("one", "manager"))
    folder.write("hours.yaml", "version: 1\ncalendars: {office: {timezone: Europe/Berlinn}}\n")

    result = folder.run(CASE % ("one", "manager"), head="rules: ../one.yaml")

    assert not result.is_good
    assert {Path(problem.file).name for problem in result.problems} == {"hours.yaml"}


def test_test_files_are_found_in_and_below_a_folder(folder: Folder) -> None:
    wanted = [folder.test("", name) for name in ("a", "b", "deeper/c")]
    folder.write("tests/.hidden.test.yaml", "")
    folder.write(".git/d.test.yaml", "")

    assert find_test_files([folder.path]) == wanted
    assert find_test_files([wanted[1]]) == [wanted[1]]
    assert find_test_files([folder.path, wanted[0]]) == wanted
