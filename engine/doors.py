"""How others reach the daemon: the control socket, and the pages on the web.

Neither is needed for its work: a door that cannot be opened is told, and the daemon goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.control.server import Answer, ControlError, ControlServer
from engine.errors import EscalatordError
from engine.insight.metrics import CONTENT_TYPE
from engine.logs import Logger
from engine.web.pages import pages
from engine.web.server import WebError, WebServer

if TYPE_CHECKING:
    from engine.insight.health import Health
    from engine.insight.metrics import Metrics
    from engine.settings import Settings
    from engine.web.intake.intake import Intake
    from engine.web.people import People


class Doors:
    """The doors of one daemon."""

    def __init__(
        self,
        settings: Settings,
        health: Health,
        metrics: Metrics,
        log: Logger,
        people: Callable[[], People | None] = lambda: None,
        intake: Callable[[], Intake | None] = lambda: None,
    ) -> None:
        """Doors that are shut.

        Args:
            settings: Where they are.
            health: What `/readyz` tells.
            metrics: What `/metrics` tells.
            log: Where it is told what cannot be opened.
            people: Gives what the pages for people stand on, once they are served.
            intake: Gives what the intake stands on, once it is served.
        """
        self._settings = settings
        self._health = health
        self._metrics = metrics
        self._log = log
        self._people = people
        self._give_intake = intake
        self._intake: Intake | None = None
        self._control: ControlServer | None = None
        self._web: WebServer | None = None
        self._web_failed = False

    def open(self, answers: Mapping[str, Answer]) -> None:
        """Let programs of this machine ask for these, and serve the pages."""
        control = ControlServer(self._settings.control_socket(), answers)
        try:
            control.start()
            self._control = control
        except ControlError as error:
            self._complain("control.failed", error)
        self.open_web()

    def open_web(self) -> None:
        """Serve the pages, unless they are served, or not wanted; a failure is told once."""
        address = self._settings.web
        if self._web is not None or address is None:
            return
        intake = self._give_intake()
        web = WebServer(
            pages(
                self._health.report,
                self._metrics.exposed,
                CONTENT_TYPE,
                self._people(),
                self._settings.links.public_url if self._settings.links else "",
                intake,
            ),
            address.host,
            address.port,
        )
        try:
            url = web.start()
        except WebError as error:
            if not self._web_failed:
                self._complain("web.failed", error)
            self._web_failed = True
            return
        if intake is not None:
            intake.commits.start()
        self._web, self._web_failed, self._intake = web, False, intake
        self._log.info("web.started", url=url)

    def close(self) -> None:
        """Let those who are inside finish, and shut."""
        for door in (self._control, self._web):
            if door is not None:
                door.stop()
        if self._intake is not None:
            self._intake.commits.stop()

    def _complain(self, event: str, error: EscalatordError) -> None:
        self._log.error(event, message=str(error))
