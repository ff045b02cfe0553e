"""`test`: which tests it runs, what it says, and its exit codes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from tests.cli.desk import LATE, Desk, Running

HEAD = "rules: [../rules.yaml]\ncases:\n"
CASE = """
  - name: {name}
    start: 2026-01-05 09:00
    ticket: {{}}
    until: +1h30m
    expect: [{{at: +{after}, rule: late, level: remind}}]
"""


def case(name: str = "a case", after: str = "1h") -> str:
    return CASE.format(name=name, after=after)


@pytest.fixture
def tested(empty_desk: Desk) -> Desk:
    """A rule with a test, and no config file."""
    empty_desk.rules(LATE)
    empty_desk.write("rules/tests/late.test.yaml", HEAD + case())
    return empty_desk


def test_good_tests_are_good(tested: Desk) -> None:
    ended = tested.run("test")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("1 case in 1 file: 1 passed (")


def test_a_test_that_fails_shows_both_timelines(
    tested: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    tested.write("rules/tests/late.test.yaml", HEAD + case(after="45m"))

    ended = tested.run("test")

    assert ended.code == 1
    assert ended.out.splitlines()[:4] == [
        "FAIL rules/tests/late.test.yaml:4: a case",
        f"  {'expected':47} │ actual",
        f"  {'─' * 47}─┼─{'─' * 47}",
        f"✗ {'Mon 2026-01-05 09:45  late: remind':47} │ Mon 2026-01-05 10:00  late: remind",
    ]
    assert "1 case in 1 file: 0 passed, 1 failed" in ended.out


@pytest.mark.parametrize("text", ["", "cases: []\n", HEAD.replace("rules:", "rule:"), HEAD])
def test_a_file_without_good_cases_fails(tested: Desk, text: str) -> None:
    tested.write("rules/tests/late.test.yaml", text)

    ended = tested.run("test")

    assert ended.code == 1
    assert "FAIL rules/tests/late.test.yaml: not run" in ended.out
    assert "1 file could not be read" in ended.out


def test_an_unknown_rule_fails_and_the_other_files_are_run(tested: Desk) -> None:
    tested.write("rules/tests/other.test.yaml", HEAD + case().replace("late", "laet"))

    ended = tested.run("test")

    assert ended.code == 1
    assert "error[unknown-rule] unknown rule 'laet'" in ended.out
    assert "did you mean 'late'?" in ended.out
    assert "1 case in 2 files: 1 passed, 1 file could not be read" in ended.out


def test_a_broken_rule_file_is_shown_as_check_shows_it(tested: Desk) -> None:
    tested.rules(LATE.replace("levels:", "levles:"))

    ended = tested.run("test")

    assert ended.code == 1
    assert "rules/rules.yaml:8:5: error[unknown-key] unknown key 'levles'" in ended.out


def test_a_config_file_says_where_the_rules_are(tested: Desk) -> None:
    (tested.folder / "rules").rename(tested.folder / "policy")
    tested.config(("rules: rules", "rules: policy"))

    assert tested.run("test").code == 0


def test_paths_may_be_named(tested: Desk) -> None:
    tested.write("rules/tests/wrong.test.yaml", HEAD + case(after="45m"))

    assert tested.run("test", "rules/tests/late.test.yaml").code == 0
    assert tested.run("test", "rules/tests").code == 1


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["nowhere"], "there is no nowhere; name a folder or a test file"),
        (["rules/templates"], "there are no *.test.yaml files in rules/templates;"),
        (["--run", "no such case"], "no case is called anything like 'no such case'"),
        (["--run", "("], "--run: '(' is no pattern:"),
        (["--junit", "nowhere/at/all.xml"], "--junit: nowhere/at/all.xml cannot be written:"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
    ],
)
def test_what_cannot_be_run_ends_with_two(
    tested: Desk, arguments: list[str], complaint: str
) -> None:
    ended = tested.run("test", *arguments)

    assert ended.code == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err


def test_a_pattern_chooses_cases(tested: Desk) -> None:
    text = HEAD + case("the weekend") + case("the holiday", after="45m")
    tested.write("rules/tests/late.test.yaml", text)

    assert tested.run("test", "--run", "WEEKEND").code == 0
    assert tested.run("test", "--run", "holiday").code == 1
    assert "2 cases" in tested.run("test", "--run", "late.test.yaml").out


def test_coverage_names_what_no_test_fires(tested: Desk) -> None:
    ended = tested.run("test", "--coverage")

    assert ended.code == 0
    assert ended.out.splitlines()[1:] == [
        "coverage: 50 % of the levels (1 of 2)",
        "coverage: 0 % of the customer messages (0 of 1)",
        "  rules/rules.yaml:6: late: level escalate never fires",
        "  rules/rules.yaml:6: late: no on_escalation is sent",
    ]


def test_a_report_for_ci_is_written(tested: Desk) -> None:
    ended = tested.run("test", "--junit", "report.xml")

    assert ended.code == 0
    suite = ET.parse(tested.folder / "report.xml").getroot()[0]  # noqa: S314 - our own
    assert suite.attrib["name"] == "rules/tests/late.test.yaml"
    assert suite.attrib["tests"] == "1"


def test_the_work_may_be_shared_among_processes(tested: Desk) -> None:
    tested.write("rules/tests/more.test.yaml", HEAD + "".join(case(f"c{n}") for n in range(7)))

    ended = tested.run("test", "--jobs", "2")

    assert ended.code == 0
    assert ended.out.startswith("8 cases in 2 files: 8 passed (")


def wait_for(watching: Running, begin: str) -> None:
    """Wait for a line that begins so."""
    while (line := watching.lines.get(timeout=60)) is not None:
        if line.startswith(begin):
            return
    raise AssertionError(f"it ended without '{begin}'; {watching.errors()}")


def ignore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("before", [None, ignore_sigint], ids=["as usual", "ignored before"])
def test_watching_runs_again_when_a_file_changes_and_ends_with_ctrl_c(
    tested: Desk, before: Callable[[], None] | None
) -> None:
    watching = tested.start("test", "--watch", before=before)
    wait_for(watching, "1 case in 1 file: 1 passed")
    tested.rules(LATE.replace("after: 1h", "after: 59m"))
    wait_for(watching, "1 case in 1 file: 0 passed, 1 failed")
    tested.write("rules/tests/late.test.yaml", HEAD + case(after="59m"))
    wait_for(watching, "1 case in 1 file: 1 passed")

    watching.send(signal.SIGINT)

    assert watching.process.wait(timeout=60) == 130
