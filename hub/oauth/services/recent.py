"""A small memory of recent answers, so that what every request asks is not looked up each time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `size` values, each good until the moment given with it; the one used longest ago goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, now: float, find: Callable[[], tuple[float, Value]]) -> Value:
        """The value of `key`; `find` is asked when none is kept or it is no longer good, and says until when it is."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and now < kept[0]:
                self._kept.move_to_end(key)
                return kept[1]
        good_until, value = find()
        self.put(key, good_until, value)
        return value

    def put(self, key: Key, good_until: float, value: Value) -> None:
        """Keep a value that was found otherwise."""
        with self._lock:
            self._kept[key] = good_until, value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
