"""Templates: a subject, a text, and who it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.domain.rule import MessageTemplate
from engine.rulebook import Loaded, load

ReadFiles = Callable[[Mapping[str, str | bytes]], Loaded]
Write = Callable[[str], Loaded]


@pytest.fixture
def write(read_files: ReadFiles) -> Write:
    return lambda text: read_files({"templates/staff/late.md": text})


def late(loaded: Loaded) -> MessageTemplate:
    assert loaded.problems == ()
    assert loaded.generation is not None
    return next(one for one in loaded.generation.templates if one.name == "late")


@pytest.mark.parametrize(
    "written, subject",
    [
        ("Late", "Late"),
        ('"Late"', "Late"),
        ("'Late'", "Late"),
        ("{{ ticket.subject }}", "{{ ticket.subject }}"),
        ("Late: {{ ticket.subject }}", "Late: {{ ticket.subject }}"),
        ('"{{ a }}" and "{{ b }}"', '"{{ a }}" and "{{ b }}"'),
        ("Ticket #{{ ticket.id }}", "Ticket #{{ ticket.id }}"),
        ('"', '"'),
    ],
)
def test_a_subject_is_taken_as_it_stands(write: Write, written: str, subject: str) -> None:
    assert late(write(f"---\nsubject: {written}\n---\nHello\n")).subject == subject


@pytest.mark.parametrize(
    "text, body",
    [
        ("---\nsubject: x\n---\nHello\n", "Hello\n"),
        ("---\nsubject: x\n---\n\n\nHello\n\nBye\n\n", "Hello\n\nBye\n"),
        ("---\r\nsubject: x\r\n---\r\nHello\r\nBye\r\n", "Hello\nBye\n"),
        ("---\nsubject: x\n---\nHello\n---\nBye", "Hello\n---\nBye\n"),
        ("---\n# for the team\nsubject: x\n\n---\n    code\n", "    code\n"),
    ],
)
def test_the_body_is_what_follows(write: Write, text: str, body: str) -> None:
    assert late(write(text)).body == body


@pytest.mark.parametrize(
    "text, place",
    [
        ("Hello\n", ("front-matter", 1)),
        ("", ("front-matter", 1)),
        ("---\nsubject: x\n", ("front-matter", 1)),
        ("---\n---\nHello\n", ("front-matter", 1)),
        ("---\nsubject:\n---\nHello\n", ("front-matter", 2)),
        ("---\nsubject\n---\nHello\n", ("front-matter", 2)),
        ("---\nsubject: |\n---\nHello\n", ("front-matter", 2)),
        ("---\nsubject: x\n---\n\n", ("front-matter", 3)),
        ("---\nsubject: x\nto: me\n---\nHello\n", ("unknown-key", 3)),
        ("---\nsubject: x\nsubject: y\n---\nHello\n", ("duplicate-key", 3)),
        ("---\nsubjet: x\n---\nHello\n", ("unknown-key", 2)),
    ],
)
def test_bad_front_matter_is_shown(write: Write, text: str, place: tuple[str, int]) -> None:
    loaded = write(text)
    assert [(problem.code, problem.line) for problem in loaded.problems] == [place]
    assert loaded.generation is None


def test_a_template_that_is_not_utf_8_is_a_problem(read_files: ReadFiles) -> None:
    loaded = read_files({"templates/customer/late.md": b"---\nsubject: M\xfcller\n---\nx\n"})
    assert [problem.code for problem in loaded.problems] == ["encoding"]


@pytest.mark.parametrize(
    "file, name, language",
    [
        ("late.md", "late", None),
        ("late.de.md", "late", "de"),
        ("late.pt-BR.md", "late", "pt-BR"),
        ("very.late.md", "very.late", None),
        ("very.late.de.md", "very.late", "de"),
    ],
)
def test_the_file_name_says_name_and_language(
    read_files: ReadFiles, file: str, name: str, language: str | None
) -> None:
    generation = read_files({f"templates/staff/{file}": "---\nsubject: x\n---\nx\n"}).generation
    assert generation is not None
    staff = [one for one in generation.templates if one.audience == "staff"]
    assert [(one.name, one.language) for one in staff] == [(name, language)]


def test_templates_of_a_single_file_lie_beside_it(read_files: ReadFiles, folder: Path) -> None:
    read_files({"a.yaml": "version: 1\n"})
    generation = load(folder / "a.yaml").generation
    assert generation is not None
    assert {one.name for one in generation.templates} == {"still-working", "survey"}


def test_two_folders_cannot_have_the_same_template(read_files: ReadFiles, folder: Path) -> None:
    text = "---\nsubject: x\n---\nx\n"
    read_files({"a/templates/staff/late.md": text, "b/templates/staff/late.md": text})
    loaded = load([folder / "a", folder / "b"])
    assert [problem.code for problem in loaded.problems] == ["duplicate-name"]
    assert loaded.problems[0].file == str(folder / "b/templates/staff/late.md")


def test_what_is_no_template_is_left_alone(read_files: ReadFiles) -> None:
    loaded = read_files(
        {
            "templates/README.md": "How to write templates",
            "templates/staff/.late.md.swp": "x",
            "templates/staff/notes.txt": "x",
        }
    )
    assert loaded.problems == ()
