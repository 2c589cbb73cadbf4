"""The platforms' published keys: fetched when they are needed, kept for all processes, and waited for by few.

A platform whose key set hangs delays its own launches by seconds and those of others not at all: one launch fetches the
set, a few wait for that one, the rest is refused at once, and so is everybody for a while after it failed.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.errors import HubError, TooMany, Unauthenticated, Unavailable, Violation, say
from hub.lti.gate import Gate
from hub.lti.spec import jose
from hub.ports import HttpClient, Transients

KEY_SET_SECONDS = 3600
#: An unknown `kid` makes us fetch the key set again, but a forger must not make us fetch it all the time.
REFETCH_SECONDS = 60
#: A fetch that failed is not tried again for so long, whoever asks.
FAILED_FETCH_SECONDS = 10
#: So long a key set may take to come, from the first byte to the last.
FETCH_SECONDS = 5.0
#: So many launches of a process wait for one key set, and for all of them.
MOST_WAITING, MOST_WAITING_IN_ALL = 16, 48

_LOOK_AGAIN_SECONDS = 0.05
#: Whoever fetches has this long until others think that it died.
_TURN_SECONDS = 15


class KeySets:
    """The platforms' key sets. An unknown `kid` has a set fetched again, once a minute at most."""

    def __init__(self, transients: Transients, http: HttpClient) -> None:
        self._transients = transients
        self._http = http
        self._gate = Gate(MOST_WAITING, MOST_WAITING_IN_ALL)

    def matching(self, url: str, header: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The keys of the set at `url` that may have signed under this header, none when it has none.

        Raises `Unauthenticated` when the set cannot be had now.
        """
        found = self._known(url, header)
        if found:
            return found
        try:
            with self._gate.passed(url):
                return self._asked(url, header)
        except TooMany:
            raise _refused(say("is being fetched for many launches; try again in a few seconds")) from None

    def _known(self, url: str, header: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The fitting keys of the set that is kept; None where none is kept."""
        kept = self._transients.get(_key(url))
        return None if kept is None else jose.matching_keys(orjson.loads(kept), header)

    def _asked(self, url: str, header: Mapping[str, Any]) -> list[dict[str, Any]]:
        with self._turn(url):
            found = self._known(url, header)  # Whose turn it was before may have fetched it.
            if found or (found is not None and not self._transients.add(_key(url, "again"), b"1", REFETCH_SECONDS)):
                return found
            return jose.matching_keys(self._fetch(url), header)

    @contextmanager
    def _turn(self, url: str) -> Iterator[None]:
        """One at a time, of all processes; whoever waits for longer than a fetch takes is refused."""
        busy, until = _key(url, "busy"), time.monotonic() + FETCH_SECONDS + 1
        while not self._transients.add(busy, b"1", _TURN_SECONDS):
            if time.monotonic() > until:
                raise _refused(say("is being fetched, and the platform is slow; try again in a few seconds"))
            time.sleep(_LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            self._transients.delete(busy)

    def _fetch(self, url: str) -> object:
        if self._transients.get(_key(url, "failed")) is not None:
            raise _refused(say("could not be fetched a moment ago; try again in a few seconds"))
        try:
            document = self._get(url)
        except HubError as error:
            self._transients.put(_key(url, "failed"), b"1", FAILED_FETCH_SECONDS)
            raise _refused(
                say("could not be fetched from %(url)s: %(reason)s", url=url, reason=error.detail)
            ) from error
        self._transients.put(_key(url), orjson.dumps(document), KEY_SET_SECONDS)
        return document

    def _get(self, url: str) -> object:
        headers = {"Accept": "application/json"}
        response = self._http.request("GET", url, headers=headers, longest_seconds=FETCH_SECONDS)
        if response.status != 200:
            raise Unavailable(say("it answered %(status)s", status=response.status))
        try:
            document = orjson.loads(response.body)
        except ValueError:
            raise Unavailable(say("it did not answer with JSON")) from None
        if not jose.is_key_set(document):
            raise Unavailable(say("it did not answer with a JSON Web Key Set"))
        return document


def verifies(token: str, key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether this key of a key set made the signature of a token, by this algorithm."""
    try:
        known = _imported(algorithm, orjson.dumps(key, option=orjson.OPT_SORT_KEYS))
        jws.deserialize_compact(token, known, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=256)
def _imported(algorithm: str, key: bytes) -> RSAKey | ECKey:
    """A platform's public key. Thousands of launches are signed by the same one, and to take it in is dear."""
    kind = RSAKey if algorithm == "RS256" else ECKey
    return kind.import_key(orjson.loads(key))


def _key(url: str, what: str = "keys") -> str:
    return f"lti:key-set:{what}:{hashlib.sha256(url.encode()).hexdigest()}"


def _refused(message: str) -> Unauthenticated:
    violation = Violation("1EdTech Security Framework 1.0, 5.1.3", "platform key set", message)
    return Unauthenticated(
        say("The platform key set %(fault)s.", fault=message), code="lti_launch_refused", violations=[violation]
    )
