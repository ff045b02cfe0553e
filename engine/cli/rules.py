"""Verbs about rule files: `check`."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.checking import check
from engine.cli import DEFAULT_CONFIG, config_option, named_config
from engine.cli.complaints import BAD, COULD_NOT_RUN, GOOD, WARNINGS
from engine.cli.pages import page_of
from engine.cli.printing import print_json
from engine.clock import SystemClock
from engine.domain.facts import CustomerLimits
from engine.errors import UsageError
from engine.insight import checked as telling
from engine.rulebook import load, render_problem, render_summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.capability import Capabilities
    from engine.errors import Problem
    from engine.rulebook import Loaded

RULES = Path("rules")
"""What is checked where no config file says otherwise."""


@click.command("check")
@config_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How faults are shown.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 if there are warnings.")
@click.option("--explain", "code", metavar="CODE", help="Say what a code means, and no more.")
@click.pass_context
def check_command(
    ctx: click.Context,
    config: Path | None,
    paths: tuple[Path, ...],
    format_: str,
    strict: bool,
    code: str | None,
) -> int:
    """Check rule files: every file, every error, one pass.

    Without PATH it checks the rules folder of the config file, or ./rules.
    """
    if code is not None:
        click.echo(page_of(code), nl=False)
        return GOOD
    folders, known = _what_to_check(ctx, config, paths)
    today = SystemClock().now().date()
    loaded = check(
        folders,
        today,
        channels=known.channels,
        limits=known.limits,
        helpdesks=known.helpdesks,
    )
    _refuse_nothing(loaded, folders)
    _SHOW[format_](loaded)
    return _exit_code(loaded.problems, strict=strict)


def load_rules(ctx: click.Context, config: Path | None, paths: tuple[Path, ...]) -> Loaded:
    """The rules that were named, else those of the config file, else those in ./rules.

    Raises:
        UsageError: There are no rule files.
    """
    folders, known = _what_to_check(ctx, config, paths)
    loaded = load(folders, channels=known.channels)
    _refuse_nothing(loaded, folders)
    return loaded


def _refuse_nothing(loaded: Loaded, folders: list[Path]) -> None:
    if not loaded.files and not loaded.problems:
        raise UsageError(f"there are no rule files in {', '.join(map(str, folders))}")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a config file adds to the rules: None where there is none."""

    channels: frozenset[str] | None = None
    limits: CustomerLimits | None = None
    helpdesks: Mapping[str, Capabilities] | None = None


def _what_to_check(
    ctx: click.Context, config: Path | None, paths: tuple[Path, ...]
) -> tuple[list[Path], _Known]:
    """What to read, and what the config file says that rules lean on.

    Raises:
        UsageError: A path leads nowhere.
    """
    named = named_config(ctx, config)
    if named is None and not paths and Path(DEFAULT_CONFIG).exists():
        named = Path(DEFAULT_CONFIG)
    known, folders = _Known(), list(paths) or [RULES]
    if named is not None:
        from engine.settings import load_settings

        settings = load_settings(named)
        limits = settings.customer_limits
        known = _Known(
            frozenset(settings.channels),
            CustomerLimits(limits.gap, limits.per_day),
            settings.abilities(),
        )
        folders = list(paths) or [settings.rules_from_here]
    missing = [str(path) for path in folders if not path.exists()]
    if missing:
        raise UsageError(f"there is no {', no '.join(missing)}; name a rules folder or file")
    return folders, known


def _exit_code(problems: tuple[Problem, ...], *, strict: bool) -> int:
    if any(problem.code == "unreadable" for problem in problems):
        return COULD_NOT_RUN
    severities = {problem.severity for problem in problems}
    if "error" in severities:
        return BAD
    return WARNINGS if strict and "warning" in severities else GOOD


def _as_text(loaded: Loaded) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    paint = None if "NO_COLOR" in os.environ else _painted
    for problem in loaded.problems:
        source = loaded.sources.get(problem.file, "")
        click.echo(render_problem(problem, source, width, paint))
    click.echo(render_summary(loaded))
    if loaded.problems:
        code = loaded.problems[0].code
        click.echo(f"Each code has a page: escalatord check --explain {code}")


def _painted(text: str, severity: str) -> str:
    """In colour; click takes it away again where there is no terminal."""
    return click.style(text, fg=_COLOURS[severity], bold=True)


def _as_json(loaded: Loaded) -> None:
    print_json(telling.as_json(loaded.files, loaded.problems))


def _as_github(loaded: Loaded) -> None:
    """Workflow commands that GitHub shows beside the line."""
    for problem in loaded.problems:
        text = f"{problem.message}{f' ({problem.help})' if problem.help else ''}"
        click.echo(
            f"::{problem.severity} file={_property(problem.file)},line={problem.line},"
            f"col={problem.column},endColumn={problem.end_column},"
            f"title={_property(problem.code)}::{_data(text)}"
        )


def _data(text: str) -> str:
    """Escaped as the runner's toolkit does (actions/toolkit, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_COLOURS = {"error": "red", "warning": "yellow"}
_SHOW = {"text": _as_text, "json": _as_json, "github": _as_github}
