"""A support desk for scenarios: the real pipeline and store, a scripted helpdesk, a set clock."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from engine.domain.actions import Action, FieldChange
from engine.domain.calendar import ALWAYS
from engine.domain.duration import Duration
from engine.domain.facts import CustomerLimits
from engine.domain.history import History
from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.domain.silence import Matchers
from engine.domain.ticket import (
    Actor,
    Customer,
    Status,
    Ticket,
    Value,
    utc_second,
    value_of,
    with_value,
)
from engine.pipeline.cycle import Cycle, Work
from engine.pipeline.silence import Asked, end, silence
from engine.ports import Json, Message
from engine.rulebook import load, render_problem
from engine.simulation.world import LONG_AGO, World
from engine.store import SqlStore, open_store
from engine.testing import MONDAY, MemoryChannel, PlainComposer, ScriptedHelpdesk, ticket

CORA = Customer(id="cora")

RECEIVERS = """
receivers:
  default: [{channel: log, to: everybody}]
  manager: [{channel: log, to: the-manager}]
  tier-2: [{channel: log, to: tier-two}]
  support: [{channel: log, to: the-support}]
  management: [{channel: log, to: the-management}]
  ann: [{channel: log, to: ann}]
  bob: [{channel: log, to: bob}]
"""

TEMPLATES = ("received", "received-too", "still-working", "still-waiting", "survey")

OFFICE = """
calendars:
  office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}, day: 8h}
  evening: {timezone: UTC, open: {mon-sun: "18:00-20:00"}, day: 2h}
"""


def at(text: str) -> datetime:
    """So long after Monday, 2026-01-05 09:00 UTC, as a rule file would write it."""
    return MONDAY + ALWAYS.duration(Duration.parse(text))


def offset(instant: str) -> str:
    """The inverse of `at`, in days, hours, minutes and seconds."""
    moment = datetime.fromisoformat(instant)
    if moment < MONDAY:
        return f"-{_length(MONDAY - moment)}"
    return _length(moment - MONDAY)


def _length(length: timedelta) -> str:
    rest, seconds = divmod(int(length.total_seconds()), 60)
    rest, minutes = divmod(rest, 60)
    days, hours = divmod(rest, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def rule(name: str = "r", **keys: str) -> str:
    """One rule; each key's value as YAML in one line. Without `levels`: `a`, after two hours."""
    keys.setdefault("levels", "[{name: a, after: 2h, notify: [manager]}]")
    keys.setdefault("description", f"Rule {name}")
    lines = (f"    {key}: {value}" for key, value in keys.items())
    return "\n".join((f"  - id: {name}", *lines))


def rules(*each: str, before: str = "") -> str:
    """A rule file's rules, after its calendars."""
    return "\n".join((before, "rules:", *each))


class ListingComposer(PlainComposer):
    """Names every ticket that a notice is about."""

    def staff(self, told: Sequence[tuple[Action, Ticket]], as_of: datetime | None) -> Message:
        about = [action.details.get("tickets") or [ticket.id] for action, ticket in told]
        names = [name for tickets in about if isinstance(tickets, list) for name in tickets]
        text = ", ".join(name.removeprefix("desk:") for name in names)
        return replace(super().staff(told, as_of), text=text)

    def customer(self, action: Action, ticket: Ticket, to: str) -> Message:
        message = super().customer(action, ticket, to)
        return replace(message, facts={**message.facts, "next": action.details["next_update_at"]})


@dataclass
class Desk:
    """A desk, its rules and what it has lived through."""

    store: SqlStore = field(default_factory=lambda: open_store("sqlite://"))
    helpdesk: ScriptedHelpdesk = field(default_factory=ScriptedHelpdesk)
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    work: Work = field(default_factory=Work)

    def __post_init__(self) -> None:
        self.world = World(
            store=self.store,
            composer=lambda _: ListingComposer(),
            helpdesks={"desk": self.helpdesk},
            channels={"log": self.channel},
        )

    @property
    def limits(self) -> CustomerLimits:
        """How often a customer may hear from us; from the next rules on."""
        return self.world.limits

    @limits.setter
    def limits(self, limits: CustomerLimits) -> None:
        self.world.limits = limits

    @property
    def cycle(self) -> Cycle | None:
        """The stages, once there are rules."""
        return self.world.cycle

    @property
    def ruleset(self) -> Ruleset | None:
        """The rules in force."""
        return self.world.ruleset

    # --- rules ---

    def rules(self, text: str, now: datetime = LONG_AGO, receivers: str = "") -> None:
        """Put rules in force; the receivers of the scenarios are added, and some others."""
        self.world.put_in_force(Ruleset(generation_of(text, receivers)), now)

    def reload(self, when: str, text: str) -> None:
        """Live up to that instant, and put other rules in force at it."""
        self.live(when)
        self.rules(text, at(when))
        self.sleep_until(when)

    def restart(self) -> None:
        """The process begins anew over the same store, with the rules in force."""
        self.world.restart()

    # --- the story ---

    def open(
        self, name: str = "T1", since: str = "0s", customer: Customer = CORA, **values: object
    ) -> str:
        """A ticket is created, by default on Monday at nine by the customer Cora; gives its id."""
        made = replace(ticket(name, at(since)), status=Status.OPEN, customer=customer)
        for key, value in values.items():
            made = with_value(made, key.replace("__", "."), value)
        return self.helpdesk.open(made)

    def set(self, when: str, name: str = "T1", by: Actor = Actor.PERSON, **values: Value) -> None:
        """Somebody sets fields of a ticket."""
        self.helpdesk.set(f"desk:{name}", at(when), by, **values)

    def resolve(self, when: str, name: str = "T1") -> None:
        """A person resolves a ticket."""
        self.set(when, name, status=Status.RESOLVED)

    def reopen(self, when: str, name: str = "T1") -> None:
        """A ticket's status goes back to open."""
        self.set(when, name, status=Status.OPEN)

    def comes_back(self, when: str, name: str = "T1") -> None:
        """The customer writes on a resolved ticket, which reopens it."""
        self.writes(when, name)
        self.reopen(when, name)

    def writes(self, when: str, name: str = "T1", text: str = "Hello?") -> None:
        """The customer writes on a ticket."""
        self.helpdesk.say(f"desk:{name}", at(when), Actor.CUSTOMER, text)

    def reply(self, when: str, name: str = "T1", by: Actor = Actor.PERSON) -> None:
        """Somebody of the desk writes to the customer."""
        self.helpdesk.say(f"desk:{name}", at(when), by)

    def remark(self, when: str, name: str = "T1") -> None:
        """A person leaves an internal note."""
        self.helpdesk.say(f"desk:{name}", at(when), Actor.PERSON, is_public=False)

    def acknowledge(self, when: str, name: str = "desk:T1", rule: str | None = None) -> list[str]:
        """Live up to that instant; somebody takes the ticket's escalations by name."""
        self.live(when)
        return self.world.acknowledge(name, rule, "ann", at(when))

    def silence(self, when: str, until: str, begins: str | None = None, **matchers: str) -> str:
        """Live up to that instant; somebody silences what is named until another; gives the id."""
        self.live(when)
        assert self.ruleset is not None
        named = Matchers(**{kind: (name,) for kind, name in matchers.items()})
        asked = Asked(named, at(until), "ann", "works", at(begins) if begins else None)
        return silence(self.store, asked, self.ruleset.group_kinds, at(when)).id

    def end_silence(self, when: str, silence_id: str) -> None:
        """Live up to that instant; somebody ends a silence."""
        self.live(when)
        assert self.ruleset is not None
        end(self.store, silence_id, self.ruleset.group_kinds, at(when))

    def live(self, until: str) -> Work:
        """Live through every event and due instant up to so long after Monday at nine."""
        return self.play(at(until))

    def sleep_until(self, until: str) -> Work:
        """Be down, and wake at that instant: one cycle."""
        return self.tick(at(until))

    def play(self, until: datetime) -> Work:
        """Live through every event and due instant up to `until`."""
        self.work = self.world.play(until)
        return self.work

    def tick(self, now: datetime) -> Work:
        """One cycle at one instant."""
        self.work = self.world.tick(now)
        return self.work

    def evaluate_only(self, when: str) -> None:
        """Read and decide at that instant, but do not get round to acting."""
        assert self.cycle is not None
        self.cycle.ingest(at(when))
        self.cycle.evaluate(at(when))
        self.world.played = at(when)

    def now(self) -> datetime:
        """The instant up to which the desk has lived."""
        assert self.world.played is not None
        return self.world.played

    # --- what came of it ---

    def view(self, name: str, **where: object) -> list[Json]:
        """The rows of one of the store's views."""
        with self.store.read() as tx:
            return tx.view(name, where)

    def fired(self) -> list[tuple[str, str, str, str]]:
        """All firings so far: (ticket, rule, level's name, due_at), in order of due."""
        return [
            (str(r["ticket"]), str(r["rule"]), str(r["name"]), str(r["due_at"]))
            for r in self.view("v_firings")
        ]

    def fires(self, **where: object) -> list[str]:
        """What fired, in order of firing: ``level@due``, ``level@due>fired`` when it was late.

        A repetition is ``level#2@due``.
        """
        rows = sorted(self.view("v_firings", **where), key=lambda r: (r["fired_at"], r["level"]))
        return [_fire(row) for row in rows]

    def recordings(self) -> list[Json]:
        """Everything that was passed, however: rows of the store's own table, in order."""
        with self.store.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT identity AS name, occurrence, passing, reason, due_at, fired_at"
                " FROM firings ORDER BY fired_at, level"
            ).mappings()
            found: list[Json] = [dict(row) for row in rows]
        for row in found:
            for key in ("due_at", "fired_at"):
                row[key] = datetime.fromtimestamp(int(str(row[key])), UTC).isoformat()
        return found

    def recorded(self, passing: str) -> list[str]:
        """What was passed in that way, as `fires` tells it."""
        return [_fire(row) for row in self.recordings() if row["passing"] == passing]

    def decision(self, rule: str = "r", subject: str = "desk:T1") -> str:
        """The reason of the last decision that was written down."""
        rows = self.view("v_decisions", rule=rule, ticket=subject)
        return str(rows[-1]["reason"]) if rows else "no_match"

    def left_alone(self, rule: str = "r") -> list[str]:
        """The fields that a rule left alone, in order: ``field: reason``."""
        with self.store.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT evidence FROM decisions WHERE rule = ? ORDER BY id", (rule,)
            ).scalars()
            found = [one for row in rows for one in json.loads(row)["left_alone"]]
        return [f"{one['field']}: {one['reason']}" for one in found]

    def told(self) -> list[str]:
        """Templates of what customers were told, in order."""
        return [m.subject for _, _, m, _ in self.helpdesk.done if isinstance(m, Message)]

    def heard(self) -> list[str]:
        """What customers were told and when: ``template@offset``, in order."""
        rows = self.view("v_outbox", audience="customer", state="delivered")
        rows.sort(key=lambda row: (row["finished_at"], row["id"]))
        each = zip(self.told(), rows, strict=True)
        return [f"{said}@{offset(str(row['finished_at']))}" for said, row in each]

    def promises(self) -> list[str | None]:
        """When each message to a customer promised the next one."""
        said = (m.facts["next"] for _, _, m, _ in self.helpdesk.done if isinstance(m, Message))
        return [offset(str(next_at)) if next_at else None for next_at in said]

    def notices(self) -> list[str]:
        """Who of the staff was told what, in order: ``address: rule/level``, digests marked."""
        return [
            f"{'digest ' if m.facts['kind'] == 'digest' else ''}{m.to}: {m.subject}/"
            f"{m.facts['level']}"
            for m in self.channel.sent
        ]

    def receivers(self) -> list[str]:
        """The addresses of the staff that was told, in order."""
        return [message.to for message in self.channel.sent]

    def digests(self) -> list[str]:
        """What digests said: ``address: tickets``."""
        return [f"{m.to}: {m.text}" for m in self.channel.sent if m.facts["kind"] == "digest"]

    def changes(self) -> list[str]:
        """The fields that we set, in order: ``ticket field before→after``."""
        return [
            f"{name.removeprefix('desk:')} {change.field} {_shown(change.before)}→"
            f"{_shown(change.after)}"
            for kind, name, payload, _ in self.helpdesk.done
            if kind == "change" and isinstance(payload, Sequence)
            for change in payload
            if isinstance(change, FieldChange)
        ]

    def notes(self) -> list[str]:
        """The tickets on which we left a note, in order."""
        return [name for kind, name, _, _ in self.helpdesk.done if kind == "note"]

    def present(self, name: str = "desk:T1") -> Ticket:
        """How the ticket stands now, our own writes included."""
        with self.store.read() as tx:
            found = tx.histories([name])[name]
        return found.as_of(found.events[-1].at if found.events else found.opening.created_at).ticket

    def history(self, name: str = "desk:T1") -> History:
        """The ticket's story as the store keeps it."""
        with self.store.read() as tx:
            return tx.histories([name])[name]

    def value(self, field_name: str, name: str = "desk:T1") -> object:
        """One field of the ticket as it stands now."""
        return value_of(self.present(name), field_name)

    def everything(self) -> list[Json]:
        """Every row that programs outside can see: to find that nothing was added."""
        names = ("v_firings", "v_outbox", "v_decisions", "v_tickets")
        return [row for name in names for row in self.view(name)]


def _fire(row: Json) -> str:
    name, due_at, fired_at = str(row["name"]), str(row["due_at"]), str(row["fired_at"])
    again = f"#{row['occurrence']}" if row["occurrence"] != 1 else ""
    late = f">{offset(fired_at)}" if fired_at != due_at else ""
    return f"{name}{again}@{offset(due_at)}{late}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return utc_second(value) if isinstance(value, datetime) else str(value)


@cache
def generation_of(text: str, receivers: str = "") -> Generation:
    """The rules of one file, with the receivers and templates of the scenarios."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        templates = folder / "templates" / "customer"
        templates.mkdir(parents=True)
        for name in TEMPLATES:
            said = f"---\nsubject: {name}\n---\n{name} {{{{ survey_url }}}}\n"
            (templates / f"{name}.md").write_text(said)
        (folder / "rules.yaml").write_text(f"version: 1\n{RECEIVERS}{receivers}\n{text}")
        loaded = load(folder)
    shown = [render_problem(p, loaded.sources.get(p.file, "")) for p in loaded.problems]
    assert loaded.generation is not None, "\n".join(shown)
    return loaded.generation
