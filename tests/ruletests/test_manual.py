"""The manual's first test, followed to the letter, shows what the manual shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from engine.cli import main

MANUAL: Final = Path(__file__).parents[2] / "docs" / "rule-tests.md"
WIDTH: Final = "100"


def blocks() -> list[tuple[str, str]]:
    """The tutorial's blocks, in order: (language, text)."""
    tutorial = MANUAL.read_text(encoding="utf-8").partition("## Everyday stories")[0]
    return re.findall(r"```(\w+)\n(.*?)```", tutorial, re.DOTALL)


def without_seconds(text: str) -> str:
    return re.sub(r"\([0-9.]+ s\)", "(… s)", text)


def test_what_the_manual_shows_is_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)
    consoles = [text for language, text in blocks() if language == "console"]
    for number, (language, text) in enumerate(blocks()):
        if language == "yaml":
            path = tmp_path / text.splitlines()[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            continue
        if number == len(blocks()) - 1:  # somebody gives the team lead ten hours
            rules = tmp_path / "rules" / "money.yaml"
            rules.write_text(rules.read_text().replace("after: 8h", "after: 10h"))
        command, _, expected = text.partition("\n")
        with pytest.raises(SystemExit):
            main(command.removeprefix("$ escalatord ").split())
        assert without_seconds(capsys.readouterr().out) == without_seconds(expected)

    assert len(consoles) == 3
