"""A desk with its pages on a real HTTP server of this machine, and a browser without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx

from engine.domain.rule import Generation
from engine.links import Lifetimes, MessageLinks, Tokens
from engine.messages import TemplateComposer
from engine.ports import Json
from engine.simulation.world import World
from engine.web.pages import pages
from engine.web.people import People
from engine.web.server import WebServer
from tests.scenario.desk import Desk
from tests.unit.web.test_pages import HEALTHY

KEY = "0123456789abcdef0123456789abcdef"
PUBLIC = "https://desk.example/esc"
LIFETIMES = Lifetimes(acknowledge=timedelta(days=7), survey=timedelta(days=30))


@dataclass
class Log:
    """What was logged, in order."""

    told: list[Json] = field(default_factory=list)

    def info(self, event: str, **about: object) -> None:
        self.told.append({"event": event, **about})

    warning = info

    def of(self, event: str) -> list[Json]:
        """The lines of one event, less its name."""
        return [
            {name: value for name, value in one.items() if name != "event"}
            for one in self.told
            if one["event"] == event
        ]


@dataclass
class LinkedDesk(Desk):
    """A desk whose messages are written from templates, and hold signed links."""

    tokens: Tokens = field(default_factory=lambda: Tokens([KEY], LIFETIMES))

    def __post_init__(self) -> None:
        self.world = World(
            store=self.store,
            composer=self._composer,
            helpdesks={"desk": self.helpdesk},
            channels={"log": self.channel},
        )

    def _composer(self, generation: Generation) -> TemplateComposer:
        links = MessageLinks(self.tokens, PUBLIC, generation.takes_links)
        return TemplateComposer(generation.templates, UTC, links)

    def links(self, to: str | None = None) -> list[str]:
        """Paths of the links in what staff was told, in order."""
        texts = (m.text for m in self.channel.sent if to in (None, m.to))
        return [path for text in texts for path in paths_in(text)]

    def last_link(self, to: str | None = None) -> str:
        """The path of the link that staff got last."""
        return self.links(to)[-1]


def paths_in(text: str) -> list[str]:
    """The paths of our links in a message, below the public address."""
    return re.findall(re.escape(PUBLIC) + r"(/[as]/[\w.-]+)", text)


@dataclass
class Site:
    """The pages of a desk, over a real socket."""

    desk: LinkedDesk
    log: Log = field(default_factory=Log)
    language: str = "en"

    def __post_init__(self) -> None:
        people = People(
            store=self.desk.store,
            tokens=self.desk.tokens,
            policy=lambda: self._cycle().policy,
            now=self.desk.now,
            timezone=UTC,
            log=self.log,  # type: ignore[arg-type]  # it logs as the real one does
            language=self.language,
        )
        served = pages(lambda: HEALTHY, lambda: b"n 1\n", "text/plain", people, PUBLIC)
        self.server = WebServer(served, "127.0.0.1", 0)
        self.url = self.server.start()
        self.browser = httpx.Client(base_url=self.url, timeout=30)

    def _cycle(self) -> Any:  # noqa: ANN401
        return self.desk.cycle

    def close(self) -> None:
        self.browser.close()
        self.server.stop()

    def get(self, path: str, **headers: str) -> httpx.Response:
        """What a browser sees there."""
        return self.browser.get(path, headers=headers)

    def send(self, path: str, **fields: str) -> httpx.Response:
        """What comes of sending a form with these fields; where it leads to is not followed."""
        return self.browser.post(path, data=fields)

    def fill_in(self, path: str, **fields: str) -> httpx.Response:
        """Open a page, fill in its form and send it, as a person does; gives the page after it."""
        shown = self.get(path)
        hidden = fields_of(shown.text)
        answer = self.browser.post(path, data={**hidden, **fields})
        return (
            self.browser.get(answer.url.join(answer.headers["location"]))
            if (answer.has_redirect_location)
            else answer
        )


class _Fields(HTMLParser):
    """The fields of a page's form, with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") != "radio" and given.get("name"):
            self.found[str(given["name"])] = given.get("value") or ""


def fields_of(html: str) -> dict[str, str]:
    """The fields of a page's form, radio buttons aside."""
    parser = _Fields()
    parser.feed(html)
    return parser.found


def words_of(html: str) -> str:
    """What a page says, as one line."""
    text = re.sub(r"(?s)<(style|title)>.*?</\1>", " ", html)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def dump(desk: Desk) -> list[str]:
    """Everything that the store holds, table by table."""
    with desk.store.reading() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        return list(raw.iterdump())


Make = Callable[..., Site]
