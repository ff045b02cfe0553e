"""The HTML page around a message or a few words: calm, readable on a phone and in the dark.

Mail programs take little: no script, no picture, no layout but blocks and tables. What must not be
lost stands in `style` attributes; the style sheet adds what only some programs understand.
"""

from __future__ import annotations

from html import escape
from typing import Final

from engine.messages.languages import direction

_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_BODY: Final = (
    f"margin: 0; padding: 24px 16px; background: #ffffff; color: #1c2024; font-family: {_FONT};"
    " font-size: 16px; line-height: 1.55"
)
_COLUMN: Final = "max-width: 36em; margin: 0 auto; overflow-wrap: break-word"
_BUTTON_CELL: Final = "border-radius: 8px; background: #1d4ed8"
_BUTTON_LINK: Final = (
    "display: inline-block; padding: 12px 22px; color: #ffffff; font-weight: 600;"
    " text-decoration: none"
)

_SHEET: Final = """\
:root { color-scheme: light dark; supported-color-schemes: light dark }
p, ul, ol, blockquote { margin: 0 0 1em }
ul, ol { padding: 0; padding-inline-start: 1.3em }
li { margin: 0 0 .45em }
h1, h2, h3 { font-size: 1.15em; line-height: 1.3; margin: 1.4em 0 .6em }
blockquote { padding-inline-start: 1em; border-inline-start: 3px solid #c8ccd2; color: #4a5058 }
a { color: #1d4ed8 }
code { font-size: .95em }
hr { border: 0; border-top: 1px solid #d5d9de; margin: 1.6em 0 }
@media (prefers-color-scheme: dark) {
  body { background: #16181b !important; color: #e6e8eb !important }
  a { color: #9db8ff }
  a.button { color: #ffffff !important }
  blockquote { color: #b4bac2; border-color: #4a5058 }
  hr { border-color: #3a3f45 }
}
"""


def page(body: str, language: str) -> str:
    """A page around a body that is HTML already.

    Args:
        body: Blocks.
        language: Two letters; they decide the direction of writing, too.
    """
    return (
        f'<!doctype html>\n<html lang="{escape(language)}" dir="{direction(language)}">\n'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">\n'
        f"<style>\n{_SHEET}</style></head>\n"
        f'<body style="{_BODY}">\n<div style="{_COLUMN}">\n{body}</div>\n</body>\n</html>\n'
    )


def button(words: str, target: str) -> str:
    """A link that stands by itself, as something to press.

    A table of one cell, for there are mail programs that pad nothing else.

    Args:
        words: HTML.
        target: The address, not escaped.
    """
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" style="margin: 0 0 1em">'
        f'<tr><td style="{_BUTTON_CELL}">'
        f'<a class="button" href="{escape(target)}" style="{_BUTTON_LINK}">{words}</a>'
        "</td></tr></table>\n"
    )
