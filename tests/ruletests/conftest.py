"""A rules folder with a few rules, and cases played on them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from engine.app import equipment
from engine.ruletests.running import CaseResult, FileResult, Runner

RULES = """
version: 1
receivers:
  default: [{channel: log, to: everybody}]
  manager: [{channel: log, to: the-manager}]
  experts: [{channel: log, to: the-experts}]
  ann: [{channel: log, to: ann}]
rules:
  - id: late
    match: {type: {not: dated}}
    levels:
      - {name: reminder, after: 2h, notify: [assignee]}
      - {name: experts, after: 4h, kind: technical, assign: {group: experts}, tag: [escalated],
         notify: [experts]}
      - {after: 8h, kind: hierarchical, notify: [manager], repeat: {every: 2h, times: 2}}
    customer: {on_escalation: received}
  - id: dated
    match: {type: dated}
    clock: {since: due}
    levels: [{name: soon, before: 1h, notify: [manager]}]
"""


class Folder:
    """A rules folder on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("rules.yaml", RULES)
        self.write("templates/customer/received.md", "---\nsubject: We have it\n---\nHello\n")

    def write(self, name: str, text: str) -> Path:
        """Put a file into the folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def test(self, cases: str, name: str = "some", head: str = "rules: ../rules.yaml") -> Path:
        """Write a test file with these cases."""
        body = indent(dedent(cases).strip("\n"), "  ")
        return self.write(f"tests/{name}.test.yaml", f"{head}\ncases:\n{body}\n")

    def run(self, cases: str, head: str = "rules: ../rules.yaml") -> FileResult:
        """Run a test file with these cases."""
        return Runner(equipment()).run(self.test(cases, head=head))

    def play(self, steps: str, expect: str, ticket: str = "{}", until: str = "+1d") -> CaseResult:
        """Play one case that begins on Monday at nine; one step, one expectation a line."""
        result = self.run(_case(steps, expect, ticket, until))
        assert result.problems == (), [problem.message for problem in result.problems]
        return result.results[0]

    def holds(self, steps: str, expect: str, ticket: str = "{}", until: str = "+1d") -> bool:
        """Whether such a case is good."""
        return self.play(steps, expect, ticket, until).is_good


def _case(steps: str, expect: str, ticket: str, until: str) -> str:
    key = "tickets" if ticket.startswith("[") else "ticket"
    lines = ["- name: a case", "  start: 2026-01-05 09:00", f"  {key}: {ticket}"]
    lines += ["  timeline:", *_items(steps)] if steps.strip() else []
    lines += [f"  until: {until}", "  expect:", *_items(expect)]
    return "\n".join(lines) if expect.strip() else "\n".join([*lines[:-1], "  expect: []"])


def _items(text: str) -> list[str]:
    return [f"    - {{{line.strip()}}}" for line in text.splitlines() if line.strip()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
