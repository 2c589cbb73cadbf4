"""Connections: what a platform's last launches were, and whether its services answer.

The last launches are kept in Redis alone: they help an administrator for some days, and cost a launch next to nothing.
No token and nothing that names a person is among the claims that are kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.db import Database
from hub.errors import HubError, NotFound, packed, say, unpacked
from hub.identity import Principal
from hub.lti.gate import Gate
from hub.lti.key_sets import FETCH_SECONDS
from hub.lti.pylti_bridge import Bridge, PlatformRefused
from hub.lti.services.platforms import Platforms
from hub.lti.spec import vocabulary as v
from hub.lti.spec.jose import is_key_set
from hub.lti.spec.platform import Platform
from hub.lti.storage import platforms
from hub.ports import Clock, HttpClient, Transients

KEPT = 20
KEPT_SECONDS = 14 * 24 * 3600
#: Clocks that differ by more make launches fail (`hub.lti.spec.claims.LEEWAY_SECONDS`).
WORRYING_SECONDS = 30
#: So many tests of a tenant run at the same time in a process, and of all tenants.
MOST_TESTS, MOST_TESTS_IN_ALL = 2, 8

_NAMES_PEOPLE = {"name", "given_name", "family_name", "middle_name", "email", "picture", "sub", v.FOR_USER, v.LIS}
_SECRET = {"nonce"}
#: The hints of a login may name a person.
_TOLD_OF_LOGINS = ("iss", "client_id", "lti_deployment_id", "deployment_id", "target_link_uri")


@dataclass(frozen=True, slots=True)
class Seen:
    """A launch: let in, or refused with a code, words and faults. `claims` are as the platform sent them."""

    at: datetime
    is_admitted: bool
    message_type: str
    code: str = ""
    detail: str = ""
    faults: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A launch as it is kept: sentences in parts, which a page says in its reader's language."""

    at: datetime
    is_admitted: bool
    message_type: str
    code: str
    detail: Any
    faults: list[Any]
    claims: Mapping[str, str]

    @classmethod
    def of(cls, at: datetime, message_type: str, refusal: HubError | None, claims: Mapping[str, str]) -> bytes:
        """What there is to be kept of a launch or login, and what was wrong with it."""
        faults = [packed(one) for one in _faults(refusal)] if refusal else []
        code, detail = (refusal.code, packed(refusal.detail)) if refusal else ("", "")
        return msgspec.json.encode(cls(at, refusal is None, message_type, code, detail, faults, claims))

    @classmethod
    def read(cls, raw: bytes) -> Seen:
        """The launch as people see it."""
        kept = msgspec.json.decode(raw, type=cls)
        faults = tuple(unpacked(one) for one in kept.faults)
        detail = unpacked(kept.detail)
        return Seen(kept.at, kept.is_admitted, kept.message_type, kept.code, detail, faults, kept.claims)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: `is_good` None where there was nothing to try it on yet.

    `amount` is what was found: how many keys, columns or members, or by how many seconds the platform's clock is
    ahead; `words` say what went wrong.
    """

    name: str
    is_good: bool | None
    amount: int | None = None
    words: str = ""


class Connections:
    """Notes launches, shows them, and tries a platform's services."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        transients: Transients,
        http: HttpClient,
        bridge: Bridge,
        platforms_service: Platforms,
    ) -> None:
        self._db = db
        self._clock = clock
        self._transients = transients
        self._http = http
        self._bridge = bridge
        self._platforms = platforms_service
        self._gate = Gate(MOST_TESTS, MOST_TESTS_IN_ALL)

    def note(self, platform_id: UUID, claims: Mapping[str, Any], refusal: HubError | None) -> None:
        """Keep a launch among the last ones of its platform."""
        message_type = str(claims.get(v.MESSAGE_TYPE, ""))[:100]
        kept = _Kept.of(self._clock.now(), message_type, refusal, {} if refusal is None else _shown(claims))
        number = self._transients.increment(_key(platform_id), KEPT_SECONDS)
        self._transients.put(_key(platform_id, number % KEPT), kept, KEPT_SECONDS)

    def note_login(self, platform_id: UUID, parameters: Mapping[str, str], refusal: HubError) -> None:
        """Keep the last login of each kind that was refused. Anybody can send logins: they take no launch's place."""
        told = {name: _cut(parameters[name]) for name in _TOLD_OF_LOGINS if name in parameters}
        kept = _Kept.of(self._clock.now(), "login", refusal, told)
        kind = f"{refusal.code} {refusal.violations[0].where if refusal.violations else ''}"
        self._transients.put_entry(_key(platform_id) + ":logins", kind, kept, KEPT_SECONDS)

    def recent(self, principal: Principal, platform_id: UUID) -> list[Seen]:
        """The last launches of a platform and the logins that were refused, the newest first. Raises `NotFound`."""
        self._platforms.get(principal, platform_id)
        kept = [self._transients.get(_key(platform_id, number)) for number in range(KEPT)]
        kept += self._transients.entries(_key(platform_id) + ":logins").values()
        found = [_Kept.read(raw) for raw in kept if raw is not None]
        return sorted(found, key=lambda seen: seen.at, reverse=True)

    def test(self, principal: Principal, platform_id: UUID) -> list[Check]:
        """Try the platform's key set and clock, its tokens, and its services where a launch told of them.

        Raises `TooMany` while the tenant's other tests wait for their platforms.
        """
        principal.require("platforms.write")
        platform = self._platforms.get(principal, platform_id)
        with self._gate.passed(principal.tenant_id):
            return self._test(principal, platform)

    def _test(self, principal: Principal, platform: Platform) -> list[Check]:
        with self._db.read(principal.tenant_id) as session:
            container, scopes, memberships = platforms.services_of(session, principal.tenant_id, platform.id)
        ags = sorted(set(scopes) or {v.SCOPE_SCORE})
        return [
            self._tried("keys", lambda: self._key_set(platform)),
            self._tried("clock", lambda: self._clock_difference(platform)),
            self._tried("token", lambda: self._token(platform, ags)),
            self._tried("grades", lambda: self._grades(platform, container, ags)),
            self._tried("members", lambda: self._members(platform, memberships)),
        ]

    @staticmethod
    def _tried(name: str, attempt: Callable[[], int | None]) -> Check:
        try:
            return Check(name, True, attempt())
        except NotFound as nothing:
            return Check(name, None, words=nothing.detail)
        except (HubError, PlatformRefused) as refusal:
            return Check(name, False, words=refusal.args[0])

    def _key_set(self, platform: Platform) -> int:
        headers = {"Accept": "application/json"}
        response = self._http.request("GET", platform.jwks_url, headers=headers, longest_seconds=FETCH_SECONDS)
        document: Any = msgspec.json.decode(response.body) if _is_json(response.body) else None
        if response.status != 200 or not is_key_set(document):
            raise PlatformRefused(response, "service")
        return len(document["keys"])

    def _clock_difference(self, platform: Platform) -> int:
        response = self._http.request("GET", platform.jwks_url, longest_seconds=FETCH_SECONDS)
        try:
            theirs = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            raise NotFound("The platform does not tell its time.") from None
        seconds = round((theirs - self._clock.now()).total_seconds())
        if abs(seconds) > WORRYING_SECONDS:
            raise _clock_refusal(seconds)
        return seconds

    def _token(self, platform: Platform, scopes: list[str]) -> None:
        self._bridge.access_token(platform, scopes)

    def _grades(self, platform: Platform, container: str | None, scopes: list[str]) -> int:
        if container is None or not set(scopes) & {v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ}:
            raise NotFound("No launch told of a gradebook that may be read yet.")
        return self._bridge.grades(platform, scopes).count(container)

    def _members(self, platform: Platform, memberships: str | None) -> int:
        if memberships is None:
            raise NotFound("No launch told of a list of members yet.")
        return len(self._bridge.memberships(platform).read(memberships, {}).members)


class PlatformRefusedClock(HubError):
    """The clocks of platform and Hub differ too much for launches."""


def _faults(refusal: HubError) -> tuple[str, ...]:
    return tuple(say("%(where)s %(fault)s", where=one.where, fault=one.message) for one in refusal.violations)[:20]


def _clock_refusal(seconds: int) -> PlatformRefusedClock:
    if seconds > 0:
        return PlatformRefusedClock(say("The platform's clock is %(seconds)s seconds ahead of ours.", seconds=seconds))
    return PlatformRefusedClock(say("The platform's clock is %(seconds)s seconds behind ours.", seconds=-seconds))


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _shown(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims for an administrator: whether people are named, not how; no nonce; long values cut off."""
    return {
        _cut(name): "…" if name in _NAMES_PEOPLE else _cut(value)
        for name, value in list(claims.items())[:60]
        if name not in _SECRET
    }


def _cut(value: Any) -> str:
    """A value as text: numbers of any size and texts of any kind can be kept so."""
    text = value if isinstance(value, str) else json.dumps(value)
    text = "".join(letter for letter in text[:500] if letter.isprintable())
    return text + "…" if len(text) == 500 else text


def _key(platform_id: UUID, number: int | None = None) -> str:
    return f"lti:seen:{platform_id}" + ("" if number is None else f":{number}")
