"""The channels of the config file: what each kind may say, and how its faults are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.channels import Surroundings, open_channel
from engine.clock import SystemClock
from engine.errors import ConfigError
from engine.ports import Channel
from engine.settings import Settings, SettingsError, load_settings

Load = Callable[[str], Settings]

DESK = """\
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    columns: {id: Case, at: Time, status: State}
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CHAT = "channels: {{chat: {{kind: apprise, {rest}}}}}\n"
HOOK = "channels: {{hook: {{kind: webhook, {rest}}}}}\n"
MAIL = "channels: {{mail: {{kind: smtp, host: localhost, from: a@example.com, {rest}}}}}\n"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("CHAT_URL", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/{to}")

    def read(text: str) -> Settings:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        return load_settings("config.yaml")

    return read


def opened(settings: Settings, name: str, tmp_path: Path) -> Channel:
    clock = SystemClock()
    with (tmp_path / "console").open("w") as stream:
        around = Surroundings(clock, clock.monotonic, stream, settings.folder)
        return open_channel(name, settings.channels[name].resolved(name), around)


def told(load: Load, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    "text, fault",
    [
        (CHAT.format(rest="overflow: split"), "1:18: error[url] it needs exactly one URL"),
        (CHAT.format(rest="url_env: A, credential: b"), "error[url] it needs exactly one URL"),
        (
            CHAT.format(rest="url: 'slack://T1JJ3T3L2/A1BRTD4JD/hunter22'"),
            "error[open-secret] a URL of Apprise holds what lets anybody send",
        ),
        (CHAT.format(rest="url: 'json://example.com/x'"), "error[open-secret]"),
        (CHAT.format(rest="url_env: A, overflow: drop"), "error[value] 'drop' means nothing here"),
        (CHAT.format(rest="url_env: A, timeout: 10m"), "too long to wait"),
        (CHAT.format(rest="url_env: A, to: x"), "error[unknown-key]"),
        (HOOK.format(rest="url: 'https://x.example'"), "needs exactly one secret"),
        (HOOK.format(rest="secret_env: A"), "error[url] it needs exactly one web address"),
        (HOOK.format(rest="url: ftp://x, secret_env: A"), "error[url] 'ftp://x' is no web address"),
        (HOOK.format(rest="url: 'http://x.example', secret_env: A"), "sent in the clear"),
        (
            HOOK.format(rest=f"url: 'https://x.example', secret: {SECRET}"),
            "secrets do not stand in this file; write secret_file, secret_env or secret_credential",
        ),
    ],
)
def test_a_fault_is_told_and_shows_no_secret(load: Load, text: str, fault: str) -> None:
    lines = told(load, text)
    assert any(fault in line for line in lines)
    assert not any(secret in line for secret in ("hunter22", SECRET) for line in lines)


def test_a_chat_is_opened_with_the_url_that_its_place_holds(load: Load, tmp_path: Path) -> None:
    settings = load(CHAT.format(rest="url_env: CHAT_URL, overflow: truncate, timeout: 20s"))
    options = settings.channels["chat"]
    assert options.reaches_out
    assert opened(settings, "chat", tmp_path).longest_call == timedelta(seconds=21)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(settings)


def test_a_webhook_is_opened_with_the_secrets_that_their_places_hold(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(f"{SECRET}\n{SECRET[:-1]}x\n")
    settings = load(HOOK.format(rest="url: 'https://x.example/{to}', secret_file: keys"))
    assert opened(settings, "hook", tmp_path).longest_call == timedelta(seconds=16)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("text", ["kind: webhook, url: 'http://127.0.0.1:1/', secret_env: A",
                                  "kind: apprise, url: 'json://localhost:1/'"])  # fmt: skip
def test_a_replay_may_stand_beside_what_stays_on_this_machine(load: Load, text: str) -> None:
    replay = DESK + "    replay: {from: 2016-03-02T16:00, speed: 600}\n"
    assert load(f"{replay}channels: {{c: {{{text}}}}}\n").replay is not None


@pytest.mark.parametrize("text", ["kind: webhook, url: 'https://x.example/', secret_env: A",
                                  "kind: webhook, url_env: B, secret_env: A",
                                  "kind: apprise, url_env: A"])  # fmt: skip
def test_a_replay_beside_what_may_reach_others_is_refused(load: Load, text: str) -> None:
    replay = DESK + "    replay: {from: 2016-03-02T16:00, speed: 600}\n"
    (line,) = told(load, f"{replay}channels: {{c: {{{text}}}}}\n")
    assert "error[replay] 'c' reaches beyond this machine" in line


# --- who may write to customers ------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["kind: apprise, url_env: A",
                                  "kind: webhook, url_env: B, secret_env: A"])  # fmt: skip
def test_customers_are_not_written_to_by_what_addresses_nobody_in_person(
    load: Load, rest: str
) -> None:
    (line,) = told(load, f"{DESK}    replies_by: c\nchannels: {{c: {{{rest}}}}}\n")
    assert line.startswith("config.yaml:7:17: error[replies-by] a channel of kind ")
    assert line.endswith("name one of kind smtp; or leave it out, and the helpdesk replies")


@pytest.mark.parametrize("rest", ["kind: smtp, host: h, from: a@example.com", "kind: console",
                                  "kind: file, path: sent.jsonl"])  # fmt: skip
def test_customers_are_written_to_by_mail_and_on_trial_by_what_stays_here(
    load: Load, rest: str
) -> None:
    assert load(f"{DESK}    replies_by: c\nchannels: {{c: {{{rest}}}}}\n").channels


def test_a_channel_that_is_not_there_is_named_with_the_likeliest(load: Load) -> None:
    (line,) = told(load, f"{DESK}    replies_by: emial\nchannels: {{email: {{kind: console}}}}\n")
    assert line == (
        "config.yaml:7:17: error[unknown-channel] there is no channel 'emial':"
        " did you mean 'email'?"
    )


# --- mail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest, fault",
    [
        ("reply_to: a b", r"channels\.mail\.reply_to cannot be used: 'a b' is no mail address"),
        ("subject_tag: '[x]'", r"subject_tag must hold \{number\} once"),
        ("subject_tag: '[{ticket} {number}]'", r"subject_tag must hold \{number\} once"),
        ("subject_tag: '{number} {number}'", r"subject_tag must hold \{number\} once"),
        (
            "unsubscribe: 'http://x.example'",
            r"unsubscribe cannot be used; write a mail address, or",
        ),
        ("unsubscribe: 'https://x.example/<>'", r"unsubscribe cannot be used"),
    ],
)
def test_what_a_mail_cannot_have_is_an_error(
    load: Load, tmp_path: Path, rest: str, fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        opened(load(MAIL.format(rest=rest)), "mail", tmp_path)
