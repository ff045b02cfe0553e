"""What no test has ever seen is named."""

from __future__ import annotations

from engine.app import equipment
from engine.ruletests.coverage import coverage_lines, measure
from engine.ruletests.running import Runner
from tests.ruletests.conftest import Folder

REMINDED = """
- name: a case
  start: 2026-01-05 09:00
  ticket: {}
  until: +%s
  expect: []
"""


def lines(folder: Folder, hours: str = "3h") -> list[str]:
    result = folder.run(REMINDED % hours)
    text = "\n".join(coverage_lines(measure([result])))
    return text.replace(f"{folder.path}/", "").splitlines()


def test_levels_that_never_fired_are_named_with_their_rules_place(folder: Folder) -> None:
    assert lines(folder) == [
        "coverage: 25 % of the levels (1 of 4)",
        "coverage: 0 % of the customer messages (0 of 1)",
        "  rules.yaml:9: late: level experts never fires",
        "  rules.yaml:9: late: level 8h never fires",
        "  rules.yaml:9: late: no on_escalation is sent",
        "  rules.yaml:17: dated: level soon never fires",
    ]


def test_what_fires_counts_whether_or_not_it_was_listed(folder: Folder) -> None:
    assert lines(folder, "1d")[:2] == [
        "coverage: 75 % of the levels (3 of 4)",
        "coverage: 100 % of the customer messages (1 of 1)",
    ]


def test_rules_without_any_test_count_too(folder: Folder) -> None:
    folder.write(
        "deeper/other.yaml",
        "version: 1\nrules:\n  - {id: other, levels: [{name: a, after: 1h, notify: [manager]}]}\n",
    )

    assert "  deeper/other.yaml:3: other: level a never fires" in lines(folder)


def test_rules_that_are_off_or_in_shadow_do_not_count(folder: Folder) -> None:
    for mode in ("off", "shadow"):
        folder.write(
            f"{mode}.yaml",
            f"version: 1\nrules:\n"
            f"  - {{id: r-{mode}, mode: {mode}, levels: [{{after: 1h, notify: [manager]}}]}}\n",
        )

    assert lines(folder)[0] == "coverage: 25 % of the levels (1 of 4)"


def test_the_same_id_in_two_files_is_two_rules(folder: Folder) -> None:
    one = "version: 1\nrules:\n  - {id: late, levels: [{name: reminder, after: 1h}]}\n"
    folder.write("deeper/other.yaml", one.replace("after: 1h", "after: 1h, tag: [a]"))

    assert "  deeper/other.yaml:3: late: level reminder never fires" in lines(folder)


def test_a_rule_file_with_errors_is_named(folder: Folder) -> None:
    path = folder.test(REMINDED % "3h")
    result = Runner(equipment()).run(path)
    folder.write("broken.yaml", "version: 1\nrules: [{levels: []}]\n")

    told = list(coverage_lines(measure([result])))

    assert f"  {folder.path}/broken.yaml: has errors, so its rules are not counted" in told
