"""The verb about rule tests: `test`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import DEFAULT_CONFIG, config_option, named_config
from engine.cli.complaints import BAD, GOOD
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.ruletests.running import CaseResult, FileResult

RULES = Path("rules")
"""Whose tests are run where no config file says otherwise."""


@click.command("test")
@config_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--run", "pattern", help="Only cases whose file or name this pattern is found in.")
@click.pass_context
def test_command(
    ctx: click.Context, config: Path | None, paths: tuple[Path, ...], pattern: str | None
) -> int:
    """Run rule tests: small stories, played in simulated time on what the daemon runs on.

    Without PATH it runs all `*.test.yaml` of the rules folder of the config file, or of ./rules.
    """
    from engine.app import equipment
    from engine.ruletests.running import Runner

    files = _test_files(named_config(ctx, config), paths)
    runner = Runner(equipment(), _wanted(pattern))
    results = [runner.run(path) for path in files]
    if pattern is not None and not any(one.results or not one.is_readable for one in results):
        raise UsageError(f"no case is called anything like '{pattern}'")
    for line in report(results, shutil.get_terminal_size().columns):
        click.echo(line)
    return GOOD if all(one.is_good for one in results) else BAD


def _test_files(config: Path | None, paths: tuple[Path, ...]) -> list[Path]:
    from engine.ruletests.finding import find_test_files

    places = list(paths) or [_rules_folder(config)]
    missing = [str(path) for path in places if not path.exists()]
    if missing:
        raise UsageError(f"there is no {', no '.join(missing)}; name a folder or a test file")
    found = find_test_files(places)
    if not found:
        raise UsageError(
            f"there are no *.test.yaml files in {', '.join(map(str, places))};"
            " docs/rule-tests.md says how to write one"
        )
    return found


def _rules_folder(config: Path | None) -> Path:
    if config is None and not Path(DEFAULT_CONFIG).exists():
        return RULES
    from engine.settings import load_settings

    return load_settings(config or Path(DEFAULT_CONFIG)).rules_from_here


def _wanted(pattern: str | None) -> Callable[[str, str], bool]:
    if pattern is None:
        return lambda _file, _case: True
    try:
        search = re.compile(pattern, re.IGNORECASE).search
    except re.error as error:
        raise UsageError(f"--run: '{pattern}' is no pattern: {error}") from error
    return lambda file, case: search(f"{file}: {case}") is not None


# --- telling -------------------------------------------------------------------------------------


def report(results: Iterable[FileResult], width: int) -> Iterator[str]:
    """What a run came to: all that failed, and a summary."""
    files = list(results)
    for one in files:
        yield from _faults(one)
        for result in one.results:
            if not result.is_good:
                yield from _failure(result, width)
    yield _summary(files)


def _faults(one: FileResult) -> Iterator[str]:
    from engine.rulebook import render_problem

    for problem in one.problems:
        yield render_problem(problem, one.sources.get(problem.file, ""))
    if not one.is_readable:
        yield f"FAIL {one.file}: not run"
        yield ""


def _failure(result: CaseResult, width: int) -> Iterator[str]:
    from engine.ruletests.timelines import side_by_side

    yield f"FAIL {result.file}:{result.line}: {result.name}"
    yield from side_by_side(result.pairs, result.zone, width, names_tickets=result.tickets > 1)
    yield from (f"  {remark}" for remark in result.remarks)
    yield ""


def _summary(files: list[FileResult]) -> str:
    results = [result for one in files for result in one.results]
    failed = sum(not result.is_good for result in results)
    unread = sum(not one.is_readable for one in files)
    seconds = sum(result.seconds for result in results)
    parts = [f"{len(results) - failed} passed"]
    parts += [f"{failed} failed"] * bool(failed)
    parts += [f"{_counted(unread, 'file')} could not be read"] * bool(unread)
    scope = f"{_counted(len(results), 'case')} in {_counted(len(files), 'file')}"
    return f"{scope}: {', '.join(parts)} ({seconds:.1f} s)"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
