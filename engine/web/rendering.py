"""Turns what a page shows into a response: HTML without scripts, fenced in by its headers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Template

_PAGES: Final = ("layout", "escalation", "survey", "refusal")


def page(template: str, language: str, status: int = 200, /, **shown: object) -> HTMLResponse:
    """A page as its reader gets it.

    Args:
        template: Its name.
        language: Two letters.
        status: The HTTP status.
        shown: What the template shows; all of it is escaped.
    """
    text = _template(template).render(language=language, style=_style(), **shown)
    return HTMLResponse(text, status, _fences())


@cache
def _fences() -> Mapping[str, str]:
    """No script, nothing from elsewhere, in nobody's frame; and the address stays with us."""
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{_digest(_style())}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _style() -> str:
    return _source("style.css")


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.html")


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader({f"{name}.html": _source(f"{name}.html") for name in _PAGES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(name: str) -> str:
    return files("engine.web").joinpath("templates", name).read_text(encoding="utf-8")
