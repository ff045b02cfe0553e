"""Rules that no rule test covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.rulebook.files import FoundFile, decode, find_tests, read_bytes
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode
from engine.rulebook.report import Report
from engine.rulebook.written import Written, WrittenRule
from engine.rulebook.yaml_file import UnusableYamlError, compose


@dataclass(slots=True)
class _Covered:
    """What test files name: rule files and folders by their full path, and rules by id."""

    files: set[Path] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)

    def holds(self, rule: str, file: str) -> bool:
        """Whether a test names a rule, its file, or a folder above that."""
        path = Path(file).resolve()
        return rule in self.rules or not self.files.isdisjoint((path, *path.parents))


def lint_coverage(written: Written, folders: Sequence[Path], report: Report) -> None:
    """Report rules without a test; once for all of them where there are no tests at all.

    Args:
        written: What was read.
        folders: The rules folders that were checked as a whole. A rule from a file that was named
            by itself is not complained of: its tests may be anywhere.
        report: Takes the problems.
    """
    roots = [folder.resolve() for folder in folders]
    rules = [one for one in written.rules if _is_below(one.rule.place.file, roots)]
    tests = find_tests(folders)
    if rules and not tests:
        _warn_of_none(rules, folders[0], report)
        return
    covered = _Covered()
    for test in tests:
        _read(test, covered)
    for one in rules:
        if not covered.holds(one.rule.id, one.rule.place.file):
            message = f"no test covers rule '{one.rule.id}'"
            hint = "list its file under 'rules' in a file tests/NAME.test.yaml"
            with report.concerning(one.rule.id):
                report.warn(one.at("id"), "untested-rule", message, hint)


def _is_below(file: str, roots: Sequence[Path]) -> bool:
    return any(Path(file).resolve().is_relative_to(root) for root in roots)


def _warn_of_none(rules: Sequence[WrittenRule], folder: Path, report: Report) -> None:
    several = f"none of these {len(rules)} rules has a test"
    message = several if len(rules) > 1 else "this rule has no test"
    hint = f"write one: {folder / 'tests' / 'NAME.test.yaml'}"
    report.warn(rules[0].at("id"), "no-tests", message, hint)


def _read(file: FoundFile, covered: _Covered) -> None:
    """Add what a test file names; what is wrong with it is for the verb `test` to say."""
    unheard = Report()
    contents = read_bytes(file, unheard)
    text = None if contents is None else decode(file, contents, unheard)
    try:
        root = None if text is None else compose(file.shown, text, unheard)
    except UnusableYamlError:
        return
    if not isinstance(root, MapNode):
        return
    folder = file.path.resolve().parent
    covered.files |= {(folder / name).resolve() for name in _texts(root.get("rules"))}
    covered.rules |= set(_rules_expected(root.get("cases")))


def _rules_expected(cases: Node | None) -> Iterator[str]:
    for case in _items(cases):
        for expected in _items(case.get("expect") if isinstance(case, MapNode) else None):
            if isinstance(expected, MapNode):
                yield from _texts(expected.get("rule"))


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _texts(node: Node | None) -> Iterator[str]:
    for item in node.items if isinstance(node, ListNode) else (node,):
        if isinstance(item, ScalarNode) and "\0" not in item.text:
            yield item.text.strip()
