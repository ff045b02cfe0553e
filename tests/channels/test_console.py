from __future__ import annotations

import io

from engine.channels.console import ConsoleChannel
from engine.ports import Message, SentState


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, **parts: str) -> str:
    whole = {"key": "k1", "to": "#desk", "subject": "Late", "text": "It waits."} | parts
    assert ConsoleChannel("log", stream).send(Message(**whole)).state is SentState.DELIVERED  # type: ignore[arg-type]
    return stream.getvalue()


def test_off_a_terminal_a_message_is_one_line() -> None:
    text = "Dear all,\n\nit waits.\n- one\n- two\n"
    assert (
        shown(io.StringIO(), text=text)
        == "[log] to #desk: Late | Dear all, it waits. - one - two\n"
    )


def test_off_a_terminal_a_long_text_is_cut() -> None:
    (line,) = shown(io.StringIO(), text="word " * 500).splitlines()
    assert line.endswith("word…")
    assert len(line) < 450


def test_on_a_terminal_a_message_is_a_block_with_its_paragraphs() -> None:
    block = shown(Terminal(), text="First.\n\n- one\n- two\n")
    assert "log → #desk" in block
    assert (
        "\n  First.\n" in block.replace("\x1b[0m", "").replace(" \n", "\n").replace("  \n", "\n")
        or "First." in block
    )
    assert "  - one" in block
    assert "  - two" in block


def test_escape_sequences_in_a_ticket_do_not_reach_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J"
    block = shown(Terminal(), subject=evil, text=evil, to=evil)
    assert "\x1b]" not in block
    assert "\x1b[2J" not in block
    assert "\x07" not in block


def test_brackets_in_a_ticket_are_text_and_no_styles() -> None:
    assert "[red]not red[/red] :smile:" in shown(Terminal(), text="[red]not red[/red] :smile:")


def test_a_stream_that_nobody_reads_any_more_is_to_be_tried_again() -> None:
    stream = io.StringIO()
    stream.close()
    sent = ConsoleChannel("log", stream).send(Message("k", "x", "s", "t"))
    assert (sent.state, sent.reason.startswith("cannot write to the console")) == (
        SentState.RETRY,
        True,
    )
