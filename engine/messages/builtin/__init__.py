"""The staff templates that every installation has; a file of the same name replaces one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from engine.domain.rule import MessageTemplate
from engine.messages.languages import DEFAULT_LANGUAGE, LANGUAGES

NAMES: Final = (
    "escalation",
    "digest",
    "last-update",
    "low-score",
    "maybe-sent",
    "not-delivered",
    "undeliverable",
    "customer-unreachable",
)


@cache
def builtin_templates() -> tuple[MessageTemplate, ...]:
    """They, as read from this folder, in every language that we speak."""
    return tuple(_read(name, code) for name in NAMES for code in LANGUAGES)


def _read(name: str, code: str) -> MessageTemplate:
    language = None if code == DEFAULT_LANGUAGE else code
    file = f"{name}.{language}.md" if language else f"{name}.md"
    source = files(__name__).joinpath(file).read_text(encoding="utf-8")
    _, front_matter, body = source.split("---\n", 2)
    return MessageTemplate(
        audience="staff",
        name=name,
        language=language,
        subject=front_matter.partition("subject:")[2].strip(),
        body=body.strip("\n") + "\n",
    )
