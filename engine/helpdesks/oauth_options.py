"""What the config file says of access by OAuth 2.0, where a mail server wants no password."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from engine.helpdesks.addresses import web_address
from engine.helpdesks.options import FilePlace, Options, PlaceOfFile, refuse
from engine.oauth import Grant
from engine.secret import Secret


def _token_url(value: object) -> object:
    return web_address(
        value, "is no address of a token server", "would send the secret in the clear"
    )


Text = Annotated[str, Field(min_length=1)]


class OAuthOptions(Options):
    """By what access tokens are got.

    Attributes:
        token_url: The token endpoint.
        client_id: How the server knows the client.
        client_secret_file: By what the client is believed; or one of the two below.
        refresh_token_file: What somebody granted; or one of the two below.
        scope: What is asked for.
    """

    token_url: Annotated[str, BeforeValidator(_token_url)]
    client_id: Text
    client_secret_file: PlaceOfFile | None = None
    client_secret_env: Text | None = None
    client_secret_credential: Text | None = None
    refresh_token_file: PlaceOfFile | None = None
    refresh_token_env: Text | None = None
    refresh_token_credential: Text | None = None
    scope: Text | None = None

    @model_validator(mode="after")
    def _coherent(self) -> OAuthOptions:
        secret, token = self._client_secret_places, self._refresh_token_places
        for name, places in (("client secret", secret), ("refresh token", token)):
            if sum(map(bool, places)) > 1:
                raise refuse("secret", f"the {name} stands in several places", "keep one of them")
        if not any((*secret, *token)):
            help_ = "write client_secret_file: PATH, or refresh_token_file: PATH, or both"
            raise refuse("secret", "nothing says by what the client is believed", help_)
        return self

    def grant(self, owner: str) -> Grant:
        """By what access tokens are got.

        Args:
            owner: Whose it is, as the config file names it: ``channels.email.oauth``.
        """
        secret, token = self._client_secret_places, self._refresh_token_places
        return Grant(
            owner,
            self.token_url,
            self.client_id,
            _secret(f"{owner}.client_secret", *secret),
            _secret(f"{owner}.refresh_token", *token),
            self.scope,
        )

    @property
    def _client_secret_places(self) -> tuple[FilePlace | None, str | None, str | None]:
        return self.client_secret_file, self.client_secret_env, self.client_secret_credential

    @property
    def _refresh_token_places(self) -> tuple[FilePlace | None, str | None, str | None]:
        return self.refresh_token_file, self.refresh_token_env, self.refresh_token_credential


def _secret(
    owner: str, file: FilePlace | None, environment: str | None, credential: str | None
) -> Secret | None:
    if not (file or environment or credential):
        return None
    return Secret(owner, file.path if file else None, environment, credential)
