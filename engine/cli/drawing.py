"""Verbs that draw: `graph`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import config_option
from engine.cli.complaints import BAD, GOOD
from engine.cli.rules import load_rules
from engine.errors import UsageError
from engine.insight.graph import ENDINGS, Picture, all_pictures, board_of, overview, rule_picture
from engine.rulebook import render_problem, render_summary

if TYPE_CHECKING:
    from engine.rulebook import Loaded


@click.command("graph")
@config_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--rule", "rule_id", metavar="ID", help="Only this rule.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(ENDINGS)),
    default="mermaid",
    help="Mermaid for pages that draw it; SVG for paper.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write files into this folder: an overview, and one for each rule.",
)
@click.pass_context
def graph_command(
    ctx: click.Context,
    config: Path | None,
    paths: tuple[Path, ...],
    rule_id: str | None,
    format_: str,
    out: Path | None,
) -> int:
    """Draw the rules: who is told, when, at each level.

    Without PATH it draws the rules folder of the config file, or ./rules. Without --out it prints
    one picture: the rule that was asked for, else the overview.
    """
    loaded = load_rules(ctx, config, paths)
    if loaded.generation is None:
        return _refuse(loaded)
    if not loaded.generation.rules:
        raise UsageError(f"there is no rule to draw in {', '.join(loaded.files)}")
    board = board_of(loaded.generation)
    if rule_id is not None:
        wanted = [rule_picture(board, format_, rule_id)]
    else:
        wanted = [overview(board, format_)] if out is None else all_pictures(board, format_)
    if out is None:
        click.echo(wanted[0].text, nl=False)
        return GOOD
    _write(out, wanted, ENDINGS[format_])
    return GOOD


def _refuse(loaded: Loaded) -> int:
    """Broken rules are told on stderr: a picture may be on its way from stdout into a file."""
    for problem in loaded.problems:
        if problem.severity == "error":
            click.echo(render_problem(problem, loaded.sources.get(problem.file, "")), err=True)
    click.echo(render_summary(loaded), err=True)
    return BAD


def _write(folder: Path, pictures: list[Picture], ending: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            path = folder / f"{picture.name}.{ending}"
            path.write_text(picture.text, encoding="utf-8")
            click.echo(str(path))
    except OSError as error:
        raise UsageError(f"cannot write into {folder}: {error.strerror}") from error
