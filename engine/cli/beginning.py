"""Verbs for a beginning: `init`."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli import debug_option
from engine.cli.complaints import BAD, GOOD
from engine.scaffold import HELPDESKS, LANGUAGES, write_starter_set

_NEXT = (
    "escalatord check            judges the rules",
    "escalatord once --dry-run   says what would be done about tickets.csv, and does none of it",
    "escalatord run              lives through the example, an hour a second; Ctrl-C ends it",
    "then go through config.yaml, and read the first lines of each file in rules/",
)


@click.command("init")
@debug_option
@click.argument("folder", default=".", type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "--helpdesk",
    type=click.Choice(HELPDESKS),
    default=HELPDESKS[0],
    show_default=True,
    help="Where your tickets come from.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="What your team is told in, and customers of whom nothing else is known.",
)
def init_command(folder: Path, helpdesk: str, language: str) -> int:
    """Write a starter set: a configuration, rules with their templates, example tickets.

    Nothing that is there already is overwritten. It ends with 1 if a file was left as it is.
    """
    made = write_starter_set(folder, helpdesk, language)
    for name in made.written:
        click.echo(f"wrote {folder / name}")
    for name in made.left:
        click.echo(f"left  {folder / name}, which was there")
    click.echo("")
    click.echo("What to do next" + ("" if folder == Path() else f", in {folder}") + ":")
    for line in _NEXT:
        click.echo(f"  {line}")
    return BAD if made.left else GOOD
