from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from engine.domain.rule import MessageTemplate
from engine.domain.ticket import Customer, Priority, Status, Ticket
from engine.messages import CustomerNotice, MessageError, Renderer, StaffNotice
from engine.messages.builtin import NAMES, builtin_templates
from engine.messages.languages import LANGUAGES
from engine.messages.view import CustomerView, StaffView

TICKET = Ticket(
    id="desk:INC1",
    created_at=datetime(2016, 3, 1, 9, 0, tzinfo=UTC),
    status=Status.OPEN,
    raw_status="Active",
    subject="Printer on fire",
    type="hardware",
    priority=Priority.HIGH,
    tags=("vip-file", "fragile"),
    group="second-line",
    assignee="Kim Agent",
    customer=Customer("c1", "Ann", "ann@example.org", tier="gold"),
    fields={"site": "Leeds"},
)
DETAILS: dict[str, object] = {
    "rule": {"id": "unresolved", "description": "Late work climbs", "reason": "It waits too long"},
    "level": {"number": 2, "name": "second-line", "kind": "technical"},
    "due_at": "2016-03-02T15:30:00Z",
    "fired_at": "2016-03-02T16:00:00Z",
    "passed_levels": ["nearly-late"],
    "tickets": ["desk:INC1"],
    "occurrence": 1,
    "reason": "level_due",
    "escalated_at": "2016-03-02T16:00:00Z",
    "next_update_at": "2016-03-03T09:00:00Z",
}
STAFF = StaffNotice(TICKET, DETAILS, receiver="second-line")
CUSTOMER = CustomerNotice(TICKET, DETAILS)


def staff(
    body: str, subject: str = "s", name: str = "t", language: str | None = None
) -> MessageTemplate:
    return MessageTemplate("staff", name, language, subject, body)


def customer(
    body: str, subject: str = "s", name: str = "t", language: str | None = None
) -> MessageTemplate:
    return MessageTemplate("customer", name, language, subject, body)


# --- what templates see --------------------------------------------------------------------------


def test_a_staff_template_sees_the_rule_the_level_and_the_whole_ticket() -> None:
    body = (
        "{{ rule.id }}/{{ rule.description }}/{{ rule.reason }} {{ level.name }}/"
        "{{ level.number }}/{{ level.kind }} {{ passed_levels }} {{ due_at | localtime }} "
        "{{ ticket.number }} "
        "{{ ticket.group }} {{ ticket.assignee }} {{ ticket.tags }} {{ ticket.fields.site }} "
        "{{ customer.name }} {{ customer.tier }} {{ receiver }} {{ occurrence }}"
    )
    rendered = Renderer([staff(body)], "Europe/Berlin").staff("t", STAFF)
    assert rendered.text == (
        "unresolved/Late work climbs/It waits too long second-line/2/technical nearly-late "
        "Wed 2 Mar 2016, 16:30 INC1 second-line Kim Agent vip-file, fragile Leeds Ann gold "
        "second-line 1\n"
    )
    assert rendered.fault is None


def test_a_customer_template_sees_the_ticket_as_its_customer_knows_it() -> None:
    body = (
        "{{ customer.name }} {{ ticket.number }} {{ ticket.subject }} {{ ticket.type }} "
        "{{ ticket.status }} {{ ticket.created_at | localtime }} {{ escalation.since }} "
        "{{ next_update_at }} {{ survey_url }}"
    )
    rendered = Renderer([customer(body)]).customer("t", CUSTOMER)
    assert rendered.text == (
        "Ann INC1 Printer on fire hardware open Tuesday 1 March 2016, 09:00 "
        "Wednesday 2 March 2016, 16:00 Thursday 3 March 2016, 09:00\n"
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "rule.id",
        "level.name",
        "due_at",
        "passed_levels",
        "ack_url",
        "facts",
        "receiver",
        "changes",
        "ticket.assignee",
        "ticket.group",
        "ticket.priority",
        "ticket.tags",
        "ticket.fields",
        "ticket.raw_status",
        "customer.id",
        "customer.tier",
        "customer.email",
    ],
)
def test_a_customer_template_that_reaches_for_what_is_ours_is_never_sent(hidden: str) -> None:
    renderer = Renderer([customer("{{ " + hidden + " }}")])
    with pytest.raises(
        MessageError, match=r"customer template 't' fails: .*(undefined|no attribute)"
    ):
        renderer.customer("t", CUSTOMER)


def test_the_view_of_customers_has_no_part_that_names_staff_or_rules() -> None:
    shared = set(CustomerView.__dataclass_fields__) & set(StaffView.__dataclass_fields__)
    assert shared == {"ticket", "customer", "language"}


@pytest.mark.parametrize("name", ["t", *NAMES])
def test_a_staff_template_never_reaches_a_customer(name: str) -> None:
    with pytest.raises(MessageError, match="there is no customer template"):
        Renderer([staff("for us only")]).customer(name, CUSTOMER)


def test_templates_of_one_name_for_both_audiences_are_kept_apart() -> None:
    renderer = Renderer([staff("ours"), customer("theirs")])
    assert renderer.staff("t", STAFF).text == "ours\n"
    assert renderer.customer("t", CUSTOMER).text == "theirs\n"


@pytest.mark.parametrize("missing", [None, *DETAILS])
def test_details_that_are_missing_leave_gaps_and_break_nothing(missing: str | None) -> None:
    details = {k: v for k, v in DETAILS.items() if missing is not None and k != missing}
    renderer = Renderer([])
    for name in NAMES:
        assert renderer.staff(name, StaffNotice(TICKET, details)).fault is None
    assert renderer.digest([StaffNotice(TICKET, details)]).fault is None


@pytest.mark.parametrize("odd", [3, "x", [1], {"a": 1}, None, ["a", {"b": []}], True])
def test_details_of_odd_shapes_break_nothing(odd: object) -> None:
    notice = StaffNotice(TICKET, dict.fromkeys(DETAILS, odd))
    for name in NAMES:
        assert Renderer([]).staff(name, notice).fault is None


# --- languages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoken, said",
    [("de", "Hallo"), ("de-AT", "Hallo"), ("DE", "Hallo"), ("fr", "Hello"), (None, "Hello")],
)
def test_a_customer_reads_their_own_language_where_there_is_a_text_in_it(
    spoken: str | None, said: str
) -> None:
    renderer = Renderer([customer("Hello"), customer("Hallo", language="de")])
    ticket = replace(TICKET, customer=Customer("c1", language=spoken))
    assert renderer.customer("t", CustomerNotice(ticket)).text == f"{said}\n"


def test_a_ticket_s_language_counts_where_the_customer_has_none() -> None:
    renderer = Renderer([customer("Hello"), customer("Hallo", language="de")])
    assert renderer.customer("t", CustomerNotice(replace(TICKET, language="de"))).text == "Hallo\n"


def test_times_are_told_in_the_language_of_the_text_and_not_of_the_reader() -> None:
    texts = [customer("{{ next_update_at }}"), customer("{{ next_update_at }}", language="de")]
    renderer = Renderer(texts, "Europe/Berlin")
    assert renderer.customer("t", CUSTOMER, "de").text == "Donnerstag, 3. März 2016, 10:00 Uhr\n"
    assert renderer.customer("t", CUSTOMER, "fr").text == "Thursday 3 March 2016, 10:00\n"
    assert '<html lang="de" dir="ltr">' in renderer.customer("t", CUSTOMER, "de").html
    assert '<html lang="en" dir="ltr">' in renderer.customer("t", CUSTOMER, "fr").html


def test_a_text_that_says_no_language_is_in_the_desks_unless_that_one_has_a_text_of_its_own() -> (
    None
):
    alone = [customer("{{ next_update_at }}")]
    both = [*alone, customer("{{ next_update_at }}", language="de")]
    for_italians = (
        Renderer(templates, "Europe/Berlin", "de").customer("t", CUSTOMER, "it").text
        for templates in (alone, both)
    )
    assert list(for_italians) == [
        "Donnerstag, 3. März 2016, 10:00 Uhr\n",
        "Thursday 3 March 2016, 10:00\n",
    ]


def test_a_customer_of_whom_no_language_is_known_reads_the_desks() -> None:
    texts = [customer("hello"), customer("hallo", language="de")]

    assert Renderer(texts, language="de").customer("t", CUSTOMER).text == "hallo\n"
    assert Renderer(texts, language="fr").customer("t", CUSTOMER).text == "hello\n"


def test_a_text_in_a_language_of_the_right_to_left_is_written_so() -> None:
    text = customer("مرحبا {{ customer.name }}، {{ next_update_at }}", language="ar")
    html = Renderer([text]).customer("t", CUSTOMER, "ar").html

    assert '<html lang="ar" dir="rtl">' in html
    assert 'مرحبا <bdi>Ann</bdi>، <bdi dir="ltr">2016-03-03 09:00</bdi>' in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_staff_are_told_in_the_desks_language(name: str, language: str) -> None:
    rendered = Renderer([], "Europe/Berlin", language).staff(name, STAFF)

    assert rendered.fault is None
    assert f'<html lang="{language}"' in rendered.html


def test_a_template_of_the_desk_that_says_no_language_replaces_a_built_in_one_that_does() -> None:
    ours = staff("unser Text", name="escalation")

    assert Renderer([ours], language="de").staff("escalation", STAFF).text == "unser Text\n"


def test_what_stands_in_for_a_template_speaks_the_desks_language_too() -> None:
    rendered = Renderer([staff("{{ nothing }}")], language="fr").staff("t", STAFF)

    assert rendered.subject == "Escalade\u202f: INC1 Printer on fire"
    assert "l’échéance est arrivée" in rendered.text


def test_a_fact_that_was_not_recorded_is_nothing_and_a_name_that_does_not_exist_an_error() -> None:
    kept = staff("{{ facts.why }}{{ facts.score or '?' }}{{ facts.told | default('-') }}x")

    assert Renderer([kept]).staff("t", STAFF).text == "?-x\n"
    assert Renderer([staff("{{ fact.why }}")]).staff("t", STAFF).fault is not None


# --- filters and forms ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, shown",
    [
        ("{{ due_at | localtime }}", "Wed 2 Mar 2016, 15:30"),
        ("{{ due_at | localtime('Asia/Tokyo') }}", "Thu 3 Mar 2016, 00:30"),
        ("{{ due_at }}", "Wed 2 Mar 2016, 15:30"),
        ("{{ (due_at - ticket.created_at) | words }}", "1 day 6 hours"),
        ("{{ due_at - ticket.created_at }}", "1 day 6 hours"),
        ("{{ ack_url }}x", "x"),
        ("{{ ticket.tags }}", "vip-file, fragile"),
        ("{{ tickets | length }}. So", "1. So"),
        ("a{% if true %}b{% endif %}\nc", "ab c"),
        ("- a\n{% if true %}\n- b\n{% endif %}\n- c", "- a\n- b\n- c"),
    ],
)
def test_values_print_as_people_write_them(source: str, shown: str) -> None:
    rendered = Renderer([staff(source)]).staff("t", STAFF)
    assert (rendered.fault, rendered.text) == (None, f"{shown}\n")


# --- nothing breaks out --------------------------------------------------------------------------

EVIL = (
    "x\r\nBcc: all@example.net\r\n\r\n<script>alert(1)</script> [pay](https://evil.example) **!**"
)


def evil_ticket() -> Ticket:
    return replace(
        TICKET,
        subject=EVIL,
        type=EVIL,
        group=EVIL,
        assignee=EVIL,
        tags=(EVIL,),
        customer=Customer(EVIL, EVIL, organization=EVIL),
    )


@pytest.mark.parametrize("name", NAMES)
def test_ticket_text_stays_text_in_every_built_in_template(name: str) -> None:
    rendered = Renderer([]).staff(name, StaffNotice(evil_ticket(), DETAILS))
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject
    assert "<script" not in rendered.html
    assert "<a " not in rendered.html
    assert "[pay](https://evil.example) **!**" in rendered.text
    EmailMessage()["Subject"] = rendered.subject


def test_ticket_text_stays_text_in_a_customer_s_message() -> None:
    template = customer(
        "Dear {{ customer.name }}\n\n- {{ ticket.subject }}", "Re: {{ ticket.subject }}"
    )
    rendered = Renderer([template]).customer("t", CustomerNotice(evil_ticket()))
    assert rendered.subject.startswith("Re: x Bcc: all@example.net <script>")
    assert "<script" not in rendered.html
    assert "<a " not in rendered.html


@pytest.mark.parametrize(
    "source",
    [
        "{{ ticket.subject | safe }}",
        "{{ ticket.subject | e }}",
        "{{ ticket.subject | upper }}",
        "{{ '%s' | format(ticket.subject) }}",
        "{{ [ticket.subject, ticket.subject] | join(' ') }}",
        "{{ ticket.subject ~ '' }}",
        "{% set x = ticket.subject %}{{ x }}",
        "{% for letter in [ticket.subject] %}{{ letter }}{% endfor %}",
        "{{ ticket.subject | replace('x', '') }}",
    ],
)
def test_no_filter_takes_the_escaping_away(source: str) -> None:
    rendered = Renderer([staff(source)]).staff("t", StaffNotice(evil_ticket()))
    assert rendered.fault is None
    assert "<script" not in rendered.html.lower()
    assert "<a " not in rendered.html.lower()


@pytest.mark.parametrize(
    "source",
    [
        "{{ ticket.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% include 'x' %}",
        "{% macro m() %}x{% endmacro %}{{ m() }}",
        "{% set x %}y{% endset %}{{ x }}",
        "{{ ticket.tags.append('x') }}",
        "{{ ticket.fields.update({'a': 'b'}) }}",
        "{{ range(10000000) | list }}",
    ],
)
def test_a_template_that_leaves_the_sandbox_is_not_sent_as_it_is(source: str) -> None:
    assert Renderer([staff(source)]).staff("t", STAFF).fault is not None
    with pytest.raises(MessageError):
        Renderer([customer(source)]).customer("t", CUSTOMER)


def test_a_very_long_subject_is_cut() -> None:
    rendered = Renderer([]).staff("escalation", StaffNotice(replace(TICKET, subject="word " * 900)))
    assert len(rendered.subject) <= 250
    assert rendered.subject.endswith("…")


# --- what fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, why",
    [
        ("{{ nothing.here }}", "'nothing' is undefined"),
        ("{{ ticket.nothing }}", "no attribute 'nothing'"),
        ("{% if %}", "Expected an expression"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ ticket }}", "a StaffTicket is no text"),
        ("{{ ticket.fields }}", "a mapping is no text"),
        ("{{ ticket.subject | localtime }}", "localtime takes an instant"),
        ("{{ due_at | localtime('Mars/Olympus') }}", "there is no time zone 'Mars/Olympus'"),
        ("{{ 5 | words }}", "words takes a duration"),
        ("   ", "comes out empty"),
    ],
)
def test_a_staff_template_that_fails_is_stood_in_for_and_nothing_is_lost(
    source: str, why: str
) -> None:
    notice = replace(STAFF, ack_url="https://desk.example/ack")
    rendered = Renderer([staff(source)]).staff("t", notice)
    assert rendered.fault is not None
    assert why in rendered.fault
    assert rendered.subject == "Escalation: INC1 Printer on fire"
    for told in ("unresolved", "Late work climbs", "second-line", "Wed 2 Mar 2016, 15:30", "/ack"):
        assert told in rendered.text
        assert told in rendered.html


def test_a_staff_template_that_does_not_exist_is_stood_in_for() -> None:
    rendered = Renderer([]).staff("gone", STAFF)
    assert rendered.fault == "there is no staff template 'gone'"
    assert "INC1" in rendered.text


def test_what_stands_in_for_a_digest_names_every_ticket() -> None:
    notices = [StaffNotice(replace(TICKET, id=f"desk:{n}"), DETAILS) for n in ("A1", "B2")]
    rendered = Renderer([staff("{{ nothing }}", name="digest")]).digest(notices)
    assert rendered.fault is not None
    assert "A1" in rendered.text
    assert "B2" in rendered.text


def test_the_stand_in_escapes_what_it_shows() -> None:
    rendered = Renderer([]).staff("gone", StaffNotice(evil_ticket(), DETAILS))
    assert "<script" not in rendered.html
    assert "\n" not in rendered.subject


@pytest.mark.parametrize("source", ["{{ nothing }}", "{% if %}", "   ", "{{ 1 / 0 }}"])
def test_a_customer_template_that_fails_is_never_sent(source: str) -> None:
    with pytest.raises(MessageError):
        Renderer([customer(source)]).customer("t", CUSTOMER)


# --- the built-in ones ---------------------------------------------------------------------------


def test_the_built_in_escalation_says_what_when_why_and_who() -> None:
    rendered = Renderer([], "Europe/London").staff("escalation", STAFF)
    assert rendered.subject == "Escalated: INC1 Printer on fire"
    assert rendered.text == (
        "INC1: Printer on fire\n\n"
        "It waits too long. It was due Wed 2 Mar 2016, 15:30.\n\n"
        "- Status: Active\n- Priority: high\n- Type: hardware\n- Group: second-line\n"
        "- Assignee: Kim Agent\n- Customer: Ann\n- Waiting since: Tue 1 Mar 2016, 09:00\n\n"
        "Rule unresolved, level second-line (technical), which speaks also for nearly-late.\n"
    )


def test_the_built_in_escalation_shows_both_values_of_what_we_changed() -> None:
    changes = [
        {"field": "priority", "before": "medium", "after": "high"},
        {"field": "tags", "before": ["a", "b"], "after": ["a", "b", "late"]},
        {"field": "assignee", "before": "Kim", "after": None},
    ]
    text = (
        Renderer([]).staff("escalation", StaffNotice(TICKET, DETAILS | {"changes": changes})).text
    )
    assert "- We set priority to high (it was medium)\n" in text
    assert "- We set tags to a, b, late (it was a, b)\n" in text
    assert "- We set assignee to nothing (it was Kim)\n" in text


def test_the_built_in_escalation_lists_the_tickets_of_a_group() -> None:
    other = replace(TICKET, id="desk:INC2", subject="Printer smokes")
    details = DETAILS | {"tickets": ["desk:INC1", "desk:INC2", "desk:INC3"]}
    text = Renderer([]).staff("escalation", StaffNotice(TICKET, details, members=(other,))).text
    assert "3 tickets need somebody" in text
    assert "- INC1: Printer on fire\n- INC2: Printer smokes\n- INC3\n" in text


def test_the_built_in_escalation_says_when_it_is_a_reminder_repeated_old_or_to_be_taken() -> None:
    level = {"number": 1, "name": "nearly-late", "kind": None}
    notice = StaffNotice(
        TICKET,
        DETAILS | {"level": level, "occurrence": 3},
        ack_url="https://desk.example/ack/1",
        as_of=datetime(2016, 3, 2, 15, 0, tzinfo=UTC),
    )
    rendered = Renderer([]).staff("escalation", notice)
    assert rendered.subject == "Reminder again: INC1 Printer on fire"
    assert "this is notice number 3" in rendered.text
    assert "the ticket as of Wed 2 Mar 2016, 15:00" in rendered.text
    assert "I take it: https://desk.example/ack/1" in rendered.text
    assert re.search('<a [^>]*href="https://desk.example/ack/1"[^>]*>I take it</a>', rendered.html)


RELEASE = "escalatord outbox release --rule"


def test_the_digest_lists_every_ticket_and_why() -> None:
    notices = [
        StaffNotice(replace(TICKET, id=f"desk:INC{n}"), DETAILS | {"reason": reason})
        for n, reason in enumerate(["backlog", "budget", "too_late", "backlog"])
    ]
    rendered = Renderer([]).digest(notices)
    assert rendered.subject == "4 tickets to look at, in one message"
    for number in range(4):
        assert f"- INC{number}: Printer on fire\n" in rendered.text
    assert rendered.text.count("Because") == 3
    assert "before the rule's present text was loaded" in rendered.text
    assert "the rule had reached its budget" in rendered.text
    assert "field changes wait until there is room" in rendered.text
    assert "it came due too long ago" in rendered.text


def test_the_digest_says_when_held_changes_go_out_and_how_to_release_them() -> None:
    held = {"reason": "budget", "room_from": "2016-03-02T16:00:00Z"}
    later = {"reason": "budget", "room_from": "2016-03-02T17:00:00Z"}
    other = {"rule": {"id": "other_rule"}}
    notices = [StaffNotice(TICKET, DETAILS | more) for more in (held, later, held | other)]
    rendered = Renderer([]).digest(notices)
    late = f"from Wed 2 Mar 2016, 17:00 on. To make them all now: {RELEASE} unresolved"
    for part in (rendered.text, rendered.html):
        assert part.count(RELEASE) == 2
        assert late in part
        assert f"from Wed 2 Mar 2016, 16:00 on. To make them all now: {RELEASE} other_rule" in part


@pytest.mark.parametrize("reason", ["backlog", "budget", "too_late"])
def test_the_digest_says_nothing_of_releasing_where_nothing_is_held(reason: str) -> None:
    rendered = Renderer([]).digest([StaffNotice(TICKET, DETAILS | {"reason": reason})])
    assert "release" not in rendered.text


def test_the_digest_names_every_ticket_of_a_group() -> None:
    details = DETAILS | {"tickets": ["desk:INC1", "desk:INC2", "desk:INC3"], "reason": "backlog"}
    text = Renderer([]).digest([StaffNotice(TICKET, details), StaffNotice(TICKET, details)]).text
    assert text.count(" · with it INC2, INC3\n") == 2


def test_a_template_of_the_desk_replaces_a_built_in_one() -> None:
    assert Renderer([staff("ours", name="escalation")]).staff("escalation", STAFF).text == "ours\n"


def test_every_built_in_template_is_for_staff() -> None:
    assert {template.audience for template in builtin_templates()} == {"staff"}


def test_a_very_long_digest_counts_tells_the_longest_due_and_names_all() -> None:
    dues = [datetime(2016, 3, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(5000)]
    notices = [
        StaffNotice(
            replace(TICKET, id=f"desk:INC{number}"),
            {**DETAILS, "tickets": [], "reason": "backlog", "due_at": due_at.isoformat()},
        )
        for number, due_at in enumerate(dues)
    ]
    rendered = Renderer([]).digest(list(reversed(notices)))
    assert rendered.fault is None
    assert rendered.subject == "5000 tickets to look at, in one message"
    for part in (rendered.text, rendered.html):
        assert "5000 of rule unresolved, level second-line" in part
        assert "And 4980 more" in part
        assert set(re.findall(r"INC\d+", part)) == {f"INC{number}" for number in range(5000)}
    assert rendered.text.count("Printer on fire") == 20
    assert rendered.text.index("INC0:") < rendered.text.index("And 4980 more")
    assert len(rendered.text) < 60_000


def test_a_ticket_of_two_levels_counts_once_in_a_digests_subject() -> None:
    rendered = Renderer([]).digest([STAFF, STAFF])
    assert rendered.subject == "One ticket to look at, in one message"
