"""The survey page: what a customer sees, says once, and who hears of a low score."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.domain.ticket import Customer
from engine.links import Tokens
from engine.ports import Message
from tests.scenario.desk import rule, rules
from tests.web.site import KEY, LIFETIMES, LinkedDesk, Make, Site, dump, paths_in, words_of

LEVELS = "[{name: b, after: 2h, kind: technical, notify: [tier-2]}]"
ASKING = "after: 1h, template: survey"
LOW = "low_score: {below: 4, notify: [manager, ann]}"
CORA = Customer(id="cora", name="Cora Meier")


def asked(
    desk: LinkedDesk,
    follow_up: str = f"{ASKING}, {LOW}",
    customer: Customer = CORA,
    language: str | None = None,
) -> str:
    """A ticket was escalated and is resolved; gives the link that its customer got."""
    plan = "{follow_up: {" + follow_up + "}}"
    desk.rules(rules(rule(levels=LEVELS, customer=plan, description="Inside only")))
    desk.open(customer=customer, subject="Printer", assignee="bob", language=language)
    desk.live("3h")
    desk.resolve("4h")
    desk.live("6h")
    (message,) = (m for _, _, m, _ in desk.helpdesk.done if isinstance(m, Message))
    (path,) = paths_in(message.text)
    return path


def scores_of(html: str) -> list[str]:
    """What can be chosen."""
    return re.findall(r'type="radio" name="score" value="(\d+)"', html)


# --- what it shows -------------------------------------------------------------------------------


def test_the_customer_is_asked_for_a_score_and_words(desk: LinkedDesk, site: Site) -> None:
    answer = site.get(asked(desk))

    assert answer.status_code == 200
    assert scores_of(answer.text) == ["1", "2", "3", "4", "5"]
    said = words_of(answer.text)
    for part in ("Your request T1", "How did we do?", "Printer", "What should we know? (optional)"):
        assert part in said
    assert '<textarea id="comment" name="comment"' in answer.text


def test_the_scale_is_the_rules(desk: LinkedDesk, site: Site) -> None:
    html = site.get(asked(desk, f"{ASKING}, scale: 10")).text

    assert scores_of(html) == [str(score) for score in range(1, 11)]


def test_the_customer_sees_nothing_of_the_desk(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)

    pages = [site.get(link).text, site.fill_in(link, score="1").text]

    for html in pages:
        assert all(word not in html for word in ("bob", "Inside only", "tier", "technical"))


@pytest.mark.parametrize(
    "language, title",
    [("de", "Wie war es?"), ("fr-CA", "Votre avis"), ("es", "¿Qué tal lo hicimos?"), ("it", "How")],
)
def test_it_speaks_the_customers_language(
    desk: LinkedDesk, site: Site, language: str, title: str
) -> None:
    html = site.get(asked(desk, customer=replace(CORA, language=language))).text

    assert title in html
    spoken = language[:2] if language != "it" else "en"
    assert f'<html lang="{spoken}">' in html


def test_it_speaks_the_tickets_language_where_the_customers_is_not_known(
    desk: LinkedDesk, site: Site
) -> None:
    assert "Wie war es?" in site.get(asked(desk, language="DE")).text


# --- what it does --------------------------------------------------------------------------------


def test_an_answer_is_kept_and_thanked_for(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)

    after = site.fill_in(link, score="5", comment="Très bien 🎉\r\nmerci\x00")

    with desk.store.read() as tx:
        answer = tx.answer("desk:T1")
    assert answer is not None
    assert (answer.rule, answer.anchor) == ("r", "created")
    assert (answer.score, answer.scale) == (5, 5)
    assert answer.comment == "Très bien 🎉\nmerci"
    assert answer.answered_at == desk.now()
    assert "We have your answer: 5 of 5." in words_of(after.text)
    assert "<form" not in after.text
    assert "Très" not in after.text


def test_words_are_never_logged(desk: LinkedDesk, site: Site) -> None:
    site.fill_in(asked(desk), score="2", comment="secret words")

    assert site.log.told == [
        {
            "event": "survey.answered",
            "ticket": "desk:T1",
            "rule": "r",
            "score": 2,
            "scale": 5,
            "low": True,
        }
    ]


def test_a_second_answer_is_told_kindly_that_there_is_one(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)
    site.fill_in(link, score="5")
    before = dump(desk)

    for fields in ({"score": "1", "comment": "no!"}, {}, {"score": "77"}):
        again = site.send(link, **fields)
        assert again.status_code == 409
        assert "We have your answer: 5 of 5." in again.text

    assert dump(desk) == before
    assert {one["reason"] for one in site.log.of("link.refused")} == {"replayed"}


@pytest.mark.parametrize("score", ["", "0", "6", "-1", "3.5", "\uff13", "three", "99999999999999"])
def test_a_score_that_is_none_is_asked_for_again_and_the_words_are_kept(
    desk: LinkedDesk, site: Site, score: str
) -> None:
    link = asked(desk)
    before = dump(desk)

    answer = site.send(link, score=score, comment="Keep <me>")

    assert answer.status_code == 422
    assert "Please choose a number." in answer.text
    assert "Keep &lt;me&gt;</textarea>" in answer.text
    assert dump(desk) == before


def test_words_that_are_too_long_are_given_back_and_none_is_lost(
    desk: LinkedDesk, site: Site
) -> None:
    link = asked(desk)

    longer = site.send(link, score="3", comment="ж" * 4_001)
    site.send(link, score="3", comment="ж" * 4_000)

    assert longer.status_code == 422
    assert "shorten your text to 4000 characters" in longer.text
    assert "ж" * 4_001 in longer.text
    with desk.store.read() as tx:
        answer = tx.answer("desk:T1")
    assert answer is not None
    assert len(answer.comment) == 4_000


def test_a_scanner_that_looks_changes_nothing(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)
    before = dump(desk)

    codes = [site.browser.request(how, link).status_code for how in ("GET", "HEAD", "OPTIONS")]

    assert codes == [200, 200, 405]
    assert dump(desk) == before
    assert site.log.told == []


# --- low scores ----------------------------------------------------------------------------------


def test_who_wants_to_hears_of_a_low_score_with_the_words(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)
    site.fill_in(link, score="2", comment="**Much** too <b>late</b>\r\nBcc: all")
    desk.sleep_until("7h")

    told = [m for m in desk.channel.sent if m.subject.startswith("2 of 5")]

    assert [message.to for message in told] == ["the-manager", "ann"]
    assert told[0].subject == "2 of 5: T1 Printer"
    assert "Cora Meier gave 2 of 5" in told[0].text
    assert "**Much** too <b>late</b> Bcc: all" in told[0].text
    assert "**Much** too &lt;b&gt;late&lt;/b&gt; Bcc: all" in (told[0].html or "")
    assert paths_in(told[0].text) == []


@pytest.mark.parametrize("score, told", [("3", 2), ("4", 0), ("5", 0)])
def test_low_is_what_lies_below(desk: LinkedDesk, site: Site, score: str, told: int) -> None:
    link = asked(desk)
    before = len(desk.channel.sent)
    site.fill_in(link, score=score)
    desk.sleep_until("7h")

    assert len(desk.channel.sent) - before == told


def test_a_low_score_is_told_though_the_ticket_is_reopened_and_taken(
    desk: LinkedDesk, site: Site
) -> None:
    link = asked(desk)
    site.fill_in(link, score="1")
    desk.comes_back("6h")
    desk.reply("6h")
    desk.sleep_until("7h")

    assert [m.to for m in desk.channel.sent if m.subject.startswith("1 of 5")] == [
        "the-manager",
        "ann",
    ]


def test_without_receivers_of_low_scores_an_answer_is_only_kept(
    desk: LinkedDesk, site: Site
) -> None:
    link = asked(desk, ASKING)
    before = len(desk.channel.sent)
    site.fill_in(link, score="1")
    desk.sleep_until("7h")

    assert len(desk.channel.sent) == before
    assert site.log.of("survey.answered")[0]["low"] is False


def test_an_answer_is_kept_though_its_rule_is_gone(desk: LinkedDesk, site: Site) -> None:
    link = asked(desk)
    desk.reload("6h", rules(rule("other", levels=LEVELS)))

    assert "We have your answer: 4 of 5." in site.fill_in(link, score="4").text


# --- what is no good link ------------------------------------------------------------------------


def test_a_tampered_link_says_what_to_do_in_the_browsers_language(
    desk: LinkedDesk, site: Site
) -> None:
    link = asked(desk)
    before = dump(desk)

    answer = site.browser.post(
        f"{link[:-2]}xx", data={"score": "1"}, headers={"Accept-Language": "fr"}
    )

    assert answer.status_code == 403
    assert "Ce lien ne fonctionne pas" in answer.text
    assert "escalatord" not in answer.text
    assert dump(desk) == before
    assert site.log.of("link.refused") == [{"page": "survey", "reason": "tampered"}]


def test_an_expired_link_says_how_to_answer_all_the_same(desk: LinkedDesk, serve: Make) -> None:
    link = asked(desk)
    desk.tokens = Tokens([KEY], replace(LIFETIMES, survey=-LIFETIMES.survey))
    site = serve(desk)

    answer = site.send(link, score="1")

    assert answer.status_code == 410
    assert "simply reply to our last message" in answer.text
    assert site.log.of("link.refused") == [{"page": "survey", "reason": "expired"}]


def test_a_survey_link_takes_no_escalation(desk: LinkedDesk, site: Site) -> None:
    token = asked(desk).removeprefix("/s/")

    assert site.get(f"/a/{token}").status_code == 403
    assert site.send(f"/a/{token}", name="Cora").status_code == 403
