"""Verbs that act: `run` and `once`."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import click

from engine import logs
from engine.app import App, RulesError, open_app
from engine.cli import GOOD, NO_CONFIGURATION, config_option, config_path
from engine.cli.parameters import INSTANT
from engine.clock import ReplayClock
from engine.daemon import Daemon
from engine.insight import once as once_report
from engine.insight.telling import tell
from engine.pipeline.cycle import Work
from engine.pipeline.deliver import LEASE_FOR
from engine.pipeline.rescue import rescue
from engine.rulebook import render_problem, render_summary
from engine.settings import load_settings
from engine.supervision import Supervisor


@click.command("run")
@config_option
@click.pass_context
def run_command(ctx: click.Context, config: Path | None) -> int:
    """Run the daemon in the foreground, until SIGTERM or SIGINT; SIGHUP reads the rules again."""
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stdout, settings.log.level, settings.log.format)
    app = open_app(path)
    try:
        Daemon(app, Supervisor()).run()
    except RulesError as error:
        return complain_of_rules(error)
    return GOOD


@click.command("once")
@config_option
@click.option("--at", type=INSTANT, help="Take this instant for now.")
@click.option(
    "--through", type=INSTANT, help="Live through every event and due instant in order, up to here."
)
@click.option("--dry-run", is_flag=True, help="Write nothing, neither outside nor to the store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def once_command(
    ctx: click.Context,
    config: Path | None,
    at: datetime | None,
    through: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """One ingest, evaluation and delivery, or all of a stretch of time; then end."""
    if at is not None and through is not None:
        raise click.UsageError("--at and --through exclude each other")
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stderr, settings.log.level, settings.log.format)
    app = open_app(path, stream=sys.stderr, dry_run=dry_run)
    try:
        with nullcontext() if dry_run else app.store.lock():
            work, now = _live(app, at, through)
            document = once_report.as_json(
                work, app.store, now, app.generation_id(), dry_run=dry_run
            )
    except RulesError as error:
        return complain_of_rules(error)
    finally:
        app.close()
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _show(document)
    return GOOD


def _live(app: App, at: datetime | None, through: datetime | None) -> tuple[Work, datetime]:
    log = logs.get()
    rules = app.rules_in_force()
    from_the_start = through is not None or app.settings.replay is not None
    since = app.played_until()
    now = through or at or app.clock.now()
    first = since or app.first_instant() or now
    policy = app.put_in_force(
        rules, min(first, now) if through else now, from_the_start=from_the_start
    )
    cycle = app.cycle(policy, lambda work: _note(log, work))
    # We hold the daemon's lock: whoever leased rows before is dead.
    rescue(app.store, max(app.real_now(), now) + 2 * LEASE_FOR)
    work = cycle.play(since, now) if through else cycle.run(now)
    app.keep_played(now)
    if isinstance(app.clock, ReplayClock):
        app.clock.advance_to(now)
    return work, now


def _note(log: logs.Logger, work: Work) -> None:
    tell(log, work, even_if_idle=False)


def complain_of_rules(error: RulesError) -> int:
    """Every fault of the rule files, with its place, on stderr; gives the exit code."""
    loaded = error.loaded
    for problem in loaded.problems:
        click.echo(render_problem(problem, loaded.sources.get(problem.file, "")), err=True)
    if loaded.problems:
        click.echo(render_summary(loaded), err=True)
    click.echo(f"escalatord: {error}", err=True)
    return NO_CONFIGURATION


def _show(document: dict[str, object]) -> None:
    ingested = document["ingested"]
    assert isinstance(ingested, dict)  # noqa: S101 - the contract's shape
    click.echo(
        f"{document['now']}: {ingested['tickets']} tickets and {ingested['events']} events read, "
        f"{len(ingested['rejected'])} rows rejected"
    )
    for key in ("fired", "customer", "skipped"):
        rows = document[key]
        assert isinstance(rows, list)  # noqa: S101 - the contract's shape
        click.echo(f"{key}: {len(rows)}")
        for row in rows[:20]:
            what = row.get("name") or row.get("message") or f"level {row.get('level')}"
            why = row.get("reason") or row.get("state")
            click.echo(f"  {row['due_at']}  {row['ticket']}  {row['rule']}  {what}  {why}")
        if len(rows) > 20:  # noqa: PLR2004 - a screenful
            click.echo(f"  … and {len(rows) - 20} more; --json has them all")
    click.echo(f"next check: {document['next_check_at'] or 'only when something changes'}")
