"""Who is told, and how they are reached, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.insight.graph.board import Told

if TYPE_CHECKING:
    from engine.domain.rule import Generation, Target

BUILT_IN: Final = {"assignee": "whoever has the ticket", "group": "the ticket's group"}
"""Receivers that depend on the ticket."""


def told_of(name: str, generation: Generation) -> Told:
    """A receiver by the name that a rule uses."""
    if name in BUILT_IN:
        return Told(BUILT_IN[name])
    receiver = generation.receivers.get(name)
    return Told(name, () if receiver is None else tuple(map(_way, receiver.targets)))


def _way(target: Target) -> str:
    hours = []
    if target.during is not None:
        hours.append(f"in {target.during.name}")
    if target.outside is not None:
        hours.append(f"outside {target.outside.name}")
    return f"{target.channel}: {target.to}" + (f" ({', '.join(hours)})" if hours else "")


def last_resort(generation: Generation) -> str:
    """Who is told where a ticket names nobody."""
    default = generation.receivers.get("default")
    ways = f" ({'; '.join(map(_way, default.targets))})" if default else ""
    return f"Where a ticket has no assignee its group is told, and default{ways} where that fails."
