"""The verbs of `outbox`: look at what is on its way out, and decide about what is stuck."""

from __future__ import annotations

from pathlib import Path

import click

from engine.app import App, open_app
from engine.cli import config_option, config_path
from engine.cli.acting import user
from engine.cli.complaints import BAD, GOOD
from engine.cli.outbox_prose import change_lines, list_lines, narrowed_lines, show_lines
from engine.cli.parameters import ONE_LINE
from engine.cli.printing import paper, print_json, print_lines
from engine.domain.actions import Audience
from engine.errors import UsageError
from engine.insight import outbox as telling
from engine.pipeline.intervene import Request, held_by_budgets, intervene
from engine.ports import OutboxState, OutboxVerb
from engine.rulebook.suggestion import closest

_IDS = click.argument("row_ids", nargs=-1, type=click.IntRange(1, 2**63 - 1), metavar="ID...")
_BY = click.option("--by", "who", type=ONE_LINE, help="Who decides (default: the user's name).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.group("outbox")
@config_option
def outbox_command(config: Path | None) -> None:
    """Look at what is on its way out, and decide about what is stuck."""
    del config


@outbox_command.command("list")
@config_option
@click.option(
    "--state", type=click.Choice([state.value for state in OutboxState]), help="Only such rows."
)
@click.option("--ticket", type=ONE_LINE, help="Only on this ticket, HELPDESK:ID.")
@click.option("--rule", type=ONE_LINE, help="Only of this rule.")
@click.option(
    "--audience", type=click.Choice([one.value for one in Audience]), help="Only for such readers."
)
@_JSON
@click.pass_context
def outbox_list_command(
    ctx: click.Context,
    config: Path | None,
    state: str | None,
    ticket: str | None,
    rule: str | None,
    audience: str | None,
    *,
    as_json: bool,
) -> int:
    """List the outbox: what needs a person first, then what waits. --json: all, oldest first."""
    where = {"state": state, "ticket": ticket, "rule": rule, "audience": audience}
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        document = telling.outbox(app.store, where)
        ruleset, now = app.in_force_now().ruleset, app.clock.now()
    finally:
        app.close()
    if as_json:
        print_json(document)
    elif any(where.values()):
        print_lines(narrowed_lines(document["rows"], paper()))
    else:
        print_lines(list_lines(document["rows"], ruleset, now, app.settings.timezone, paper()))
    return GOOD


@outbox_command.command("show")
@config_option
@click.argument("row_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
@click.option(
    "--text", "with_text", is_flag=True, help="Show also what a customer, or a program, would read."
)
@_JSON
@click.pass_context
def outbox_show_command(
    ctx: click.Context, config: Path | None, row_id: int, *, with_text: bool, as_json: bool
) -> int:
    """Show one row: why it is in its state, every attempt, and what can be done about it.

    What staff would be told is shown as well; what a customer would read, only with --text.
    """
    app = open_app(config_path(ctx, config), upgrade=False)
    try:
        policy = app.in_force_now()
        composer = app.outside(policy).composer
        shown = telling.show(app.store, policy, composer, row_id, app.clock.now())
    finally:
        app.close()
    if as_json:
        document = shown.document
        if with_text:
            document["title"], document["text"] = shown.told.title, shown.told.text
        print_json(document)
    else:
        is_open = with_text or shown.row.action.audience is not Audience.CUSTOMER
        print_lines(show_lines(shown, app.settings.timezone, paper(), with_text=is_open))
    return GOOD


@outbox_command.command("retry")
@config_option
@_IDS
@click.option(
    "--may-arrive-twice",
    is_flag=True,
    help="Send again also what a customer may have got already.",
)
@_BY
@_JSON
@click.pass_context
def outbox_retry_command(
    ctx: click.Context,
    config: Path | None,
    row_ids: tuple[int, ...],
    who: str | None,
    *,
    may_arrive_twice: bool,
    as_json: bool,
) -> int:
    """Try rows again at once: rejected, unknown, held, dropped or put off ones.

    Just before acting the ticket is read again, as always: what has been overtaken is cancelled.
    """
    request = Request(OutboxVerb.RETRY, who or user(), may_arrive_twice=may_arrive_twice)
    app = open_app(config_path(ctx, config), upgrade=False)
    return _change(app, request, _required(row_ids), as_json=as_json)


@outbox_command.command("drop")
@config_option
@_IDS
@click.option("--reason", type=ONE_LINE, required=True, help="Why, for the record.")
@_BY
@_JSON
@click.pass_context
def outbox_drop_command(
    ctx: click.Context,
    config: Path | None,
    row_ids: tuple[int, ...],
    reason: str,
    who: str | None,
    *,
    as_json: bool,
) -> int:
    """Never send rows that wait, failed, or may have arrived."""
    request = Request(OutboxVerb.DROP, who or user(), why=reason)
    app = open_app(config_path(ctx, config), upgrade=False)
    return _change(app, request, _required(row_ids), as_json=as_json)


@outbox_command.command("release")
@config_option
@_IDS
@click.option("--rule", type=ONE_LINE, help="All that this rule's budget holds.")
@click.option("--ticket", type=ONE_LINE, help="All that is held on this ticket, HELPDESK:ID.")
@click.option("--all", "is_for_all", is_flag=True, help="All that any budget holds.")
@_BY
@_JSON
@click.pass_context
def outbox_release_command(
    ctx: click.Context,
    config: Path | None,
    row_ids: tuple[int, ...],
    rule: str | None,
    ticket: str | None,
    who: str | None,
    *,
    is_for_all: bool,
    as_json: bool,
) -> int:
    """Make field changes that a spent budget holds now, beyond the budget."""
    named = bool(rule or ticket)
    if sum((bool(row_ids), named, is_for_all)) != 1:
        raise click.UsageError("say what to release: IDs; or --rule, --ticket or both; or --all")
    app = open_app(config_path(ctx, config), upgrade=False)
    if named:
        _require_names(app, rule, ticket)
    if not row_ids:
        row_ids = tuple(held_by_budgets(app.store, rule, ticket))
    return _change(app, Request(OutboxVerb.RELEASE, who or user()), row_ids, as_json=as_json)


def _required(row_ids: tuple[int, ...]) -> tuple[int, ...]:
    if not row_ids:
        raise click.UsageError("say which rows, by the numbers that `outbox list` shows")
    return row_ids


def _change(app: App, request: Request, row_ids: tuple[int, ...], *, as_json: bool) -> int:
    """Do it, and tell; ends with 1 where a row was refused."""
    try:
        now = app.clock.now()
        done = intervene(app.store, request, row_ids, now)
    finally:
        app.close()
    document = telling.changed(request, done, now)
    if as_json:
        print_json(document)
    else:
        print_lines(change_lines(document))
    return BAD if document["refused"] else GOOD


def _require_names(app: App, rule: str | None, ticket: str | None) -> None:
    rules = [one.id for one in app.in_force_now().ruleset.generation.rules]
    if rule is not None and rule not in rules:
        meant = closest(rule, rules)
        hint = f"; did you mean '{meant}'?" if meant else ""
        raise UsageError(f"there is no rule '{rule}'{hint}")
    with app.store.read() as tx:
        if ticket is not None and ticket not in tx.records([ticket]):
            raise UsageError(f"there is no ticket '{ticket}' in the store; write HELPDESK:ID")
