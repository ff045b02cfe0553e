"""A real MariaDB of a test's own: on loopback, on a free port, its data in a folder."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pymysql

from tests.helpdesks.real.rt import free_port

SERVER: Final = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
INSTALL: Final = "mariadb-install-db"
_PATIENCE: Final = 60.0
"""Seconds that a server may take to start, on a machine that is busy."""


@dataclass
class MariaDb:
    """A running server, with the database `desk` of `desk_owner`, and `reader`, who may read."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def started(cls, folder: Path) -> MariaDb:
        """Make its files and come up."""
        made = cls(folder, free_port())
        user, data = f"--user={getpass.getuser()}", f"--datadir={folder / 'data'}"
        command = [INSTALL, "--no-defaults", "--auth-root-authentication-method=normal"]
        done = subprocess.run([*command, user, data], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with (folder / "server.log").open("wb") as log:
            made.process = subprocess.Popen(
                [
                    *(SERVER, "--no-defaults", user, data, f"--port={made.port}"),
                    *("--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"),
                    "--default-time-zone=+01:00",
                ],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                made.run(
                    "CREATE DATABASE desk CHARACTER SET utf8mb4",
                    "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'secret'",
                    "GRANT SELECT ON desk.* TO reader@'127.0.0.1'",
                )
            except pymysql.OperationalError:
                time.sleep(0.1)
            else:
                return made
        raise AssertionError((folder / "server.log").read_text())

    @property
    def url(self) -> str:
        """As a configuration names it."""
        return f"mariadb://reader:secret@127.0.0.1:{self.port}/desk?charset=utf8mb4"

    def run(self, *statements: str) -> None:
        """Statements of its administrator."""
        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def stop(self) -> None:
        """Go down."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_PATIENCE)
