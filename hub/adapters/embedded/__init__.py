"""Servers run from wheels, for `hub demo` and the tests: nothing to install, nothing left behind.

Each server keeps everything in one folder, listens on loopback only, asks for a random password, and ends
when it is stopped or when the process that started it dies. In production the Hub uses servers that someone
else looks after; see docs/operations.md.
"""

from hub.adapters.embedded.errors import EmbeddedError
from hub.adapters.embedded.postgres import PostgresServer
from hub.adapters.embedded.redis_server import RedisServer
from hub.adapters.embedded.s3 import MinioServer, S3Server, SeaweedServer
from hub.adapters.embedded.server import EmbeddedServer

__all__ = [
    "EmbeddedError",
    "EmbeddedServer",
    "MinioServer",
    "PostgresServer",
    "RedisServer",
    "S3Server",
    "SeaweedServer",
]
