"""Verbs about the store: `import` and `migrate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from engine import logs
from engine.app import App, open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import BAD, COULD_NOT_RUN, GOOD
from engine.cli.printing import print_json, print_lines
from engine.cli.prose import place_of
from engine.errors import HelpdeskError, UsageError
from engine.insight import ingested as telling
from engine.pipeline.ingest import Ingested, ingest
from engine.settings import load_settings


@click.command("import")
@config_option
@click.argument("names", nargs=-1, metavar="[HELPDESK]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def import_command(
    ctx: click.Context, config: Path | None, names: tuple[str, ...], as_json: bool
) -> int:
    """Read helpdesks (all, or the named ones) into the store; decide and write nothing.

    For looking at what arrives before the rules are let loose on it. Ends with 1 if something was
    rejected (the rest is taken), with 2 if a helpdesk could not be read (the others are).
    """
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stderr, settings.log.level, settings.log.format)
    app = open_app(path, stream=sys.stderr)
    try:
        now = app.clock.now()
        with app.store.lock():
            read, unread = _read(app, names or tuple(app.helpdesks), now)
    finally:
        app.close()
    for error in unread.values():
        click.echo(f"escalatord: {error}", err=True)
    if as_json:
        print_json(telling.as_json(read, unread, now))
    else:
        print_lines(_lines(read))
    if unread:
        return COULD_NOT_RUN
    return BAD if any(one.rejected for one in read.values()) else GOOD


def _read(
    app: App, names: tuple[str, ...], now: datetime
) -> tuple[dict[str, Ingested], dict[str, HelpdeskError]]:
    unknown = sorted(set(names) - set(app.helpdesks))
    if unknown:
        known = ", ".join(app.helpdesks) or "none at all"
        raise UsageError(f"there is no helpdesk '{unknown[0]}'; there are {known}")
    kinds = app.group_kinds()
    read: dict[str, Ingested] = {}
    unread: dict[str, HelpdeskError] = {}
    for name in names:
        try:
            # Twice: a last line without its end is only known for one when it stays as it is.
            first = ingest(app.store, app.helpdesks[name], now, kinds)
            read[name] = first + ingest(app.store, app.helpdesks[name], now, kinds)
        except HelpdeskError as error:
            unread[name] = error
    return read, unread


def _lines(read: dict[str, Ingested]) -> Iterator[str]:
    for name, one in read.items():
        for row in one.rejected:
            yield f"{place_of(row.file, row.line)}: error[{row.code}] {row.message}"
        rejected = len(one.rejected)
        yield f"{name}: {one.tickets} tickets, {one.events} new events, {rejected} rejected"


@click.command("migrate")
@config_option
@click.pass_context
def migrate_command(ctx: click.Context, config: Path | None) -> int:
    """Bring the store to the form that this program needs; make it where there is none."""
    from engine.store import connect, migrate

    settings = load_settings(config_path(ctx, config))
    store = connect(settings.store_url())
    try:
        applied = migrate(store)
    finally:
        store.close()
    what = f"applied {', '.join(applied)}" if applied else "up to date"
    click.echo(f"{store.where}: {what}")
    return GOOD
