"""The verb `silence`: let rules or tickets rest for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import click

from engine.app import App, open_app
from engine.cli import config_option, config_path
from engine.cli.complaints import GOOD
from engine.cli.parameters import INSTANT, LENGTH, ONE_LINE
from engine.cli.printing import print_json, print_lines
from engine.cli.prose import silence_lines
from engine.domain.ruleset import Ruleset
from engine.domain.silence import AnySilence, Matchers
from engine.errors import UsageError
from engine.insight import silences as telling
from engine.pipeline.silence import Asked, end, silence
from engine.rulebook.suggestion import closest


@click.group("silence")
@config_option
def silence_command(config: Path | None) -> None:
    """Let rules or tickets rest: levels wait for the end, messages to customers are skipped."""
    del config


@silence_command.command("add")
@config_option
@click.option(
    "--rule", "rules", type=ONE_LINE, multiple=True, help="Only this rule (may be repeated)."
)
@click.option(
    "--ticket", "tickets", type=ONE_LINE, multiple=True, help="Only this ticket, HELPDESK:ID."
)
@click.option(
    "--customer",
    "customers",
    type=ONE_LINE,
    multiple=True,
    help="Only tickets of this customer (id).",
)
@click.option(
    "--group", "groups", type=ONE_LINE, multiple=True, help="Only tickets that this group has."
)
@click.option("--all", "is_for_all", is_flag=True, help="Every rule on every ticket.")
@click.option("--for", "length", type=LENGTH, help="How long: 30m, 4h, 2d (of 24 hours).")
@click.option("--until", type=INSTANT, help="Until when, instead of --for.")
@click.option("--from", "begins_at", type=INSTANT, help="From when (default: now).")
@click.option("--by", "author", type=ONE_LINE, required=True, help="Who asks for it.")
@click.option("--reason", type=ONE_LINE, required=True, help="Why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def silence_add_command(
    ctx: click.Context,
    *,
    config: Path | None,
    rules: tuple[str, ...],
    tickets: tuple[str, ...],
    customers: tuple[str, ...],
    groups: tuple[str, ...],
    is_for_all: bool,
    length: timedelta | None,
    until: datetime | None,
    begins_at: datetime | None,
    author: str,
    reason: str,
    as_json: bool,
) -> int:
    """Silence what is named, until it ends by itself or by `silence end`.

    Of several kinds of names all must hold; of several names of one kind, any.
    """
    matchers = Matchers(rules, tickets, customers, groups)
    _require_scope(matchers, is_for_all=is_for_all)
    if (length is None) == (until is None):
        raise click.UsageError("say when it ends, with either --for or --until")
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        now = app.clock.now()
        ruleset = app.in_force_now().ruleset
        _require_names(app, ruleset, matchers)
        ends_at = until if length is None else (begins_at or now) + length
        assert ends_at is not None  # noqa: S101 - one of the two was given
        asked = Asked(matchers, ends_at, author, reason, begins_at)
        kept = silence(app.store, asked, ruleset.group_kinds, now)
        strangers = telling.strangers(app.store, matchers)
    finally:
        app.close()
    for kind, name, known in strangers:
        hint = _meant(name, known)
        click.echo(f"escalatord: no open ticket is of {kind} '{name}' now{hint}", err=True)
    return _show([kept], now, as_json=as_json)


@silence_command.command("list")
@config_option
@click.option("--all", "past_too", is_flag=True, help="Also those that are over.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def silence_list_command(
    ctx: click.Context, config: Path | None, past_too: bool, as_json: bool
) -> int:
    """List the silences that are in force or to come, the recurring ones of the rule files too."""
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        now = app.clock.now()
        ruleset = app.in_force_now().ruleset
        found = telling.silences(app.store, ruleset, now, past_too=past_too)
    finally:
        app.close()
    return _show(found, now, as_json=as_json)


@silence_command.command("end")
@config_option
@click.argument("silence_id", metavar="ID")
@click.pass_context
def silence_end_command(ctx: click.Context, config: Path | None, silence_id: str) -> int:
    """End a silence before its time: what waited for it is due at once."""
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        ruleset = app.in_force_now().ruleset
        if silence_id in {one.id for one in ruleset.generation.silences}:
            raise UsageError(
                f"silence '{silence_id}' recurs: it stands in the rule files under 'silences';"
                " take it out there and reload"
            )
        ended = end(app.store, silence_id, ruleset.group_kinds, app.clock.now())
    finally:
        app.close()
    click.echo(f"silence {ended.id} has ended")
    return GOOD


def _show(found: list[AnySilence], now: datetime, *, as_json: bool) -> int:
    document = telling.as_json(found, now)
    if as_json:
        print_json(document)
    else:
        print_lines(silence_lines(document["silences"]))
    return GOOD


def _require_scope(matchers: Matchers, *, is_for_all: bool) -> None:
    if is_for_all and matchers.are_given:
        raise click.UsageError("--all means everything; leave it out where something is named")
    if not is_for_all and not matchers.are_given:
        raise click.UsageError(
            "say what is silenced, with --rule, --ticket, --customer or --group; or --all"
        )


def _require_names(app: App, ruleset: Ruleset, matchers: Matchers) -> None:
    rules = [rule.id for rule in ruleset.generation.rules]
    for name in matchers.rules:
        if name not in rules:
            raise UsageError(f"there is no rule '{name}'{_meant(name, rules)}")
    with app.store.read() as tx:
        known = tx.records(matchers.tickets)
        for name in matchers.tickets:
            if name not in known:
                tickets = [str(row["ticket"]) for row in tx.view("v_tickets")]
                raise UsageError(f"there is no ticket '{name}' in the store{_meant(name, tickets)}")


def _meant(name: str, known: Iterable[str]) -> str:
    """A hint: the name that was probably meant."""
    names = list(known)
    numbered = [each for each in names if each.partition(":")[2] == name]
    meant = numbered[0] if numbered else closest(name, names)
    return f"; did you mean '{meant}'?" if meant else ""
