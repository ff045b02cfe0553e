"""Which levels and customer messages of the rules no test has ever seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.domain.episode import MessageKind
from engine.domain.rule import Mode, Rule
from engine.rulebook.files import find_rule_files
from engine.rulebook.report import Report
from engine.ruletests.happened import CustomerTold, Happened, LevelFired
from engine.ruletests.rule_files import RuleShelf, rules_folder
from engine.ruletests.running import FileResult


@dataclass(frozen=True, slots=True)
class Covered:
    """One thing that a rule can do.

    Attributes:
        what: A level's name, or a customer message's kind.
        is_level: Whether it is a level.
        is_seen: Whether it came in some case.
    """

    rule: Rule
    what: str
    is_level: bool
    is_seen: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is, and what of it was seen.

    Attributes:
        parts: In the order of the rule files.
        unread: Rule files with errors; what they hold is not counted.
    """

    parts: tuple[Covered, ...]
    unread: tuple[str, ...]

    def share(self, *, levels: bool) -> tuple[int, int]:
        """(seen, all) of the levels, or of the customer messages."""
        of_kind = [part for part in self.parts if part.is_level is levels]
        return sum(part.is_seen for part in of_kind), len(of_kind)


def measure(results: Sequence[FileResult]) -> Coverage:
    """Hold what came in all cases against what the rules could do.

    Counted are the active rules of the files that the tests name, and of all other files in the
    folders around the tests: a rule without any test is what one wants to hear of most.
    """
    seen: dict[Path, set[tuple[str, str]]] = {}
    for result in results:
        came = {_key(one) for case in result.results for one in case.happened}
        for name in result.rule_files:
            seen.setdefault(Path(name).resolve(), set()).update(came)
    shelf = RuleShelf()
    parts: list[Covered] = []
    unread: list[str] = []
    for file, tests in _rule_files(results).items():
        ruleset = shelf.take([file], tests).ruleset
        if ruleset is None:
            unread.append(str(file))
            continue
        came = seen.get(file.resolve(), set())
        for rule in ruleset.generation.rules:
            parts.extend(_parts(rule, came))
    return Coverage(tuple(parts), tuple(unread))


def _rule_files(results: Iterable[FileResult]) -> dict[Path, Path]:
    """Every rule file that counts → a test file near it."""
    found: dict[Path, tuple[Path, Path]] = {}
    for result in results:
        tests = Path(result.file)
        around = find_rule_files([rules_folder(tests)], Report())
        for path in (*map(Path, result.rule_files), *(one.path for one in around)):
            found.setdefault(path.resolve(), (path, tests))
    return dict(sorted(found.values()))


def _parts(rule: Rule, came: set[tuple[str, str]]) -> Iterator[Covered]:
    if rule.mode is not Mode.ACTIVE:
        return
    for level in rule.levels:
        is_seen = (rule.id, level.identity) in came
        yield Covered(rule, level.identity, is_level=True, is_seen=is_seen)
    plan = rule.customer
    if plan is None:
        return
    kinds = (
        (MessageKind.ON_ESCALATION, plan.on_escalation),
        (MessageKind.UPDATE, plan.updates),
        (MessageKind.FOLLOW_UP, plan.follow_up),
    )
    for kind, wanted in kinds:
        if wanted is not None:
            is_seen = (rule.id, f"customer {kind.value}") in came
            yield Covered(rule, kind.value, is_level=False, is_seen=is_seen)


def _key(happened: Happened) -> tuple[str, str]:
    match happened:
        case LevelFired():
            return happened.rule, happened.name
        case CustomerTold(failure=None):
            return happened.rule, f"customer {happened.message}"
        case _:
            return happened.rule, ""


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """The shares, and all that was never seen, each with its rule's place."""
    levels, messages = coverage.share(levels=True), coverage.share(levels=False)
    yield f"coverage: {_percent(*levels)} of the levels ({levels[0]} of {levels[1]})"
    if messages[1]:
        share = f"({messages[0]} of {messages[1]})"
        yield f"coverage: {_percent(*messages)} of the customer messages {share}"
    for part in coverage.parts:
        if not part.is_seen:
            place, rule = part.rule.place, part.rule.id
            never = f"level {part.what} never fires" if part.is_level else f"no {part.what} is sent"
            yield f"  {place.file}:{place.line}: {rule}: {never}"
    for file in coverage.unread:
        yield f"  {file}: has errors, so its rules are not counted"


def _percent(seen: int, of: int) -> str:
    """Cut, not rounded: 100 % is all of them."""
    return f"{seen * 100 // of if of else 100} %"
