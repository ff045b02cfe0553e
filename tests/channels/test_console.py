from __future__ import annotations

import io
import json
import re

from engine.channels.console import ConsoleChannel
from engine.ports import Message, SentState


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, **parts: str) -> str:
    whole = {"key": "k1", "to": "#desk", "subject": "Late", "text": "It waits."} | parts
    assert ConsoleChannel("log", stream).send(Message(**whole)).state is SentState.DELIVERED  # type: ignore[arg-type]
    return stream.getvalue()


def test_off_a_terminal_a_message_is_one_json_object_on_one_line() -> None:
    text = "Dear all,\n\nit waits.\n- one\n- two\n"
    line = shown(io.StringIO(), text=text)
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "event": "message.shown",
        "channel": "log",
        "to": "#desk",
        "subject": "Late",
        "text": text,
        "facts": {},
    }


def test_what_the_stream_cannot_encode_is_shown_as_escapes() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert ConsoleChannel("log", stream).send(Message("k", "x", "Grüße", "t")).receipt == "k"
    stream.seek(0)
    assert "Gr\\xfc\\xdfe" in stream.read()


def test_on_a_terminal_a_message_is_a_block_with_its_paragraphs() -> None:
    block = shown(Terminal(), text="First.\n\n- one\n- two\n")
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", block).splitlines()]
    assert lines[0].startswith("log → #desk ─")
    assert lines[1:] == ["Late", "", "  First.", "", "  - one", "  - two", ""]


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
