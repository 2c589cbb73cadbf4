"""Password hashing by argon2id (RFC 9106): the only importer of argon2."""

from threading import BoundedSemaphore

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY


class Argon2Passwords:
    """Hashes and checks passwords with RFC 9106's second recommended parameters (64 MiB, 3 passes).

    Each hashing takes about 50 ms and 64 MiB, so at most `at_once` run in a process: a flood of sign-ins waits here
    instead of exhausting the memory. Never call it inside a transaction.
    """

    def __init__(self, at_once: int = 2, parameters: argon2.Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = argon2.PasswordHasher.from_parameters(parameters)
        self._turn = BoundedSemaphore(at_once)
        self._nobodys_hash = ""

    def hash(self, password: str) -> str:
        """The hash in PHC form, with its salt and parameters."""
        with self._turn:
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one of the `stored` hash; just as slow when there is no such account (None)."""
        if stored is None:
            self._nobodys_hash = self._nobodys_hash or self.hash("the password of nobody")
        with self._turn:
            try:
                self._hasher.verify(stored or self._nobodys_hash, password)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)
