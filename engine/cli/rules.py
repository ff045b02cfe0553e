"""Verbs about rule files: `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import DEFAULT_CONFIG, config_option, named_config
from engine.cli.complaints import BAD, COULD_NOT_RUN, GOOD, WARNINGS
from engine.cli.printing import print_json
from engine.errors import UsageError
from engine.insight import checked as telling
from engine.rulebook import load, render_problem, render_summary

if TYPE_CHECKING:
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
@click.pass_context
def check_command(
    ctx: click.Context, config: Path | None, paths: tuple[Path, ...], format_: str, strict: bool
) -> int:
    """Check rule files: every file, every error, one pass.

    Without PATH it checks the rules folder of the config file, or ./rules.
    """
    loaded = load_rules(ctx, config, paths)
    _SHOW[format_](loaded)
    return _exit_code(loaded.problems, strict=strict)


def load_rules(ctx: click.Context, config: Path | None, paths: tuple[Path, ...]) -> Loaded:
    """The rules that were named, else those of the config file, else those in ./rules.

    Raises:
        UsageError: There are no rule files.
    """
    named = named_config(ctx, config)
    if named is None and not paths and Path(DEFAULT_CONFIG).exists():
        named = Path(DEFAULT_CONFIG)
    folders, channels = _what_to_check(named, paths)
    missing = [str(path) for path in folders if not path.exists()]
    if missing:
        raise UsageError(f"there is no {', no '.join(missing)}; name a rules folder or file")
    loaded = load(folders, channels=channels)
    if not loaded.files and not loaded.problems:
        raise UsageError(f"there are no rule files in {', '.join(map(str, folders))}")
    return loaded


def _what_to_check(
    config: Path | None, paths: tuple[Path, ...]
) -> tuple[list[Path], frozenset[str] | None]:
    """What to read, and the names of the channels where a config file says them."""
    if config is None:
        return list(paths) or [RULES], None
    from engine.settings import load_settings

    settings = load_settings(config)
    return list(paths) or [settings.rules_from_here], frozenset(settings.channels)


def _exit_code(problems: tuple[Problem, ...], *, strict: bool) -> int:
    if any(problem.code == "unreadable" for problem in problems):
        return COULD_NOT_RUN
    severities = {problem.severity for problem in problems}
    if "error" in severities:
        return BAD
    return WARNINGS if strict and "warning" in severities else GOOD


def _as_text(loaded: Loaded) -> None:
    for problem in loaded.problems:
        click.echo(render_problem(problem, loaded.sources.get(problem.file, "")))
    click.echo(render_summary(loaded))


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


_SHOW = {"text": _as_text, "json": _as_json, "github": _as_github}
