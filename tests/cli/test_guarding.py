"""What the guard stops on a helpdesk that is a file: the outbox, the log and `explain` say why."""

from __future__ import annotations

from datetime import datetime

import pytest
import structlog
from structlog.testing import capture_logs

from engine.app import open_app
from engine.insight.telling import tell
from engine.pipeline.cycle import Work
from tests.cli.desk import Desk, Document, day, row

LATE = """\
  - id: late
    description: Nobody waits longer than two hours
    levels: [{name: escalate, after: 2h, kind: technical, notify: [boss]}]
    customer: {on_escalation: received}
"""


def overtaken(desk: Desk, *rows: str) -> list[Document]:
    """Decide at eleven, hear of these rows by a minute later, act; gives the log."""
    desk.rules(LATE)
    desk.once("--at", day("10:59"))
    app = open_app(desk.folder / "config.yaml")
    try:
        cycle = app.cycle(app.in_force_now())
        eleven = datetime.fromisoformat(day("11:00"))
        cycle.ingest(eleven)
        cycle.evaluate(eleven)
        desk.say(*rows)
        with capture_logs() as logs:
            delivered = cycle.deliver(datetime.fromisoformat(day("11:02"))).delivered
            tell(structlog.get_logger(), Work("deliver", delivered=delivered))
        return [dict(line) for line in logs]
    finally:
        app.close()


@pytest.mark.parametrize(
    "activity, to_customer, to_staff",
    [
        ("Done", "resolved", "resolved"),
        ("Reply", "replied", "acknowledged"),
        ("Wrote", "replied", None),
        ("Wait", "paused", None),
    ],
)
def test_what_the_file_says_meanwhile_stops_what_was_decided(
    desk: Desk, activity: str, to_customer: str, to_staff: str | None
) -> None:
    logs = overtaken(desk, row("1", "11:01", activity))

    rows = desk.run("outbox", "list", "--json").document["rows"]
    said = {each["audience"]: each["reason"] for each in rows if each["state"] == "cancelled"}
    told = {line["action"]: line["reason"] for line in logs if line["event"] == "outbox.cancelled"}
    explained = desk.explain("desk:1", "--at", day("11:02"))["late"]
    assert said.get("customer") == told["reply"] == to_customer
    assert said.get("staff") == told.get("notify") == to_staff
    assert [
        (each["message"], each["state"], each["reason"])
        for each in explained["not_done"]
        if each["audience"] == "customer"
    ] == [("on_escalation", "cancelled", to_customer)]
    actions = desk.rows("log.csv.actions.jsonl")
    assert "reply" not in {each["action"] for each in actions}


def test_a_person_reads_why_a_message_was_not_sent(desk: Desk) -> None:
    overtaken(desk, row("1", "11:01", "Done"))
    told = desk.run("explain", "desk:1", "--at", day("11:02")).out
    assert (
        "on_escalation to the customer, decided on Mon 8 Jan 11:00: cancelled,"
        " the ticket is resolved (resolved)"
    ) in " ".join(told.split())
