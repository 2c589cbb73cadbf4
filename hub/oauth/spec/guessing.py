"""Slowing down who guesses passwords, from however many addresses, without locking out whose account it is.

Browsers that somebody signed in with before are told from strangers by a "device cookie" (OWASP, "Slow Down Online
Guessing Attacks with Device Cookies"): it names nobody, and says only for whoever knows the account's id that this
browser was in that account. Strangers wait longer and longer before the next guess at an account; known browsers are
counted each by itself.
"""

import hmac
import re
from hashlib import sha256

#: Guesses of all strangers together at one account before they have to wait; afterwards the wait doubles each time.
FREE_GUESSES = 20
LONGEST_WAIT = 15 * 60

#: A browser that was not used for so long is a stranger again, in seconds.
KNOWN_FOR = 365 * 24 * 3600
#: Accounts that one browser is known for.
MOST_ACCOUNTS = 5
_ENTRY = re.compile(r"([0-9]{1,12})-([A-Za-z0-9_-]{8,64})-([0-9a-f]{32})")


def wait_before(guess: int) -> int:
    """The seconds that pass between this guess of a stranger (the first is 1) and the next."""
    over = guess - FREE_GUESSES
    return 0 if over <= 0 else min(2 ** min(over - 1, 20), LONGEST_WAIT)


def known_browser(cookie: str, account: str, secret: bytes, now: int) -> str | None:
    """The random name of the browser, if its cookie says that it was in that account."""
    for entry in _entries(cookie):
        issued_at, name, signature = entry
        is_ours = hmac.compare_digest(signature, _signature(issued_at, name, account, secret))
        if is_ours and int(issued_at) <= now < int(issued_at) + KNOWN_FOR:
            return name
    return None


def with_account(cookie: str, account: str, name: str, secret: bytes, now: int) -> str:
    """The cookie of a browser that has just been in that account; `name` is random, for a new entry."""
    others = [entry for entry in _entries(cookie) if entry[2] != _signature(entry[0], entry[1], account, secret)]
    kept = [(str(now), name, _signature(str(now), name, account, secret)), *others][:MOST_ACCOUNTS]
    return ".".join("-".join(entry) for entry in kept)


def _entries(cookie: str) -> list[tuple[str, str, str]]:
    found = (_ENTRY.fullmatch(part) for part in cookie[:1_000].split("."))
    return [(match[1], match[2], match[3]) for match in found if match][:MOST_ACCOUNTS]


def _signature(issued_at: str, name: str, account: str, secret: bytes) -> str:
    text = f"{issued_at}\0{name}\0{account}".encode("utf-8", "surrogatepass")
    return hmac.new(secret, text, sha256).hexdigest()[:32]
