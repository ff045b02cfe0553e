"""`status` and `outbox list`: how the daemon is doing, and what is on its way out."""

from __future__ import annotations

from tests.cli.desk import LATE, Desk, Document, conforming, day, row


def status(desk: Desk) -> Document:
    ended = desk.run("status", "--json")
    assert ended.code == 0, ended.err
    return conforming("status", ended.document)


def outbox(desk: Desk, *arguments: str) -> list[Document]:
    ended = desk.run("outbox", "list", "--json", *arguments)
    assert ended.code == 0, ended.err
    rows: list[Document] = conforming("outbox", ended.document)["rows"]
    return rows


def test_status_tells_what_was_read_and_what_fired(desk: Desk) -> None:
    desk.replay()
    once = desk.once("--through", day("11:30"))

    document = status(desk)

    assert document["now"] == day("11:30")
    assert document["generation"] == once["generation"]
    assert document["degraded"] is False
    assert document["helpdesks"] == [{"name": "desk", "read": True, "tickets": 1}]
    assert document["live_episodes"] == 1
    assert document["unowned"] == 1
    assert document["overdue"] == 0
    assert document["held"] == 0
    assert [row["name"] for row in document["recent"]] == ["remind", "escalate"]
    assert document["rules"] == [
        {
            "rule": "late",
            "mode": "active",
            "escalations": 1,
            "reminders": 1,
            "customer_messages": 1,
        }
    ]


def test_an_escalation_that_somebody_took_is_not_unowned(desk: Desk) -> None:
    desk.replay()
    desk.once("--through", day("11:30"))

    desk.run("ack", "desk:1")

    assert status(desk)["unowned"] == 0


def test_a_ladder_whose_last_notice_was_said_in_vain_is_logged_once(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE.replace("notify: [boss]}", "notify: [boss], repeat: {every: 1h, times: 2}}"))

    first = desk.run("once", "--through", day("13:59"), "--json").events
    then = desk.run("once", "--through", day("14:00"), "--json").events
    after = desk.run("once", "--through", day("20:00"), "--json").events

    said = [[one for one in each if one["event"] == "ladder.exhausted"] for each in (first, after)]
    assert said == [[], []]
    (end,) = (one for one in then if one["event"] == "ladder.exhausted")
    told = {"ticket": "desk:1", "rule": "late", "episode": "created", "level": 2}
    assert told.items() <= end.items()
    assert (end["name"], end["severity"]) == ("escalate", "warning")


def test_a_ladder_whose_last_notice_was_said_in_vain_is_listed(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE.replace("notify: [boss]}", "notify: [boss], repeat: {every: 1h, times: 2}}"))
    desk.once("--through", day("12:30"))
    before = status(desk)["exhausted"]
    desk.once("--through", day("13:00"))

    after = status(desk)["exhausted"]
    text = desk.run("status").out
    desk.run("ack", "desk:1")

    assert before == []
    assert after == [{"ticket": "desk:1", "rule": "late", "level": 2, "name": "escalate"}]
    assert "nobody took desk:1 after the last notice of late escalate\n" in text
    assert status(desk)["exhausted"] == []


def test_a_rule_in_shadow_says_what_it_would_have_done(desk: Desk) -> None:
    more = LATE.replace("id: late", "id: strict").replace("levels:", "mode: shadow\n    levels:")
    desk.replay()
    desk.rules(LATE, more)
    desk.log(row("1", "09:00"), row("2", "09:30"))
    desk.once("--through", day("11:15"))

    document = status(desk)
    text = desk.run("status").out

    assert document["shadow"] == [
        {"rule": "strict", "escalations": 1, "reminders": 2, "notices": 3}
    ]
    assert "  strict: 1 escalation, 2 reminders, 3 notices\n" in text
    assert [each["rule"] for each in document["recent"]] == ["late"] * 3


def test_what_a_shadow_would_have_said_together_counts_once(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE.replace("levels:", "mode: shadow\n    levels:"))
    desk.once("--at", day("12:00"))

    assert status(desk)["shadow"] == [
        {"rule": "late", "escalations": 1, "reminders": 1, "notices": 1}
    ]


def test_what_a_shadow_recorded_a_day_ago_is_not_told_any_more(desk: Desk) -> None:
    desk.replay()
    desk.rules(LATE.replace("levels:", "mode: shadow\n    levels:"))
    desk.once("--through", day("11:15"))
    desk.once("--through", "2024-01-09T10:30:00Z")

    assert status(desk)["shadow"] == [
        {"rule": "late", "escalations": 1, "reminders": 0, "notices": 1}
    ]


def test_without_rules_in_shadow_there_is_nothing_to_tell_of_them(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    assert status(desk)["shadow"] == []
    assert "shadow" not in desk.run("status").out


def test_a_daemon_that_does_not_run_does_not_answer(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    assert status(desk)["daemon"] is None
    assert "daemon: does not answer\n" in desk.run("status").out


def test_what_was_not_looked_at_in_time_is_overdue(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    assert status(desk)["overdue"] == 1


def test_a_helpdesk_that_was_never_read_says_so(desk: Desk) -> None:
    desk.run("migrate")

    assert status(desk)["helpdesks"] == [{"name": "desk", "read": False, "tickets": 0}]


def test_broken_rules_degrade_and_the_last_good_ones_are_told_of(desk: Desk) -> None:
    good = desk.once("--at", day("09:00"))["generation"]
    desk.rules(LATE.replace("levels:", "levles:"))

    document = status(desk)
    text = desk.run("status").out

    assert (document["degraded"], document["generation"]) == (True, good)
    assert "DEGRADED: the rule files are broken, the last good rules run" in text


def test_a_person_reads_the_status_on_one_screen(desk: Desk) -> None:
    desk.replay()
    generation = desk.once("--through", day("11:30"))["generation"]

    said = desk.run("status").out.splitlines()

    assert said == [
        f"now {day('11:30')}   generation {generation}   rules are good",
        "daemon: does not answer",
        "helpdesk desk: read, 1 tickets",
        "open tickets 1   live episodes 1   overdue 0   unowned 1   held 0",
        f"nobody has desk:1 of late, since {day('11:00')}",
        "outbox: delivered 6",
        "",
        "rule  mode     escalations reminders to customers",
        "late  active             1         1            1",
        "",
        "last firings:",
        f"  {day('10:00')}  desk:1  late  remind",
        f"  {day('11:00')}  desk:1  late  escalate",
    ]


def test_looking_writes_nothing(desk: Desk) -> None:
    desk.log(row("1", "09:00"))
    desk.once("--at", day("09:00"))
    before = desk.files()

    status(desk)
    outbox(desk)

    assert desk.files() == before
