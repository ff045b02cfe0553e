"""The verb `reload`: what the daemon that runs is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from engine.cli import config_option, config_path
from engine.cli.complaints import BAD, GOOD
from engine.cli.printing import print_json, print_lines
from engine.cli.prose import reload_lines
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
