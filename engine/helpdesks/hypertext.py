"""Messages of helpdesks that keep them as HTML."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset(
    {"blockquote", "div", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
)
_HIDDEN: Final = frozenset({"head", "script", "style", "title"})
_QUOTED: Final = frozenset({"blockquote"})
_SPACE: Final = re.compile(r"\s+")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def html_of(text: str) -> str:
    """A plain text as HTML that shows the same lines."""
    return f"<div>{escape(text.rstrip()).replace(chr(10), '<br>')}</div>"


def text_of_html(html: str) -> str:
    """What HTML shows, line by line, without what it quotes from others."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = "".join(reader.parts).splitlines()
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._left_out: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _HIDDEN | _QUOTED:
            self._left_out.append(tag)
        elif tag == "br":
            self._say("\n")
        elif tag in _BLOCKS:
            self._begin_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out:
            del self._left_out[self._left_out.index(tag) :]
        if tag in _BLOCKS:
            self._begin_line()

    def handle_data(self, data: str) -> None:
        self._say(_SPACE.sub(" ", data))

    def _begin_line(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self._say("\n")

    def _say(self, text: str) -> None:
        if not self._left_out:
            self.parts.append(text)
