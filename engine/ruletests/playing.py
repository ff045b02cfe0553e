"""Playing a case: its steps happen, the pipeline lives on, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import singledispatchmethod

from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Status, Value
from engine.errors import UsageError
from engine.pipeline.silence import Asked
from engine.ports import Composer, Store
from engine.ruletests.case import (
    Acknowledges,
    Case,
    Changes,
    Contacts,
    Deletes,
    Merges,
    OnTicket,
    Opening,
    Reloads,
    Restarts,
    Says,
    Silences,
    Step,
)
from engine.ruletests.stamps import ONE_SECOND
from engine.simulation.helpdesk import ScriptedHelpdesk
from engine.simulation.world import World


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a test needs that is not simulated: it is what the daemon runs on.

    Attributes:
        open_store: Gives a new store in memory, empty.
        composer: Gives the words for a generation's messages, local times in a zone.
    """

    open_store: Callable[[], Store]
    composer: Callable[[Generation, tzinfo], Composer]


@dataclass(frozen=True, slots=True)
class Refused:
    """A step that could not be done, and why."""

    step: Step
    why: str


@dataclass
class Stage:
    """A world in which a case is played.

    Attributes:
        refused: The steps that could not be done.
        awake_at: While the daemon is down: when it starts again (aware UTC).
        waiting: While the daemon is down: the rules that it will find at its start.
    """

    world: World
    refused: list[Refused] = field(default_factory=list)
    awake_at: datetime | None = None
    waiting: Ruleset | None = None

    def play(self, case: Case) -> None:
        """Let everything happen, and live through it up to the end of the case.

        At one instant what happens at the helpdesk comes first, as it does for the daemon, which
        reads before it decides.
        """
        for opening in case.openings:
            self._open(opening)
        for step in sorted(case.steps, key=lambda one: (one.at, not _is_at_helpdesk(one))):
            self._happen(step)
        self._live(case.until)

    def _open(self, opening: Opening) -> None:
        ticket = opening.ticket
        helpdesk = self._helpdesk(ticket.id)
        helpdesk.open(ticket)
        if opening.says is not None:
            helpdesk.say(ticket.id, ticket.created_at, Actor.CUSTOMER, opening.says)

    # --- time ---

    def _live(self, until: datetime) -> None:
        """Live up to and with `until`; while the daemon is down only the world outside does."""
        if self.awake_at is not None and self.awake_at <= until:
            self._start(self.awake_at)
        if self.awake_at is None:
            self.world.play(until)

    def _start(self, now: datetime) -> None:
        self.awake_at = None
        self.world.restart()
        if self.waiting is not None:
            self.world.put_in_force(self.waiting, now)
            self.waiting = None
        self.world.tick(now)

    def _look_again(self, now: datetime) -> None:
        """What a command did is seen at once, if the daemon is up."""
        if self.awake_at is None:
            self.world.tick(now)

    # --- steps ---

    @singledispatchmethod
    def _happen(self, step: Step) -> None:
        raise NotImplementedError(type(step).__name__)

    @_happen.register
    def _(self, step: Changes) -> None:
        self._live(step.at - ONE_SECOND)
        self._set(step, Actor.PERSON, **dict(step.values))

    @_happen.register
    def _(self, step: Says) -> None:
        self._live(step.at - ONE_SECOND)
        self._helpdesk(step.ticket).say(
            step.ticket, step.at, step.actor, step.text, is_public=step.is_public
        )

    @_happen.register
    def _(self, step: Contacts) -> None:
        self._live(step.at - ONE_SECOND)
        helpdesk = self._helpdesk(step.ticket)
        helpdesk.say(step.ticket, step.at, Actor.CUSTOMER, step.text, channel=step.channel)
        if self._is_resolved(step):
            self._set(step, Actor.CUSTOMER, status=Status.OPEN)

    @_happen.register
    def _(self, step: Merges) -> None:
        self._live(step.at - ONE_SECOND)
        self._set(step, Actor.PERSON, merged_into=step.into)

    @_happen.register
    def _(self, step: Deletes) -> None:
        self._live(step.at - ONE_SECOND)
        self._set(step, Actor.PERSON, is_gone=True)
        self._helpdesk(step.ticket).gone.add(step.ticket)

    @_happen.register
    def _(self, step: Acknowledges) -> None:
        self._live(step.at)
        try:
            self.world.acknowledge(step.ticket, step.rule, step.who, step.at)
        except UsageError as error:
            self.refused.append(Refused(step, str(error)))
            return
        self._look_again(step.at)

    @_happen.register
    def _(self, step: Silences) -> None:
        self._live(step.at)
        asked = Asked(step.matchers, step.until, step.who, "a rule test")
        try:
            self.world.silence(asked, step.at)
        except UsageError as error:
            self.refused.append(Refused(step, str(error)))
            return
        self._look_again(step.at)

    @_happen.register
    def _(self, step: Restarts) -> None:
        self._live(step.at - ONE_SECOND)
        self.awake_at = max(step.at + step.down_for, self.awake_at or step.at)

    @_happen.register
    def _(self, step: Reloads) -> None:
        self._live(step.at)
        if self.awake_at is not None:
            self.waiting = step.ruleset
            return
        self.world.put_in_force(step.ruleset, step.at)
        self.world.tick(step.at)

    # --- the helpdesk ---

    def _helpdesk(self, ticket: str) -> ScriptedHelpdesk:
        name = ticket.partition(":")[0]
        return self.world.helpdesks.setdefault(name, ScriptedHelpdesk(name))

    def _set(self, step: OnTicket, actor: Actor, **values: Value) -> None:
        self._helpdesk(step.ticket).set(step.ticket, step.at, actor, **values)

    def _is_resolved(self, step: OnTicket) -> bool:
        """Whether the ticket is resolved, by the helpdesk's own account or by our doing."""
        ours = self.world.ticket(step.ticket, step.at)
        theirs = self._helpdesk(step.ticket).present(step.ticket, step.at)
        return theirs.status.is_resolved or (ours is not None and ours.status.is_resolved)


def _is_at_helpdesk(step: Step) -> bool:
    return isinstance(step, OnTicket) and not isinstance(step, Acknowledges)
