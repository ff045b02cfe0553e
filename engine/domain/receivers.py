"""Who is meant by the name of a receiver, and by which ways they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.domain.rule import Receiver, Target

DEFAULT_RECEIVER: Final = "default"
ASSIGNEE: Final = "assignee"
GROUP: Final = "group"

_FALLBACKS: Final = {
    ASSIGNEE: (ASSIGNEE, GROUP, DEFAULT_RECEIVER),
    GROUP: (GROUP, DEFAULT_RECEIVER),
}


def targets_of(
    name: str,
    receivers: Mapping[str, Receiver],
    now: datetime,
    *,
    assignee: str | None,
    group: str | None,
) -> tuple[str, tuple[Target, ...]]:
    """Who is meant by a receiver's name; who resolves to nobody falls back until somebody is told.

    Args:
        name: As a rule names it; ``assignee`` and ``group`` are built in.
        receivers: By name.
        now: By which the hours of a way are told (aware UTC).
        assignee: Whom the first built-in name means.
        group: Which group the second one means.

    Returns:
        The name of the receiver that was found in the end, and its ways.
    """
    meant = {ASSIGNEE: assignee, GROUP: group}
    for candidate in _FALLBACKS.get(name, (name, DEFAULT_RECEIVER)):
        found = receivers.get(meant.get(candidate, candidate) or "")
        targets = tuple(t for t in found.targets if t.is_used_at(now)) if found else ()
        if found and targets:
            return found.name, targets
    # Nobody is on duty at this hour: better everybody of the default than nobody.
    default = receivers.get(DEFAULT_RECEIVER)
    return DEFAULT_RECEIVER, default.targets if default else ()
