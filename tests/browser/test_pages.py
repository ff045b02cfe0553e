"""The pages in a real browser: read on a phone and at a desk, and used without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.domain.ticket import Customer, Priority
from engine.ports import Message
from tests.browser.conftest import Open, Shoot
from tests.scenario.desk import rule, rules
from tests.web.site import LinkedDesk, Make, paths_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.system("Chromium"), pytest.mark.slow]

WIDTHS = (320, 390, 1280)
SUBJECT = "Checkout fails with error 500 since this morning, and orders are lost"
LEVELS = (
    "[{name: tier-2, after: 2h, kind: technical, notify: [tier-2, manager]},"
    " {name: management, after: 6h, kind: hierarchical, notify: [manager]}]"
)
CORA = Customer(id="cora", name="Cora Meier", language="en")

FAINT = """() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const ground = node => {
    for (let one = node; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll('main *')) {
    const own = [...node.childNodes].filter(n => n.nodeType === 3 && n.textContent.trim());
    if (!own.length) continue;
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${own[0].textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
"""Texts that stand out from their ground by less than WCAG 2.2, 1.4.3, asks for."""


def escalate(desk: LinkedDesk, subject: str = SUBJECT, **keys: str) -> tuple[str, str]:
    """An escalation, and the links that went to tier 2 and to the manager."""
    keys.setdefault("reason", "Orders that fail are looked at within two hours")
    desk.rules(rules(rule("failing-orders", levels=LEVELS, **keys)))
    desk.open("10482", subject=subject, priority=Priority.HIGH, group="Shop", type="incident")
    desk.live("3h")
    return desk.last_link("tier-two"), desk.last_link("the-manager")


def ask(desk: LinkedDesk, scale: int = 5, language: str = "en") -> str:
    """A survey, and the link that its customer got."""
    plan = f"{{follow_up: {{after: 1h, template: survey, scale: {scale}}}}}"
    desk.rules(rules(rule(levels=LEVELS, customer=plan)))
    customer = Customer(id="cora", name="Cora Meier", language=language)
    desk.open("10482", subject=SUBJECT, customer=customer)
    desk.live("3h")
    desk.resolve("4h", "10482")
    desk.live("6h")
    (message,) = (m for _, _, m, _ in desk.helpdesk.done if isinstance(m, Message))
    (path,) = paths_in(message.text)
    return path


def is_sound(page: Page) -> None:
    """Nothing runs out of the window, nothing is too faint, and what is pressed is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(FAINT) == []
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_escalation_is_read_and_taken(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot, width: int, scheme: str
) -> None:
    link, other = escalate(desk)
    site = serve(desk)

    page = look(f"{site.url}{link}", width, scheme)
    is_sound(page)
    shoot(page, f"escalation-{width}-{scheme}-1-open")
    page.get_by_label("Your name").fill("Ann Berg")
    page.get_by_role("button", name="I take it").click()

    assert page.get_by_role("status").inner_text().startswith("Ann Berg has taken it")
    assert page.url == f"{site.url}{link}"
    assert page.get_by_role("button").count() == 0
    is_sound(page)
    shoot(page, f"escalation-{width}-{scheme}-2-taken")
    page.reload()
    assert len(site.log.of("escalation.acknowledged")) == 1
    page.goto(f"{site.url}{other}")
    assert page.get_by_role("button", name="I take it over").is_visible()
    is_sound(page)
    shoot(page, f"escalation-{width}-{scheme}-3-others")
    desk.live("20h")
    assert desk.fires() == ["tier-2@2h"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scale", [5, 10])
def test_a_survey_is_answered(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot, width: int, scheme: str, scale: int
) -> None:
    link = ask(desk, scale)
    site = serve(desk)

    page = look(f"{site.url}{link}", width, scheme)
    is_sound(page)
    shoot(page, f"survey-of-{scale}-{width}-{scheme}-1-open")
    page.get_by_role("radio", name="4", exact=True).check()
    page.get_by_label("What should we know?").fill("It took a while,\nbut it works now.")
    is_sound(page)
    shoot(page, f"survey-of-{scale}-{width}-{scheme}-2-filled")
    page.get_by_role("button", name="Send my answer").click()

    page.get_by_role("heading", name="Thank you!").wait_for()
    assert page.url == f"{site.url}{link}"
    assert f"4 of {scale}" in page.get_by_role("status").inner_text()
    is_sound(page)
    shoot(page, f"survey-of-{scale}-{width}-{scheme}-3-sent")
    page.reload()
    assert len(site.log.of("survey.answered")) == 1


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_every_language_fits_a_small_phone(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot, language: str
) -> None:
    link = ask(desk, 10, language)

    page = look(f"{serve(desk).url}{link}", 320)

    is_sound(page)
    shoot(page, f"survey-{language}-320")
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_staff_read_every_language_on_a_small_phone(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot, language: str
) -> None:
    link, other = escalate(desk)
    site = serve(desk, language=language)
    site.fill_in(link, name="Ann Berg")

    page = look(f"{site.url}{other}", 320)

    is_sound(page)
    shoot(page, f"escalation-{language}-320")


@pytest.mark.parametrize(
    "name, subject",
    [
        ("one-long-word", "W" * 180),
        ("right-to-left", "لا يمكنني تسجيل الدخول إلى حسابي منذ صباح اليوم \u202e<b>x</b>"),
        ("emoji", "🔥🔥 Printer 🖨️ on fire 👩🏽‍🚒 – please help! 🚒"),
        ("nothing", ""),
    ],
)
def test_no_subject_breaks_the_page(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot, name: str, subject: str
) -> None:
    link, _ = escalate(desk, subject)

    page = look(f"{serve(desk).url}{link}", 320)

    is_sound(page)
    assert page.locator("main b").count() == 0
    shoot(page, f"subject-{name}-320")


def test_a_form_is_filled_in_by_keyboard_alone(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot
) -> None:
    link = ask(desk)
    site = serve(desk)
    page = look(f"{site.url}{link}", 1280)

    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    shoot(page, "survey-by-keyboard")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    )
    page.keyboard.press("Tab")
    page.keyboard.type("Fine.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert outline == "solid"
    page.get_by_role("heading", name="Thank you!").wait_for()
    with desk.store.read() as tx:
        answer = tx.answer("desk:10482")
    assert answer is not None
    assert (answer.score, answer.comment) == (2, "Fine.")


@pytest.mark.parametrize(
    "path, language, says",
    [
        ("/a/WyJyIl0.x.y", "en", "This link does not work"),
        ("/s/WyJyIl0.x.y", "de", "Dieser Link funktioniert nicht"),
        ("/x", "es", "Aquí no hay nada"),
    ],
)
def test_a_refusal_says_what_to_do(
    serve: Make, look: Open, shoot: Shoot, path: str, language: str, says: str
) -> None:
    page = look(f"{serve(LinkedDesk()).url}{path}", 390, language=language)

    assert page.get_by_role("heading", name=says).is_visible()
    is_sound(page)
    shoot(page, f"refusal-{language}-390")


def test_what_is_missing_is_said_beside_it(
    desk: LinkedDesk, serve: Make, look: Open, shoot: Shoot
) -> None:
    link = ask(desk)
    page = look(f"{serve(desk).url}{link}")

    # The browser itself would ask for it first; an old one sends the form as it is.
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_label("What should we know?").fill("My words")
    page.get_by_role("button").click()

    assert page.get_by_role("alert").inner_text() == "Please choose a number."
    assert page.get_by_label("What should we know?").input_value() == "My words"
    is_sound(page)
    shoot(page, "survey-without-a-score-390")
