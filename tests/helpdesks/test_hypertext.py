"""Messages that helpdesks keep as HTML."""

from __future__ import annotations

import pytest

from engine.domain.marker import marked, marker_in, marker_of
from engine.helpdesks.hypertext import html_of, text_of_html


@pytest.mark.parametrize(
    "html, text",
    [
        ("<div>one<br>two</div>", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one &lt;b&gt; &amp; two", "one <b> & two"),
        ("<div>a <b>bold</b> word</div>", "a bold word"),
        ("<div>mine</div><blockquote>theirs<br>too</blockquote>", "mine"),
        ("<style>p {}</style><p>seen</p>", "seen"),
        ("<div><div>nested</div></div>", "nested"),
        ("", ""),
    ],
)
def test_it_reads_as_it_is_shown(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_what_we_write_reads_the_same() -> None:
    text = "Dear Eve,\n\nis 1 < 2 & 3?\nYours"
    assert text_of_html(html_of(text)) == text


def test_our_mark_is_found_again() -> None:
    html = html_of(marked("why", "k"))
    assert marker_in(text_of_html(f"<div>{html}</div>")) == marker_of("k")


def test_our_mark_in_a_quotation_is_somebody_elses_word() -> None:
    html = f"<div>I saw it</div><blockquote>{html_of(marked('why', 'k'))}</blockquote>"
    assert marker_in(text_of_html(html)) is None
