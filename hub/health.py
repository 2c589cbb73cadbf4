"""Is every part that the Hub needs there?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.errors import ConfigurationError, HubError


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part: its name, and what is wrong with it (None when nothing is)."""

    name: str
    fault: str | None


class Health:
    """Asks each part by a function that raises when it cannot be used."""

    def __init__(self, checks: Mapping[str, Callable[[], None]]) -> None:
        self._checks = checks

    def parts(self) -> list[PartHealth]:
        """The state of each part, in a fixed order."""
        return [PartHealth(name, _fault(check)) for name, check in self._checks.items()]


def _fault(check: Callable[[], None]) -> str | None:
    try:
        check()
    except (HubError, ConfigurationError) as error:
        return str(error)
    return None
