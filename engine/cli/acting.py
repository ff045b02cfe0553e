"""Verbs that people act with: `ack`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click

from engine import logs
from engine.app import open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import GOOD
from engine.pipeline.acknowledge import acknowledge
from engine.settings import load_settings


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
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stderr, settings.log.level, settings.log.format)
    app = open_app(path, upgrade=False)
    try:
        now = app.clock.now()
        rules = acknowledge(app.store, ticket, rule, who or user(), app.group_kinds(), now)
    finally:
        app.close()
    for taken in rules:
        logs.get().info("escalation.acknowledged", ticket=ticket, rule=taken, how="by name")
    click.echo(f"{ticket}: acknowledged for {', '.join(rules)}")
    return GOOD


def user() -> str:
    """Who runs this command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody at the command line"
