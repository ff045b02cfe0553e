"""The staff templates that every installation has; a file of the same name replaces one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from engine.domain.rule import MessageTemplate

NAMES: Final = ("escalation", "digest", "last-update")


@cache
def builtin_templates() -> tuple[MessageTemplate, ...]:
    """They, as read from this folder."""
    return tuple(_read(name) for name in NAMES)


def _read(name: str) -> MessageTemplate:
    source = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    _, front_matter, body = source.split("---\n", 2)
    return MessageTemplate(
        audience="staff",
        name=name,
        language=None,
        subject=front_matter.partition("subject:")[2].strip(),
        body=body.strip("\n") + "\n",
    )
