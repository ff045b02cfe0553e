"""The page of an escalation: what it shows, what it does, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.ownership import last_owner
from engine.domain.ticket import Customer
from engine.links import Tokens
from engine.pipeline.gather import gather
from tests.scenario.desk import at, rule, rules
from tests.web.site import KEY, LIFETIMES, LinkedDesk, Make, Site, dump, fields_of, words_of

LADDER = (
    "[{name: a, after: 1h, notify: [ann]}, {name: b, after: 2h, kind: technical, notify: [tier-2]},"
    " {name: c, after: 6h, kind: hierarchical, notify: [manager]}]"
)


def escalate(desk: LinkedDesk, levels: str = LADDER, **keys: str) -> str:
    """One ticket waits for three hours; gives the link that the second level sent."""
    desk.rules(rules(rule(levels=levels, **keys)))
    desk.open(subject="The printer is on fire", priority=None)
    desk.live("3h")
    return desk.last_link("tier-two")


# --- what it shows -------------------------------------------------------------------------------


def test_the_page_shows_the_escalation_and_a_button(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk, reason="Nobody shall wait for a printer")

    answer = site.get(link)
    said = words_of(answer.text)

    assert answer.status_code == 200
    for part in (
        "Escalation T1",
        "The printer is on fire",
        "Nobody has taken it yet.",
        "Nobody shall wait for a printer",
        "Waiting since Mon 5 Jan 2026, 09:00",
        "Level b (to those who know more)",
        "Your name",
        "I take it",
        "yours until Tue 6 Jan 2026, 12:00",
    ):
        assert part in said


def test_a_reminder_has_no_link_for_there_is_nothing_to_take_yet(desk: LinkedDesk) -> None:
    escalate(desk)

    assert desk.links("ann") == []
    assert len(desk.links("tier-two")) == 1


def test_a_reminder_after_the_escalation_has_one(desk: LinkedDesk) -> None:
    escalate(
        desk,
        "[{name: b, after: 1h, kind: technical, notify: [tier-2]},"
        " {name: again, after: 2h, notify: [ann]}]",
    )

    assert len(desk.links("ann")) == 1


def test_the_assignee_finds_their_name_filled_in(desk: LinkedDesk, site: Site) -> None:
    levels = "[{name: b, after: 2h, kind: technical, notify: [assignee, manager]}]"
    desk.rules(rules(rule(levels=levels)))
    desk.open(assignee="bob")
    desk.live("3h")

    assert fields_of(site.get(desk.last_link("bob")).text)["name"] == "bob"
    assert fields_of(site.get(desk.last_link("the-manager")).text)["name"] == ""


def test_what_others_wrote_is_shown_as_text_and_never_as_markup(
    desk: LinkedDesk, site: Site
) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open(subject="<script>alert(1)</script> \u202e& “شكرا” 🔥\r\nBcc: x", group="<b>g</b>")
    desk.live("3h")

    text = site.get(desk.last_link("tier-two")).text

    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “شكرا” 🔥 Bcc: x" in text


def test_a_page_allows_no_script_and_nothing_from_elsewhere(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)

    for path in (link, "/a/nonsense", "/nowhere"):
        headers = site.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-robots-tag"] == "noindex, nofollow"


@pytest.mark.parametrize(
    "language, nobody", [("de", "niemand"), ("fr", "Personne"), ("es", "Nadie")]
)
def test_staff_read_it_in_their_language(
    desk: LinkedDesk, serve: Make, language: str, nobody: str
) -> None:
    link = escalate(desk)

    text = serve(desk, language=language).get(link).text

    assert f'<html lang="{language}">' in text
    assert nobody in text


def test_a_link_holds_no_address(desk: LinkedDesk) -> None:
    receivers = "  cora@example.com: [{channel: log, to: x}]\n"
    levels = "[{after: 2h, kind: technical, notify: [assignee, manager]}]"
    contacts = "{contacts: {by: customer, at_least: 1, within: 7d}}"
    desk.rules(rules(rule(levels=levels, match=contacts)), receivers=receivers)
    desk.open(customer=Customer(id="cora@example.com"), assignee="cora@example.com")
    desk.live("3h")

    for link in desk.links():
        read = desk.tokens.acknowledgement(link.removeprefix("/a/"))
        assert "@" not in repr(read)
    assert len(desk.links()) == 2


# --- what it does --------------------------------------------------------------------------------


def test_a_click_takes_the_escalation_and_its_levels_stop(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)

    after = site.fill_in(link, name="Ann Berg")
    desk.live("20h")

    assert desk.fires() == ["a@1h", "b@2h"]
    assert desk.decision() == "acknowledged"
    said = words_of(after.text)
    assert "Ann Berg has taken it, on Mon 5 Jan 2026, 12:00." in said
    assert "By the link that went to tier-2." in said
    assert "It is theirs until Tue 6 Jan 2026, 12:00." in said
    assert "<form" not in after.text
    assert site.log.of("escalation.acknowledged") == [
        {
            "ticket": "desk:T1",
            "rule": "r",
            "episode": "created",
            "how": "link",
            "receiver": "tier-2",
        }
    ]


def test_a_click_leads_to_a_page_that_a_refresh_sends_nothing_from(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)

    answer = site.send(link, name="Ann")

    assert answer.status_code == 303
    assert answer.url.join(answer.headers["location"]).path == link


def test_the_pages_are_found_whether_the_proxy_keeps_its_path_or_not(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)

    assert site.get(f"/esc{link}").status_code == 200
    assert site.fill_in(f"/esc{link}", name="Ann").status_code == 200
    assert "Ann has taken it" in site.get(link).text


def test_when_it_expires_the_ladder_climbs_again_and_it_is_nobodys(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk, acknowledge="{expires: 8h}")
    site.fill_in(link, name="Ann")
    desk.live("10h")
    held = desk.fires()
    desk.live("12h")

    assert held == ["a@1h", "b@2h"]
    assert desk.fires()[2:] == ["c@6h>11h"]
    newest = site.get(desk.last_link("the-manager"))
    assert "Ann had taken it, until Mon 5 Jan 2026, 20:00. Now it is nobody’s." in newest.text
    assert "<form" in newest.text
    assert (
        "Ann had taken it until Mon 5 Jan 2026, 20:00. Now it is nobody's."
        in desk.channel.sent[-1].text
    )


def test_it_takes_its_own_escalation_and_no_other_of_the_ticket(
    desk: LinkedDesk, site: Site
) -> None:
    other = rule("s", levels="[{name: x, after: 2h, kind: technical}, {name: y, after: 6h}]")
    desk.rules(rules(rule(levels=LADDER), other))
    desk.open()
    desk.live("3h")

    site.fill_in(desk.last_link("tier-two"), name="Ann")
    desk.live("20h")

    assert desk.fires(rule="r") == ["a@1h", "b@2h"]
    assert desk.fires(rule="s") == ["x@2h", "y@6h"]


def test_a_link_of_an_opening_that_is_over_takes_nothing_of_the_next(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)
    desk.resolve("4h")
    desk.comes_back("24h")
    desk.live("27h")

    answer = site.fill_in(link, name="Ann")
    desk.live("40h")

    assert "This escalation is over" in answer.text
    assert desk.fires()[2:] == ["a@1d1h", "b@1d2h", "c@1d6h"]


def test_a_groups_escalation_is_taken_for_the_whole_group(desk: LinkedDesk, site: Site) -> None:
    contacts = "{contacts: {by: customer, at_least: 2, within: 7d}}"
    desk.rules(rules(rule(levels=LADDER, match=contacts)))
    desk.open("T1")
    desk.open("T2", "10m")
    desk.live("3h")
    assert "Escalation T2 Ticket T2" in words_of(site.get(desk.last_link("tier-two")).text)
    assert "With it T1" in words_of(site.get(desk.last_link("tier-two")).text)

    after = site.fill_in(desk.last_link("tier-two"), name="Ann")
    desk.live("20h")

    assert "Ann has taken it" in after.text
    assert desk.fires() == ["a@1h10m", "b@2h10m"]
    assert site.log.of("escalation.acknowledged")[0]["ticket"] == "customer:cora"


def test_who_took_it_is_recorded_with_the_way(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    site.fill_in(link, name="  Ann\r\nBerg\x00 ")

    assert desk.ruleset is not None
    with desk.store.read() as tx:
        facts = gather(tx, ["desk:T1"], desk.ruleset, desk.limits, {}, at("3h")).facts("desk:T1")
    (episode,) = facts.episodes
    owner = last_owner(desk.ruleset.generation.rules[0], facts, episode, at("3h"))

    assert owner is not None
    assert (owner.name, owner.how, owner.receiver) == ("Ann Berg", "link", "tier-2")
    assert (owner.since, owner.until) == (at("3h"), at("27h"))


def test_without_a_name_nothing_is_taken_and_the_page_says_what_is_missing(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)
    before = dump(desk)

    answer = site.send(link, name=" \u202e ")

    assert answer.status_code == 422
    assert "Please write your name" in answer.text
    assert dump(desk) == before


def test_it_goes_on_under_a_rules_new_name(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    desk.reload("3h", rules(rule("renamed", levels=LADDER, moved_from="r")))

    assert "Ann has taken it" in site.fill_in(link, name="Ann").text
    desk.live("20h")

    assert desk.decision("renamed") == "acknowledged"


# --- what it leaves alone ------------------------------------------------------------------------


def test_a_scanner_that_looks_changes_nothing_and_burns_nothing(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)
    before = dump(desk)

    codes = [
        site.browser.request(method, link).status_code
        for method in ("GET", "HEAD", "OPTIONS", "GET", "PUT", "DELETE", "PROPFIND", "HEAD")
    ]

    assert codes == [200, 200, 405, 200, 405, 405, 405, 200]
    assert dump(desk) == before
    assert site.log.told == []
    assert "Ann has taken it" in site.fill_in(link, name="Ann").text


def test_a_link_acknowledges_once_and_extends_nothing_afterwards(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk, acknowledge="{expires: 2h}")
    site.fill_in(link, name="Ann")
    desk.live("4h")
    before = dump(desk)

    again = site.send(link, name="Bob")
    desk.live("8h")

    assert again.status_code == 409
    assert "This link has been used." in again.text
    assert "Ann has taken it" in again.text
    assert dump(desk) != before
    assert desk.fires()[2:] == ["c@6h"]
    assert site.log.of("link.refused") == [
        {"page": "acknowledge", "reason": "replayed", "ticket": "desk:T1", "rule": "r"}
    ]


def test_a_replay_writes_nothing(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    site.fill_in(link, name="Ann")
    before = dump(desk)

    for name in ("Ann", "Bob"):
        assert site.send(link, name=name, seen="acknowledged/link/x").status_code == 409

    assert dump(desk) == before


def test_somebody_else_takes_it_over_with_a_link_of_their_own(desk: LinkedDesk, site: Site) -> None:
    both = (
        "[{name: b, after: 2h, kind: technical, notify: [tier-2, manager]}, {name: c, after: 6h}]"
    )
    escalate(desk, both, acknowledge="{expires: 5h}")
    site.fill_in(desk.last_link("tier-two"), name="Ann")
    desk.live("7h")

    page = site.get(desk.last_link("the-manager"))
    after = site.fill_in(desk.last_link("the-manager"), name="Mona")
    desk.live("11h")

    assert "Ann has taken it" in page.text
    assert "I take it over" in page.text
    assert "Mona has taken it" in after.text
    assert desk.fires() == ["b@2h"]


def test_who_has_not_seen_that_it_was_taken_takes_nothing(desk: LinkedDesk, site: Site) -> None:
    escalate(desk, "[{name: b, after: 2h, kind: technical, notify: [tier-2, manager]}]")
    site.get(desk.last_link("the-manager"))
    site.fill_in(desk.last_link("tier-two"), name="Ann")
    before = dump(desk)

    answer = site.send(desk.last_link("the-manager"), name="Mona")

    assert answer.status_code == 409
    assert "Ann was faster" in answer.text
    assert fields_of(answer.text)["name"] == "Mona"
    assert dump(desk) == before
    assert site.log.of("link.refused")[0]["reason"] == "overtaken"


def test_a_reply_counts_and_is_shown(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    desk.reply("4h")
    desk.live("5h")

    said = words_of(site.get(link).text)

    assert "Somebody has taken it, on Mon 5 Jan 2026, 13:00. By a public reply." in said
    assert "I take it over" in said


def test_a_resolved_ticket_leaves_nothing_to_take(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    site_of_ann = desk.acknowledge("4h")
    desk.resolve("5h")
    desk.live("6h")
    before = dump(desk)

    shown, sent = site.get(link), site.send(link, name="Bob")

    assert site_of_ann == ["r"]
    assert (shown.status_code, sent.status_code) == (200, 410)
    for answer in (shown, sent):
        assert "The ticket is resolved." in answer.text
        assert "ann has taken it, on Mon 5 Jan 2026, 13:00." in answer.text
    assert dump(desk) == before
    assert [one["reason"] for one in site.log.of("link.refused")] == ["ended"]


def test_a_merged_ticket_says_where_it_went(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    desk.open("T2", "3h")
    desk.set("4h", merged_into="desk:T2")
    desk.live("5h")

    assert "merged into T2" in words_of(site.send(link, name="Ann").text)


def test_who_took_a_ticket_before_its_merge_has_the_ticket_that_remains(
    desk: LinkedDesk, site: Site
) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open("T1")
    desk.open("T2", "1m")
    desk.live("3h")
    first, second = desk.links("tier-two")
    site.fill_in(first, name="Ann")
    desk.set("4h", merged_into="desk:T2")
    desk.live("20h")

    assert desk.fires(ticket="desk:T2") == ["a@1h1m", "b@2h1m"]
    assert desk.decision(subject="desk:T2") == "acknowledged"
    assert "Ann has taken it" in site.get(second).text


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_a_rule_that_does_not_act_any_more_has_nothing_to_take(
    desk: LinkedDesk, site: Site, mode: str
) -> None:
    link = escalate(desk)
    desk.reload("4h", rules(rule(levels=LADDER, mode=mode)))

    assert site.send(link, name="Ann").status_code == 410


def test_a_rule_that_is_gone_has_nothing_to_take(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    desk.reload("4h", rules(rule("other", levels=LADDER)))

    assert site.send(link, name="Ann").status_code == 410


def test_a_rule_that_takes_no_links_sends_none_and_refuses_earlier_ones(
    desk: LinkedDesk, site: Site
) -> None:
    link = escalate(desk)
    desk.reload("4h", rules(rule(levels=LADDER, acknowledge="{by: [reply]}")))
    desk.live("7h")
    before = dump(desk)

    answer = site.send(link, name="Ann")

    assert desk.links("the-manager") == []
    assert answer.status_code == 403
    assert "cannot be taken by a link" in answer.text
    assert dump(desk) == before
    assert site.log.of("link.refused")[0]["reason"] == "disallowed"


# --- what is no good link ------------------------------------------------------------------------


def spliced(one: str, other: str) -> str:
    """What the first link says, under the signature of the second."""
    return f"{one.partition('.')[0]}.{other.partition('.')[2]}"


def test_a_link_for_another_ticket_is_refused(desk: LinkedDesk, site: Site) -> None:
    desk.rules(rules(rule(levels=LADDER)))
    desk.open("T1")
    desk.open("T2")
    desk.live("3h")
    mine, other = desk.links("tier-two")
    before = dump(desk)

    answers = [site.send(spliced(mine, other), name="Eve"), site.get(spliced(other, mine))]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert all("escalatord ack" in answer.text for answer in answers)
    assert dump(desk) == before
    assert site.log.of("link.refused") == [{"page": "acknowledge", "reason": "tampered"}] * 2


def test_every_letter_of_a_link_counts(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    token = link.removeprefix("/a/")
    before = dump(desk)
    strange = {
        token[:place] + letter + token[place + 1 :]
        for place in range(0, len(token), 7)
        for letter in "Az9-_."
    } | {token[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}

    codes = {site.send(f"/a/{one}", name="Eve").status_code for one in strange - {token}}

    assert codes == {403}
    assert dump(desk) == before


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", ".", "..%2f..%2fetc", "%00", "💥", "A" * 3_000, "eyJhIjoxfQ.a.b"]
)
def test_nonsense_is_refused_and_logged_without_what_it_was(site: Site, token: str) -> None:
    answer = site.get(f"/a/{token}")

    assert answer.status_code in {403, 404}
    assert "<h1>" in answer.text
    assert all("A" * 30 not in str(line) for line in site.log.told)


def test_a_link_that_another_key_signed_is_refused(desk: LinkedDesk, serve: Make) -> None:
    link = escalate(desk)
    desk.tokens = Tokens(["another key, sixteen or more"], LIFETIMES)

    assert serve(desk).get(link).status_code == 403


def test_a_new_key_signs_and_the_old_one_still_reads(desk: LinkedDesk, serve: Make) -> None:
    link = escalate(desk)
    desk.tokens = Tokens(["a new key, sixteen or more", KEY], LIFETIMES)
    desk.restart()
    desk.live("7h")
    site = serve(desk)

    assert site.get(link).status_code == 200
    assert site.get(desk.last_link("the-manager")).status_code == 200
    desk.tokens = Tokens(["a new key, sixteen or more"], LIFETIMES)
    later = serve(desk)
    assert later.get(link).status_code == 403
    assert later.get(desk.last_link("the-manager")).status_code == 200


def test_an_expired_link_is_refused_and_says_what_to_do(desk: LinkedDesk, serve: Make) -> None:
    link = escalate(desk)
    # A lifetime that is over as soon as it began stands for a week that went by.
    desk.tokens = Tokens([KEY], replace(LIFETIMES, acknowledge=-LIFETIMES.acknowledge))
    site = serve(desk)
    before = dump(desk)

    shown, sent = site.get(link), site.send(link, name="Ann")

    assert (shown.status_code, sent.status_code) == (410, 410)
    assert "This link has expired" in sent.text
    assert "escalatord ack TICKET" in sent.text
    assert dump(desk) == before
    assert site.log.of("link.refused") == [{"page": "acknowledge", "reason": "expired"}] * 2


def test_a_link_of_the_other_kind_is_refused(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)
    token = link.removeprefix("/a/")

    assert site.get(f"/s/{token}").status_code == 403
    assert site.send(f"/s/{token}", score="5").status_code == 403


def test_a_good_link_of_a_ticket_that_is_unknown_here_is_refused(
    desk: LinkedDesk, serve: Make
) -> None:
    link = escalate(desk)
    elsewhere = LinkedDesk()
    elsewhere.rules(rules(rule(levels=LADDER)))
    elsewhere.live("1h")
    site = serve(elsewhere)

    assert site.get(link).status_code == 404
    assert site.log.of("link.refused") == [{"page": "acknowledge", "reason": "unknown"}]


def test_refusals_speak_the_language_that_the_browser_asks_for(site: Site) -> None:
    asked = site.get("/a/x", **{"Accept-Language": "it, de-AT;q=0.8, en;q=0.5"}).text

    assert '<html lang="de">' in asked
    assert "Dieser Link funktioniert nicht" in asked


# --- the server ----------------------------------------------------------------------------------


def test_a_form_that_is_too_large_is_not_read_to_its_end(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)

    answer = site.send(link, name="A" * 70_000)

    assert answer.status_code == 413
    assert "That was too much" in answer.text


def test_what_is_no_form_is_refused(desk: LinkedDesk, site: Site) -> None:
    link = escalate(desk)

    assert site.browser.post(link, content=b"\xff\xfe\x00").status_code == 400
    assert site.browser.post(link, content=b"&".join([b"a=1"] * 50)).status_code == 400


def test_a_page_that_is_not_there_looks_like_ours(site: Site) -> None:
    for path in ("/", "/a/", "/a", "/a/x/y", "/.env", "/esc/nothing"):
        answer = site.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text
