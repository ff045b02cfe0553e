"""Markdown (CommonMark): values that stay text, the HTML part, the plain part."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape as escape_html
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

# Raw HTML is off: it would come out as it went in.
_PARSER: Final = MarkdownIt("commonmark", {"html": False})

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~=&\"':])")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
# Controls and line ends break lines; the bidirectional embeddings, overrides and isolates turn
# around what follows, which may be ours.
_BREAKING: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")
_TURNING: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")

_STYLE: Final = (
    "font-family: system-ui, sans-serif; line-height: 1.5; max-width: 42em;"
    " overflow-wrap: break-word"
)


def single_line(text: str) -> str:
    """The text on one line, without control characters, bidirectional ones included."""
    return collapse(text).strip()


def escape(text: str) -> str:
    """A value as Markdown that shows exactly this text, on one line.

    Blanks at its ends are kept, as one: a template may print ``", "``.
    """
    line = collapse(text)
    if _NUMBER.fullmatch(line):
        # What follows in the template must not make a list of it; digits take no backslash.
        return f"&#{ord(line[0])};{line[1:]}"
    return _SPECIAL.sub(r"\\\1", line)


def collapse(text: str) -> str:
    """As `single_line`, with a blank at either end where there was one."""
    return _BREAKING.sub(" ", _TURNING.sub("", text))


def to_html(markdown: str, language: str) -> str:
    """A whole page for the HTML part of a mail."""
    return page(_PARSER.renderer.render(_tokens(markdown), _PARSER.options, {}), language)


def page(body: str, language: str) -> str:
    """A page around a body that is HTML already."""
    return (
        f'<!doctype html>\n<html lang="{escape_html(language)}">\n'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
        f'<body dir="auto" style="{_STYLE}">\n{body}</body>\n</html>\n'
    )


def to_text(markdown: str) -> str:
    """The same as plain text that reads well: no marks but those of lists and quotations.

    Lines are as long as their paragraphs, for whoever shows them to fold.
    """
    root = SyntaxTreeNode(_tokens(markdown))
    return _blocks(root.children, "\n\n") + "\n"


@lru_cache(maxsize=1)
def _tokens(markdown: str) -> list[Token]:
    """The text in its parts; both parts of a mail are made from the same."""
    return _PARSER.parse(markdown)


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
