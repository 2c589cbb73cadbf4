"""How often somebody may try to sign in: for each network address, each account, and each browser that is known."""

from datetime import timedelta

from hub.errors import TooMany, say
from hub.oauth.spec.addresses import network_of
from hub.oauth.spec.guessing import known_browser, wait_before, with_account
from hub.oauth.spec.secrets import digest
from hub.ports import Clock, Ids, Transients

#: Guesses of one browser, or of one address, at one account before it has to wait.
GUESSES, WINDOW = 10, timedelta(minutes=15)
#: How long the guesses of strangers at one account are added up.
MEMORY = timedelta(hours=24)
ADDRESS_WINDOW = timedelta(minutes=1)


class Guessing:
    """Counts attempts, and refuses those that come too fast with `TooMany`. Whether there is such an account plays no
    part in it."""

    def __init__(self, transients: Transients, clock: Clock, ids: Ids, secret: bytes, per_minute: int) -> None:
        """`per_minute` is how many attempts one address has at all accounts."""
        self._transients = transients
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._per_minute = per_minute

    def admit(self, account: str, address: str, cookie: str) -> bool:
        """Count an attempt at an account, from `address`, by a browser with this device cookie.

        `account` is its id, or the e-mail address that opens none: what looks like an account must be slow as well.
        Returns whether strangers have just been slowed down: once in a while, to be told in the audit log.
        """
        browser = known_browser(cookie, account, self._secret, self._now())
        if browser is not None and self._count(f"browser:{browser}", WINDOW) <= GUESSES:
            return False
        self._count_within(f"account:{digest(account)}:{network_of(address)}", WINDOW, GUESSES)
        return self._admit_stranger(account)

    def _admit_stranger(self, account: str) -> bool:
        wait = self._transients.get(_wait_key(account))
        if wait is not None:
            raise _slowed(max(1, int(wait) - self._now()))
        guesses = self._count(f"guesses:{digest(account)}", MEMORY)
        seconds = wait_before(guesses)
        ends = str(self._now() + seconds).encode()
        if seconds and not self._transients.add(_wait_key(account), ends, seconds):
            raise _slowed(seconds)  # Of many at the same time one goes on.
        return seconds > 0 and wait_before(guesses - 1) == 0

    def admit_address(self, address: str) -> None:
        """Count an attempt at any account from a network address."""
        self._count_within(f"address:{network_of(address)}", ADDRESS_WINDOW, self._per_minute)

    def admit_session(self, session_id: str) -> None:
        """Count an attempt to prove once more who one is, in an open session."""
        self._count_within(f"session:{digest(session_id)}", WINDOW, GUESSES)

    def forget(self, account: str, address: str) -> None:
        """Somebody signed in to the account: what was counted before was no guessing."""
        name = digest(account)
        for key in (f"account:{name}:{network_of(address)}", f"guesses:{name}", f"wait:{name}"):
            self._transients.delete(f"sign-in:{key}")

    def remember(self, cookie: str, account: str) -> str:
        """The device cookie of a browser that has just signed in to the account of that id."""
        return with_account(cookie, account, self._ids.secret()[:22], self._secret, self._now())

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _count(self, key: str, window: timedelta) -> int:
        return self._transients.increment(f"sign-in:{key}", int(window.total_seconds()))

    def _count_within(self, key: str, window: timedelta, most: int) -> None:
        if self._count(key, window) > most:
            seconds = int(window.total_seconds())
            raise TooMany(
                say(
                    "Too many attempts to sign in. Wait up to %(minutes)s min and try again.",
                    minutes=max(1, seconds // 60),
                ),
                code="too_many_attempts",
                headers={
                    "Retry-After": str(seconds),
                    "RateLimit-Policy": f'"sign-in";q={most};w={seconds}',
                    "RateLimit": f'"sign-in";r=0;t={seconds}',
                },
            )


def _wait_key(account: str) -> str:
    return f"sign-in:wait:{digest(account)}"


def _slowed(seconds: int) -> TooMany:
    return TooMany(
        say(
            "Somebody is guessing the password of this account. Wait %(seconds)s s, use a browser in which you signed"
            " in before, or ask for a new password.",
            seconds=seconds,
        ),
        code="too_many_attempts",
        headers={"Retry-After": str(seconds)},
    )
