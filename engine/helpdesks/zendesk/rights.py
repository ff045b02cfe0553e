"""Which rights we lack, by what Zendesk says of our account."""

from __future__ import annotations

from collections.abc import Iterator

from engine.helpdesks.zendesk.client import Item
from engine.helpdesks.zendesk.options import ZendeskOptions
from engine.ports import MissingRight, Need


def missing_rights(user: Item, options: ZendeskOptions, fields: set[str]) -> Iterator[MissingRight]:
    """The rights that we surely lack.

    Args:
        user: Our account, as Zendesk tells it.
        options: What is asked for.
        fields: Numbers of the ticket fields that there are.
    """
    if user.get("role") != "admin":
        remedy = "make it an administrator: only these may export what changed"
        yield MissingRight("Administrator", Need.READ, remedy)
    if user.get("ticket_restriction"):
        remedy = "give it access to all tickets: it sees those of some groups only"
        yield MissingRight("All tickets", Need.READ, remedy)
    if user.get("only_private_comments"):
        remedy = "let it make public comments, or set `replies_by` to a channel"
        yield MissingRight("Public comments", Need.REPLY, remedy)
    for ours, number in options.custom_fields.items():
        if number not in fields:
            remedy = (
                f"there is no ticket field {number} (our {ours}):"
                " make it active again, or take it from `custom_fields`"
            )
            yield MissingRight("Ticket fields", Need.READ, remedy)
