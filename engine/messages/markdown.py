"""Markdown (CommonMark): values that stay text, the HTML part, the plain part."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.tree import SyntaxTreeNode

from engine.messages.page import button, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_MARKS: Final = r"([\\`*_{}\[\]<>()#+\-.!|~=&\"':])"
_SPECIAL: Final = re.compile(_MARKS)
_ESCAPES: Final = re.compile(rf"\\{_MARKS}")
_DIGIT: Final = re.compile(r"&#([0-9]{2});")
_ESCAPED: Final = r"\\\1"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
# Controls and line ends break lines; no-break spaces are what keeps them whole.
_BREAKING: Final = re.compile(
    r"(?:[^\S\u00a0\u202f]|[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029])+"
)
# Bidirectional overrides and isolates turn what follows around, or end what we have opened.
_TURNING: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ISOLATES: Final = {"\u2066": '<bdi dir="ltr">', "\u2068": "<bdi>", "\u2069": "</bdi>"}
"""Unicode's marks for a text that is set apart, and what stands for them in HTML."""
_AGAINST: Final = {"ltr": frozenset({"R", "AL"}), "rtl": frozenset({"L", "EN"})}
"""Direction → what kinds of letters run against it, and digits."""


def single_line(text: str) -> str:
    """The text on one line, without control characters, bidirectional ones included."""
    return collapse(text).strip()


def escape(text: str, direction: str = "ltr") -> str:
    """A value as Markdown that shows exactly this text, on one line.

    Blanks at its ends are kept, as one: a template may print ``", "``. A value with letters that
    run the other way is isolated, so that it cannot rearrange the text around it.

    Args:
        text: The value.
        direction: Of the text that it stands in, ``ltr`` or ``rtl``.
    """
    line = collapse(text)
    kinds = _kinds_of(line, direction)
    if not kinds.isdisjoint(_AGAINST[direction]):
        # A date or a number by itself has no direction of its own: it runs from left to right.
        mark = "\u2066" if kinds.isdisjoint({"L", "R", "AL"}) else "\u2068"
        return f"{mark}{_SPECIAL.sub(_ESCAPED, line)}\u2069"
    if _NUMBER.fullmatch(line):
        # What follows in the template must not make a list of it; digits take no backslash.
        return f"&#{ord(line[0])};{line[1:]}"
    return _SPECIAL.sub(_ESCAPED, line)


def collapse(text: str) -> str:
    """As `single_line`, with a blank at either end where there was one."""
    return _BREAKING.sub(" ", _TURNING.sub("", text))


def _kinds_of(text: str, direction: str) -> set[str]:
    """The bidirectional classes in a text; none where they cannot matter."""
    if text.isascii() and direction == "ltr":
        return set()
    return {unicodedata.bidirectional(letter) for letter in text}


def to_html(markdown: str, language: str) -> str:
    """A whole page for the HTML part of a mail."""
    return page(_PARSER.renderer.render(_tokens(markdown), _PARSER.options, {}), language)


def empty_links(markdown: str) -> list[str]:
    """The words of the links that lead nowhere."""
    return [
        "".join(_inline(child) for child in node.children)
        for node in SyntaxTreeNode(_tokens(markdown)).walk()
        if node.type == "link" and not node.attrs.get("href")
    ]


class _MailRenderer(RendererHTML):
    """HTML for mails: a paragraph that is nothing but a link becomes a button."""

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:
        """The HTML of some blocks."""
        parts: list[str] = []
        begin = 0
        for place in range(len(tokens)):
            link = _only_link(tokens[place : place + 2])
            if link is None:
                continue
            words = self.renderInline(link[1:-1], options, env)
            parts.append(super().render(tokens[begin:place], options, env))
            parts.append(button(words, str(link[0].attrs.get("href", ""))))
            begin = place + 3  # its opening, its text, its end
        parts.append(super().render(tokens[begin:], options, env))
        return "".join(parts)

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Text, with what was isolated in an element of its own."""
        escaped = super().text(tokens, idx, options, env)
        for mark, tag in _ISOLATES.items():
            escaped = escaped.replace(mark, tag)
        return escaped


def _only_link(tokens: Sequence[Token]) -> list[Token] | None:
    """The parts of a link, if these tokens open a paragraph that is nothing else.

    Not of an address that stands for itself: it is there to be read.
    """
    if len(tokens) < 2 or tokens[0].type != "paragraph_open" or tokens[0].hidden:  # noqa: PLR2004
        return None
    inline = tokens[1].children or []
    is_link = bool(inline) and inline[0].type == "link_open" and inline[-1].type == "link_close"
    links = sum(1 for token in inline if token.type == "link_open")
    return inline if is_link and links == 1 and inline[0].markup != "autolink" else None


# Raw HTML is off: it would come out as it went in.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}, renderer_cls=_MailRenderer)


def to_text(markdown: str) -> str:
    """The same as plain text that reads well: no marks but those of lists and quotations.

    Lines are as long as their paragraphs, for whoever shows them to fold.
    """
    root = SyntaxTreeNode(_tokens(markdown))
    return _blocks(root.children, "\n\n") + "\n"


@lru_cache(maxsize=1)
def _tokens(markdown: str) -> list[Token]:
    """The text in its parts; both parts of a mail are made from the same.

    Markdown takes what stands between backticks as it is, our escaping of values included.
    """
    tokens = _PARSER.parse(markdown)
    for inline in (child for token in tokens for child in token.children or ()):
        if inline.type == "code_inline":
            inline.content = _unescaped(inline.content)
    return tokens


def _unescaped(text: str) -> str:
    plain = _ESCAPES.sub(r"\1", text)
    return _DIGIT.sub(lambda found: chr(int(found[1])), plain)


def _blocks(nodes: Iterable[SyntaxTreeNode], gap: str) -> str:
    return gap.join(_block(node) for node in nodes)


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "blockquote":
            return _prefixed(_blocks(node.children, "\n\n"), "> ", "> ")
        case "fence" | "code_block":
            return node.content.rstrip("\n")
        case "hr":
            return "-" * 20
        case _:  # paragraph, heading
            return "".join(_inline(child) for child in node.children)


def _list(node: SyntaxTreeNode) -> str:
    is_tight = all(child.hidden for item in node.children for child in item.children[:1])
    gap = "\n" if is_tight else "\n\n"
    items = []
    for number, item in enumerate(node.children, start=int(node.attrs.get("start", 1))):
        mark = "- " if node.type == "bullet_list" else f"{number}. "
        items.append(_prefixed(_blocks(item.children, gap), mark, " " * len(mark)))
    return gap.join(items)


def _prefixed(text: str, first: str, other: str) -> str:
    head, *rest = text.split("\n")
    return "\n".join([first + head, *(f"{other}{line}".rstrip() for line in rest)])


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            return _link(_all(node), str(node.attrs.get("href", "")))
        case "image":
            return _link(node.content, str(node.attrs.get("src", "")))
        case _:  # inline, em, strong
            return _all(node)


def _all(node: SyntaxTreeNode) -> str:
    return "".join(_inline(child) for child in node.children)


def _link(words: str, target: str) -> str:
    return words if target in (words, f"mailto:{words}") else f"{words}: {target}"
