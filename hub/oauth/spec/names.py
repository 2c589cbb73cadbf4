"""Names that people give: of accounts and of clients."""

import unicodedata

from hub.errors import Invalid, Violation, say

LONGEST = 200


def checked_name(text: str, what: str) -> str:
    """The name with single spaces, at most 200 characters, no control characters; `what` is the rule for a fault."""
    name = " ".join(text.split())
    has_controls = any(unicodedata.category(character) == "Cc" for character in name)
    if has_controls or not 0 < len(name) <= LONGEST:
        fault = Violation(
            what, "name", say("must have 1 to %(most)s characters and no control characters", most=LONGEST), text[:50]
        )
        raise Invalid("The name does not fit.", violations=[fault])
    return name
