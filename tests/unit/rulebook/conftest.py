"""Rules written into a folder of their own, and read from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import indent

import pytest

from engine.domain.rule import Generation, Rule
from engine.rulebook import Loaded, load, render_problem

HEAD = """\
version: 1
calendars:
  office:
    timezone: Europe/Berlin
    open: {mon-fri: "09:00-17:00"}
    day: 7h30m
  dayless: {timezone: UTC, open: {mon-thu: "09:00-17:00", fri: "09:00-12:00"}}
receivers:
  default: [{channel: email, to: support@example.com}]
  tier-2: [{channel: chat, to: "#tier-2"}]
rules:
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty rules folder with two templates for customers."""
    for name in ("still-working", "survey"):
        path = tmp_path / "templates" / "customer" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nsubject: {name}\n---\nHello\n")
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Callable[[str], Loaded]:
    """Read one file."""

    def read_text(text: str) -> Loaded:
        (folder / "rules.yaml").write_text(text)
        return load(folder)

    return read_text


@pytest.fixture
def read_files(folder: Path) -> Callable[[Mapping[str, str | bytes]], Loaded]:
    """Read several files, named by their path within the folder."""

    def read_all(files: Mapping[str, str | bytes]) -> Loaded:
        for name, contents in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return load(folder)

    return read_all


@pytest.fixture
def read_rules(read: Callable[[str], Loaded]) -> Callable[[str], Loaded]:
    """Read rules, written as a list, beside two calendars and two receivers."""

    def read_list(rules: str) -> Loaded:
        return read(HEAD + indent(rules, "  "))

    return read_list


@pytest.fixture
def rule(read_rules: Callable[[str], Loaded]) -> Callable[[str], Rule]:
    """Read the one rule of which these are the lines; it has a level unless it says otherwise."""

    def read_one(lines: str) -> Rule:
        levels = "" if "levels:" in lines else "\nlevels: [{after: 4h, kind: technical}]"
        body = f"id: one\n{lines}{levels}\n"
        loaded = read_rules(f"-{indent(body, '  ')[1:]}")
        return sound(loaded).rules[0]

    return read_one


@pytest.fixture
def codes(read_rules: Callable[[str], Loaded]) -> Callable[[str], list[str]]:
    """Read one rule as `rule` does; the codes of what is wrong with it, by place."""

    def read_one(lines: str) -> list[str]:
        levels = "" if "levels:" in lines else "\nlevels: [{after: 4h, kind: technical}]"
        body = f"id: one\n{lines}{levels}\n"
        loaded = read_rules(f"-{indent(body, '  ')[1:]}")
        return [problem.code for problem in loaded.problems]

    return read_one


def sound(loaded: Loaded) -> Generation:
    """The generation, or all that keeps there from being one."""
    shown = [render_problem(one, loaded.sources.get(one.file, "")) for one in loaded.problems]
    assert loaded.generation is not None, "\n".join(shown)
    return loaded.generation
