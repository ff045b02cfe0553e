"""Verbs that look ahead: `plan`."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.app import App, open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import BAD, GOOD
from engine.cli.parameters import INSTANT, LENGTH
from engine.cli.plan_prose import plan_lines, plan_markdown
from engine.cli.printing import print_json, print_lines
from engine.errors import UsageError
from engine.insight import planned as telling
from engine.rulebook import render_all
from engine.simulation.plan import Plan, compare

if TYPE_CHECKING:
    from engine.rulebook import Loaded

LONGEST = timedelta(days=31)
"""How far a plan looks at most: beyond, what people will do decides, and it would take for ever."""


@click.command("plan")
@config_option
@click.argument("rules", type=click.Path(path_type=Path), metavar="NEWRULES")
@click.option("--at", type=INSTANT, help="Take this instant for now.")
@click.option("--for", "length", type=LENGTH, default="24h", help="How far to look (24h).")
@click.option(
    "--most-messages", type=click.IntRange(min=0), help="Exit with 1 if more messages would go out."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="Markdown is for merge requests.",
)
@click.option("--all", "is_long", is_flag=True, help="List every change, however many.")
@click.pass_context
def plan_command(
    ctx: click.Context,
    config: Path | None,
    rules: Path,
    at: datetime | None,
    length: timedelta,
    most_messages: int | None,
    format_: str,
    is_long: bool,
) -> int:
    """Say what the rules in NEWRULES would change for the open tickets, and do none of it.

    Both rule sets are lived through on a copy of the store, as if nothing happened to any ticket.
    Ends with 1 if the new rules are broken, or would exceed a budget.
    """
    if length > LONGEST:
        raise UsageError(f"--for looks at most {LONGEST.days}d ahead")
    if not rules.exists():
        raise UsageError(f"there is no {rules}; name a rules folder or file")
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        loaded = app.load_rules(rules)
        if loaded.generation is None:
            print_lines(render_all(loaded))
            return BAD
        now = at or app.clock.now()
        plan, generation = _plan(app, loaded, now, now + length)
    finally:
        app.close()
    document = telling.as_json(plan, generation, loaded.generation.id)
    if format_ == "json":
        print_json(document)
    elif format_ == "markdown":
        print_lines(plan_markdown(document, app.settings.timezone))
    else:
        print_lines(plan_lines(document, app.settings.timezone, is_long=is_long))
    return BAD if _is_too_much(plan, most_messages) or not document["ok"] else GOOD


def _plan(app: App, loaded: Loaded, now: datetime, until: datetime) -> tuple[Plan, str]:
    """Live through the stretch by the present rules, then by the new ones."""
    proposed = app.rehearsal()
    present = proposed.rehearsal()
    try:
        before = present.in_force_now()
        is_replay = app.settings.replay is not None
        after = proposed.put_in_force(proposed.rules_from(loaded), now, from_the_start=is_replay)
        with click.progressbar(
            length=2 * int((until - now).total_seconds()),
            label="looking ahead",
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        ) as bar:
            at = [now]

            def heard(instant: datetime) -> None:
                bar.update(max(0, int((instant - at[0]).total_seconds())))
                at[0] = instant

            was = present.forecast(before, now, until, heard)
            at[0] = now
            becomes = proposed.forecast(after, now, until, heard)
        return compare(was, becomes, now, until), before.ruleset.generation.id
    finally:
        present.close()
        proposed.close()


def _is_too_much(plan: Plan, most_messages: int | None) -> bool:
    return most_messages is not None and len(plan.proposed.told) > most_messages
