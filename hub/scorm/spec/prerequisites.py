"""Prerequisites of SCORM 1.2 items (CAM 1.2 2.3.4.2.2, adlcp:prerequisites type="aicc_script").

A script names activities by identifier and joins them: `a & b`, `a | b`, `~a`, `(…)`, `2*{a, b, c}` for “two or more
of”, `a = "failed"` and `a <> "passed"` for a status. An identifier alone means that the activity was completed or
passed.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from hub.scorm.spec.runtime.transfer import Tracking

#: Whether a script holds for the statuses of all activities, by identifier.
Test = Callable[[Mapping[str, str]], bool]

_TOKEN = re.compile(r'\s*(?:(?P<word>[^\s&|~(),={}*<>"]+)|"(?P<quoted>[^"]*)"|(?P<sign><>|[&|~(),={}*]))')
_STATUSES = ("passed", "completed", "failed", "incomplete", "browsed", "not attempted")
_DONE = ("passed", "completed")
_DEEPEST = 50


class BadScript(ValueError):
    """The script is not one that can be read."""


def parse(script: str) -> Test:
    """The test that a script asks for. Raises `BadScript`."""
    return _Parser(script).whole()


def status_of(tracking: Tracking) -> str:
    """The lesson status that an activity has for the scripts of others."""
    if tracking.success != "unknown":
        return tracking.success
    return {"completed": "completed", "incomplete": "incomplete"}.get(tracking.completion, "not attempted")


def block_status(children: Sequence[str]) -> str:
    """The status of a block, which has no content of its own: that of all its children together."""
    if children and all(status in _DONE for status in children):
        return "completed"
    return "incomplete" if any(status != "not attempted" for status in children) else "not attempted"


class _Parser:
    """Recursive descent over `or`, `and`, `not` and single terms."""

    def __init__(self, script: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._place = 0
        self._depth = 0
        text = script.rstrip()
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadScript(f"{text[at:]!r} cannot be read.")
            assert match.lastgroup is not None
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def whole(self) -> Test:
        found = self._or()
        if self._place < len(self._tokens):
            raise BadScript(f"{self._tokens[self._place][1]!r} is not expected here.")
        return found

    def _or(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadScript("The script is nested too deeply.")
        terms = [self._and()]
        while self._takes("|"):
            terms.append(self._and())
        self._depth -= 1
        return lambda statuses: any(term(statuses) for term in terms)

    def _and(self) -> Test:
        terms = [self._not()]
        while self._takes("&"):
            terms.append(self._not())
        return lambda statuses: all(term(statuses) for term in terms)

    def _not(self) -> Test:
        is_negated = False
        while self._takes("~"):
            is_negated = not is_negated
        term = self._term()
        return lambda statuses: term(statuses) is not is_negated

    def _term(self) -> Test:
        if self._takes("("):
            inside = self._or()
            self._expect(")")
            return inside
        name = self._name()
        if name.isdecimal() and self._takes("*"):
            return self._count(int(name))
        if self._takes("="):
            status = self._status()
            return lambda statuses: statuses.get(name) == status
        if self._takes("<>"):
            status = self._status()
            return lambda statuses: statuses.get(name) != status
        return lambda statuses: statuses.get(name) in _DONE

    def _count(self, least: int) -> Test:
        self._expect("{")
        terms = [self._or()]
        while self._takes(","):
            terms.append(self._or())
        self._expect("}")
        return lambda statuses: sum(term(statuses) for term in terms) >= least

    def _status(self) -> str:
        """A status by its name or first letter."""
        text = self._name().lower()
        found = next((status for status in _STATUSES if text and status.startswith(text)), None)
        if found is None:
            raise BadScript(f"{text!r} is not a status.")
        return found

    def _name(self) -> str:
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("end", "the end")
        if kind not in ("word", "quoted"):
            raise BadScript(f"{text!r} stands where an activity is expected.")
        self._place += 1
        return text

    def _takes(self, sign: str) -> bool:
        is_there = self._place < len(self._tokens) and self._tokens[self._place] == ("sign", sign)
        self._place += is_there
        return is_there

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise BadScript(f"{sign!r} is missing.")
