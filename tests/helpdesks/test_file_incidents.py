"""The real incidents of `examples/incidents`, mapped for a replay."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.domain.ticket import Priority, Status
from engine.helpdesks import open_helpdesk
from engine.helpdesks.file.desk import FileHelpdesk
from engine.ports import Batch
from engine.settings import load_settings
from tests.helpdesks.desks import FAR, utc

INCIDENTS = Path(__file__).parents[2] / "examples" / "incidents" / "incident_event_log.csv"
CONFIG = """\
helpdesks:
  incidents:
    kind: file
    path: {path}
    layout: event_log
    missing: ["", "?"]
    timezone: UTC
    columns:
      id: number
      at: {{column: sys_updated_at, format: "%d-%m-%Y %H:%M"}}
      opened: {{first: event}}
      subject: u_symptom
      status:
        column: incident_state
        values:
          New: new
          Active: open
          Awaiting User Info: pending_customer
          Awaiting Problem: pending_internal
          Awaiting Vendor: pending_internal
          Awaiting Evidence: pending_internal
          Resolved: resolved
          Closed: closed
      priority:
        column: priority
        values: {{1 - Critical: urgent, 2 - High: high, 3 - Moderate: medium, 4 - Low: low}}
      type: category
      group: assignment_group
      assignee: assigned_to
      channel: contact_type
      customer.id: caller_id
      fields.location: location
      fields.subcategory: subcategory
    write_back: {write_back}
    replay: {{from: 2016-03-02T16:00, speed: 600}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> FileHelpdesk:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(path=INCIDENTS, write_back=tmp_path / "actions.jsonl"))
    settings = load_settings(config)
    assert settings.replay is not None
    assert settings.replay.begin == utc("2016-03-02 16:00")
    desk = open_helpdesk("incidents", settings.helpdesks["incidents"])
    assert isinstance(desk, FileHelpdesk)
    return desk


@pytest.fixture
def whole(desk: FileHelpdesk) -> Batch:
    return desk.changes(None, FAR)


def test_every_incident_is_read_and_no_row_is_rejected(whole: Batch) -> None:
    assert len(whole.observations) == 890
    assert whole.rejected == ()
    assert whole.is_complete


def test_every_row_is_read(desk: FileHelpdesk, whole: Batch) -> None:
    assert whole.observations
    rows = [desk._source.timeline.rows_of(t, FAR) for t in desk._source.timeline.tickets]  # noqa: SLF001

    assert sum(map(len, rows)) == 5998


def test_the_first_incident_is_the_first(desk: FileHelpdesk, whole: Batch) -> None:
    first = utc("2016-02-29 01:23")

    assert min(each.ticket.created_at for each in whole.observations) == first
    assert desk.next_change_at(datetime.min.replace(tzinfo=UTC)) == first


def test_at_the_beginning_of_the_replay_593_incidents_are_open(desk: FileHelpdesk) -> None:
    # Read in the order of the file it would be 592: INC0000137 is not in the order of time.
    batch = desk.changes(None, utc("2016-03-02 16:00"))
    statuses = Counter(each.ticket.status for each in batch.observations)

    assert len(batch.observations) == 890
    assert sum(n for status, n in statuses.items() if not status.is_resolved) == 593


def test_in_the_next_hour_about_seventy_rows_follow(desk: FileHelpdesk) -> None:
    begin = utc("2016-03-02 16:00")
    first = desk.changes(None, begin)
    rows, at = 0, desk.next_change_at(begin)
    while at is not None and at <= begin + timedelta(hours=1):
        batch = desk.changes(first.watermark, at)
        first = batch
        rows += len(batch.observations)
        at = desk.next_change_at(at)

    assert rows == 70


def test_an_incident_is_told_as_the_file_has_it(whole: Batch) -> None:
    (told,) = [o for o in whole.observations if o.ticket.id == "incidents:INC0000045"]

    assert told.opening is not None
    assert told.opening.status is Status.NEW
    assert told.opening.priority is Priority.MEDIUM
    assert told.opening.customer.id == "Caller 2403"
    assert told.opening.group == "Group 56"
    assert told.opening.assignee is None
    assert [(e.at, e.field, e.after) for e in told.events or ()] == [
        (utc("2016-02-29 08:53"), "status", "resolved"),
        (utc("2016-02-29 08:53"), "raw_status", "Resolved"),
        (utc("2016-03-05 12:00"), "status", "closed"),
        (utc("2016-03-05 12:00"), "raw_status", "Closed"),
    ]


def test_the_ids_of_all_events_are_unique_within_their_ticket(whole: Batch) -> None:
    for told in whole.observations:
        ids = [event.id for event in told.events or ()]
        assert len(set(ids)) == len(ids)


def test_playing_all_instants_comes_to_the_same_as_reading_at_once(
    desk: FileHelpdesk, whole: Batch
) -> None:
    last, watermark = {}, None
    at = desk.next_change_at(datetime.min.replace(tzinfo=UTC))
    while at is not None:
        batch = desk.changes(watermark, at)
        watermark = batch.watermark
        last.update({each.ticket.id: each for each in batch.observations})
        at = desk.next_change_at(at)

    assert last == {each.ticket.id: each for each in whole.observations}
    assert watermark == whole.watermark
