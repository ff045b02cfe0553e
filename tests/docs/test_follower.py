"""The follower itself: it finds what a page gets wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.follower import Command, File, Follower, Interrupt, matches, steps_of

PAGE = """\
# A page

```yaml rules/a.yaml
version: 1
```

<!-- not followed: it takes a week -->
```console
$ sleep 604800
```

<!-- exit 1 -->
```console
$ echo one
one
$ false
```

<!-- second terminal -->
```console
$ cat /dev/stdin
```
<!-- Ctrl-C in the second terminal -->

```text
$ this is not typed
```
"""


def followed(page: str, folder: Path) -> Follower:
    """A page that was followed in a folder."""
    path = folder / "page.md"
    path.write_text(page)
    follower = Follower(path, folder, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    follower.follow()
    return follower


def console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def test_a_page_is_read_step_by_step() -> None:
    assert list(steps_of(PAGE)) == [
        File(4, "rules/a.yaml", "version: 1\n"),
        Command(14, "echo one", ("one",)),
        Command(16, "false", None, code=1),
        Command(21, "cat /dev/stdin", None, is_second_terminal=True, goes_on=True),
        Interrupt(23),
    ]


def test_a_set_up_is_followed_where_it_is_wanted() -> None:
    page = "<!-- set-up -->\n" + console("$ make")

    assert list(steps_of(page)) == []
    assert len(list(steps_of(page, with_set_up=True))) == 1


@pytest.mark.parametrize(
    "shown, seen",
    [
        (("a", "b"), ["a", "b"]),
        (("a ... c",), ["a b c"]),
        (("...", "c"), ["a", "b", "c"]),
        (("a", "...", "c"), ["a", "c"]),
        (("...",), []),
        (("1+1 (so)",), ["1+1 (so)  "]),
    ],
)
def test_what_is_shown_matches(shown: tuple[str, ...], seen: list[str]) -> None:
    assert matches(shown, seen)


@pytest.mark.parametrize(
    "shown, seen",
    [
        (("a",), ["a", "b"]),
        (("a", "b"), ["a"]),
        (("a ... c",), ["a b d"]),
        (("...", "c"), ["c", "d"]),
        (("a.c",), ["abc"]),
    ],
)
def test_what_is_not_shown_does_not_match(shown: tuple[str, ...], seen: list[str]) -> None:
    assert not matches(shown, seen)


def test_a_page_that_is_true_is_followed_to_its_end(tmp_path: Path) -> None:
    page = "```text notes/a.txt\nhello\n```\n" + console(
        "$ cd notes", "$ export WORD=bye", "$ cat a.txt; echo $WORD", "hello", "bye"
    )

    assert [each.text for each in followed(page, tmp_path).followed] == [
        "cd notes",
        "export WORD=bye",
        "cat a.txt; echo $WORD",
    ]


@pytest.mark.parametrize(
    "page, words",
    [
        (console("$ echo one", "two"), "page.md:2: \\$ echo one\nshows\ntwo\n\nbut it is\none"),
        (console("$ true", "something"), "shows\nsomething"),
        (console("$ false"), "ends with 1"),
        ("<!-- exit 1 -->\n" + console("$ true"), "ends with 0"),
        (console("$ no-such-program"), "ends with 127"),
        ("<!-- second terminal -->\n" + console("$ echo one", "two"), "has ended, and says\none"),
    ],
)
def test_a_page_that_is_not_true_is_found_out(tmp_path: Path, page: str, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        followed(page, tmp_path)


def test_the_second_terminal_runs_beside_the_first(tmp_path: Path) -> None:
    page = (
        "<!-- second terminal -->\n"
        + console("$ trap 'exit 0' INT; touch there; echo ready; tail -f /dev/null", "ready", "...")
        + console("$ ls there", "there")
    )

    assert len(followed(page, tmp_path).followed) == 2
