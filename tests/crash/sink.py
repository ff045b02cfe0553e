"""A mail server in a process of its own, which outlives those who write to it.

Each message that it takes is a line of JSON in `mails.jsonl`, on the disk before it answers 250:
who dies before the answer has sent the message all the same. On stdout it tells of every step of
every conversation, so that others know where they are; now and then it is slow, and says so.

Usage: ``sink.py FOLDER SEED``; it ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
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
    headers: BytesHeaderParser = field(default_factory=BytesHeaderParser)
    slow_at: str | None = None

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
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        await self._step("DATA")
        self._keep(envelope)
        await self._step("taken")
        return "250 OK"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        found = self.headers.parsebytes(content)
        line = {name: found[name] for name in HEADERS} | {
            "to": envelope.rcpt_tos,
            "at": time.time(),
        }
        os.write(self.kept, json.dumps(line).encode() + b"\n")
        os.fsync(self.kept)

    async def _step(self, place: str) -> None:
        is_slow, self.slow_at = (
            self.slow_at == place,
            None if self.slow_at == place else self.slow_at,
        )
        tell({"step": "slow" if is_slow else "passed", "place": place})
        if is_slow:
            await asyncio.sleep(self.chance.uniform(*SLOWNESS))


def tell(step: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(step) + "\n")
    sys.stdout.flush()


async def serve(folder: Path, seed: int) -> None:
    kept = os.open(folder / "mails.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    sink = Sink(kept, random.Random(seed))
    protocol: Callable[[], SMTP] = lambda: SMTP(sink, hostname="sink", loop=loop)  # noqa: E731
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    tell({"step": "ready", "port": server.sockets[0].getsockname()[1]})
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
