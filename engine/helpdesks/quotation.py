"""What people write, without what they quote."""

from __future__ import annotations


def unquoted(text: str) -> str:
    """A message without the lines that it quotes from others."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
