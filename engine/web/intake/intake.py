"""What the intake stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.logs import Logger
    from engine.pipeline.intake import IntakeAnswer
    from engine.web.intake.access import Access
    from engine.web.intake.commits import Commits
    from engine.web.intake.hooks import Hook


@dataclass(frozen=True, slots=True)
class Intake:
    """What the intake stands on.

    Attributes:
        access: Who may send tickets and events.
        hooks: Helpdesk name → whose webhooks make its tickets due.
        commits: Keeps what comes.
        now: The domain's instant (aware UTC).
        real_now: The machine's instant, by which signatures are dated (aware UTC).
        log: Where it is told what was refused.
        wake: Have what is due at once looked at.
        patience: Seconds of real time for the body of a request.
        answered: Counts a request, by what became of it.
    """

    access: Access
    hooks: Mapping[str, Hook]
    commits: Commits
    now: Callable[[], datetime]
    real_now: Callable[[], datetime]
    log: Logger
    wake: Callable[[], None] = field(default=lambda: None)
    patience: float = 10.0
    answered: Callable[[IntakeAnswer], None] = field(default=lambda _: None)
