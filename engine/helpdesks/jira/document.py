"""Texts of Jira: documents in the Atlassian Document Format, a tree of nodes.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_LINES: Final = frozenset(
    {"paragraph", "heading", "codeBlock", "rule", "listItem", "tableRow", "mediaSingle"}
)
"""Nodes that end a line."""
_QUOTED: Final = "blockquote"


def text_of_document(document: object) -> str:
    """What a document shows, line by line, without what it quotes from others."""
    if isinstance(document, str):
        return document
    text = "".join(_shown(document)) if isinstance(document, dict) else ""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _shown(node: dict[str, Any]) -> Iterator[str]:
    kind, attributes = node.get("type"), node.get("attrs") or {}
    if kind == _QUOTED:
        return
    if kind == "text":
        yield str(node.get("text") or "")
    elif kind == "hardBreak":
        yield "\n"
    else:
        shown = attributes.get("text") or attributes.get("shortName") or attributes.get("url")
        yield str(shown or "")
    for child in node.get("content") or ():
        yield from _shown(child)
    if kind in _LINES:
        yield "\n"
