"""The verb `helpdesk`: what a newcomer runs first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.app import open_helpdesk
from engine.cli import config_option, config_path
from engine.cli.complaints import BAD, GOOD
from engine.cli.printing import print_json, print_lines
from engine.clock import SystemClock
from engine.insight.checked_helpdesk import check_helpdesk

if TYPE_CHECKING:
    from engine.insight.contracts.documents import HelpdeskCheckDocument, SampleTicket


@click.group("helpdesk")
@config_option
def helpdesk_command(config: Path | None) -> None:
    """Look at a helpdesk of the config file."""
    del config


@helpdesk_command.command("check")
@config_option
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def helpdesk_check_command(
    ctx: click.Context, config: Path | None, name: str, as_json: bool
) -> int:
    """Connect to the helpdesk NAME: who are we, what may we do, how do we read its tickets?

    Nothing is written, neither there nor here. Ends with 1 if something is wrong, with 2 if the
    helpdesk cannot be reached or does not know us.
    """
    helpdesk = open_helpdesk(config_path(ctx, config), name)
    try:
        document = check_helpdesk(helpdesk, SystemClock().now())
    finally:
        helpdesk.close()
    if as_json:
        print_json(document)
    else:
        print_lines(check_lines(document))
    return GOOD if document["ok"] else BAD


def check_lines(document: HelpdeskCheckDocument) -> Iterator[str]:
    """What a helpdesk says of us, for a person."""
    yield f"{document['helpdesk']}: {document['server']}"
    yield f"  account     {document['account'] or 'it knows no accounts'}"
    if document["zone"]:
        yield f"  zone        {document['zone']}"
    yield f"  clock       {_clock(document['clock_skew_seconds'])}"
    yield f"  rate limit  {_rate_limit(document)}"
    can = document["can"]
    yield f"  can change  {', '.join(can['fields']) or 'nothing'}"
    yield f"  can take    {', '.join(_takes(document)) or 'neither notes nor replies'}"
    yield f"  rights      {_rights(document)}"
    for ticket in document["tickets"]:
        yield ""
        yield from _ticket_lines(ticket)
    yield ""
    for problem in document["problems"]:
        yield f"✗ {problem}"
    if not document["problems"]:
        yield "✓ nothing is wrong"


def _clock(skew: int | None) -> str:
    if skew is None:
        return "it tells no time"
    if skew == 0:
        return "agrees with ours"
    unit = "second" if abs(skew) == 1 else "seconds"
    return f"{abs(skew)} {unit} {'ahead of' if skew > 0 else 'behind'} ours"


def _rate_limit(document: HelpdeskCheckDocument) -> str:
    limit = document["rate_limit"]
    if limit is None:
        return "it told none"
    told = [f"{limit['requests']} requests"] if limit["requests"] is not None else []
    told += [f"{limit['remaining']} left"] if limit["remaining"] is not None else []
    resets = limit["resets_seconds"]
    return ", ".join([*told, *([f"anew in {resets} s"] if resets is not None else [])])


def _takes(document: HelpdeskCheckDocument) -> Iterator[str]:
    can = document["can"]
    if can["notes"]:
        yield "notes"
    if can["replies"]:
        is_limited = not can["replies_when_resolved"]
        yield "replies (not on resolved tickets)" if is_limited else "replies"


def _rights(document: HelpdeskCheckDocument) -> str:
    missing = sorted({lack["right"] for lack in document["missing"]})
    return f"missing: {', '.join(missing)}" if missing else "none is known to be missing"


def _ticket_lines(ticket: SampleTicket) -> Iterator[str]:
    yield f"{ticket['ticket']}  {ticket['subject']}"
    raw = ticket["raw_status"]
    status = ticket["status"] if raw in (None, ticket["status"]) else f"{ticket['status']} ({raw})"
    email = "e-mail known" if ticket["has_email"] else "no e-mail"
    customer = f"{ticket['customer_id'] or '—'} ({email})"
    rows: dict[str, str | None] = {
        "status": status,
        "priority": ticket["priority"],
        "type": ticket["type"],
        "group": ticket["group"],
        "assignee": ticket["assignee"],
        "tags": ", ".join(ticket["tags"]) or None,
        "customer": customer,
        "tier": ticket["customer_tier"],
        "organization": ticket["customer_organization"],
        **{f"fields.{name}": value for name, value in ticket["fields"].items()},
        "created": ticket["created_at"],
        "due": ticket["due_at"],
        "customer wrote": ticket["last_customer_message_at"],
        "desk replied": ticket["last_agent_reply_at"],
        "events": str(ticket["events"]),
    }
    for label, value in rows.items():
        if value is not None:
            yield f"  {label:<15} {value}"
