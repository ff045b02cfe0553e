"""Whatever stands in the files, the answer is rules or problems, and never an exception."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rulebook import load, render_problem, render_summary

EXAMPLE = Path(__file__).parent / "example"
GOOD = (EXAMPLE / "rules.yaml").read_bytes()
WORDS = re.findall(rb"[\w.%/-]+|[^\w\s]|\s+", GOOD)
ODD = [
    b'"',
    b"{",
    b"]",
    b": ",
    b"\t",
    b"\x00",
    b"\xff",
    b"&a ",
    b"*a",
    b"null",
    b"!x ",
    b"|",
    b"<<",
]

edits = st.lists(
    st.tuples(
        st.integers(0, len(WORDS)),
        st.integers(0, 3),
        st.lists(st.sampled_from(WORDS + ODD) | st.binary(max_size=3), max_size=3),
    ),
    min_size=1,
    max_size=6,
)


def check(folder: Path) -> None:
    loaded = load(folder)
    assert (loaded.generation is None) == any(p.severity == "error" for p in loaded.problems)
    render_summary(loaded)
    for problem in loaded.problems:
        assert problem.line >= 1
        assert 1 <= problem.column < problem.end_column
        shown = render_problem(problem, loaded.sources.get(problem.file, ""))
        assert len(shown.splitlines()) <= 3


@settings(deadline=None, max_examples=100)
@given(edits)
def test_an_edited_file_is_rules_or_problems(
    changes: list[tuple[int, int, list[bytes]]],
) -> None:
    words = list(WORDS)
    for at, length, replacement in changes:
        words[at : at + length] = replacement
    with TemporaryDirectory() as name:
        (Path(name) / "rules.yaml").write_bytes(b"".join(words))
        check(Path(name))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_rules_or_problems(rules: bytes, template: bytes) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "rules.yaml").write_bytes(b"version: 1\n" + rules)
        (Path(name) / "templates" / "staff").mkdir(parents=True)
        (Path(name) / "templates" / "staff" / "x.md").write_bytes(template)
        check(Path(name))
