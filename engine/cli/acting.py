"""Verbs that people act with: `ack`."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from engine.app import open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import GOOD
from engine.pipeline.acknowledge import acknowledge


@click.command("ack")
@config_option
@click.argument("ticket")
@click.option("--rule", help="Only this rule's escalation.")
@click.option("--by", "who", default=None, help="Who takes it (default: the user's name).")
@click.pass_context
def ack_command(
    ctx: click.Context, config: Path | None, ticket: str, rule: str | None, who: str | None
) -> int:
    """Take TICKET's escalations: levels and repeats stop until the acknowledgement expires."""
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        now = app.clock.now()
        rules = acknowledge(app.store, ticket, rule, who or user(), app.group_kinds(), now)
    finally:
        app.close()
    click.echo(f"{ticket}: acknowledged for {', '.join(rules)}")
    return GOOD


def user() -> str:
    """Who runs this command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody at the command line"
