"""What a password must be (NIST SP 800-63B-4 section 3.1.1.2): long enough, and not one that guessers try first.

No rules about kinds of characters and no expiry: both make people choose worse ones.
"""

import re
import unicodedata

from hub.errors import Violation, say
from hub.oauth.spec.common_passwords import COMMON_PASSWORDS

MINIMUM_LENGTH = 8
#: Long passphrases are welcome; the limit only keeps hashing bounded.
MAXIMUM_LENGTH = 256
REQUIREMENT = "NIST SP 800-63B-4 section 3.1.1.2"

_KEYBOARD_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl")
_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")


def normalized(password: str) -> str:
    """The password as it is hashed: NFKC, so that two keyboards that compose differently agree."""
    return unicodedata.normalize("NFKC", password)


def password_faults(password: str, email: str = "", name: str = "") -> list[Violation]:
    """Every reason why `password` may not be used by the person with this `email` and `name`; empty when it may."""
    faults = []
    password = normalized(password)
    if len(password) < MINIMUM_LENGTH:
        faults.append(_fault(say("must have at least %(least)s characters", least=MINIMUM_LENGTH)))
    if len(password) > MAXIMUM_LENGTH:
        faults.append(_fault(say("must have at most %(most)s characters", most=MAXIMUM_LENGTH)))
    if not faults and _is_guessed_first(password.casefold()):
        faults.append(_fault(say("is one of those that are guessed first; three or four unrelated words are good")))
    if not faults and _is_about(password.casefold(), email.casefold(), name.casefold()):
        faults.append(_fault(say("must not be made of the name or e-mail address of the account")))
    return faults


def _fault(message: str) -> Violation:
    return Violation(REQUIREMENT, "password", message)


def _is_guessed_first(password: str) -> bool:
    stem = re.sub(r"[\d\W_]+$", "", password)
    tried = {password, stem, password.translate(_LOOKALIKES), stem.translate(_LOOKALIKES)}
    return bool(tried & COMMON_PASSWORDS) or _is_pattern(password)


def _is_pattern(password: str) -> bool:
    """One character or a short piece repeated, or a walk along the alphabet, the digits or a keyboard row."""
    if re.fullmatch(r"(.{1,4})\1+.{0,3}", password):
        return True
    rows = (*_KEYBOARD_ROWS, *(row[::-1] for row in _KEYBOARD_ROWS))
    return any(password in row + row for row in rows)


def _is_about(password: str, email: str, name: str) -> bool:
    words = {email, *email.split("@"), *re.split(r"[@.\-_+\s]+", email), *name.split(), name.replace(" ", "")}
    letters = re.sub(r"[\d\W_]+", "", password)
    return any(len(word) > 3 and letters == re.sub(r"[\d\W_]+", "", word) for word in words)
