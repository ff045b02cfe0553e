"""Makes the proof's input of the real incidents: more columns, nothing taken away.

* `due` is the opening plus a number of days by the row's priority, so it moves with the priority.
* `said` tells who speaks in a row. The log has no messages; who updated a row decides.
* An incident whose first row is later than its opening gets a row for its opening, as new; one that
  says it was opened after its first row was opened with it.

Usage: python derive.py SOURCE.csv DERIVED.csv
"""

import csv
import sys
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

FORMAT = "%d-%m-%Y %H:%M"
DAYS_TO_DUE = {"1 - Critical": 1, "2 - High": 2, "3 - Moderate": 5, "4 - Low": 10}
CUSTOMERS = {
    "Updated by 429",
    "Updated by 340",
    "Updated by 750",
    "Updated by 881",
    "Updated by 236",
}
REPLIERS = {"Updated by 213", "Updated by 60"}


def derive(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows with `due` and `said`, an incident's rows together and in the source's order."""
    derived = []
    for _, group in groupby(rows, key=lambda row: row["number"]):
        incident = list(group)
        first_at = min(datetime.strptime(row["sys_updated_at"], FORMAT) for row in incident)  # noqa: DTZ007
        opened_at = min(datetime.strptime(incident[0]["opened_at"], FORMAT), first_at)  # noqa: DTZ007
        if opened_at < first_at:
            opening = {"incident_state": "New", "sys_updated_at": opened_at.strftime(FORMAT)}
            incident.insert(0, incident[0] | opening)
        for position, row in enumerate(incident):
            due_at = opened_at + timedelta(days=DAYS_TO_DUE[row["priority"]])
            derived.append(
                row
                | {
                    "opened_at": opened_at.strftime(FORMAT),
                    "due": due_at.strftime(FORMAT),
                    "said": said(row) if position else "",
                }
            )
    return derived


def said(row: dict[str, str]) -> str:
    """Who speaks in a row: `agent` (publicly), `note` (an agent, not publicly), `customer`."""
    if row["incident_state"] == "Awaiting User Info":
        return "agent"
    if row["incident_state"] == "Awaiting Problem":
        return "note"
    if row["sys_updated_by"] in REPLIERS:
        return "agent"
    return "customer" if row["sys_updated_by"] in CUSTOMERS else ""


def main(source: str, target: str) -> None:
    """Reads `source`, writes `target`."""
    with Path(source).open(encoding="utf-8", newline="") as file:
        rows = derive(list(csv.DictReader(file)))
    with Path(target).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
