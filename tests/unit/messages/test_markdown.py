from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.messages.markdown import empty_links, escape, single_line, to_html, to_text

BREAKOUTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</p></body>",
    "[click](https://evil.example)",
    "![pixel](https://evil.example/p.png)",
    "<https://evil.example>",
    "](https://evil.example)",
    "**bold** _em_ `code` ~~no~~",
    "# heading",
    "- item",
    "1. item",
    "12345",
    "> quote",
    "```\nfence",
    "    indented",
    "a\n\n# heading",
    "&lt;b&gt; &#60;",
    "back\\slash \\* \\",
    "| a | b |",
    "text\n===",
    "[ref]: https://evil.example",
]


def body_of(page: str) -> str:
    found = re.search(r"<body[^>]*>\n<div[^>]*>\n(.*)</div>\n</body>", page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("value", BREAKOUTS)
@pytest.mark.parametrize(
    "frame", ["{}", "- {}", "Dear {}, it is late.", "> {}", "{}. So", "**{}**"]
)
def test_a_value_shows_as_itself_wherever_it_stands(value: str, frame: str) -> None:
    shown = to_text(frame.format(escape(value).strip()))
    assert single_line(value) in shown
    page = to_html(frame.format(escape(value).strip()), "en")
    expected = to_html(frame.format("x"), "en")
    assert re.findall(r"</?\w+", page) == re.findall(r"</?\w+", expected)


@settings(deadline=None)  # a busy machine is not a fault
@given(st.text())
def test_any_text_comes_through_as_it_was(value: str) -> None:
    shown = re.sub("[\u2068\u2069]", "", to_text(f"before {escape(value)} after")).strip()
    assert shown == " ".join(f"before {single_line(value)} after".split()) or (
        # What Python and Markdown call a blank differs by exotic spaces.
        shown.split() == f"before {single_line(value)} after".split()
    )


@settings(deadline=None)  # a busy machine is not a fault
@given(st.text(alphabet=st.sampled_from("<>[]()`*_!#&;\\ab\n\"'~-+=|:/. 1")))
def test_no_value_brings_a_tag_or_a_link_of_its_own(value: str) -> None:
    for frame in ("{}", "- {}", "x {} y", "[x](https://desk.example/{})"):
        page = body_of(to_html(frame.format(escape(value)), "en"))
        tags = set(re.findall(r"</?(\w+)", page))
        ours = {"p", "ul", "li"} if "(" not in frame else {"p", "a", "table", "tr", "td"}
        assert tags <= ours
        assert set(re.findall(r'href="([^"]{0,20})', page)) <= {"https://desk.example"}
        assert all(
            link.startswith("https://desk.example/") for link in re.findall('href="([^"]*)', page)
        )


def test_a_javascript_link_from_a_value_is_no_link() -> None:
    assert "<a" not in to_html(f"[x]({escape('javascript:alert(1)')})", "en")


def test_a_signed_link_survives_as_it_was() -> None:
    url = "https://desk.example/ack/eyJ0-aa_bb.cc~dd?x=1&y=(2)#z"
    assert to_text(f"[I take it]({escape(url)})") == f"I take it: {url}\n"
    assert url.replace("&", "&amp;") in to_html(f"[I take it]({escape(url)})", "en")


def test_overrides_of_the_writing_direction_are_dropped_and_the_writing_stays() -> None:
    assert single_line("\u2067\u202eevil\u202c مرحبا \u200d👩‍💻") == "evil مرحبا \u200d👩‍💻"


def test_a_value_that_runs_the_other_way_is_kept_apart_from_the_text_around_it() -> None:
    page = body_of(to_html(f"Hello {escape('مرحبا (a)')}, it is late.", "en"))

    assert page == "<p>Hello <bdi>مرحبا (a)</bdi>, it is late.</p>\n"
    assert to_text(f"- {escape('حب')}: late") == "- \u2068حب\u2069: late\n"


def test_a_value_that_runs_with_the_text_is_left_as_it_is() -> None:
    assert escape("Zoë 12") == "Zoë 12"
    assert escape("مرحبا", "rtl") == "مرحبا"
    assert escape("Zoë", "rtl") == "\u2068Zoë\u2069"


@pytest.mark.parametrize("value", ["12", "unresolved-in-time", "a_b*c", "<x> & [y](z)", "\\"])
def test_a_value_between_backticks_shows_as_itself(value: str) -> None:
    shown = f"`outbox retry {escape(value)}`"

    assert to_text(shown) == f"outbox retry {value}\n"
    assert f"<code>outbox retry {html.escape(value)}</code>" in to_html(shown, "en")


def test_a_backtick_in_a_value_ends_no_code_and_begins_nothing() -> None:
    page = body_of(to_html(f"`run {escape('a` [x](https://evil.example) **b**')}`", "en"))

    assert "<a" not in page
    assert "<strong" not in page


def test_no_break_spaces_stay() -> None:
    assert single_line("un\u202f: deux\u00a0h") == "un\u202f: deux\u00a0h"


@pytest.mark.parametrize(
    "markdown, is_button",
    [
        ("[I take it](https://desk.example/a)", True),
        ("x\n\n[**I** take it](https://desk.example/a)\n\ny", True),
        ("> [I take it](https://desk.example/a)", True),
        ("- [I take it](https://desk.example/a)", False),
        ("[a](https://desk.example/a) or [b](https://desk.example/b)", False),
        ("See [this](https://desk.example/a).", False),
        ("<https://desk.example/a>", False),
        ("[I take it]", False),
    ],
)
def test_a_link_that_stands_by_itself_is_a_button(markdown: str, *, is_button: bool) -> None:
    page = body_of(to_html(markdown, "en"))

    assert ('class="button"' in page) is is_button
    assert page.count("<a ") == markdown.count("https:")


def test_a_link_without_a_target_is_found() -> None:
    assert empty_links("[a]() and [b](https://x.example)\n\n- [c *d*]()") == ["a", "c d"]


def test_the_plain_part_reads_like_plain_text() -> None:
    markdown = (
        "# Late\n\nDear *Ann*,\nit **waits** `now`.\\\nSee [the page](https://a.example).\n\n"
        "- one\n- two\n  - deeper\n\n1. first\n2. second\n\n> said\n> so\n\n---\n\n"
        "```\ncode  here\n```\n\n<https://b.example>\n\n- loose\n\n- list\n  with more\n"
    )
    assert to_text(markdown) == (
        "Late\n\nDear Ann, it waits now.\nSee the page: https://a.example.\n\n"
        "- one\n- two\n  - deeper\n\n1. first\n2. second\n\n> said so\n\n"
        "--------------------\n\ncode  here\n\nhttps://b.example\n\n- loose\n\n- list with more\n"
    )


def test_raw_html_in_a_template_is_shown_and_not_obeyed() -> None:
    assert "<script>" not in to_html("<script>alert(1)</script>", "en")
