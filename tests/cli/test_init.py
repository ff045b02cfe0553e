"""`init`: a starter set that works at once, from a checkout and from a wheel, over nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import pytest

from engine.scaffold import LANGUAGES
from engine.settings import load_settings
from engine.settings.model import SpokenLanguage
from tests.cli.desk import Desk

ROOT = Path(__file__).parents[2]


def starter_rules() -> dict[str, bytes]:
    """The files of the project's own `rules/`, by name."""
    found = (path for path in (ROOT / "rules").rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in found}


def test_it_writes_the_starter_rules_a_config_and_tickets(empty_desk: Desk) -> None:
    ended = empty_desk.run("init")

    files = empty_desk.files()
    assert ended.code == 0
    assert files.keys() == {*starter_rules(), "config.yaml", "tickets.csv", ".gitignore"}
    assert {name: files[name] for name in starter_rules()} == starter_rules()
    assert [line for line in ended.out.splitlines() if line.startswith("wrote ")] == [
        f"wrote {name}" for name in [".gitignore", "config.yaml", "tickets.csv",
                                     *sorted(starter_rules(), key=Path)]
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_language_that_was_asked_for(empty_desk: Desk, language: str) -> None:
    empty_desk.run("init", "--language", language)

    assert load_settings(empty_desk.folder / "config.yaml").language == language
    assert empty_desk.run("check").code == 0


def test_the_languages_of_the_starter_set_are_those_of_the_config_file() -> None:
    assert set(LANGUAGES) == set(get_args(SpokenLanguage))


def test_what_it_wrote_is_sound(empty_desk: Desk) -> None:
    empty_desk.run("init")

    ended = empty_desk.run("check")

    assert (ended.code, ended.err) == (0, "")
    assert "error[" not in ended.out


def test_the_example_shows_escalations_and_messages_at_once(empty_desk: Desk) -> None:
    empty_desk.run("init")

    document = empty_desk.once("--dry-run")

    assert document["ingested"]["rejected"] == []
    assert {row["rule"] for row in document["fired"]} >= {
        "high-priority-first",
        "specialist-topics",
        "unresolved-in-time",
    }
    assert document["customer"]
    assert not (empty_desk.folder / "escalatord.db").exists()


def test_the_example_lets_every_rule_do_something(empty_desk: Desk) -> None:
    empty_desk.run("init")
    rules = {path.stem for path in (empty_desk.folder / "rules").glob("*.yaml")}

    document = empty_desk.once("--dry-run", "--through", "2026-01-19T18:00:00Z")

    assert rules
    assert {row["rule"] for row in document["fired"] + document["customer"]} == {
        "high-priority-first",
        "keep-customers-informed",
        "keeps-coming-back",
        "specialist-topics",
        "unresolved-in-time",
    }


def test_it_says_what_to_do_next_in_four_lines(empty_desk: Desk) -> None:
    ended = empty_desk.run("init", "my-desk")

    _, _, said = ended.out.partition("What to do next, in my-desk:\n")
    assert [line.split("   ")[0].strip() for line in said.splitlines()] == [
        "escalatord check",
        "escalatord once --dry-run",
        "escalatord run",
        "then go through config.yaml, and read the first lines of each file in rules/",
    ]


def test_a_file_that_is_there_is_named_and_left(empty_desk: Desk) -> None:
    empty_desk.write("config.yaml", "mine")

    ended = empty_desk.run("init")

    assert ended.code == 1
    assert "left  config.yaml, which was there" in ended.out.splitlines()
    assert empty_desk.files()["config.yaml"] == b"mine"
    assert "tickets.csv" in empty_desk.files()


def test_a_second_time_writes_nothing(empty_desk: Desk) -> None:
    empty_desk.run("init")
    before = empty_desk.files()

    ended = empty_desk.run("init")

    assert ended.code == 1
    assert "wrote" not in ended.out
    assert empty_desk.files() == before


def test_it_does_not_mix_its_rules_with_others(empty_desk: Desk) -> None:
    empty_desk.write("rules/mine.yaml", "version: 1\n")

    ended = empty_desk.run("init")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("escalatord: rules/mine.yaml is no file of the starter set: ")
    assert list(empty_desk.files()) == ["rules/mine.yaml"]


@pytest.mark.parametrize(
    "in_the_way, words",
    [("rules", "cannot write rules/"), ("desk", "cannot write desk/")],
)
def test_what_cannot_be_written_is_named(empty_desk: Desk, in_the_way: str, words: str) -> None:
    empty_desk.write(in_the_way, "a file, where a folder should be")

    ended = empty_desk.run("init", *(["desk"] if in_the_way == "desk" else []))

    assert ended.code == 2
    assert ended.err.startswith(f"escalatord: {words}")


def test_a_folder_in_a_files_place_is_named(empty_desk: Desk) -> None:
    (empty_desk.folder / "config.yaml").mkdir()

    ended = empty_desk.run("init")

    assert ended.code == 2
    assert "cannot write config.yaml: something else is in its place" in ended.err


def test_a_wheel_brings_all_of_it(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, tmp_path / "dist"], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")

    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "init", "desk"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "unpacked"), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "unpacked" / "engine" / "starter").is_dir()
    assert not (tmp_path / "unpacked" / "rules").exists()
    written = (path for path in (tmp_path / "desk").rglob("*") if path.is_file())
    names = {str(path.relative_to(tmp_path / "desk")) for path in written}
    assert names == {*starter_rules(), "config.yaml", "tickets.csv", ".gitignore"}
