"""Problems as people see them."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import Problem
from engine.rulebook import Loaded, render_problem

Read = Callable[[str], Loaded]


def problem(line: int, column: int, end_column: int, help_: str = "") -> Problem:
    return Problem(
        "rules/x.yaml", line, column, end_column, "error", "code", "what is wrong", help_
    )


def test_the_first_example_of_the_specification() -> None:
    source = "\n" * 13 + "    levles:\n"
    shown = Problem(
        "rules/billing.yaml",
        14,
        5,
        11,
        "error",
        "unknown-key",
        "unknown key 'levles'",
        "did you mean 'levels'?",
    )
    assert render_problem(shown, source) == (
        "rules/billing.yaml:14:5: error[unknown-key] unknown key 'levles'\n"
        "   14 |     levles:\n"
        "      |     ^^^^^^ did you mean 'levels'?"
    )


def test_the_second_example_of_the_specification() -> None:
    source = "\n" * 5 + "    - after: 30\n"
    shown = Problem(
        "rules/hours.yaml",
        6,
        14,
        16,
        "error",
        "duration",
        "'30' has no unit",
        "write 30m, 30h or 30d",
    )
    assert render_problem(shown, source) == (
        "rules/hours.yaml:6:14: error[duration] '30' has no unit\n"
        "    6 |     - after: 30\n"
        "      |              ^^ write 30m, 30h or 30d"
    )


def test_without_help_the_caret_stands_alone() -> None:
    assert render_problem(problem(1, 1, 2), "abc").splitlines()[1:] == ["    1 | abc", "      | ^"]


def test_without_source_there_is_only_the_message() -> None:
    assert render_problem(problem(1, 1, 2), "") == "rules/x.yaml:1:1: error[code] what is wrong"
    assert render_problem(problem(9, 1, 2, "do this"), "one line").endswith("\n      | do this")


def test_a_long_line_is_clipped_around_the_caret() -> None:
    source = "a" * 150 + "HERE" + "b" * 150
    _, line, caret = render_problem(problem(1, 151, 155), source).splitlines()
    assert len(line) <= 108
    assert line.count("…") == 2
    assert line[caret.index("^") : caret.rindex("^") + 1] == "HERE"


def test_a_long_caret_ends_where_the_line_is_clipped() -> None:
    _, line, caret = render_problem(problem(1, 1, 301), "x" * 300).splitlines()
    assert len(caret) <= len(line)


def test_the_caret_stands_under_wide_and_narrow_characters() -> None:
    source = "名前: e\u0301t x"
    at = source.index("x") + 1
    _, line, caret = render_problem(problem(1, at, at + 1), source).splitlines()
    assert caret == "      | " + " " * len("xxxx: et ") + "^"
    assert line.endswith(source)


def test_nothing_in_a_line_can_move_the_cursor() -> None:
    _, line, caret = render_problem(problem(1, 8, 9), "\ta\x1b[2Jb\u202ec").splitlines()
    assert line == "    1 |  a\ufffd[2Jb\ufffdc"
    assert caret == "      |        ^"


def test_a_problem_at_the_end_of_the_file_is_shown_on_its_empty_line() -> None:
    assert render_problem(problem(2, 1, 2), "a\n").splitlines()[1:] == ["    2 | ", "      | ^"]


def test_what_a_file_says_cannot_break_a_message(read: Read) -> None:
    loaded = read('version: 1\n"a\\nb\\e[2J": 1\n')
    shown = render_problem(loaded.problems[0], loaded.sources[loaded.problems[0].file])
    assert "unknown key 'a b\ufffd[2J'" in shown
    assert len(shown.splitlines()) == 3


def test_on_a_narrow_terminal_the_help_stands_below_the_caret() -> None:
    help_ = "put the levels in the order in which they are due, or give them times of their own"
    shown = render_problem(problem(1, 5, 8, help_), "abc def", width=60)

    assert shown.splitlines()[1:] == [
        "    1 | abc def",
        "      |     ^^^",
        "      | put the levels in the order in which they are due,",
        "      | or give them times of their own",
    ]


def test_on_a_wide_terminal_the_help_stands_beside_the_caret() -> None:
    shown = render_problem(problem(1, 5, 8, "mend it"), "abc def", width=60)

    assert shown == render_problem(problem(1, 5, 8, "mend it"), "abc def")


def test_a_narrow_terminal_shows_less_of_a_long_line() -> None:
    line = "a" * 60 + "bad" + "c" * 60
    shown = render_problem(problem(1, 61, 64), line, width=60).splitlines()

    assert max(map(len, shown[1:])) <= 60
    assert shown[2].index("^^^") == shown[1].index("bad")


def test_colour_goes_to_the_severity_and_the_caret() -> None:
    shown = render_problem(problem(1, 1, 4), "abc", paint=lambda text, what: f"<{what}:{text}>")

    assert "<error:error[code]> what is wrong" in shown
    assert shown.endswith("<error:^^^>")
