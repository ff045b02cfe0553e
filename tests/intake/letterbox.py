"""An intake on a real socket of this machine, with the store behind it in view."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from engine.helpdesks.intake.desk import IntakeHelpdesk
from engine.helpdesks.intake.options import IntakeOptions
from engine.helpdesks.options import FilePlace
from engine.pipeline.ingest import Ingested, ingest
from engine.pipeline.intake import IntakeAnswer
from engine.pipeline.nudging import take_nudged
from engine.ports import Channel, Helpdesk, Post, TicketRecord
from engine.store import SqlStore, open_store
from engine.web.intake.access import Access, Sender
from engine.web.intake.commits import Commits
from engine.web.intake.hooks import Hook
from engine.web.intake.intake import Intake
from engine.web.pages import pages
from engine.web.server import WebServer
from tests.unit.web.test_pages import HEALTHY
from tests.web.site import Log

NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
TOKEN = "token-of-the-web-form-0123456789"
OTHER_TOKEN = "token-of-the-chat-bot-9876543210"
MINUTE = timedelta(minutes=1)


@dataclass
class Letterbox:
    """A helpdesk `web` that others send to, and another called `bot`.

    Attributes:
        folder: Where the store is.
        keys: What requests to `web` may be signed with.
        hooks: Helpdesk → whose webhooks make its tickets due.
        woken: How often somebody was to look at once.
        answers: What became of each request.
    """

    folder: Path
    keys: tuple[bytes, ...] = ()
    hooks: dict[str, Hook] = field(default_factory=dict)
    patience: float = 10.0
    now: datetime = NOW
    real_now: datetime = field(default_factory=lambda: datetime.now(UTC))
    log: Log = field(default_factory=Log)
    woken: int = 0
    answers: list[IntakeAnswer] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store: SqlStore = open_store(f"sqlite:///{self.folder}/store.db")
        self.commits = Commits(self.store, lambda: self.now)
        intake = Intake(
            access=Access([Sender("web", (TOKEN,), self.keys), Sender("bot", (OTHER_TOKEN,))]),
            hooks=self.hooks,
            commits=self.commits,
            now=lambda: self.now,
            real_now=lambda: self.real_now,
            log=self.log,  # type: ignore[arg-type]  # it logs as the real one does
            wake=self._wake,
            patience=self.patience,
            answered=self.answers.append,
        )
        served = pages(lambda: HEALTHY, lambda: b"n 1\n", "text/plain", intake=intake)
        self.server = WebServer(served, "127.0.0.1", 0)
        self.url = self.server.start()
        self.commits.start()
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def close(self) -> None:
        self.client.close()
        self.server.stop()
        self.commits.stop()
        self.store.close()

    def _wake(self) -> None:
        self.woken += 1

    # --- sending ---

    def post(self, path: str, what: object, token: str | None = TOKEN, **headers: str) -> Any:  # noqa: ANN401
        """Send something as JSON; a text or bytes as they are."""
        body = what if isinstance(what, (str, bytes)) else json.dumps(what)
        given = {"content-type": "application/json", **headers}
        if token is not None:
            given["authorization"] = f"Bearer {token}"
        return self.client.post(path, content=body, headers=given)

    def events(self, *events: dict[str, object]) -> Any:  # noqa: ANN401
        """Send events as a batch."""
        return self.post("/v1/events", list(events))

    # --- what came of it ---

    def kept(self, helpdesk: str = "web") -> list[Post]:
        with self.store.read() as tx:
            return tx.posts(helpdesk, 0, 100_000)

    def desk(self, **options: object) -> Helpdesk:
        file = FilePlace.parse("web.token", self.folder)
        made = IntakeOptions.model_validate({"kind": "intake", "token_file": file, **options})
        desk = IntakeHelpdesk("web", made)
        desk.hand_on_by(self.channels)
        desk.keep_in(self.store)
        return desk

    def ingest(self) -> Ingested:
        return ingest(self.store, self.desk(), self.now, ())

    def ingest_nudged(self, helpdesk: Helpdesk) -> Ingested:
        return take_nudged(self.store, helpdesk, self.now, ())

    def record(self, ticket: str) -> TicketRecord:
        with self.store.read() as tx:
            return tx.records([ticket])[ticket]


def event(
    number: int | str, kind: str = "message", ticket: str = "1", **more: object
) -> dict[str, object]:
    """An event as others send it."""
    extra: dict[str, object] = {"from": "customer", "text": "Hello"} if kind == "message" else {}
    return {"id": f"e{number}", "type": kind, "ticket": ticket, **extra, **more}
