"""Secrets: the config file says where they are kept, never what they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is kept; what it is, is only told to whoever asks for it.

    Attributes:
        owner: What it is for, as the config file names it: ``channels.email.password``.
        file: A file that holds it and nothing else.
        environment: Name of an environment variable.
        credential: Name of a systemd credential (a file in ``$CREDENTIALS_DIRECTORY``).
    """

    owner: str
    file: Path | None = None
    environment: str | None = None
    credential: str | None = None

    def read(self) -> str:
        """The secret itself, without the line break that ends a file.

        Raises:
            ConfigError: It is not there, or empty; the message names the place only.
        """
        if self.environment is not None:
            place, secret = f"environment variable {self.environment}", self._from_environment()
        else:
            path = self._path()
            place, secret = str(path), self._from_file(path)
        if not secret:
            raise ConfigError(
                f"{self.owner}: the secret in {place} is missing or empty; put it there"
            )
        return secret

    def _from_environment(self) -> str:
        return os.environ.get(self.environment or "", "")

    def _path(self) -> Path:
        if self.file is not None:
            return self.file
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise ConfigError(
                f"{self.owner}: there is no credential '{self.credential}', since systemd did not"
                " start this process; add LoadCredential= to the unit, or use another way"
            )
        return Path(folder) / str(self.credential)

    def _from_file(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError(f"{self.owner}: cannot read the secret in {path}: {why}") from None
