"""Verbs about the store: `import` and `migrate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from engine import logs
from engine.app import open_app
from engine.cli import BAD, GOOD, config_option, config_path
from engine.errors import HelpdeskError, UsageError
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

    For looking at what arrives before the rules are let loose on it.
    """
    path = config_path(ctx, config)
    settings = load_settings(path)
    logs.configure(sys.stderr, settings.log.level, settings.log.format)
    app = open_app(path, stream=sys.stderr)
    try:
        unknown = sorted(set(names) - set(app.helpdesks))
        if unknown:
            raise UsageError(
                f"there is no helpdesk '{unknown[0]}'; there are {', '.join(app.helpdesks)}"
            )
        with app.store.lock():
            done = {
                name: ingest(app.store, helpdesk, app.clock.now(), app.group_kinds())
                for name, helpdesk in app.helpdesks.items()
                if not names or name in names
            }
    except HelpdeskError as error:
        raise UsageError(str(error)) from error
    finally:
        app.close()
    _show(done, as_json=as_json)
    return BAD if any(one.rejected for one in done.values()) else GOOD


def _show(done: dict[str, Ingested], *, as_json: bool) -> None:
    if as_json:
        document = {
            "format": "escalatord.import/1",
            "helpdesks": {
                name: {
                    "tickets": one.tickets,
                    "events": one.events,
                    "rejected": [
                        {"file": r.file, "line": r.line, "code": r.code, "message": r.message}
                        for r in one.rejected
                    ],
                }
                for name, one in done.items()
            },
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for name, one in done.items():
        for row in one.rejected:
            click.echo(f"{row.file}:{row.line}: error[{row.code}] {row.message}", err=True)
        rejected = len(one.rejected)
        click.echo(f"{name}: {one.tickets} tickets, {one.events} new events, {rejected} rejected")


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
    if applied:
        click.echo(f"{store.where}: applied {', '.join(applied)}")
    else:
        click.echo(f"{store.where}: up to date")
    return GOOD
