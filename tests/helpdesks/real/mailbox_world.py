"""A real mailbox for the conformance suite."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.channels import Surroundings, open_channel
from engine.clock import SystemClock
from engine.domain.actions import FieldChange
from engine.helpdesks.mailbox.desk import MailboxHelpdesk
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.mailbox.threads import number_of
from engine.ports import Batch, Channel, Helpdesk, Json, Message, Observation, Reading, Sent
from tests.channels.sink import CERTIFICATE, MailSink, SinkController
from tests.helpdesks.real.dovecot import Dovecot, Mailbox
from tests.helpdesks.worlds import World, options_of

_FOLDERS: Final = {
    "INBOX": "open",
    "Waiting": "pending_customer",
    "Done": "resolved",
    "Tier 1": "open",
    "Tier 2": "pending_customer",
}
_GROUPS: Final = {"Tier 1": "tier-1", "Tier 2": "tier-2"}
_MARKS: Final = {"low": "low", "high": "\\Flagged"}
OURS: Final = "support@desk.example"


class Renamed(MailboxHelpdesk):
    """A mailbox whose tickets the suite calls by the names of its own.

    A mailbox derives the numbers of tickets from the ids of mails.
    """

    def _ours(self, ticket_id: str) -> str:
        name = ticket_id.removeprefix("desk:")
        return f"desk:{number_of(f'{name}@customer.example')}"

    def _theirs(self, seen: Observation) -> Observation:
        known = {self._ours(f"desk:{name}"): f"desk:{name}" for name in range(10)}
        return replace(seen, ticket=replace(seen.ticket, id=known[seen.ticket.id]))

    def changes(self, watermark: Json | None, until: datetime) -> Batch:
        batch = super().changes(watermark, until)
        return replace(batch, observations=tuple(map(self._theirs, batch.observations)))

    def read(self, ticket_id: str, until: datetime) -> Reading:
        reading = super().read(self._ours(ticket_id), until)
        seen = reading.observation
        return replace(reading, observation=None if seen is None else self._theirs(seen))

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        return super().change(self._ours(ticket_id), changes, key, at)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        return super().note(self._ours(ticket_id), text, key, at)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        return super().reply(self._ours(ticket_id), message, at)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        return super().has_note(self._ours(ticket_id), key)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        return super().has_reply(self._ours(ticket_id), key)


@dataclass
class MailboxWorld:
    """A mailbox on a Dovecot of its own, and a mail server."""

    folder: Path
    keeps_history: bool = False
    foretells: bool = False
    dates_changes: bool = False
    server: Dovecot = field(init=False)
    box: Mailbox = field(init=False)
    sink: SinkController = field(init=False)
    channel: Channel = field(init=False)
    places: dict[str, str] = field(default_factory=dict)
    desks: list[Helpdesk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Dovecot(CERTIFICATE, CERTIFICATE.with_name("loopback-key.pem"))
        self.server.make()
        self.server.start()
        self.box = self.server.mailbox()
        with self.box.client() as imap:
            for name in _GROUPS:
                imap.create(f'"{name}"')
        self.sink = SinkController(MailSink(), None)
        self.sink.start()
        self.channel = self._post()
        (self.folder / "password").write_text(self.box.password)

    def open(self) -> Helpdesk:
        text = (
            f"{{kind: mailbox, host: 127.0.0.1, port: {self.server.port}, tls: none,"
            f" username: {self.box.user}, password_file: password, addresses: [{OURS}],"
            f" folders: {_FOLDERS}, groups: {_GROUPS}, history: 30000d, replies_by: email}}"
        )
        desk = Renamed("desk", self._options(text))
        desk.hand_on_by({"email": self.channel})
        self.desks.append(desk)
        return desk

    def _options(self, text: str) -> MailboxOptions:
        channel = f"channels: {{email: {{kind: smtp, host: 127.0.0.1, from: {OURS}}}}}\n"
        options = options_of(self.folder, text, channel)
        assert isinstance(options, MailboxOptions)
        return options

    def _post(self) -> Channel:
        around = Surroundings(SystemClock(), time.monotonic, io.StringIO(), self.folder)
        given = {"kind": "smtp", "host": "127.0.0.1", "port": self.sink.port, "from": OURS}
        return open_channel("email", given, around)

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        name = f"<{ticket}@customer.example>"
        which = f'HEADER Message-ID "{name}"'
        if ticket not in self.places:
            subject = state.get("subject", "Printer")
            self.box.receive(at=at, subject=subject, Message_ID=name)
            self.places[ticket] = "INBOX"
        target = self._folder(state.get("status", "open"), state.get("group"))
        if target != self.places[ticket]:
            self.box.move(f'"{target}"', f'"{self.places[ticket]}"', which)
            self.places[ticket] = target
        if state.get("priority") in _MARKS:
            self.box.mark(_MARKS[state["priority"]], f'"{target}"', which)

    @staticmethod
    def _folder(status: str, group: str | None) -> str:
        found = [name for name, each in _FOLDERS.items() if each == status]
        return next((name for name in found if _GROUPS.get(name) == group), found[0])

    def garble(self) -> None:
        self.box.put(b"?")

    def sever(self) -> None:
        self.server.stop()

    def mend(self) -> None:
        self.server.start()

    def commit(self, batch: Batch) -> None:
        """A mailbox need not know what was kept."""

    def close(self) -> None:
        for desk in self.desks:
            desk.close()
        self.channel.close()
        self.sink.end()
        self.server.remove()

    def done(self) -> list[tuple[str, str]]:
        changed = ["change"] if "\\Flagged" in self.box.flags() else []
        noted = ["note" for mail in self.box.mails("INBOX") if mail["From"] == OURS]
        replied = ["reply" for _ in self.box.mails("Sent")]
        return [("desk:1", what) for what in (*changed, *noted, *replied)]


SYSTEM_WORLDS: Final[dict[str, Callable[[Path], World]]] = {"mailbox": MailboxWorld}
