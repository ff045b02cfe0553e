"""A real browser, without scripts, at the widths of phones and desks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import desk, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KEEP = "ESCALATORD_SCREENSHOTS"
"""Names a folder in which the pictures are kept."""

__all__ = ["desk", "serve"]  # the pages are those of tests/web

Open = Callable[..., "Page"]
Shoot = Callable[["Page", str], Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for one file: its event loop would disturb other tests."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium is not None, "chromium is missing: install Debian's package chromium"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Open]:
    """Opens an address as one person would; nothing may be complained of on the way."""
    contexts = []
    complaints: list[str] = []

    def look(url: str, width: int = 390, scheme: str = "light", language: str = "en") -> Page:
        context = browser.new_context(
            java_script_enabled=False,
            viewport={"width": width, "height": 844 if width < 600 else 900},
            device_scale_factor=2 if width < 600 else 1,
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=language,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(url)
        return page

    yield look
    for context in contexts:
        context.close()
    assert [one for one in complaints if "Failed to load resource" not in one] == []


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    """Takes a picture of a whole page."""
    folder = Path(os.environ.get(KEEP) or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def shoot(page: Page, name: str) -> Path:
        picture = folder / f"{name}.png"
        page.screenshot(path=picture, full_page=True)
        return picture

    return shoot
