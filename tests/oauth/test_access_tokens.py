"""Access tokens: when they are asked for, and what is told when there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.oauth import AccessTokens, Grant, TokenError, answers, mechanism_of
from engine.secret import Secret
from tests.oauth.token_server import GRANTED, SECRET, TokenServer

PATIENCE = timedelta(seconds=30)


@dataclass
class Watch:
    """Seconds, as the test tells them."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def grant(server: TokenServer, tmp_path: Path) -> Grant:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    secret = Secret("channels.email.oauth.client_secret", tmp_path / "secret")
    return Grant("channels.email.oauth", server.url, "desk-client", secret, scope="mail")


@pytest.fixture
def granted(grant: Grant, tmp_path: Path) -> Grant:
    (tmp_path / "granted").write_text(GRANTED)
    token = Secret("channels.email.oauth.refresh_token", tmp_path / "granted")
    return replace(grant, refresh_token=token)


def refusal(tokens: AccessTokens) -> str:
    with pytest.raises(TokenError) as caught:
        tokens.token(PATIENCE)
    return str(caught.value)


def test_a_client_shows_its_own_credentials(server: TokenServer, grant: Grant) -> None:
    assert server.holds(AccessTokens(grant).token(PATIENCE))
    assert server.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "desk-client",
            "client_secret": SECRET,
            "scope": "mail",
        }
    ]


def test_a_client_shows_what_somebody_granted(server: TokenServer, granted: Grant) -> None:
    assert server.holds(AccessTokens(granted).token(PATIENCE))
    (form,) = server.asked
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", GRANTED)


@pytest.mark.parametrize(
    "lasts, kept, again",
    [(3600, 3539, 3540), ("3599", 3538, 3539), (None, 239, 240), ("soon", 239, 240)],
)
def test_a_token_is_used_until_a_minute_before_its_end(
    server: TokenServer, grant: Grant, watch: Watch, lasts: object, kept: int, again: int
) -> None:
    server.lasts = lasts
    tokens = AccessTokens(grant, watch)
    first = tokens.token(PATIENCE)

    watch.at = 1000.0 + kept
    assert tokens.token(PATIENCE) == first
    watch.at = 1000.0 + again
    assert tokens.token(PATIENCE) != first
    assert len(server.asked) == 2


def test_a_token_that_holds_for_less_than_a_minute_is_used_once(
    server: TokenServer, grant: Grant, watch: Watch
) -> None:
    server.lasts = 10
    tokens = AccessTokens(grant, watch)
    assert tokens.token(PATIENCE) != tokens.token(PATIENCE)


def test_a_token_that_was_refused_is_not_shown_again(grant: Grant) -> None:
    tokens = AccessTokens(grant)
    first = tokens.token(PATIENCE)
    tokens.forget()
    assert tokens.token(PATIENCE) != first


def test_a_refresh_token_that_is_renewed_at_each_use_goes_on_holding(
    server: TokenServer, granted: Grant
) -> None:
    server.renews = True
    tokens = AccessTokens(granted)
    for _ in range(3):
        tokens.token(PATIENCE)
        tokens.forget()
    shown = [form["refresh_token"] for form in server.asked]
    assert shown == [GRANTED, f"{GRANTED}-1", f"{GRANTED}-2"]


def test_a_refresh_token_that_is_put_into_its_place_counts_at_once(
    server: TokenServer, granted: Grant, tmp_path: Path
) -> None:
    server.renews = True
    tokens = AccessTokens(granted)
    tokens.token(PATIENCE)
    tokens.forget()
    server.granted = "granted-anew"
    assert "have access granted again" in refusal(tokens)
    (tmp_path / "granted").write_text("granted-anew")
    assert server.holds(tokens.token(PATIENCE))


def test_a_wrong_secret_is_told_of_and_is_not_told(
    server: TokenServer, grant: Grant, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("an-old-secret")
    told = refusal(AccessTokens(grant))
    assert told.startswith(
        f"channels.email.oauth: no access token from 127.0.0.1:{server.port}: invalid_client AADSTS"
    )
    assert told.endswith("put the client's right secret in its place; it may have expired")
    assert "an-old-secret" not in told
    (tmp_path / "secret").write_text(SECRET)
    assert server.holds(AccessTokens(grant).token(PATIENCE))


def test_a_secret_that_is_missing_is_told_of(grant: Grant, tmp_path: Path) -> None:
    (tmp_path / "secret").unlink()
    with pytest.raises(ConfigError, match=r"channels\.email\.oauth\.client_secret: cannot read"):
        AccessTokens(grant).token(PATIENCE)


@pytest.mark.parametrize(
    "status, body, told",
    [
        (200, "", "it answers 200 without JSON"),
        (200, "[]", "it answers 200 without JSON"),
        (200, "{}", "its answer holds no access token"),
        (200, '{"access_token": 7}', "its answer holds no access token"),
        (200, '{"access_token": "two\\nlines"}', "its answer holds no access token"),
        (302, "", "it answers 302 without JSON"),
        (429, '{"error": "slow_down"}', "slow_down"),
        (502, "<h1>Bad Gateway</h1>", "it answers 502 without JSON"),
        (503, "{}", "503"),
        (400, '{"error": "invalid_scope", "error_description": "a\\n b"}', "invalid_scope a b; wr"),
        (400, '{"error": {"code": 1}, "error_description": [1]}', "{'code': 1} [1]"),
    ],
)
def test_whatever_a_server_answers_is_one_clear_line(
    server: TokenServer, grant: Grant, status: int, body: str, told: str
) -> None:
    server.says = (status, body)
    said = refusal(AccessTokens(grant))
    assert told in said
    assert "\n" not in said


def test_a_server_that_is_away_is_told_of(server: TokenServer, grant: Grant) -> None:
    away = replace(grant, token_url=server.url.replace(str(server.port), "1"))
    assert "no access token from 127.0.0.1:1: it cannot be reached: " in refusal(AccessTokens(away))


@pytest.mark.parametrize(
    "offered, chosen",
    [
        (["PLAIN", "XOAUTH2", "OAUTHBEARER"], "XOAUTH2"),
        (["PLAIN", "OAUTHBEARER"], "OAUTHBEARER"),
        (["PLAIN"], "XOAUTH2"),
    ],
)
def test_a_token_is_shown_in_a_way_that_the_server_knows(offered: list[str], chosen: str) -> None:
    assert mechanism_of(offered) == chosen


def test_the_words_of_xoauth2_are_those_that_its_inventors_document() -> None:
    said = answers("XOAUTH2", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29t")
    first = "user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29t\1\1"
    assert [next(said), next(said)] == [first, ""]


def test_the_words_of_oauthbearer_are_those_of_rfc_7628() -> None:
    said = answers("OAUTHBEARER", "user=a,b@example.com", "vF9dft4qmT")
    first = "n,a=user=3Da=2Cb@example.com,\1auth=Bearer vF9dft4qmT\1\1"
    assert [next(said), next(said)] == [first, "\1"]
