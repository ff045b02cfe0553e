"""A mail server in a process of its own, which outlives those who write to it.

Each message that it takes is a line of JSON in `mails.jsonl`, on the disk before it answers 250:
who dies before the answer has sent the message all the same. On stdout it tells of every step of
every conversation, so that others know where they are; now and then it is slow, and says so.

With a third argument it has faults, too: a share of what it is asked to do goes wrong, and for a
minute it cannot be reached at all. What went wrong, and when, is in `faults.jsonl`.

Usage: ``sink.py FOLDER SEED [REFUSE_AFTER]``; it ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SLOW_ONCE_IN = 50
"""Of so many messages about one is slow, at a place of its conversation that chance chooses."""
SLOWNESS = (0.05, 0.4)
"""Seconds, from and to."""
PLACES = ("MAIL", "RCPT", "DATA", "taken")
"""`DATA` is between the message's last line and its being kept, `taken` between that and 250."""
HEADERS = ("Message-ID", "X-Escalatord-Ticket", "X-Escalatord-Rule", "X-Escalatord-Level",
           "X-Escalatord-Message", "X-Escalatord-Occurrence")  # fmt: skip


@dataclass
class Sink:
    """What becomes of messages. The methods' names are aiosmtpd's.

    Attributes:
        kept: Descriptor of the file of all messages.
    """

    kept: int
    chance: random.Random
    parser: BytesParser = field(default_factory=lambda: BytesParser(policy=default))
    slow_at: str | None = None
    faults: Faults | None = None

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self.chance.randrange(SLOW_ONCE_IN) == 0:
            self.slow_at = self.chance.choice(PLACES)
        await self._step("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        await self._step("RCPT")
        if self.faults and (refusal := self.faults.at_recipient(address)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del session
        await self._step("DATA")
        if self.faults and (refusal := await self.faults.at_content(envelope.rcpt_tos[0])):
            return refusal
        self._keep(envelope)
        await self._step("taken")
        if self.faults and self.faults.is_cut():
            cut(server)  # what was taken is never confirmed
        return "250 OK"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        found = self.parser.parsebytes(content)
        line = {name: found[name] for name in HEADERS} | {
            "to": envelope.rcpt_tos,
            "at": time.time(),
        }
        if self.faults:
            assert isinstance(found, EmailMessage)
            part = found.get_body(("plain",))
            line["text"] = part.get_content() if part else ""
        os.write(self.kept, json.dumps(line).encode() + b"\n")
        os.fsync(self.kept)
        if self.faults:
            self.faults.takes()

    async def _step(self, place: str) -> None:
        is_slow, self.slow_at = (
            self.slow_at == place,
            None if self.slow_at == place else self.slow_at,
        )
        tell({"step": "slow" if is_slow else "passed", "place": place})
        if is_slow:
            await asyncio.sleep(self.chance.uniform(*SLOWNESS))


@dataclass
class Faults:
    """What goes wrong, as far as a mail server can bring it about.

    Attributes:
        told: Descriptor of the file that each fault is written to.
        refuse_after: So many mails are taken before nobody gets through any more.
        taken: Mails so far.
        sessions: Everybody who ever connected.
    """

    told: int
    chance: random.Random
    refuse_after: int
    taken: int = 0
    sessions: list[SMTP] = field(default_factory=list)
    has_taken_enough: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self) -> None:
        self.taken += 1
        if self.taken >= self.refuse_after:
            self.has_taken_enough.set()

    def at_recipient(self, address: str) -> str | None:
        if is_gone(address):
            return self._told("550 5.1.1 no such user")
        if self.chance.random() < BUSY:
            return self._told("451 4.3.0 try again later")
        return None

    async def at_content(self, address: str) -> str | None:
        if is_full(address):
            return self._told("552 5.2.2 the mailbox is full")
        if self.chance.random() < DELAYED:
            self._told("a five-second delay")
            await asyncio.sleep(5)
        return None

    def is_cut(self) -> bool:
        return self.chance.random() < CUT and bool(self._told("taken, then cut"))

    async def refuse(self, server: asyncio.Server, serve: Callable[[], Awaitable[object]]) -> None:
        """For a minute, once, there is no server."""
        await self.has_taken_enough.wait()
        self._told("nobody gets through for a minute")
        server.close()
        for session in self.sessions:
            cut(session)
        await asyncio.sleep(REFUSED_FOR)
        await serve()
        self._told("back again")

    def _told(self, fault: str) -> str:
        os.write(self.told, json.dumps({"fault": fault, "at": time.time()}).encode() + b"\n")
        return fault


BUSY, DELAYED, CUT = 0.03, 0.004, 0.015
"""Shares of recipients, contents and confirmations."""
REFUSED_FOR = 60


def is_gone(address: str) -> bool:
    """Whether nobody has this address: one customer of twenty, and who is called so."""
    return address.startswith("gone") or _number(address) % 20 == 1


def is_full(address: str) -> bool:
    """Whether no mailbox of this address has room: another customer of twenty."""
    return _number(address) % 20 == 2


def _number(address: str) -> int:
    found = re.match(r"customer(\d+)@", address)
    return int(found[1]) if found else 0


def cut(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()


def tell(step: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(step) + "\n")
    sys.stdout.flush()


def opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


async def serve(folder: Path, seed: int, refuse_after: int | None = None) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    sink = Sink(opened(folder / "mails.jsonl"), random.Random(seed))

    def protocol() -> SMTP:
        session = SMTP(sink, hostname="sink", loop=loop)
        if sink.faults:
            sink.faults.sessions.append(session)
        return session

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tell({"step": "ready", "port": port})
    if refuse_after is not None:
        told = opened(folder / "faults.jsonl")
        sink.faults = Faults(told, random.Random(seed), refuse_after)
        again = partial(loop.create_server, protocol, "127.0.0.1", port)
        refusing = asyncio.create_task(sink.faults.refuse(server, again))
        refusing.add_done_callback(lambda task: task.cancelled() or task.result())
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:4] or ())))
