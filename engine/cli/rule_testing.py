"""The verb about rule tests: `test`."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import DEFAULT_CONFIG, config_option, named_config
from engine.cli.complaints import BAD, GOOD
from engine.cli.printing import print_lines
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.ruletests.running import FileResult

RULES = Path("rules")
"""Whose tests are run where no config file says otherwise."""
LOOK_EVERY = 0.5
"""Seconds between two looks at the files, with ``--watch``."""


@click.command("test")
@config_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--run", "pattern", help="Only cases in whose file or name this pattern is found.")
@click.option("--coverage", is_flag=True, help="Name the levels that no test ever fired.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a report for CI."
)
@click.option("--watch", is_flag=True, help="Run again whenever a rule, template or test changes.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Processes to share the work (default: one, or with many tests one a processor).",
)
@click.pass_context
def test_command(
    ctx: click.Context,
    config: Path | None,
    paths: tuple[Path, ...],
    pattern: str | None,
    coverage: bool,
    junit: Path | None,
    watch: bool,
    jobs: int | None,
) -> int:
    """Run rule tests: small stories, played in simulated time on what the daemon runs on.

    Without PATH it runs all `*.test.yaml` of the rules folder of the config file, or of ./rules.
    """
    places = list(paths) or [_rules_folder(named_config(ctx, config))]
    wanted = _pattern(pattern)

    def run_once() -> int:
        return _run(places, wanted, jobs, coverage=coverage, junit=junit)

    return _run_again_and_again(places, run_once) if watch else run_once()


def _run(
    places: Sequence[Path],
    pattern: re.Pattern[str] | None,
    jobs: int | None,
    *,
    coverage: bool,
    junit: Path | None,
) -> int:
    from engine.app import equipment
    from engine.ruletests.jobs import run_files
    from engine.ruletests.telling import report_lines

    begun = time.monotonic()
    files = _test_files(places)
    results = run_files(files, equipment, pattern, jobs)
    if pattern is not None and not any(one.results or not one.is_readable for one in results):
        raise UsageError(f"no case is called anything like '{pattern.pattern}'")
    width = shutil.get_terminal_size().columns
    print_lines(report_lines(results, width, time.monotonic() - begun))
    if coverage:
        _show_coverage(results)
    if junit is not None:
        _write_junit(junit, results)
    return GOOD if all(one.is_good for one in results) else BAD


def _test_files(places: Sequence[Path]) -> list[Path]:
    from engine.ruletests.finding import find_test_files

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


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"--run: '{text}' is no pattern: {error}") from error


def _show_coverage(results: Sequence[FileResult]) -> None:
    from engine.ruletests.coverage import coverage_lines, measure

    print_lines(coverage_lines(measure(results)))


def _write_junit(path: Path, results: Sequence[FileResult]) -> None:
    from engine.ruletests.junit import as_junit

    try:
        path.write_bytes(as_junit(results))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"--junit: {path} cannot be written: {reason}") from error


def _run_again_and_again(places: Sequence[Path], run_once: Callable[[], int]) -> int:
    """Until somebody presses Ctrl-C; what goes wrong in one run is told, and the next one waits."""
    from engine.ruletests.watching import changes

    # Whoever starts us in the background may have SIGINT ignored, and it would stay so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for _ in changes(places, wait=lambda: time.sleep(LOOK_EVERY)):
        click.clear()
        try:
            run_once()
        except UsageError as error:
            click.echo(f"escalatord: {error}", err=True)
        click.echo("waiting for changes; Ctrl-C ends it", err=True)
    return GOOD
