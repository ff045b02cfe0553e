"""Verbs about rule files: `check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import (
    BAD,
    COULD_NOT_RUN,
    DEFAULT_CONFIG,
    GOOD,
    WARNINGS,
    config_option,
    config_path,
)
from engine.rulebook import load, render_problem, render_summary

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.rulebook import Loaded


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
    folders, channels = _what_to_check(config_path(ctx, config), paths)
    missing = [path for path in folders if not path.exists()]
    if missing:
        click.echo(f"escalatord: there is no {missing[0]}; name a rules folder or file", err=True)
        return COULD_NOT_RUN
    loaded = load(folders if len(folders) > 1 else folders[0], channels=channels)
    if not loaded.files and not loaded.problems:
        click.echo(f"escalatord: there are no rule files in {folders[0]}", err=True)
        return COULD_NOT_RUN
    _SHOW[format_](loaded)
    severities = {problem.severity for problem in loaded.problems}
    if "error" in severities:
        return BAD
    return WARNINGS if strict and "warning" in severities else GOOD


def _what_to_check(
    config: Path, paths: tuple[Path, ...]
) -> tuple[list[Path], frozenset[str] | None]:
    if paths:
        return list(paths), None
    if not config.exists() and config == Path(DEFAULT_CONFIG):
        return [Path("rules")], None
    from engine.settings import load_settings

    settings = load_settings(config)
    return [settings.rules], frozenset(settings.channels)


def _as_text(loaded: Loaded) -> None:
    for problem in loaded.problems:
        click.echo(render_problem(problem, loaded.sources.get(problem.file, "")))
    click.echo(render_summary(loaded))


def _as_json(loaded: Loaded) -> None:
    document = {
        "format": "escalatord.check/1",
        "ok": loaded.generation is not None,
        "files": list(loaded.files),
        "problems": [problem_json(problem) for problem in loaded.problems],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _as_github(loaded: Loaded) -> None:
    """Workflow commands that GitHub shows beside the line."""
    for problem in loaded.problems:
        text = f"{problem.message}{f' ({problem.help})' if problem.help else ''}"
        safe = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        click.echo(
            f"::{problem.severity} file={problem.file},line={problem.line},col={problem.column},"
            f"endColumn={problem.end_column},title={problem.code}::{safe}"
        )


_SHOW = {"text": _as_text, "json": _as_json, "github": _as_github}


def problem_json(problem: Problem) -> dict[str, object]:
    """One fault, as the contract shows it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.end_column,
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "help": problem.help,
        "rule": problem.rule,
    }
