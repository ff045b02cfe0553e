"""Verbs that tell: `explain`, `status`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from engine.app import open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import GOOD
from engine.cli.explaining import explanation_lines
from engine.cli.parameters import INSTANT
from engine.cli.printing import paper, print_json, print_lines
from engine.cli.prose import status_lines
from engine.control.client import ask
from engine.errors import UsageError
from engine.insight import status as telling
from engine.insight.explain import explain
from engine.insight.explained import as_json as explain_json

if TYPE_CHECKING:
    from engine.insight.contracts.documents import HealthDocument

DAEMON_ANSWERS_WITHIN: Final = 2.0
"""Seconds; the rest of what `status` tells does not depend on it."""


@click.command("explain")
@config_option
@click.argument("ticket")
@click.option(
    "--at", type=INSTANT, help="As it stood at this instant; a past one is told from the record."
)
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
    """Say why each rule did, or did not, act on TICKET.

    TICKET is HELPDESK:ID; or a group as decisions name it: customer:ID, organization:ID, everyone.
    """
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        now = app.clock.now()
        is_past = at is not None and at < now
        policy = app.in_force_at(at or now) if is_past else app.in_force_now()
        former = app.former_names(policy.ruleset) if is_past else {}
        explained = explain(app.store, policy, ticket, at or now, app.lived_until(), rule, former)
    finally:
        app.close()
    if as_json:
        print_json(explain_json(explained))
    else:
        print_lines(explanation_lines(explained, app.settings.timezone, paper()))
    return GOOD


@click.command("status")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def status_command(ctx: click.Context, config: Path | None, as_json: bool) -> int:
    """Say how the daemon is doing: what was read, what fired, what waits, what needs a person."""
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        policy = app.in_force_now()
        is_broken = app.load_rules().generation is None
        document = telling.status(
            app.store,
            policy,
            tuple(app.helpdesks),
            app.clock.now(),
            _word_of_the_daemon(app.settings.control_socket()),
            degraded=is_broken,
        )
    finally:
        app.close()
    if as_json:
        print_json(document)
    else:
        print_lines(status_lines(document))
    return GOOD


def _word_of_the_daemon(socket: Path) -> HealthDocument | None:
    """What the daemon says of itself; None where none answers, or not to us."""
    try:
        return cast("HealthDocument", ask(socket, "health", DAEMON_ANSWERS_WITHIN))
    except UsageError:
        return None
