"""Running test files: each case in a world of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from engine.domain.rule import Generation
from engine.domain.ticket import utc_second
from engine.errors import Problem
from engine.ports import Composer, Store
from engine.ruletests.case import Case, ExpectedLevel, TestFile
from engine.ruletests.happened import Happened, gather
from engine.ruletests.judging import Pair, judge
from engine.ruletests.playing import Equipment, Refused, Stage
from engine.ruletests.reading import read_test_file
from engine.ruletests.rule_files import RuleShelf
from engine.simulation.world import DecisionFailedError, World


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What playing a case came to.

    Attributes:
        file: The test file, as shown.
        line: Where the case stands in it, from 1.
        zone: What its timelines are shown in.
        pairs: Both timelines, in order of time.
        remarks: What else there is to say of a failure, a line each.
        seconds: How long it took.
        is_good: Whether everything came as expected, and nothing else.
    """

    file: str
    name: str
    line: int
    zone: tzinfo
    tickets: int
    pairs: tuple[Pair, ...]
    remarks: tuple[str, ...]
    seconds: float
    is_good: bool

    @property
    def happened(self) -> Iterator[Happened]:
        """Everything that came of it."""
        return (pair.happened for pair in self.pairs if pair.happened is not None)


@dataclass(frozen=True, slots=True)
class FileResult:
    """What running a test file came to.

    Attributes:
        problems: Why it could not be run, and warnings.
        sources: The texts of the files that problems name.
        rule_files: The rule files that its cases begin with.
        results: One for each case that was wanted, in the order of the file.
    """

    file: str
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]
    rule_files: tuple[str, ...]
    results: tuple[CaseResult, ...]
    is_readable: bool

    @property
    def is_good(self) -> bool:
        """Whether it could be run, and every case is good."""
        return self.is_readable and all(result.is_good for result in self.results)


@dataclass
class Runner:
    """Runs test files one after the other.

    Attributes:
        equipment: What is not simulated.
        pattern: Only cases in whose file or name it is found; None for all.
    """

    equipment: Equipment
    pattern: re.Pattern[str] | None = None
    _shelf: RuleShelf = field(default_factory=RuleShelf)
    _composers: dict[tuple[str, str], Composer] = field(default_factory=dict)

    def run(self, path: Path, part: int = 0, of: int = 1) -> FileResult:
        """Run the cases of one file; never raises for what is in it.

        Args:
            path: The file.
            part: With `of`: only every `of`-th case, from this number on.
            of: How many share the file.
        """
        read = read_test_file(path, self._shelf)
        tests = read.tests
        wanted = [one for one in tests.cases if self._is_wanted(path, one)] if tests else []
        return FileResult(
            file=str(path),
            problems=read.problems,
            sources=read.sources,
            rule_files=tests.rule_files if tests else (),
            results=tuple(self._play(case, tests) for case in wanted[part::of]) if tests else (),
            is_readable=tests is not None,
        )

    def _is_wanted(self, path: Path, case: Case) -> bool:
        return self.pattern is None or self.pattern.search(f"{path}: {case.name}") is not None

    def _play(self, case: Case, tests: TestFile) -> CaseResult:
        begun = time.perf_counter()
        store = self.equipment.open_store()
        stage = Stage(World(store, lambda generation: self._composer(generation, tests.zone)))
        failure: str | None = None
        try:
            stage.world.put_in_force(tests.ruleset)
            try:
                stage.play(case)
            except DecisionFailedError as error:
                failure = str(error)
            pairs = judge(case.expected, gather(stage.world.moments), stage.world.ticket)
            remarks = [*([failure] if failure else []), *map(_refusal, stage.refused)]
            is_good = not remarks and all(pair.is_right for pair in pairs)
            remarks += _reasons(pairs, store)
        finally:
            store.close()
        return CaseResult(
            file=tests.shown,
            name=case.name,
            line=case.line,
            zone=tests.zone,
            tickets=len(case.openings),
            pairs=tuple(pairs),
            remarks=tuple(remarks),
            seconds=time.perf_counter() - begun,
            is_good=is_good,
        )

    def _composer(self, generation: Generation, zone: tzinfo) -> Composer:
        key = (generation.id, str(zone))
        if key not in self._composers:
            self._composers[key] = self.equipment.composer(generation, zone)
        return self._composers[key]


def _refusal(refused: Refused) -> str:
    return f"line {refused.step.line}: this step could not be done: {refused.why}"


def _reasons(pairs: Iterable[Pair], store: Store) -> Iterator[str]:
    """For each level that did not fire when it should: what was decided about its rule by then."""
    with store.read() as tx:
        for pair in pairs:
            one = pair.expected
            if pair.is_right or pair.happened is not None or not isinstance(one, ExpectedLevel):
                continue
            where = {"rule": one.rule, **({"ticket": one.ticket} if one.ticket else {})}
            said = [
                row
                for row in tx.view("v_decisions", where)
                if str(row["at"]) <= utc_second(one.last)
            ]
            found = f"{said[-1]['verdict']} {said[-1]['reason']}" if said else "NO_MATCH no_match"
            yield f"line {one.line}: at that time {one.rule} said {found}"
