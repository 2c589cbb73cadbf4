"""Short-lived values in Redis."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import redis

from hub.errors import Unavailable


class RedisTransients:
    """`hub.ports.Transients` on Redis 6.2 or later (GETDEL makes `take` atomic)."""

    def __init__(self, url: str) -> None:
        # Values come as bytes, as they went in: nothing here asks for decoding.
        self._redis = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        with _unavailable_when_down():
            self._redis.set(key, value, ex=seconds)

    def add(self, key: str, value: bytes, seconds: int) -> bool:
        with _unavailable_when_down():
            return bool(self._redis.set(key, value, ex=seconds, nx=True))

    def get(self, key: str) -> bytes | None:
        with _unavailable_when_down():
            return cast(bytes | None, self._redis.get(key))

    def take(self, key: str) -> bytes | None:
        with _unavailable_when_down():
            return cast(bytes | None, self._redis.getdel(key))

    def delete(self, key: str) -> None:
        with _unavailable_when_down():
            self._redis.delete(key)

    def put_entry(self, key: str, name: str, value: bytes, seconds: int) -> None:
        with _unavailable_when_down():
            pipeline = self._redis.pipeline()
            pipeline.hset(key, name, value)
            pipeline.expire(key, seconds)
            pipeline.execute()

    def entries(self, key: str) -> Mapping[str, bytes]:
        with _unavailable_when_down():
            found = cast(dict[bytes, bytes], self._redis.hgetall(key))
        return {name.decode(): value for name, value in found.items()}

    def delete_entry(self, key: str, name: str) -> None:
        with _unavailable_when_down():
            self._redis.hdel(key, name)

    def increment(self, key: str, seconds: int) -> int:
        with _unavailable_when_down():
            pipeline = self._redis.pipeline()
            pipeline.set(key, 0, ex=seconds, nx=True)
            pipeline.incr(key)
            return int(pipeline.execute()[1])

    def check(self) -> None:
        with _unavailable_when_down():
            self._redis.set("hub:check", b"1", ex=10)

    def close(self) -> None:
        """Close the connections of this process."""
        self._redis.close()


@contextmanager
def _unavailable_when_down() -> Iterator[None]:
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise Unavailable("Redis does not answer.", code="redis_unavailable") from error
