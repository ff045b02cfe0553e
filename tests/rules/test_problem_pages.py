"""Each code has a page, whose example gives it and whose mended example gives nothing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "problems"
CODES = sorted(page.stem for page in PAGES.glob("*.md") if page.stem != "README")

WITHOUT_EXAMPLE = {"no-rules"}
"""What no verb prints but the daemon's: `check` refuses an empty folder in words."""

OF_TESTS = {
    "delete",
    "empty",
    "exclusive",
    "instant",
    "merge",
    "not-found",
    "unknown-level",
    "unknown-ticket",
}
"""What is wrong with rule tests; `test` says so."""

NEED_A_FOLDER = {"no-tests", "untested-rule", "unreadable"}
FENCE = re.compile(r"(?ms)^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$")


def text_of(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def build(page: str, folder: Path) -> None:
    """Write the files that a part of a page shows, and run the commands that it tells."""
    (folder / "rules").mkdir(exist_ok=True)
    for fence in FENCE.finditer(page):
        if fence["kind"] == "console":
            for line in fence["text"].splitlines():
                subprocess.run(["sh", "-c", line.removeprefix("$ ")], cwd=folder, check=True)
            continue
        path = folder / (fence["file"] or "rules/rules.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fence["text"], encoding="utf-8")


def check(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What `check` says there: of the folder where that matters, else of its only file."""
    what = "rules" if code in NEED_A_FOLDER else "rules/rules.yaml"
    config = ["--config", "config.yaml"] if (folder / "config.yaml").exists() else []
    with pytest.raises(SystemExit):
        main(["check", what, *config, "--format", "json"])
    problems: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["problems"]
    return problems


# --- which codes there are -----------------------------------------------------------------------

SAID_AS: dict[str, tuple[int, str]] = {
    "error": (1, ""),
    "warn": (1, ""),
    "_fail": (1, ""),
    "read_live_status": (2, ""),
    "choice": (2, "unknown-"),
    "read_choice": (2, "unknown-"),
    "_known": (3, "unknown-"),
    "_problem": (3, ""),
    "TemplateDoubt": (1, ""),
}
"""Function → which argument is a code, and what stands before it."""


def codes_in_the_program() -> Iterator[str]:
    engine = ROOT / "engine"
    folders = (engine / "rulebook", engine / "ruletests", engine / "messages")
    for path in (*engine.glob("*.py"), *(one for part in folders for one in part.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _codes_of(node)


def _codes_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "Problem":
        yield from _text([word.value for word in call.keywords if word.arg == "code"], 0)
        yield from _text(call.args, 5)
    position, before = SAID_AS.get(name, (-1, ""))
    for text in _text(call.args, position) if position >= 0 else ():
        yield f"{before}{text}"


def _text(arguments: list[ast.expr], position: int) -> Iterator[str]:
    value = arguments[position] if position < len(arguments) else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    found = {code for code in codes_in_the_program() if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}

    assert len(found) > 80
    assert found == set(CODES)


def test_every_code_of_the_broken_files_has_a_page() -> None:
    expected = (ROOT / "tests" / "rules" / "broken").glob("*.expected")
    said = {code for path in expected for code in re.findall(r"(?:error|warning)\[([a-z-]+)\]",
                                                              path.read_text())}  # fmt: skip

    assert said <= set(CODES)


def test_the_index_names_every_page_once() -> None:
    named = re.findall(r"^- \[([a-z-]+)\]\(\1\.md\): \S.*\.$", text_of("README"), re.MULTILINE)

    assert sorted(named) == CODES


# --- what the pages show -------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_its_code_means(code: str) -> None:
    lines = text_of(code).splitlines()

    assert lines[0] == f"# {code}"
    assert len(lines[2]) > 20
    assert all(len(line) <= 100 for line in lines if not line.startswith(("$ ", " ", "subject")))


@pytest.mark.parametrize("code", sorted(OF_TESTS))
def test_the_example_of_a_page_about_rule_tests_gives_its_code_and_the_mended_one_passes(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    example, mended = text_of(code).split("\n## Mended\n")
    monkeypatch.chdir(tmp_path)

    build(example, tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["test", "rules"])
    assert ended.value.code == 1
    assert f"error[{code}]" in capsys.readouterr().out

    build(mended, tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["test", "rules"])
    assert ended.value.code == 0


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_EXAMPLE - OF_TESTS))
def test_the_example_of_a_page_gives_its_code_and_the_mended_one_nothing(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    example, mended = text_of(code).split("\n## Mended\n")
    monkeypatch.chdir(tmp_path)

    build(example, tmp_path)
    said = check(code, tmp_path, capsys)
    severities = {one["severity"] for one in said if one["code"] == code}

    assert severities
    if code != "never-escalates":  # an error or a warning, as its page says
        assert f"{severities.pop()}" in example.lower().split("## example")[0].split("\n\n")[-2]

    build(mended, tmp_path)
    assert check(code, tmp_path, capsys) == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_can_be_read_in_the_terminal(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--explain", code])

    assert ended.value.code == 0
    assert capsys.readouterr().out == text_of(code)


def test_a_code_that_nobody_knows_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--explain", "unknown-kee"])

    assert ended.value.code == 2
    assert "there is no code 'unknown-kee'" in capsys.readouterr().err
