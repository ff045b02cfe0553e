"""A stub of a token server on loopback: RFC 6749 for clients, RFC 7662 for mail servers.

It keeps to the two RFCs, and to what Microsoft and Google document of refusals. Neither of the two
was asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.channels.sink import free_port

SECRET = "a-client-secret"
GRANTED = "a-refresh-token"


@dataclass
class TokenServer:
    """Gives access tokens to one client, for one user.

    Attributes:
        user: Whom its tokens are for.
        granted: The refresh token that holds.
        renews: Whether each use of the refresh token makes it worthless, and gives a new one.
        lasts: Seconds that tokens are said to hold; None to say nothing.
        says: In place of an answer: a status, and a body.
        asked: The forms that were posted.
    """

    user: str = "support@desk.example"
    granted: str = GRANTED
    renews: bool = False
    lasts: object = 3600
    says: tuple[int, str] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    _given: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The token endpoint."""
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def introspection_url(self) -> str:
        """Where a mail server asks for a token, which follows."""
        return f"http://127.0.0.1:{self.port}/introspect?token="

    def holds(self, token: str) -> bool:
        return token in self._given

    def revoke(self) -> None:
        """None of the tokens holds any more."""
        self._given.clear()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def answer(self, form: dict[str, str]) -> tuple[int, str]:
        """What a client is told."""
        self.asked.append(form)
        if self.says is not None:
            return self.says
        if form.get("client_secret") != SECRET:
            return 401, _refusal("invalid_client", f"AADSTS7000215: Invalid {form}.")
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.granted:
            return 400, _refusal("invalid_grant", "Token has been expired or revoked.")
        self._given.append(f"token-{len(self.asked)}")
        told: dict[str, object] = {"token_type": "Bearer", "access_token": self._given[-1]}
        if self.lasts is not None:
            told["expires_in"] = self.lasts
        if self.renews and form["grant_type"] == "refresh_token":
            self.granted = told["refresh_token"] = f"{GRANTED}-{len(self.asked)}"
        return 200, json.dumps(told)

    def told(self, token: str) -> tuple[int, str]:
        """What a mail server is told of a token."""
        return 200, json.dumps({"active": self.holds(token), "email": self.user})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*stub.answer({key: one for key, (one,) in parse_qs(body).items()}))

            def do_GET(self) -> None:
                (token,) = parse_qs(urlsplit(self.path).query)["token"]
                self._say(*stub.told(token))

            def _say(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Nothing is worth telling."""

        return Handler


def _refusal(error: str, description: str) -> str:
    return json.dumps({"error": error, "error_description": description})
