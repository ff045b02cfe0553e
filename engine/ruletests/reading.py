"""From a test file to cases that can be played, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.domain.ruleset import Ruleset
from engine.errors import Problem
from engine.rulebook.fields import Fields
from engine.rulebook.files import FoundFile, decode, read_bytes
from engine.rulebook.nodes import MapNode, Node, ScalarNode, Span, is_nothing
from engine.rulebook.report import Report
from engine.rulebook.values import clipped, read_scalars
from engine.rulebook.yaml_file import UnusableYamlError, compose
from engine.ruletests.case import TestFile
from engine.ruletests.cases import read_case
from engine.ruletests.rule_files import RuleShelf, named_by
from engine.ruletests.scope import Scope
from engine.ruletests.stamps import Stamps, read_zone

_KEYS = ("version", "rules", "timezone", "cases")
_NOTHING_TESTED = "a test file without cases tests nothing"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What reading a test file came to.

    Attributes:
        tests: The file; None when there is any error.
        problems: Faults of the file, and of the rule files that it names, by place.
        sources: The texts of all files that problems may name.
    """

    tests: TestFile | None
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]


def read_test_file(path: Path, shelf: RuleShelf) -> ReadFile:
    """Read one file of rule tests; never raises for what is in it.

    Args:
        path: The file.
        shelf: Where rule files are read, each once.
    """
    read = _Reader(path, shelf, quickly=True).read()
    return _Reader(path, shelf, quickly=False).read() if read.problems else read


class _Reader:
    """One pass over a test file."""

    def __init__(self, path: Path, shelf: RuleShelf, *, quickly: bool) -> None:
        self._path = path
        self._quickly = quickly
        self._shown = str(path)
        self._shelf = shelf
        self._report = Report()
        self._sources: dict[str, str] = {}
        self._in_rules: dict[Problem, None] = {}

    def read(self) -> ReadFile:
        """The whole file."""
        tests = self._tests()
        problems = (*self._report.sorted(), *self._in_rules)
        is_sound = not any(problem.severity == "error" for problem in problems)
        return ReadFile(tests if is_sound else None, problems, self._sources)

    def _tests(self) -> TestFile | None:
        top = self._top()
        if top is None:
            return None
        zone = read_zone(top.value("timezone"), self._report)
        node = top.required("rules", "write for example rules: [../unresolved.yaml]")
        files = () if node is None else self._files(node)
        ruleset = self._ruleset(files)
        scope = Scope(Stamps(self._report, zone), (ruleset,), self._named_rules)
        nodes = self._case_nodes(top)
        cases = [read_case(one, scope) for one in nodes]
        _refuse_same_names(nodes, self._report)
        if ruleset is None:
            return None
        return TestFile(
            shown=self._shown,
            zone=zone,
            ruleset=ruleset,
            rule_files=tuple(str(path) for path in files),
            cases=tuple(case for case in cases if case is not None),
        )

    def _top(self) -> Fields | None:
        found = FoundFile(self._path, self._shown, self._path.name)
        contents = read_bytes(found, self._report)
        text = None if contents is None else decode(found, contents, self._report)
        if text is None:
            return None
        self._sources[self._shown] = text
        try:
            root = compose(self._shown, text, self._report, quickly=self._quickly)
        except UnusableYamlError:
            return None
        if root is None:
            place = Span.start_of(self._shown)
            self._report.error(place, "empty", "the file is empty", _NOTHING_TESTED)
            return None
        return Fields.read(root, _KEYS, self._report, "a test file")

    def _case_nodes(self, top: Fields) -> tuple[Node, ...]:
        if top.required("cases", _NOTHING_TESTED) is None:
            return ()
        nodes = top.items("cases")
        if not nodes:
            self._report.error(top.key("cases"), "empty", "there is no case here", _NOTHING_TESTED)
        return nodes

    # --- rules ---

    def _named_rules(self, node: Node) -> Ruleset | None:
        """The rules of the files that a node names; None, reported, when they cannot be used."""
        return self._ruleset(self._files(node))

    def _files(self, node: Node) -> tuple[Path, ...]:
        paths = []
        for scalar in read_scalars(node, self._report, "a list of rule files"):
            path = named_by(self._path, scalar.text.strip())
            paths.append(path)
            if not path.is_file():
                message = f"there is no rule file {clipped(str(path))}"
                self._report.error(scalar.span, "not-found", message, "paths begin at this file")
        return tuple(path for path in paths if path.is_file())

    def _ruleset(self, files: tuple[Path, ...]) -> Ruleset | None:
        if not files:
            return None
        read = self._shelf.take(files, self._path)
        errors = [each for each in read.loaded.problems if each.severity == "error"]
        self._in_rules.update(dict.fromkeys(errors))
        self._sources |= {each.file: read.loaded.sources.get(each.file, "") for each in errors}
        return read.ruleset


def _refuse_same_names(nodes: tuple[Node, ...], report: Report) -> None:
    seen: dict[str, Span] = {}
    for node in nodes:
        name = node.get("name") if isinstance(node, MapNode) else None
        if not isinstance(name, ScalarNode) or is_nothing(name):
            continue
        first = seen.setdefault(name.text.strip(), name.span)
        if first is not name.span:
            message = f"a case of this name stands on line {first.line} already"
            report.error(name.span, "duplicate-name", message, "say what differs")
