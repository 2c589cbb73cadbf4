"""What the demo keeps, and where: everything is under var/ of the folder it is started in."""

import fcntl
import os
import shutil
from configparser import ConfigParser
from contextlib import contextmanager, suppress
from dataclasses import fields
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config import DEMO_SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


class DemoError(Exception):
    """The demo cannot begin or go on. The text says what to do."""


class DemoFolder:
    """The demo's files."""

    def __init__(self, project: Path) -> None:
        self.project = project.resolve()
        self.settings_file = self.project / DEMO_SETTINGS
        self.root = self.settings_file.parent
        self.credentials = self.root / "credentials"
        self.keys = self.root / "keys"
        self.packages = self.root / "packages"
        self.postgres = self.root / "postgres"
        self.redis = self.root / "redis"
        self.lms = self.root / "demo-lms"
        self.mail = self.root / "mail"
        self.logs = self.root / "log"
        self.processes = self.root / "processes"
        self._prepared = self.postgres / "prepared"
        self._lock = self.root / "demo.lock"
        self._shown = self.root / "credentials.shown"
        self._mail_seen = {path.name for path in self.mail.glob("*.eml")}

    def make(self) -> None:
        """Make the folder, or say why it cannot be made."""
        try:
            for folder in (self.root, self.logs, self.processes):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock.touch()
        except OSError as fault:
            raise DemoError(
                f"{fault.filename} cannot be written ({fault.strerror}). Was the demo once started by another user?"
                f" Give the folder back: sudo chown -R $(id -un) {self.root}"
            ) from fault

    @contextmanager
    def held(self) -> "Iterator[None]":
        """Keep other demos out of this folder; `DemoError` when one is running in it."""
        self.make()
        with self._lock.open("r+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoError(f"The demo is already running here, as process {lock.read().strip()}.") from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
            lock.truncate(0)

    def is_prepared(self, fingerprint: str) -> bool:
        """Whether all that the demo contains was made under this fingerprint and is still there."""
        made = (self.keys / "secret", self.credentials, self.lms / "tool.json", self._prepared)
        return all(path.exists() for path in made) and self._prepared.read_text(encoding="ascii") == fingerprint

    def note_prepared(self, fingerprint: str) -> None:
        """Remember that everything is there. The note lies with the database, so that it goes when that goes."""
        self._prepared.write_text(fingerprint, encoding="ascii")

    def shows_credentials(self) -> bool:
        """Whether the credentials are yet to be shown; True once only."""
        is_first = not self._shown.exists()
        self._shown.touch()
        return is_first

    def new_mail(self) -> list[str]:
        """The plain text of each message that was sent since this was asked last, the oldest first."""
        found = sorted(self.mail.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        fresh = [path for path in found if path.name not in self._mail_seen]
        self._mail_seen.update(path.name for path in fresh)
        return [_readable(message_from_bytes(path.read_bytes(), policy=policy.default)) for path in fresh]

    def clear(self) -> None:
        """Remove all that the demo made, so that it begins again; what was built for it stays."""
        for path in (
            self.postgres,
            self.redis,
            self.packages,
            self.keys,
            self.lms,
            self.mail,
            self.logs,
            self.processes,
        ):
            if path.exists():
                shutil.rmtree(path)
        for path in (self.credentials, self.settings_file, self._shown):
            path.unlink(missing_ok=True)

    def write_settings(self, settings: Settings) -> None:
        """Write the settings for commands typed in this folder, readable by us alone."""
        values = {item.metadata["variable"]: getattr(settings, item.name) for item in fields(Settings)}
        lines = [f"{variable}={_text(value)}\n" for variable, value in values.items() if value != ""]
        header = "# Written by `hub demo` at each start: commands typed in this folder act on it.\n"
        write_private(self.settings_file, header + "".join(lines))


def _readable(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    return f"To {message['To']}: {message['Subject']}\n\n{text}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Credentials:
    """Who may sign in where, in a file that only its owner can read; made once, then kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parser = ConfigParser(interpolation=None)
        with suppress(FileNotFoundError):
            self._parser.read_string(path.read_text(encoding="utf-8"))

    def get(self, section: str) -> dict[str, str] | None:
        """What is kept under a name, or None."""
        return dict(self._parser[section]) if section in self._parser else None

    def sections(self) -> dict[str, dict[str, str]]:
        """Everything, in the order it was added."""
        return {name: dict(self._parser[name]) for name in self._parser.sections()}

    def put(self, section: str, values: dict[str, str]) -> None:
        """Keep something, at once."""
        self._parser[section] = values
        text = StringIO()
        self._parser.write(text)
        write_private(self._path, text.getvalue().rstrip() + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    unfinished.replace(path)
