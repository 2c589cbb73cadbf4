"""Requests to a platform's services, and the access tokens that they need (Security Framework 1.0, section 4)."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from pylti1p3.exception import LtiException
from pylti1p3.service_connector import ServiceConnector, TServiceConnectorResponse

from hub.errors import Invalid, Unavailable, say
from hub.lti.pylti_bridge.registration import NO_SESSION, digest, registration_of, sign
from hub.lti.spec import scores
from hub.lti.spec.links import next_link
from hub.lti.spec.platform import Platform
from hub.ports import Clock, HttpClient, HttpResponse, Ids, KeyRing, Transients

#: A token is not used in its last seconds, so that it does not end on its way.
TOKEN_MARGIN_SECONDS = 30
ASSERTION_SECONDS = 60
#: So many pages of one list are read: a platform's may go in a circle.
MOST_PAGES = 20
#: So long one use of a platform's services may take, with all its requests: one score, one roster.
LONGEST_USE_SECONDS = 45.0


class PlatformRefused(Exception):
    """A service of the platform answered with another status than success."""

    def __init__(self, response: HttpResponse, step: str) -> None:
        super().__init__(scores.reason_of(response.status, response.body))
        self.response = response
        self.step = step


class Connector(ServiceConnector):
    """Requests to a platform's services, by the HttpClient port."""

    def __init__(
        self,
        platform: Platform,
        http: HttpClient,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
        transients: Transients,
    ) -> None:
        super().__init__(registration_of(platform), NO_SESSION)
        self._platform = platform
        self._http = http
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._transients = transients
        self._ends_at = time.monotonic() + LONGEST_USE_SECONDS

    def get_access_token(self, scopes: Sequence[str]) -> str:
        """A token for these scopes (Security Framework section 4), kept in Redis as long as it is good.

        pylti1p3 keeps it as long as the object lives, whatever expires_in says, and for one process only.
        """
        key = self._token_key(scopes)
        cached = self._transients.get(key)
        if cached is not None:
            return cached.decode()
        token, seconds = self._fetch_token(scopes)
        if seconds > TOKEN_MARGIN_SECONDS:
            self._transients.put(key, token.encode(), seconds - TOKEN_MARGIN_SECONDS)
        return token

    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        is_post: bool = False,
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,
    ) -> TServiceConnectorResponse:
        """One request with a token; a token that is no longer good (401) is renewed once.

        pylti1p3 renews no token, lowercases the address of the next page and follows it anywhere.
        """
        headers = {"Accept": accept, **({"Content-Type": content_type} if is_post else {})}
        body = (data or "").encode() if is_post else None
        response = self._authorized("POST" if is_post else "GET", url, scopes, headers, body)
        if not 200 <= response.status < 300:
            raise PlatformRefused(response, "service")
        following = next_link(response.headers.get("link", ""), url)
        return {"headers": dict(response.headers), "body": _json_or_none(response.body), "next_page_url": following}

    def renew(self, scopes: Sequence[str]) -> None:
        """Fetch a token anew, whatever is kept."""
        self._transients.delete(self._token_key(scopes))
        self.get_access_token(scopes)

    def _authorized(
        self, method: str, url: str, scopes: Sequence[str], headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        response = self._send(method, url, scopes, headers, body)
        if response.status == 401:
            self._transients.delete(self._token_key(scopes))
            response = self._send(method, url, scopes, headers, body)
        elif response.status == 403 and not scores.is_too_fast(403, response.body):
            self._transients.delete(self._token_key(scopes))  # Open edX says 403 to a token that is no longer good.
        return response

    def _send(
        self, method: str, url: str, scopes: Sequence[str], headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse:
        token = self.get_access_token(scopes)
        return self._ask(method, url, {**headers, "Authorization": f"Bearer {token}"}, body)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpResponse:
        """One request in what is left of this use's time: pages without end must not hold us without end."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Unavailable(say("%(host)s took too long to answer.", host=urlsplit(url).hostname), code="no_answer")
        return self._http.request(method, url, headers=headers, body=body, longest_seconds=left)

    def _fetch_token(self, scopes: Sequence[str]) -> tuple[str, int]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
            "scope": " ".join(sorted(scopes)),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        response = self._ask("POST", self._platform.token_url, headers, urlencode(form).encode())
        document = _json_or_none(response.body)
        if response.status != 200 or not isinstance(document, dict):
            raise PlatformRefused(response, "token")
        return _token_of(document, response)

    def _assertion(self) -> str:
        """Who we are, signed (RFC 7523 section 3, Security Framework section 4.1.1)."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._platform.client_id,
            "sub": self._platform.client_id,
            "aud": self._platform.token_audience or self._platform.token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": self._ids.secret(),
        }
        return sign(self._keys, claims)

    def _token_key(self, scopes: Sequence[str]) -> str:
        return f"lti:token:{self._platform.id}:{digest(' '.join(sorted(scopes)))}"


@contextmanager
def faults_refused() -> Iterator[None]:
    """What pylti1p3 finds wrong with a service or its answer, as a refusal of ours."""
    try:
        yield
    except LtiException as fault:
        raise Invalid(
            say("The platform's service cannot be used: %(fault)s", fault=fault), code="lti_service_refused"
        ) from fault


def _token_of(document: Mapping[str, Any], response: HttpResponse) -> tuple[str, int]:
    token, seconds = document.get("access_token"), document.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise PlatformRefused(response, "token")
    is_known = isinstance(seconds, int) and not isinstance(seconds, bool)
    return token, min(int(seconds or 0), 86_400) if is_known else 0


def _json_or_none(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except ValueError:
        return None
