"""Runs: many files, many processes, parts of files; and the report for CI."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine.app import equipment
from engine.ruletests.jobs import run_files
from engine.ruletests.junit import as_junit
from engine.ruletests.playing import Equipment
from engine.ruletests.running import FileResult
from engine.ruletests.telling import report_lines
from engine.ruletests.watching import changes
from engine.store import open_store
from tests.ruletests.conftest import Folder

GOOD = """
- name: good %s
  start: 2026-01-05 09:00
  ticket: {}
  until: +3h
  expect: [{at: +2h, rule: late, level: reminder}]
"""
BAD = GOOD.replace("good", "bad").replace("+2h", "+1h")


@pytest.fixture
def files(folder: Folder) -> list[Path]:
    return [
        folder.test("".join(GOOD % number for number in range(5)), "a"),
        folder.test(BAD % 1 + GOOD % 2 + BAD % 3, "b"),
        folder.write("tests/c.test.yaml", ""),
    ]


def told(results: list[FileResult]) -> list[str]:
    return list(report_lines(results, 120, 0))


@pytest.mark.parametrize("jobs", [2, 3])
def test_many_processes_tell_the_same_as_one_in_the_same_order(
    files: list[Path], jobs: int
) -> None:
    alone, shared = run_files(files, equipment, jobs=1), run_files(files, equipment, jobs=jobs)

    assert told(shared) == told(alone)
    assert [[case.name for case in one.results] for one in shared] == [
        ["good 0", "good 1", "good 2", "good 3", "good 4"],
        ["bad 1", "good 2", "bad 3"],
        [],
    ]


def test_the_summary_counts_cases_and_files(files: list[Path]) -> None:
    lines = told(run_files(files, equipment))

    assert lines[-1] == "8 cases in 3 files: 6 passed, 2 failed, 1 file could not be read (0.0 s)"


def test_only_the_cases_in_which_a_pattern_is_found_are_run(files: list[Path]) -> None:
    for pattern, names in {
        "GOOD 2": ["good 2", "good 2"],
        r"b\.test.*bad": ["bad 1", "bad 3"],
        "^no such": [],
    }.items():
        results = run_files(files, equipment, re.compile(pattern, re.IGNORECASE))
        assert [case.name for one in results for case in one.results] == names


def test_the_report_for_ci_has_a_suite_for_each_file(files: list[Path]) -> None:
    root = ET.fromstring(as_junit(run_files(files, equipment)))  # noqa: S314 - our own

    suites = [
        (Path(suite.attrib["name"]).name, *(suite.attrib[key] for key in ("tests", "failures")))
        for suite in root
    ]
    assert suites == [
        ("a.test.yaml", "5", "0"),
        ("b.test.yaml", "3", "2"),
        ("c.test.yaml", "1", "0"),
    ]
    failure = root.find(".//testcase[@name='bad 1']/failure")
    assert failure is not None
    assert "did not happen" in str(failure.text) or "11:00" in str(failure.text)
    error = root.find(".//error")
    assert error is not None
    assert error.attrib["message"] == "the file is empty"


def test_the_report_for_ci_holds_no_character_that_xml_forbids(folder: Folder) -> None:
    result = folder.run(GOOD.replace("good %s", '"bell \\a and nul \\0"'))

    root = ET.fromstring(as_junit([result]))  # noqa: S314 - our own

    assert root[0][0].attrib["name"] == "bell \ufffd and nul \ufffd"


class EnoughError(Exception):
    """The script of a test has come to its end."""


def test_a_run_begins_at_once_and_whenever_contents_change(folder: Folder) -> None:
    path = folder.test(GOOD % 1)
    template = folder.path / "templates" / "customer" / "received.md"
    deeds: list[tuple[str, Callable[[], object]]] = [
        ("touched", path.touch),
        ("edited", lambda: path.write_text(path.read_text() + "\n")),
        ("something else", lambda: folder.write("notes.txt", "no rule")),
        ("a template", lambda: template.write_text("---\nsubject: b\n---\nc\n")),
        ("a new file", lambda: folder.write("more.yaml", "version: 1\n")),
        ("a file gone", (folder.path / "more.yaml").unlink),
    ]
    done = ["begun"]
    seen: list[str] = []

    def wait() -> None:
        if not deeds:
            raise EnoughError
        name, deed = deeds.pop(0)
        deed()
        done.append(name)

    try:
        for _ in changes([path], wait):
            seen.append(done[-1])  # noqa: PERF401 - each is looked at when it comes
    except EnoughError:
        pass

    assert seen == ["begun", "edited", "a template", "a new file", "a file gone"]


def test_the_memory_twin_and_sqlite_come_to_the_same(files: list[Path]) -> None:
    """So do the starter rules' own tests: see tests/rules."""

    def on_sqlite() -> Equipment:
        real = equipment()
        return Equipment(lambda: open_store("sqlite://"), real.composer)

    assert told(run_files(files, on_sqlite, jobs=1)) == told(run_files(files, equipment, jobs=1))
