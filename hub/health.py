"""Is every part that the Hub needs there, and if not, what mends it?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.errors import ConfigurationError, HubError, Unavailable, say
from hub.ports import HttpClient, Transients

HEARTBEAT_SECONDS = 5
_HEARTBEAT_KEY = "hub:worker:alive"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the Hub needs. `check` raises when it cannot be used; `remedy` says what to look at then.

    `serves_requests` tells whether requests fail without it, so that load balancers should go elsewhere.
    """

    name: str
    check: Callable[[], None]
    remedy: str
    serves_requests: bool = True


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part: its name, what is wrong with it (None when nothing is), what mends it, and what is known beyond that.

    `reason` is for who runs the Hub, as it names hosts and users.
    """

    name: str
    fault: str | None
    remedy: str
    reason: str = ""


class Health:
    """Asks the parts."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def of_requests(self) -> list[PartHealth]:
        """The parts that requests need, in a fixed order."""
        return [_examine(part) for part in self._parts if part.serves_requests]

    def of_all(self) -> list[PartHealth]:
        """Every part, in a fixed order."""
        return [_examine(part) for part in self._parts]


def _examine(part: Part) -> PartHealth:
    try:
        part.check()
    except Unavailable as error:
        return PartHealth(part.name, str(error), part.remedy, error.reason)
    except (HubError, ConfigurationError) as error:
        return PartHealth(part.name, str(error), part.remedy)
    return PartHealth(part.name, None, part.remedy)


class Heartbeat:
    """The worker's sign of life, where every process can see it."""

    def __init__(self, transients: Transients) -> None:
        self._transients = transients

    def beat(self) -> None:
        """Say that a worker takes work; it does so every few seconds."""
        self._transients.put(_HEARTBEAT_KEY, b"1", HEARTBEAT_SECONDS * 6)

    def check(self) -> None:
        """Raise `Unavailable` when no worker has been alive for half a minute."""
        if self._transients.get(_HEARTBEAT_KEY) is None:
            raise Unavailable("No worker has taken work in the last half minute.", code="no_worker")


class Origins:
    """Do the two public addresses lead to this Hub?"""

    def __init__(self, http: HttpClient, public_url: str, content_url: str) -> None:
        self._http = http
        # A version that never is, where each has an origin of its own.
        self._origins = (public_url, content_url.replace("://*.", f"://v{0:032x}.", 1))

    def check(self) -> None:
        """Raise `Unavailable` naming the address that does not answer as a Hub."""
        for origin in self._origins:
            alive = self._http.request("GET", f"{origin}/healthz", allow_private=True)
            # Health is answered under any host name; other addresses only under one that is the Hub's (421).
            known = self._http.request("GET", f"{origin}/", allow_private=True)
            if alive.status != 200 or known.status == 421:
                raise Unavailable(say("%(origin)s does not lead to this Hub.", origin=origin), code="bad_origin")
