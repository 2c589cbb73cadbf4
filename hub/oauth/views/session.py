"""The browser's side of a session: its cookie, and the token that proves a form came from our own page.

The cookie is `HttpOnly`, `SameSite=Lax`, and on https (or a loopback host, which browsers trust as much) `Secure` with
the `__Host-` prefix, so that no other host can set it. The form token is a keyed digest of the cookie's value: a page
of another site can neither read nor make one (OWASP, signed double-submit bound to the session).
"""

import hmac
import secrets
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Response, g
from werkzeug.wrappers import Request

from hub.errors import Forbidden
from hub.http.access import Authenticator
from hub.identity import Principal
from hub.oauth.services.guessing import Guessing
from hub.oauth.services.sessions import Sessions, SignedIn
from hub.oauth.spec.browsers import browser_of
from hub.oauth.spec.guessing import KNOWN_FOR

FORM_FIELD = "csrf_token"
FORM_HEADER = "X-CSRF-Token"

#: Methods that change nothing (RFC 9110 section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def _is_trusted_transport(public_url: str) -> bool:
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    return parts.scheme == "https" or host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


class BrowserSessions:
    """Reads and writes the cookies of one Hub, and makes and checks its form tokens."""

    def __init__(self, sessions: Sessions, guessing: Guessing, public_url: str, secret: bytes) -> None:
        self._sessions = sessions
        self._guessing = guessing
        self._secret = secret
        self._origin = public_url
        self._is_secure = _is_trusted_transport(public_url)
        prefix = "__Host-" if self._is_secure else ""
        self.session_cookie = f"{prefix}hub-session"
        self.visit_cookie = f"{prefix}hub-visit"
        self.device_cookie = f"{prefix}hub-device"

    def begin(self, request: Request, response: Response, session_id: str) -> None:
        """Give the browser its session, and know it again next time; the visit that led to it is over."""
        self._set(response, self.session_cookie, session_id)
        self._clear(response, self.visit_cookie)
        self._sessions.note_browser(session_id, browser_of(request.headers.get("User-Agent", "")))
        known = self._sessions.who(session_id)
        if known is not None:
            self.recognise(request, response, known.principal.id)

    def recognise(self, request: Request, response: Response, user_id: str) -> None:
        """Let whoever guesses at this account not slow down this browser, which was in it."""
        self._set(response, self.device_cookie, self._guessing.remember(self.device(request), user_id), KNOWN_FOR)

    def device(self, request: Request) -> str:
        """The device cookie that the browser sent; empty without one."""
        return request.cookies.get(self.device_cookie, "")

    def end(self, request: Request, response: Response) -> None:
        """End the session on both sides."""
        session_id = request.cookies.get(self.session_cookie)
        if session_id:
            self._sessions.sign_out(session_id)
        self._clear(response, self.session_cookie)

    def session_id(self, request: Request) -> str:
        """The secret id that the browser sent; empty without one."""
        return request.cookies.get(self.session_cookie, "")

    def who(self, request: Request) -> SignedIn | None:
        """Who has the session of this request, if it has one that lives."""
        session_id = request.cookies.get(self.session_cookie)
        return self._sessions.who(session_id) if session_id else None

    def form_token(self, request: Request) -> str:
        """The token for the forms of a page; a visitor without a session gets a visit to bind it to."""
        return self._token(self._binding(request) or self._new_visit())

    def visit(self, request: Request) -> str:
        """The secret of the visit that a browser without a session has; a new one where it has none."""
        return request.cookies.get(self.visit_cookie) or self._new_visit()

    def remember_visit(self, response: Response) -> Response:
        """Send the cookie of a visit that was begun while the page was made."""
        visit = g.pop("hub_visit", None)
        if visit is not None:
            self._set(response, self.visit_cookie, visit)
        return response

    def check_form(self, request: Request) -> None:
        """`Forbidden` unless a request that changes something comes from a page of ours."""
        if request.method in SAFE_METHODS:
            return
        origin = request.headers.get("Origin")
        given = request.headers.get(FORM_HEADER) or request.form.get(FORM_FIELD, "")
        binding = self._binding(request)
        is_ours = origin in {None, self._origin} and binding is not None
        if not is_ours or not hmac.compare_digest(given.encode(), self._token(binding or "").encode()):
            raise Forbidden(
                "This form is no longer valid. Go back, reload the page and send it again.", code="form_token_invalid"
            )

    def _binding(self, request: Request) -> str | None:
        return request.cookies.get(self.session_cookie) or request.cookies.get(self.visit_cookie)

    def _new_visit(self) -> str:
        if "hub_visit" not in g:
            g.hub_visit = secrets.token_urlsafe(32)
        visit: str = g.hub_visit
        return visit

    def _token(self, binding: str) -> str:
        return hmac.new(self._secret, binding.encode(), sha256).hexdigest()

    def _set(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        response.set_cookie(
            name, value, path="/", max_age=seconds, secure=self._is_secure, httponly=True, samesite="Lax"
        )

    def _clear(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._is_secure, httponly=True, samesite="Lax")


def session_authenticator(sessions: BrowserSessions, blueprint: str) -> Authenticator:
    """Recognises sessions within one blueprint: a cookie opens the console, never the API or the LRS."""

    def authenticate(request: Request) -> Principal | None:
        if getattr(request, "blueprint", None) != blueprint:
            return None
        g.signed_in = sessions.who(request)
        return g.signed_in.principal if g.signed_in else None

    return authenticate
