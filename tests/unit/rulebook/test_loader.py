"""Folders, files, names over all of them, and the hash of it all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.domain.rule import Generation
from engine.rulebook import Loaded, load, render_summary

ReadFiles = Callable[[Mapping[str, str | bytes]], Loaded]
Read = Callable[[str], Loaded]

DEFAULT = "receivers:\n  default: [{channel: email, to: a@example.com}]\n"


def rules(*ids: str) -> str:
    listed = "".join(f"  - {{id: {one}, levels: [{{after: 4h}}]}}\n" for one in ids)
    return f"version: 1\nrules:\n{listed}"


def codes(loaded: Loaded) -> list[str]:
    return [problem.code for problem in loaded.problems]


def sound(loaded: Loaded) -> Generation:
    assert codes(loaded) == []
    assert loaded.generation is not None
    return loaded.generation


def test_rules_run_by_path_and_then_by_place(read_files: ReadFiles) -> None:
    loaded = read_files({"b.yaml": rules("b1", "b2"), "a/z.yml": rules("z"), "c.yaml": rules("c")})
    assert [rule.id for rule in sound(loaded).rules] == ["z", "b1", "b2", "c"]
    assert [rule.position for rule in sound(loaded).rules] == [0, 1, 2, 3]
    assert [Path(file).name for file in loaded.files] == ["z.yml", "b.yaml", "c.yaml"]


def test_tests_templates_and_hidden_files_hold_no_rules(read_files: ReadFiles) -> None:
    bad = "not: a rule file\n"
    loaded = read_files(
        {
            "a.yaml": rules("a"),
            "a.test.yaml": bad,
            "tests/b.yaml": bad,
            "deep/tests/c.yaml": bad,
            "deep/templates/d.yaml": bad,
            ".hidden.yaml": bad,
            "..data/e.yaml": bad,
            "notes.txt": bad,
        }
    )
    assert [rule.id for rule in sound(loaded).rules] == ["a"]


def test_names_are_shared_by_all_files(read_files: ReadFiles) -> None:
    loaded = read_files(
        {
            "a.yaml": "version: 1\nrules:\n  - id: a\n    clock: {calendar: office}\n"
            "    inhibits: [b]\n    levels: [{after: 4h, notify: [default]}]\n",
            "b.yaml": rules("b"),
            "z.yaml": f"version: 1\n{DEFAULT}calendars:\n"
            "  office: {timezone: UTC, open: {mon: '09:00-17:00'}}\n",
        }
    )
    assert sound(loaded).rules[0].clock.calendar.name == "office"


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "---\n", "version: 1\n", "version: 1\nrules:\ncalendars:\n"]
)
def test_an_empty_file_is_fine(read: Read, text: str) -> None:
    assert sound(read(text)).rules == ()


@pytest.mark.parametrize(
    "text, code",
    [
        ("rules: []\n", "missing-key"),
        ("version: 2\n", "version"),
        ("version: '1.0'\n", "version"),
        ("version: [1]\n", "version"),
        ("version:\n", "empty-value"),
        ("verison: 1\n", "unknown-key"),
        ("- a\n", "wrong-type"),
        ("hello\n", "wrong-type"),
    ],
)
def test_every_file_says_its_version(read: Read, text: str, code: str) -> None:
    assert codes(read(text)) == [code]


def test_a_single_file_is_taken_as_it_is(read_files: ReadFiles, folder: Path) -> None:
    read_files({"tests/odd.txt": rules("a"), "b.yaml": rules("b")})
    loaded = load(folder / "tests" / "odd.txt")
    assert [rule.id for rule in sound(loaded).rules] == ["a"]


def test_several_paths_are_one_set_and_each_file_counts_once(
    read_files: ReadFiles, folder: Path
) -> None:
    read_files({"one/a.yaml": rules("a"), "two/b.yaml": rules("b")})
    loaded = load([folder / "two", folder / "one", folder / "one" / "a.yaml"])
    assert [rule.id for rule in sound(loaded).rules] == ["a", "b"]


def test_places_name_files_as_the_person_did(
    read_files: ReadFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_files({"a.yaml": "versoin: 1\n"})
    monkeypatch.chdir(folder.parent)
    loaded = load(Path(folder.name))
    assert loaded.files == (f"{folder.name}/a.yaml",)
    assert loaded.problems[0].file == f"{folder.name}/a.yaml"
    assert loaded.sources[f"{folder.name}/a.yaml"] == "versoin: 1\n"


def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    loaded = load(tmp_path / "nowhere")
    assert codes(loaded) == ["not-found"]
    assert loaded.generation is None


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_not_there(name: str) -> None:
    assert codes(load(Path(name))) == ["not-found"]


def test_an_empty_folder_has_no_rules(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert sound(loaded).rules == ()
    assert loaded.files == ()


def test_what_is_no_file_is_a_problem_and_no_wait(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "dangling.yaml").symlink_to(folder / "nowhere")
    (folder / "circle.yaml").symlink_to(folder / "circle.yaml")
    assert codes(load(folder)) == ["unreadable"] * 3


def test_a_folder_named_like_a_file_is_a_folder(read_files: ReadFiles) -> None:
    assert [rule.id for rule in sound(read_files({"x.yaml/a.yaml": rules("a")})).rules] == ["a"]


def test_a_huge_file_is_refused_unread(read_files: ReadFiles) -> None:
    assert codes(read_files({"a.yaml": "#" * 1_000_001})) == ["too-large"]


@pytest.mark.parametrize(
    "contents, place",
    [
        (b"version: 1\n# M\xfcller\n", (2, 4)),
        ("version: 1\r\n# für M".encode() + b"\xff", (2, 8)),
        (b"\xff\xfev\0", (1, 1)),
    ],
)
def test_what_is_not_utf_8_is_shown_at_its_byte(
    read_files: ReadFiles, contents: bytes, place: tuple[int, int]
) -> None:
    problem = read_files({"a.yaml": contents}).problems[0]
    assert problem.code == "encoding"
    assert (problem.line, problem.column) == place


def test_a_byte_order_mark_changes_nothing(read_files: ReadFiles) -> None:
    loaded = read_files({"a.yaml": b"\xef\xbb\xbf" + b"versoin: 1\n"})
    assert (loaded.problems[0].line, loaded.problems[0].column) == (1, 1)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_counts_as_one(read_files: ReadFiles, ending: str) -> None:
    text = "version: 1\nrules:\n  - id: a\n    levles: []\n".replace("\n", ending)
    problem = read_files({"a.yaml": text.encode()}).problems[0]
    assert (problem.line, problem.column, problem.code) == (4, 5, "unknown-key")


def test_names_are_not_unknown_while_a_file_cannot_be_read(read_files: ReadFiles) -> None:
    loaded = read_files(
        {
            "a.yaml": "version: 1\nreceivers: [\n",
            "b.yaml": "version: 1\nrules:\n  - id: b\n    clock: {calendar: office}\n"
            "    levels: [{after: 4h, notify: [tier-2], template: late}]\n",
        }
    )
    assert codes(loaded) == ["syntax"]


def test_default_is_needed_as_soon_as_anybody_is_told(read: Read) -> None:
    assert codes(read(rules("a"))) == []
    told = rules("a").replace("4h", "4h, notify: [assignee]")
    assert codes(read(told)) == ["no-default"]
    escalates = rules("a").replace("4h", "4h, kind: technical")
    assert codes(read(escalates)) == ["no-default"]


def test_a_channel_must_be_in_the_config_file(read: Read, folder: Path) -> None:
    read(f"version: 1\n{DEFAULT}")
    assert codes(load(folder)) == []
    assert codes(load(folder, channels=frozenset({"email"}))) == []
    problems = load(folder, channels=frozenset({"emial", "chat"})).problems
    assert [(one.code, one.line, one.column) for one in problems] == [("unknown-channel", 3, 23)]
    assert problems[0].help == "did you mean 'emial'?"


def test_problems_name_the_rule_that_they_concern(read_files: ReadFiles) -> None:
    loaded = read_files({"a.yaml": rules("a", "b").replace("4h", "30"), "b.yaml": "version: 2\n"})
    assert [problem.rule for problem in loaded.problems] == ["a", "b", None]


def test_the_hash_is_of_every_rule_and_template_and_nothing_else(
    read_files: ReadFiles, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files: dict[str, str | bytes] = {"a.yaml": rules("a"), "tests/a.test.yaml": "x", "notes": "x"}
    first = sound(read_files(files)).id
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert sound(read_files({"notes": "y", "tests/a.test.yaml": "y"})).id == first

    copy = tmp_path_factory.mktemp("elsewhere") / "rules"
    shutil.copytree(folder, copy)
    assert sound(load(copy)).id == first

    second = sound(read_files({"a.yaml": rules("a") + "# a comment\n"})).id
    third = sound(read_files({"templates/customer/survey.md": "---\nsubject: x\n---\nx\n"})).id
    (folder / "a.yaml").rename(folder / "b.yaml")
    fourth = sound(load(folder)).id
    assert len({first, second, third, fourth}) == 4


def test_the_summary_counts_files_rules_and_problems(read_files: ReadFiles) -> None:
    assert render_summary(read_files({"a.yaml": rules("a")})) == "1 file, 1 rule: no problems"
    broken = rules("b", "c").replace("4h", "30") + "x: #5\n"
    loaded = read_files({"b.yaml": broken})
    assert render_summary(loaded) == "2 files, 3 rules: 3 errors, 1 warning"
