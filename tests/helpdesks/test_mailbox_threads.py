"""Which mails are one ticket."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.helpdesks.mailbox.threads import Role, number_of
from tests.helpdesks.letters import MINUTE, OURS, T0, Post

ALICE = "alice@desk.example"


def test_an_answer_joins_what_it_answers() -> None:
    post = Post()
    post.comes("a")
    post.goes("b", "a")
    post.comes("c", "a", "b")
    post.comes("other", Subject="Scanner")

    assert post.tickets() == [["a", "b", "c"], ["other"]]


def test_the_same_subject_alone_joins_nothing() -> None:
    post = Post()
    post.comes("a", Subject="Help")
    post.comes("b", Subject="Re: Help")

    assert post.tickets() == [["a"], ["b"]]


def test_who_loses_the_headers_is_known_by_the_number_in_the_subject() -> None:
    post = Post()
    post.comes("a")
    post.comes("b", Subject=f"AW: [#{number_of('a')}] Printer")

    assert post.tickets() == [["a", "b"]]


def test_a_number_of_no_ticket_opens_one_of_its_own() -> None:
    post = Post()
    post.comes("a", Subject="[#0123456789ab] Printer")

    assert post.tickets() == [["a"]]


def test_an_answer_beats_the_number_in_the_subject() -> None:
    post = Post()
    post.comes("a")
    post.comes("b", Subject="Scanner")
    post.comes("c", "b", Subject=f"Re: [#{number_of('a')}] Scanner")

    assert post.tickets() == [["a"], ["b", "c"]]


def test_an_answer_to_what_was_never_seen_opens_a_ticket_that_others_of_the_customer_join() -> None:
    post = Post()
    post.comes("b", "lost")
    post.comes("c", "lost")

    assert post.tickets() == [["b", "c"]]


def test_answers_of_several_customers_to_one_circular_are_several_tickets() -> None:
    post = Post()
    post.goes("circular", to="everybody@customer.example")
    post.comes("b", "circular", From="ann@one.example")
    post.comes("c", "circular", From="bob@two.example")

    assert post.tickets() == [["b"], ["c"]]


def test_a_mail_that_comes_after_its_answer_joins_it() -> None:
    post = Post()
    post.comes("b", "a")
    post.comes("a")

    assert post.tickets() == [["b", "a"]]


def test_what_the_desk_sends_opens_no_ticket() -> None:
    post = Post()
    post.goes("a")
    post.comes("b", From=ALICE)
    post.comes("c", From=OURS)
    post.comes("d", From="carl@partner.example")

    assert post.tickets() == []


def test_what_a_customer_answers_to_the_desk_is_a_ticket_from_then_on() -> None:
    post = Post()
    post.goes("offer")
    post.comes("a", "offer")
    post.goes("b", "offer", "a")

    assert post.tickets() == [["a", "b"]]


def test_machines_open_no_ticket_and_join_those_there_are() -> None:
    post = Post()
    post.comes("a")
    post.comes("b", Auto_Submitted="auto-replied")
    post.comes("c", "a", Auto_Submitted="auto-replied")
    (thread,) = post.threads().by_number.values()

    assert [(mail.key, mail.role) for mail in thread.mails] == [
        ("a", Role.CUSTOMER),
        ("c", Role.ROBOT),
    ]


def test_what_belonged_together_stays_so_whatever_arrives_later() -> None:
    post = Post()
    post.comes("a")
    post.comes("b", Subject="Scanner")
    before = post.threads().where
    post.comes("c", "a", "b")

    assert {**post.threads().where, **before} == post.threads().where


def test_a_ticket_whose_first_mail_is_gone_is_still_that_ticket() -> None:
    post = Post()
    post.comes("a")
    post.goes("b", "a")
    post.comes("c", "a", "b")
    (number,) = post.threads().by_number
    del post.mails[0]

    assert list(post.threads((number,)).by_number) == [number]


def test_a_mail_that_turns_out_to_belong_to_an_earlier_ticket_is_known_as_merged() -> None:
    post = Post()
    post.comes("a")
    post.comes("c", "b")
    assert len(post.tickets()) == 2
    post.goes("b", "a", at=T0 + MINUTE / 2)
    threads = post.threads()

    assert post.tickets() == [["a", "b", "c"]]
    assert threads.where[number_of("c")] == number_of("a")


def test_what_arrives_in_one_second_or_by_wrong_clocks_is_still_an_answer() -> None:
    post = Post()
    post.comes("z", at=T0)
    post.goes("y", "z", at=T0 + MINUTE)
    post.comes("b", "y", at=T0)
    post.comes("a", "b", at=T0)

    assert [sorted(mails) for mails in post.tickets()] == [["a", "b", "y", "z"]]


def test_mails_that_answer_each_other_are_one_ticket() -> None:
    post = Post()
    post.comes("a", "b")
    post.comes("b", "a")

    assert [sorted(mails) for mails in post.tickets()] == [["a", "b"]]


@given(st.permutations(range(6)))
def test_threads_do_not_depend_on_the_order_of_reading(order: list[int]) -> None:
    post = Post()
    post.comes("a")
    post.goes("b", "a")
    post.comes("c", "b")
    post.comes("d", "lost")
    post.comes("e", "lost", "d")
    post.comes("f")
    whole = post.tickets()
    post.mails = [post.mails[place] for place in order]

    assert post.tickets() == whole


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=10))
def test_every_mail_of_a_customer_is_in_exactly_one_ticket(answers: list[list[int]]) -> None:
    post = Post()
    for place, named in enumerate(answers):
        post.comes(str(place), *map(str, named))
    found = list(itertools.chain(*post.tickets()))

    assert sorted(found) == sorted(str(place) for place in range(len(answers)))
