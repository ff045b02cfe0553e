"""Which rights we lack, as far as RT lets itself be asked.

RT has no call that lists rights. A queue that is not shown is not ours to see; and a ticket comes
with links to what may be done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.helpdesks.rt.client import RtClient
from engine.helpdesks.rt.options import RtOptions
from engine.ports import MissingRight, Need

_LINKS = (
    ("lifecycle", "ModifyTicket", Need.CHANGE),
    ("comment", "CommentOnTicket", Need.NOTE),
    ("correspond", "ReplyToTicket", Need.REPLY),
)


def missing_rights(
    client: RtClient, options: RtOptions, queues: Mapping[str, frozenset[str]]
) -> Iterator[MissingRight]:
    """The rights that we surely lack.

    Args:
        client: Whom to ask.
        options: What is watched.
        queues: The queues that we may see: name → names of the custom fields of its tickets.

    Raises:
        HelpdeskError: It cannot be asked.
    """
    watched = options.queues or sorted(queues)
    if not watched:
        remedy = "grant SeeQueue and ShowTicket on the queues to watch"
        yield MissingRight("SeeQueue", Need.READ, remedy)
    for name in watched:
        if name not in queues:
            remedy = f"grant SeeQueue on queue '{name}', or correct its name in `queues`"
            yield MissingRight("SeeQueue", Need.READ, remedy)
    yield from _fields(options, [queues[name] for name in watched if name in queues])
    for name in watched:
        if name in queues:
            yield from _on_tickets(client, name)


def _fields(options: RtOptions, custom: list[frozenset[str]]) -> Iterator[MissingRight]:
    if not custom:
        return
    known = frozenset().union(*custom)
    for ours, theirs in options.custom_fields.items():
        if theirs not in known:
            remedy = (
                f"there is no custom field '{theirs}' (our {ours}) on the tickets of these queues:"
                " put it back, grant SeeCustomField, or take it from `custom_fields`"
            )
            yield MissingRight("SeeCustomField", Need.READ, remedy)


def _on_tickets(client: RtClient, queue: str) -> Iterator[MissingRight]:
    """What the links of an open ticket leave out; a queue without one tells nothing."""
    escaped = queue.replace("\\", "\\\\").replace("'", "\\'")
    found, _ = client.search(f"Queue = '{escaped}' AND Status = '__Active__'", per_page=1)
    if not found:
        return
    told = client.ticket(str(found[0]["id"]))
    links = {str(link.get("ref")) for link in told.get("_hyperlinks") or ()}
    for link, right, need in _LINKS:
        if link not in links:
            yield MissingRight(right, need, f"grant {right} on queue '{queue}'")
