"""Messages as the daemon words them, sent to a real mail server and read from what it got."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.channels import Surroundings, open_channel
from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.episode import EpisodeId
from engine.domain.rule import Generation
from engine.domain.ticket import Customer, Priority, Ticket, utc_second
from engine.messages import TemplateComposer
from engine.ports import Message, Sent, SentState
from engine.rulebook import load
from engine.testing import MONDAY, FakeClock, ticket
from tests.channels.sink import MailSink, Received

STARTER = Path(__file__).parents[2] / "rules"
RULE = {"id": "unresolved-in-time", "description": "Work that nobody resolves in time",
        "reason": "Work that nobody resolves in time climbs to those who can"}  # fmt: skip


@cache
def starter_rules() -> Generation:
    loaded = load(STARTER)
    assert loaded.generation is not None, loaded.problems
    return loaded.generation


@dataclass(frozen=True)
class Desk:
    """Words messages, and sends them by mail."""

    sink: MailSink
    folder: Path
    options: Mapping[str, object]

    def send(self, message: Message) -> Received:
        """Send what is certainly taken; gives it as it arrived."""
        sent = self.attempt(message)
        assert sent.state is SentState.DELIVERED, sent
        return self.sink.received[-1]

    def attempt(self, message: Message) -> Sent:
        clock = FakeClock()
        around = Surroundings(clock, time.monotonic, io.StringIO(), self.folder)
        given = {"kind": "smtp", "host": "127.0.0.1", "port": self.sink.port,
                 "from": "Example support <support@example.com>"}  # fmt: skip
        channel = open_channel("mail", given | dict(self.options), around)
        sent = channel.send(message)
        channel.close()
        return sent

    def tell_staff(self, *tickets: Ticket, kind: ActionKind = ActionKind.NOTIFY) -> Received:
        """An escalation notice, or a digest of several."""
        told = [(notice(one, kind), one) for one in tickets]
        return self.send(composer().staff(told, None))

    def tell_customer(self, about: Ticket, message: str = "update", **parts: object) -> Received:
        action = replace(
            notice(about, ActionKind.REPLY),
            audience=Audience.CUSTOMER,
            template="still-working",
            details={
                "message": message,
                "escalated_at": utc_second(MONDAY),
                "next_update_at": utc_second(MONDAY + timedelta(days=1)),
            },
        )
        words = composer().customer(action, about, about.customer.email or "")
        return self.send(replace(words, **parts))  # type: ignore[arg-type]


def composer() -> TemplateComposer:
    return TemplateComposer(starter_rules().templates, ZoneInfo("Europe/Berlin"))


def notice(about: Ticket, kind: ActionKind) -> Action:
    late = kind is ActionKind.DIGEST
    return Action(
        key=f"unresolved-in-time|{about.id}|tier-2|{kind}",
        kind=kind,
        audience=Audience.STAFF,
        ticket=about.id,
        subject=about.id,
        episode=EpisodeId("unresolved-in-time", about.id, "opened"),
        level=2,
        occurrence=1,
        channel="mail",
        to="tier-2@example.com",
        details={
            "rule": RULE,
            "level": {"number": 2, "name": "tier-2", "kind": "technical"},
            "due_at": utc_second(MONDAY),
            "fired_at": utc_second(MONDAY + timedelta(minutes=1)),
            "passed_levels": ["nearly-late"],
            "changes": [{"field": "priority", "before": "medium", "after": "high"}],
            "tickets": [about.id],
            "occurrence": 1,
            "reason": "backlog" if late else "level_due",
        },
    )


def case(number: str = "4711", subject: str = "The printer on the third floor is on fire",
         name: str = "Zoë Müller", **values: object) -> Ticket:  # fmt: skip
    """A ticket of somebody who waits."""
    who = Customer(id="c1", name=name, email="zoe@example.org", organization="Example GmbH")
    given: dict[str, object] = {"priority": Priority.HIGH, "group": "first-line", "assignee": "ann",
                                "type": "incident"}  # fmt: skip
    made = replace(ticket(number, subject=subject), customer=who)
    return replace(made, **(given | values))  # type: ignore[arg-type]


def headers(received: Received) -> bytes:
    """The bytes above the first empty line."""
    return received.content.partition(b"\r\n\r\n")[0]


def words(received: Received) -> tuple[list[str], list[str]]:
    """The words of the text part and those of the HTML part as it is shown."""
    shown = _Shown()
    shown.feed(received.html)
    plain = re.sub(r"^(- |\d+\. |> )", "", received.text, flags=re.MULTILINE)
    return legible(plain).split(), legible("".join(shown.parts)).split()


def legible(text: str) -> str:
    """The text without the marks that set apart what runs the other way; HTML has tags for them."""
    return re.sub("[\u2066-\u2069]", "", text)


class _Shown(HTMLParser):
    """What a reader of an HTML page sees of it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden: Callable[[str], bool] = {"style", "script", "title"}.__contains__
        self._within: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag in ("p", "li", "br", "h1", "h2", "td", "div"):
            self.parts.append("\n")
        if self._hidden(tag):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.parts.append(data)
