"""Verbs that act: `run` and `once`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from engine import logs
from engine.app import App, open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import COULD_NOT_RUN, GOOD
from engine.cli.parameters import INSTANT
from engine.cli.printing import print_json, print_lines
from engine.cli.prose import once_lines
from engine.clock import ReplayClock
from engine.errors import EscalatordError
from engine.insight import once as telling
from engine.insight.telling import tell, tell_of_problems
from engine.pipeline.cycle import Work
from engine.settings import load_settings


@click.command("run")
@config_option
@click.pass_context
def run_command(ctx: click.Context, config: Path | None) -> int:
    """Run the daemon in the foreground, until SIGTERM or SIGINT; SIGHUP reads the rules again."""
    from engine.daemon import Daemon
    from engine.supervision import Supervisor

    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stdout, settings.log.level, settings.log.format)
    log = logs.get()
    app: App | None = None
    try:
        app = open_app(path)
        Daemon(app, Supervisor()).run()
    except EscalatordError as error:
        log.error("daemon.failed", message=str(error))  # noqa: TRY400 - a line that needs no trace
        raise
    except Exception:
        log.exception("daemon.failed")
        raise
    finally:
        if app is not None:
            app.close()
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
    """One ingest, evaluation and delivery, or all of a stretch of time; then end.

    Ends with 2 if a helpdesk could not be read; what was done for the others is told all the same.
    """
    if at is not None and through is not None:
        raise click.UsageError("--at and --through exclude each other")
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stderr, settings.log.level, settings.log.format)
    app = open_app(path, stream=sys.stderr, dry_run=dry_run)
    try:
        with nullcontext() if dry_run else app.store.lock():
            lived = _live(app, at, through)
            document = telling.as_json(
                lived.work,
                app.store,
                lived.now,
                app.generation_id(),
                degraded=lived.degraded,
                dry_run=dry_run,
            )
    finally:
        app.close()
    if as_json:
        print_json(document)
    else:
        print_lines(once_lines(document))
    for error in lived.work.unread.values():
        click.echo(f"escalatord: {error}", err=True)
    return COULD_NOT_RUN if lived.work.unread else GOOD


@dataclass(frozen=True, slots=True)
class _Lived:
    """What was done, and up to which instant (aware UTC)."""

    work: Work
    now: datetime
    degraded: bool


def _live(app: App, at: datetime | None, through: datetime | None) -> _Lived:
    log = logs.get()
    for warning in app.settings.warnings:
        log.warning("config.warning", message=warning)
    rules = app.rules_in_force()
    if rules.degraded:
        tell_of_problems(log, rules.problems)
    from_the_start = through is not None or app.settings.replay is not None
    since = app.played_until()
    if through is not None and since is None:
        app.forget_imports()
    now = through or at or app.clock.now()
    first = since or app.first_instant() or now
    policy = app.put_in_force(
        rules, min(first, now) if through else now, from_the_start=from_the_start
    )
    log.info(
        "rules.loaded",
        generation=policy.ruleset.generation.id,
        rules=len(policy.ruleset.rules),
        degraded=rules.degraded,
    )
    cycle = app.cycle(policy, lambda work: _note(log, work))
    cycle.rescue(now, app.dead_by(max(app.real_now(), now)))
    work = cycle.play(since, now) if through else cycle.run(now)
    # Another look at the files: it finds what a play without events never looked at, and takes a
    # last line that stays without its end for what it is.
    if not work.unread:
        work.add(cycle.ingest(now))
    app.keep_played(now)
    if isinstance(app.clock, ReplayClock):
        app.clock.advance_to(now)
    return _Lived(work, now, rules.degraded)


def _note(log: logs.Logger, work: Work) -> None:
    tell(log, work, even_if_idle=False)
