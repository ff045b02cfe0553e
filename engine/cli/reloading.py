"""The verb `reload`: what the daemon that runs is asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from engine.cli import config_option, config_path
from engine.cli.complaints import BAD, GOOD
from engine.cli.printing import print_json, print_lines
from engine.cli.prose import counted
from engine.control.client import ask
from engine.settings import load_settings

if TYPE_CHECKING:
    from engine.insight.contracts.documents import ReloadDocument


@click.command("reload")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def reload_command(ctx: click.Context, config: Path | None, as_json: bool) -> int:
    """Have the daemon read the rule files again; wait, and say what came of it.

    Ends with 1 if the files have errors: the rules that were in force then stay in force.
    """
    settings = load_settings(config_path(ctx, config))
    answer = ask(settings.control_socket(), "reload")
    document = cast("ReloadDocument", answer["document"])
    if as_json:
        print_json(document)
    else:
        print_lines(cast("list[str]", answer["shown"]))
        print_lines(reload_lines(document))
    return BAD if document["result"] == "rejected" else GOOD


def reload_lines(document: ReloadDocument) -> Iterator[str]:
    """What a reload came to."""
    generation = document["generation"]
    if document["result"] == "rejected":
        yield f"rejected: generation {generation} stays in force; mend the files and reload again"
        return
    if document["result"] == "unchanged":
        yield f"unchanged: generation {generation} is in force"
        return
    yield f"generation {document['before']} → {generation}: {_changes(document)}"
    yield from (f"  + {rule}" for rule in document["added"])
    renamed = {one["now"] for one in document["renamed"]}
    yield from (f"  ~ {rule}" for rule in document["changed"] if rule not in renamed)
    for one in document["renamed"]:
        also = ", and changed" if one["now"] in document["changed"] else ""
        yield f"  ~ {one['before']} is now {one['now']}{also}"
    yield from (f"  - {rule}" for rule in document["removed"])


def _changes(document: ReloadDocument) -> str:
    """`+1 rule, ~1 changed; 14 live episodes keep their level`."""
    counts = (
        ("+", len(document["added"]), "rule" if len(document["added"]) == 1 else "rules"),
        ("~", len(document["changed"]), "changed"),
        ("~", len(document["renamed"]), "renamed"),
        ("-", len(document["removed"]), "removed"),
    )
    told = [f"{sign}{count} {noun}" for sign, count, noun in counts if count]
    told = told or ["no rule changed"]
    told += ["receivers changed"] * document["receivers_changed"]
    told += ["templates changed"] * document["templates_changed"]
    kept, ended = document["episodes_kept"], document["episodes_ended"]
    fate = f"{counted(kept, 'live episode')} {'keeps its' if kept == 1 else 'keep their'} level"
    if ended:
        end = "ends with its rule" if ended == 1 else "end with their rules"
        fate += f", {counted(ended, 'live episode')} {end}"
    return f"{', '.join(told)}; {fate}"
