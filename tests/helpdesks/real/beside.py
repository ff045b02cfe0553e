"""A daemon's folder and stages, beside a real helpdesk."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from engine.app import App, open_app
from engine.pipeline.cycle import Cycle, Work

HOUR: Final = timedelta(hours=1)
TEMPLATE: Final = """\
---
subject: We are still working on it
---
Dear {{ customer.name }}, we are still working on "{{ ticket.subject }}".
"""


class Beside:
    """What the tests beside every real helpdesk share.

    Attributes:
        folder: Where the config file is.
    """

    folder: Path
    app: App
    cycle: Cycle

    def write_rules(self, rules: str) -> None:
        """The rules, and the template `received` that they name."""
        customer = self.folder / "rules" / "templates" / "customer"
        customer.mkdir(parents=True, exist_ok=True)
        (customer / "received.md").write_text(TEMPLATE)
        (self.folder / "rules" / "rules.yaml").write_text(rules)

    def start(self) -> None:
        self.app = open_app(self.folder / "config.yaml", stream=io.StringIO())
        rules = self.app.rules_in_force()
        self.cycle = self.app.cycle(
            self.app.put_in_force(rules, self.now() - 24 * HOUR, from_the_start=True)
        )

    def restart(self) -> None:
        self.app.close()
        self.start()

    def now(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0)

    def tick(self, waited: timedelta = timedelta()) -> Work:
        """All stages, once; those who count retries think that so much time has passed."""
        self.cycle.real_now = lambda: self.now() + waited
        return self.cycle.run(self.now())

    def decide(self) -> None:
        """Read and decide, and deliver nothing yet."""
        self.cycle.ingest(self.now())
        self.cycle.evaluate(self.now())

    def deliver(self) -> None:
        self.cycle.deliver(self.now())

    def outbox(self) -> dict[str, str]:
        """Action → state, of the last row of each kind."""
        with self.app.store.read() as tx:
            return {str(row["action"]): str(row["state"]) for row in tx.view("v_outbox")}


class KilledError(BaseException):
    """The process ends here; nothing of ours catches it."""


@dataclass
class Mortal:
    """What the daemon talks to, and beside which it dies, once that has done what it was asked."""

    real: object
    last_act: str

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self.real, name)
        if name != self.last_act:
            return found

        def act(*arguments: object) -> None:
            found(*arguments)
            raise KilledError

        return act
