"""A real Dovecot of a test's own: on loopback, on a free port, with mail in a folder of its own."""

from __future__ import annotations

import contextlib
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from tests.helpdesks.real.rt import free_port

PASSWORD: Final = "a-long-password"
_PATIENCE: Final = 60.0
"""Seconds that a server may take to start, on a machine that is busy."""

CONFIG: Final = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwords/%u
}}
{by_token}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
  }}
}}
"""


BY_TOKEN: Final = """\
auth_mechanisms = {mechanisms} plain
passdb {{
  driver = oauth2
  mechanisms = {mechanisms}
  args = {folder}/oauth2.conf
}}
"""
ASKING: Final = """\
introspection_mode = get
introspection_url = {url}
username_attribute = email
active_attribute = active
active_value = true
"""


def _program() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Dovecot:
    """A running IMAP server.

    Attributes:
        certificate: What its TLS certificate is signed by.
        tokens: Where it asks whether an access token holds; the empty text for nowhere.
        mechanisms: How it takes them.
    """

    certificate: Path
    key: Path
    tokens: str = ""
    mechanisms: str = "xoauth2 oauthbearer"
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    # The server's sockets must have short names.
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="dovecot-")))
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def make(self) -> None:
        """Its configuration."""
        is_root = os.geteuid() == 0
        me = "nobody" if is_root else pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(pwd.getpwnam(me).pw_gid).gr_name
        self.folder.chmod(0o755)
        (self.folder / "mail").mkdir()
        (self.folder / "passwords").mkdir()
        if is_root:
            shutil.chown(self.folder / "mail", me, group)
        names = {
            "folder": self.folder,
            "port": self.port,
            "tls_port": self.tls_port,
            "certificate": self.certificate,
            "key": self.key,
            "user": me,
            "group": group,
            "internal": "dovecot" if is_root else me,
            "internal_group": "dovecot" if is_root else group,
            "login": "dovenull" if is_root else me,
            "by_token": self._by_token(),
        }
        (self.folder / "dovecot.conf").write_text(CONFIG.format(**names))

    def _by_token(self) -> str:
        if not self.tokens:
            return ""
        (self.folder / "oauth2.conf").write_text(ASKING.format(url=self.tokens))
        return BY_TOKEN.format(folder=self.folder, mechanisms=self.mechanisms)

    def start(self) -> None:
        """Come up, and answer."""
        program = _program()
        assert program is not None
        self.process = subprocess.Popen(
            [program, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                imaplib.IMAP4("127.0.0.1", self.port, timeout=5).logout()
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "dovecot.log").read_text())

    def stop(self) -> None:
        """Go down."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_PATIENCE)
            with contextlib.suppress(ProcessLookupError):  # those who serve clients go on a little
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process = None

    def remove(self) -> None:
        """Leave nothing."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Be away for a while."""
        self.stop()
        yield
        self.start()

    def mailbox(self) -> Mailbox:
        """A new, empty mailbox."""
        made = Mailbox(self, f"desk{next(self.numbers)}")
        made.set_password(PASSWORD)
        made.make_folders()
        return made


@dataclass
class Mailbox:
    """A mailbox, seen as its own people see it: by another client than ours."""

    server: Dovecot
    user: str
    password: str = PASSWORD
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def set_password(self, password: str) -> None:
        """The mailbox gets another password."""
        self.password = password
        file = self.server.folder / "passwords" / self.user
        file.write_text(f"{self.user}:{{PLAIN}}{password}\n")
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:  # the server looks at the file once a second
            with contextlib.suppress(imaplib.IMAP4.error), self.client():
                return
            time.sleep(0.1)

    def make_folders(self) -> None:
        """The folders that a small team would make."""
        with self.client() as imap:
            for name in ("Sent", "Done", "Waiting"):
                imap.create(name)

    @contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A mail program that looks into a folder."""
        imap = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=30)
        try:
            imap.login(self.user, self.password)
            imap.select(folder)
            yield imap
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                imap.logout()

    def receive(
        self,
        text: str = "Please help",
        *,
        at: datetime | None = None,
        sender: str = "Eve <eve@customer.example>",
        subject: str = "The printer is on fire",
        answers: str | None = None,
        folder: str = "INBOX",
        to: str = "support@desk.example",
        **headers: str,
    ) -> str:
        """A mail arrives; its id in brackets."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        made = f"<{next(self._ids)}.{self.user}@customer.example>"
        mail["Message-ID"] = headers.pop("Message_ID", made)
        mail["Date"] = format_datetime(at or datetime.now(UTC))
        if answers is not None:
            mail["In-Reply-To"] = mail["References"] = answers
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.put(mail.as_bytes(), at, folder)
        return str(mail["Message-ID"])

    def send(self, text: str, answers: str, at: datetime | None = None, **more: str) -> str:
        """Somebody of the desk answers from the mailbox."""
        subject = "Re: The printer is on fire"
        to = more.pop("to", "eve@customer.example")
        return self.receive(
            text,
            at=at,
            sender="support@desk.example",
            to=to,
            subject=subject,
            answers=answers,
            folder="Sent",
            **more,
        )

    def put(self, raw: bytes, at: datetime | None = None, folder: str = "INBOX") -> None:
        """A mail is put into a folder, as taken at `at`."""
        with self.client(folder) as imap:
            when = imaplib.Time2Internaldate(at or datetime.now(UTC))
            status, said = imap.append(folder, "", when, raw)
            assert status == "OK", said

    def move(self, target: str, folder: str = "INBOX", which: str = "ALL") -> None:
        """Somebody moves mails to another folder."""
        with self.client(folder) as imap:
            (found,) = imap.uid("SEARCH", which)[1]
            for uid in found.split():
                imap.uid("MOVE", uid.decode(), target)

    def mark(self, flag: str, folder: str = "INBOX", which: str = "ALL", how: str = "+") -> None:
        """Somebody flags mails."""
        with self.client(folder) as imap:
            (found,) = imap.uid("SEARCH", which)[1]
            for uid in found.split():
                imap.uid("STORE", uid.decode(), f"{how}FLAGS", f"({flag})")

    def delete(self, folder: str = "INBOX", which: str = "ALL") -> None:
        """Somebody deletes mails for good."""
        self.mark("\\Deleted", folder, which)
        with self.client(folder) as imap:
            imap.expunge()

    def renumber(self, folder: str) -> None:
        """The server loses its index, and numbers the folder anew."""
        below = "" if folder == "INBOX" else f".{folder}"
        place = self.server.folder / "mail" / self.user / below
        for path in [*place.glob("dovecot.index*"), *place.glob("dovecot-uidlist")]:
            path.unlink()

    def rename(self, folder: str, name: str) -> None:
        """Somebody gives a folder another name."""
        with self.client() as imap:
            imap.rename(folder, name)

    def lose(self) -> None:
        """The disk with the mails is away, and the server makes new folders."""
        place = self.server.folder / "mail" / self.user
        place.rename(place.with_suffix(".lost"))
        made_at = time.time()
        while int(time.time()) == int(made_at):  # Dovecot numbers folders by the second they are of
            time.sleep(0.05)
        self.make_folders()

    def mails(self, folder: str) -> list[EmailMessage]:
        """What lies in a folder."""
        with self.client(folder) as imap:
            (found,) = imap.uid("SEARCH", "ALL")[1]
            raws = [imap.uid("FETCH", uid.decode(), "(RFC822)")[1][0][1] for uid in found.split()]
        return [message_from_bytes(raw, policy=default) for raw in raws]

    def flags(self, folder: str = "INBOX") -> set[str]:
        """The flags of all that lies in a folder."""
        with self.client(folder) as imap:
            answers = imap.uid("FETCH", "1:*", "(FLAGS)")[1]
        return {
            flag.decode() for one in answers if one is not None for flag in imaplib.ParseFlags(one)
        }
