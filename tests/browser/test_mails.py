"""The HTML part of mails, as received, in a browser at the widths of a phone and of a desk.

``ESCALATORD_SCREENSHOTS=DIR`` keeps the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.domain.actions import ActionKind
from engine.domain.ticket import Customer, Priority
from tests.browser.conftest import Shoot
from tests.channels.received import Desk, case, legible
from tests.channels.sink import MailSink, Received, SinkController

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.system("Chromium")

PHONE, DESK = 390, 1280
BIDI = "\u202edesrever\u202c"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    controller = SinkController(MailSink(), None)
    controller.start()
    yield Desk(controller.sink, tmp_path, {})
    controller.end()


def notice(desk: Desk) -> Received:
    return desk.tell_staff(case())


def hostile_notice(desk: Desk) -> Received:
    subject = f"{BIDI} <b>urgent</b> <script>document.title='owned'</script> {'x' * 180}"
    return desk.tell_staff(case("4711", subject, f"{BIDI} <img src=x>", group="g" * 80))


def long_digest(desk: Desk) -> Received:
    subjects = (
        "Printer on fire",
        "המדפסת עולה באש",
        "الطابعة تحترق",
        "🚨 👩‍👩‍👧‍👦 urgent",
        "w" * 120,
    )
    tickets = [
        case(str(4700 + n), f"{subjects[n % 5]} ({n})", priority=list(Priority)[n % 4])
        for n in range(60)
    ]
    return desk.tell_staff(*tickets, kind=ActionKind.DIGEST)


def update(desk: Desk) -> Received:
    return desk.tell_customer(case())


def update_from_right_to_left(desk: Desk) -> Received:
    who = Customer(id="c2", name="נועה כהן", email="noa@example.org")
    return desk.tell_customer(
        replace(case("4712", "המדפסת בקומה השלישית עולה באש, והטלפון מצלצל"), customer=who)
    )


MAILS: dict[str, Callable[[Desk], Received]] = {
    "notice": notice,
    "hostile-notice": hostile_notice,
    "digest-of-60": long_digest,
    "update": update,
    "update-rtl": update_from_right_to_left,
}


@pytest.fixture(params=MAILS)
def mail(request: pytest.FixtureRequest, desk: Desk) -> tuple[str, Received]:
    return request.param, MAILS[request.param](desk)


@pytest.fixture(params=[PHONE, DESK])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": request.param, "height": 844 if request.param == PHONE else 900},
        device_scale_factor=2 if request.param == PHONE else 1,
    )
    yield context.new_page()
    context.close()


def show(page: Page, received: Received, folder: Path) -> list[str]:
    """Open the HTML part; gives the addresses that it asked for besides itself."""
    file = folder / "mail.html"
    file.write_text(received.html, encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return [url for url in asked if url != file.as_uri()]


def width_of(page: Page) -> int:
    viewport = page.viewport_size
    assert viewport is not None
    return viewport["width"]


def test_a_mail_fits_the_width_and_loads_nothing(
    mail: tuple[str, Received], page: Page, shoot: Shoot, tmp_path: Path
) -> None:
    name, received = mail
    asked = show(page, received, tmp_path)
    shoot(page, f"mail-{name}-{width_of(page)}")
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_of(page)
    assert page.title() != "owned"


def test_letters_are_large_enough_to_be_read_on_a_phone(
    mail: tuple[str, Received], page: Page, tmp_path: Path
) -> None:
    show(page, mail[1], tmp_path)
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('body, body *')]"
        ".map(one => parseFloat(getComputedStyle(one).fontSize)))"
    )
    assert smallest >= 13


def test_what_is_read_in_the_browser_is_what_the_text_part_says(
    mail: tuple[str, Received], page: Page, tmp_path: Path
) -> None:
    show(page, mail[1], tmp_path)
    shown, plain = (legible(text).split() for text in (page.inner_text("body"), mail[1].text))
    assert [word for word in shown if word != "-"] == [word for word in plain if word != "-"]
