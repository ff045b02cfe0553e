"""Which contact completed a count, held against brute force."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.condition import ContactsBy, ContactsTest
from engine.domain.contact import Contact, ContactLog, completing_contact, within
from engine.testing import MONDAY, ticket

MINUTE = timedelta(minutes=1)
TICKET = ticket()


def contacts(*minutes: int) -> list[Contact]:
    return [
        Contact(TICKET, f"c{number}", MONDAY + minute * MINUTE, None)
        for number, minute in enumerate(minutes)
    ]


def counting(at_least: int, minutes: int) -> ContactsTest:
    return ContactsTest(ContactsBy.CUSTOMER, at_least, minutes * MINUTE)


def count(counted: list[Contact], length: timedelta, at: datetime) -> int:
    return sum(1 for contact in counted if contact.at <= at < contact.at + length)


def by_brute_force(test: ContactsTest, counted: list[Contact], at: datetime) -> Contact | None:
    """Walk through the minutes: the last contact at which the count rose to enough."""
    completing: Contact | None = None
    enough = False
    minutes = int((at - MONDAY) / MINUTE)
    for number in range(minutes + 1):
        now = MONDAY + number * MINUTE
        of_now = [contact for contact in counted if contact.at == now]
        earlier = [contact for contact in counted if contact.at < now]
        for arrived in range(len(of_now) + 1):
            known = earlier + of_now[:arrived]
            holds = count(known, test.within, now) >= test.at_least
            if holds and not enough and arrived:
                completing = of_now[arrived - 1]
            # an expiry and an arrival at one instant: the count never stood below
            if arrived == len(of_now):
                enough = holds
            elif holds:
                enough = True
    return completing if enough else None


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=10, unique=True).map(sorted),
    st.integers(1, 4),
    st.integers(1, 30),
    st.integers(0, 90),
)
def test_the_completing_contact_is_the_one_that_brute_force_finds(
    minutes: list[int], at_least: int, length: int, now: int
) -> None:
    test, counted = counting(at_least, length), contacts(*minutes)
    at = MONDAY + now * MINUTE
    assert completing_contact(test, counted, at) == by_brute_force(test, counted, at)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=10).map(sorted), st.integers(1, 30), st.integers(0, 90)
)
def test_within_a_window_lie_those_not_older_than_it(
    minutes: list[int], length: int, now: int
) -> None:
    counted, at = contacts(*minutes), MONDAY + now * MINUTE
    found = within(counting(1, length), counted, at)
    assert len(found) == count(counted, length * MINUTE, at)


def test_contacts_at_one_instant_complete_with_the_one_that_fills_the_count() -> None:
    counted = contacts(0, 5, 5)
    found = completing_contact(counting(2, 10), counted, MONDAY + 6 * MINUTE)
    assert found == counted[1]


def test_a_count_that_fell_below_between_is_completed_anew() -> None:
    counted = contacts(0, 5, 20, 25)
    found = completing_contact(counting(2, 10), counted, MONDAY + 26 * MINUTE)
    assert found == counted[3]


def test_a_contact_that_arrives_as_another_expires_lets_the_count_not_fall() -> None:
    counted = contacts(0, 5, 10)
    found = completing_contact(counting(2, 10), counted, MONDAY + 11 * MINUTE)
    assert found == counted[1]


def test_later_contacts_than_the_instant_are_not_counted() -> None:
    counted = contacts(0, 5, 10)
    assert completing_contact(counting(3, 60), counted, MONDAY + 9 * MINUTE) is None


def test_a_log_tells_contacts_apart_by_field_and_channel() -> None:
    mail, print_ = ticket("M", type="Mail"), ticket("P", type="print")
    each = [
        Contact(mail, "1", MONDAY, "Email"),
        Contact(print_, "2", MONDAY + MINUTE, "email"),
        Contact(ticket("m", type="MAIL"), "3", MONDAY + 2 * MINUTE, "phone"),
    ]
    log = ContactLog(each)
    same = ContactsTest(ContactsBy.EVERYONE, 1, MINUTE, same=("type",))
    assert [contact.key for contact in log.like(same, mail)] == ["1", "3"]
    assert [contact.key for contact in log.like(same, print_)] == ["2"]
    by_mail = ContactsTest(ContactsBy.EVERYONE, 1, MINUTE, channel="email")
    assert [contact.key for contact in log.like(by_mail, mail)] == ["1", "2"]
    assert log.like(same, ticket("none")) == []
