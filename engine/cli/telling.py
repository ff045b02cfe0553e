"""Verbs that tell: `explain`, `status`, `outbox`, `schema`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from engine.app import open_app
from engine.cli import COULD_NOT_RUN, GOOD, config_option, config_path
from engine.cli.parameters import INSTANT
from engine.cli.prose import explanation_lines, outbox_lines, status_lines


@click.command("explain")
@config_option
@click.argument("ticket")
@click.option("--at", type=INSTANT, help="As it stood at this instant.")
@click.option("--rule", help="Only this rule.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def explain_command(
    ctx: click.Context,
    config: Path | None,
    ticket: str,
    at: datetime | None,
    rule: str | None,
    as_json: bool,
) -> int:
    """Say why each rule did, or did not, act on TICKET (HELPDESK:ID)."""
    from engine.insight import explain as explaining

    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        policy = app.in_force_now()
        instant = at or app.clock.now()
        found = explaining.explain(app.store, policy, ticket, instant, rule)
    finally:
        app.close()
    if as_json:
        generation = policy.ruleset.generation.id
        _print(explaining.as_json(found, ticket, instant, generation))
    else:
        for line in explanation_lines(found, ticket, instant, app.settings.timezone):
            click.echo(line)
    return GOOD


@click.command("status")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def status_command(ctx: click.Context, config: Path | None, as_json: bool) -> int:
    """Say how the daemon is doing: what was read, what fired, what waits, what needs a person."""
    from engine.insight.status import status

    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        policy = app.in_force_now()
        loaded = app.load_rules()
        document = status(
            app.store,
            policy,
            tuple(app.helpdesks),
            app.clock.now(),
            degraded=loaded.generation is None,
        )
    finally:
        app.close()
    if as_json:
        _print(document)
    else:
        for line in status_lines(document):
            click.echo(line)
    return GOOD


@click.group("outbox")
def outbox_command() -> None:
    """Look at what is on its way out."""


@outbox_command.command("list")
@config_option
@click.option("--state", help="Only rows in this state.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def outbox_list_command(
    ctx: click.Context, config: Path | None, state: str | None, as_json: bool
) -> int:
    """List the outbox, oldest first."""
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        with app.store.read() as tx:
            rows = tx.view("v_outbox", {"state": state} if state else None)
    finally:
        app.close()
    if as_json:
        _print({"format": "escalatord.outbox/1", "rows": rows})
    else:
        for line in outbox_lines(rows):
            click.echo(line)
    return GOOD


@click.command("schema")
@click.option("--contract", "name", help="The JSON Schema of one of our documents.")
def schema_command(name: str | None) -> int:
    """Print the JSON Schema of what programs outside rely on."""
    from engine.insight.contracts import CONTRACTS

    if name not in CONTRACTS:
        known = ", ".join(CONTRACTS)
        asked = f"there is no contract '{name}'" if name else "name a contract"
        click.echo(f"escalatord: {asked}: --contract takes {known}", err=True)
        return COULD_NOT_RUN
    _print(CONTRACTS[name])
    return GOOD


def _print(document: dict[str, object]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
