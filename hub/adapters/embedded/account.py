"""Under which account a server program runs, and how it is started there.

PostgreSQL refuses to run as root, and Redis has no need to. When we are root, they run as `nobody`, who owns
their data folder and nothing else. Where the folder lies below one that others may not enter (/root, a
private temporary folder), the program is lent the right to pass through (capabilities(7),
CAP_DAC_READ_SEARCH) instead of opening those folders to everyone. access(2), by which programs ask beforehand, counts
such a right only with the secure bit "no setuid fixup", which takes CAP_SETPCAP to set.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.adapters.embedded.errors import EmbeddedError

UNPRIVILEGED = "nobody"

# Rights that let a program through folders closed to it, the narrower first, with their bits (capabilities(7)).
PASSAGE_RIGHTS = {"dac_read_search": 2, "dac_override": 1}
SETPCAP = 8


@dataclass(frozen=True)
class Account:
    """The user that a server program runs as."""

    uid: int
    gid: int
    is_other: bool
    """Whether this is another user than ours, so that files must be given to it."""

    @classmethod
    def for_servers(cls) -> "Account":
        """Ourselves, or `nobody` when we are root."""
        if os.geteuid() != 0:
            return cls.ourselves()
        entry = pwd.getpwnam(UNPRIVILEGED)
        return cls(entry.pw_uid, entry.pw_gid, is_other=True)

    @classmethod
    def ourselves(cls) -> "Account":
        """The user of this process."""
        return cls(os.geteuid(), os.getegid(), is_other=False)

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to this account alone."""
        path.chmod(mode)
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def popen(
        self,
        command: Sequence[str | Path],
        *,
        reaches: Sequence[Path],
        last_signal: signal.Signals,
        **options: object,
    ) -> subprocess.Popen[bytes]:
        """Start a program under this account, in its own session, so that the terminal's Ctrl-C passes it by.

        `reaches` names the paths it must get at. On Linux the kernel sends it `last_signal` when the thread that
        called this ends, however it ends. Raises `EmbeddedError` where the account cannot get at a path.
        """
        words = [str(word) for word in command]
        if _has_setpriv():
            words = [*self._setpriv(last_signal, [Path(words[0]), *reaches]), *words]
        elif self.is_other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.Popen(words, start_new_session=True, **options)  # type: ignore[call-overload]

    def _setpriv(self, last_signal: signal.Signals, paths: Sequence[Path]) -> list[str]:
        words = ["setpriv", f"--pdeathsig={last_signal.name.removeprefix('SIG')}"]
        if not self.is_other:
            return words
        words += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if right := self.check_reach(paths):
            words += [f"--inh-caps=+{right}", f"--ambient-caps=+{right}", "--securebits=+no_setuid_fixup"]
        return words

    def check_reach(self, paths: Sequence[Path]) -> str | None:
        """The right that this account must be lent to get at these paths, if any.

        Raises `EmbeddedError` where it needs one and we cannot lend it.
        """
        closed = [folder for path in paths if (folder := closed_folder(path))]
        return _passage_right(closed[0]) if closed and self.is_other else None


def closed_folder(path: Path) -> Path | None:
    """The outermost folder above `path` that users other than its owner may not enter, if there is one."""
    parents = reversed(path.resolve().parents)
    return next((folder for folder in parents if folder.exists() and not folder.stat().st_mode & 0o001), None)


@cache
def _has_setpriv() -> bool:
    """Whether util-linux's setpriv is there (busybox has one of the same name that can do less)."""
    if not sys.platform.startswith("linux") or not shutil.which("setpriv"):
        return False
    shown = subprocess.run(["setpriv", "--help"], capture_output=True, text=True, check=False)
    return "--pdeathsig" in shown.stdout


def _passage_right(closed: Path) -> str:
    held = _held_rights() if _has_setpriv() else 0
    for right, bit in PASSAGE_RIGHTS.items():
        if held >> bit & held >> SETPCAP & 1:
            return right
    raise EmbeddedError(
        f"As root, servers run as the user {UNPRIVILEGED}, who may not enter {closed}, and this system does not"
        " let us lend that right. Run this as an ordinary user, or from a folder that others may enter,"
        " such as /srv."
    )


def _held_rights() -> int:
    """The rights that we have and may pass on, as bits (capabilities(7))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    sets = dict(line.split(":\t", 1) for line in status.splitlines() if line.startswith("Cap"))
    return int(sets["CapEff"], 16) & int(sets["CapBnd"], 16)
