"""The control socket: who may ask, what is answered, and what happens to leftovers."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.control.client import NoDaemonError, ask
from engine.control.server import Answer, ControlError, ControlServer
from engine.errors import StoreBusyError, UsageError
from engine.ports import Json


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "it.sock"


@pytest.fixture
def answers() -> dict[str, Answer]:
    return {"greet": lambda: {"said": "hello"}}


@pytest.fixture
def server(place: Path, answers: dict[str, Answer]) -> Iterator[ControlServer]:
    server = ControlServer(place, answers)
    server.start()
    yield server
    server.stop()


def said_to(place: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place))
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as reply:
            return reply.read()


@pytest.mark.usefixtures("server")
def test_who_asks_gets_the_answer(place: Path) -> None:
    assert ask(place, "greet") == {"said": "hello"}


@pytest.mark.usefixtures("server")
def test_only_the_daemons_user_may_ask(place: Path) -> None:
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.usefixtures("server")
def test_what_it_does_not_know_is_told_and_it_goes_on(place: Path) -> None:
    with pytest.raises(UsageError, match="one of greet"):
        ask(place, "dance")

    assert ask(place, "greet")


@pytest.mark.parametrize("request_", [b"\n", b"", b"{", b"[1]\n", b'{"do": {}}\n', b"x" * 4000])
@pytest.mark.usefixtures("server")
def test_nonsense_gets_one_clear_line(place: Path, request_: bytes) -> None:
    assert b'{"error": "ask by one line of JSON' in said_to(place, request_)
    assert ask(place, "greet")


def test_a_failure_is_one_line_for_who_asked(
    server: ControlServer, answers: dict[str, Answer]
) -> None:
    def fail() -> Json:
        raise StoreBusyError("the store is busy")

    answers["fail"] = fail

    with pytest.raises(UsageError, match="the store is busy"):
        ask(server.path, "fail")


def test_a_defect_leaves_the_asker_without_an_answer_and_the_server_alive(
    server: ControlServer, answers: dict[str, Answer], capfd: pytest.CaptureFixture[str]
) -> None:
    def break_() -> Json:
        raise ZeroDivisionError

    answers["break"] = break_

    with pytest.raises(UsageError, match="defect"):
        ask(server.path, "break")
    assert ask(server.path, "greet")
    assert capfd.readouterr().err == ""


def test_one_long_request_does_not_keep_others_waiting(
    server: ControlServer, answers: dict[str, Answer]
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def think() -> Json:
        begun.set()
        may_end.wait()
        return {}

    answers["think"] = think
    asking = threading.Thread(target=ask, args=(server.path, "think"))
    asking.start()
    begun.wait()

    assert ask(server.path, "greet") == {"said": "hello"}
    may_end.set()
    asking.join()


def test_a_request_under_way_is_answered_before_it_stops(
    place: Path, answers: dict[str, Answer]
) -> None:
    begun, may_end, got = threading.Event(), threading.Event(), list[Json]()

    def think() -> Json:
        begun.set()
        may_end.wait()
        return {"thought": True}

    answers["think"] = think
    server = ControlServer(place, answers)
    server.start()
    asking = threading.Thread(target=lambda: got.append(ask(place, "think")))
    asking.start()
    begun.wait()
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    may_end.set()
    asking.join()
    stopping.join()

    assert got == [{"thought": True}]


def test_nothing_is_left_of_it_when_it_stops(place: Path, answers: dict[str, Answer]) -> None:
    server = ControlServer(place, answers)
    server.start()
    server.stop()
    server.stop()

    assert not place.exists()
    with pytest.raises(NoDaemonError, match="no daemon answers"):
        ask(place, "greet")


def test_the_socket_of_a_dead_daemon_is_replaced(place: Path, answers: dict[str, Answer]) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    with pytest.raises(NoDaemonError, match="no daemon answers"):
        ask(place, "greet")

    server = ControlServer(place, answers)
    server.start()

    assert ask(place, "greet")
    server.stop()


@pytest.mark.usefixtures("server")
def test_a_living_daemons_socket_is_never_taken_away(
    place: Path, answers: dict[str, Answer]
) -> None:
    with pytest.raises(ControlError, match="another daemon answers"):
        ControlServer(place, answers).start()

    assert ask(place, "greet")


def test_what_is_no_socket_is_never_removed(place: Path, answers: dict[str, Answer]) -> None:
    place.write_text("dear to somebody")

    with pytest.raises(ControlError, match="is in the way"):
        ControlServer(place, answers).start()
    assert place.read_text() == "dear to somebody"


@pytest.mark.parametrize("place", [Path("/nonexistent/it.sock"), Path("/tmp", "long" * 40)])
def test_a_place_that_cannot_be_used_is_one_clear_line(
    place: Path, answers: dict[str, Answer]
) -> None:
    with pytest.raises(ControlError, match=r"name another place by control\.socket"):
        ControlServer(place, answers).start()
    with pytest.raises(NoDaemonError):
        ask(place, "greet")
