"""Whose an escalation is, wherever somebody looks: free, taken by a link, and free again."""

from __future__ import annotations

from engine.insight.explain import explain
from engine.insight.explained import as_json
from engine.insight.ownership import unowned
from engine.insight.status import status
from tests.scenario.desk import at, rule, rules
from tests.web.site import LinkedDesk, Site

LEVELS = (
    "[{name: b, after: 2h, kind: technical, notify: [tier-2], repeat: {every: 4h, times: 2}},"
    " {name: c, after: 20h, kind: hierarchical, notify: [manager]}]"
)


def escalate(desk: LinkedDesk) -> str:
    """A ticket of a rule whose acknowledgements hold for ten hours; gives its link."""
    desk.rules(rules(rule(levels=LEVELS, acknowledge="{expires: 10h}")))
    desk.open()
    desk.live("3h")
    return desk.last_link()


def nobodys(desk: LinkedDesk, when: str) -> list[tuple[str, str, bool]]:
    """What `status` says that nobody has: rule, since when, whether somebody had it."""
    assert desk.cycle is not None
    document = status(desk.store, desk.cycle.policy, ("desk",), at(when), None, degraded=False)
    assert document["unowned"] == len(document["nobodys"])
    return [(one["rule"], one["since"], one["was_taken"]) for one in document["nobodys"]]


def owner(desk: LinkedDesk, when: str) -> object:
    """What `explain` says of the owner; `no escalation` where there is none to own."""
    assert desk.cycle is not None
    told = explain(desk.store, desk.cycle.policy, "desk:T1", at(when), at(when))
    (said,) = as_json(told)["rules"]
    return said["owner"] if said["escalated_at"] else "no escalation"


def test_before_it_escalates_there_is_nothing_to_own(desk: LinkedDesk) -> None:
    desk.rules(rules(rule(levels=LEVELS)))
    desk.open()
    desk.live("1h")

    assert nobodys(desk, "1h") == []
    assert owner(desk, "1h") == "no escalation"


def test_it_is_nobodys_until_somebody_takes_it(desk: LinkedDesk) -> None:
    escalate(desk)

    assert nobodys(desk, "3h") == [("r", "2026-01-05T11:00:00Z", False)]
    assert owner(desk, "3h") is None
    assert "Nobody has taken it yet." in desk.channel.sent[-1].text


def test_who_took_it_by_a_link_is_named(desk: LinkedDesk, site: Site) -> None:
    site.fill_in(escalate(desk), name="Ann Berg")
    desk.live("4h")

    assert nobodys(desk, "4h") == []
    assert owner(desk, "4h") == {
        "name": "Ann Berg",
        "how": "link",
        "receiver": "tier-2",
        "since": "2026-01-05T12:00:00Z",
        "until": "2026-01-05T22:00:00Z",
    }


def test_after_it_ran_out_it_is_nobodys_again_and_notices_say_whose_it_was(
    desk: LinkedDesk, site: Site
) -> None:
    site.fill_in(escalate(desk), name="Ann Berg")
    desk.live("14h")

    assert nobodys(desk, "14h") == [("r", "2026-01-05T22:00:00Z", True)]
    assert owner(desk, "14h") is None
    assert desk.fires()[1:] == ["b#3@10h>13h"]
    assert "Ann Berg had taken it until Mon 5 Jan 2026, 22:00." in desk.channel.sent[-1].text


def test_when_its_ticket_is_resolved_there_is_nothing_left_to_own(desk: LinkedDesk) -> None:
    escalate(desk)
    desk.resolve("4h")
    desk.live("5h")

    assert nobodys(desk, "5h") == []
    assert owner(desk, "5h") == "no escalation"


def test_what_a_merged_ticket_escalated_is_its_survivors_to_own(desk: LinkedDesk) -> None:
    escalate(desk)
    desk.open("T2", "3h")
    desk.set("4h", merged_into="desk:T2")
    desk.live("5h")

    assert desk.cycle is not None
    found = unowned(desk.store, desk.cycle.policy, at("5h"))

    assert [one.episode.id.subject for one in found if one.episode] == ["desk:T2"]
