"""A GitHub of a test's own on loopback, as its documentation describes it ("Authorizing OAuth apps"; REST API, users).

What is odd about the real one is odd here too: a refused code is answered with 200; the token comes as a form unless
JSON is asked for; nothing is answered without a User-Agent; an address that may not be seen is a 404.
"""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.serving import serving

CLIENT_ID, CLIENT_SECRET = "Iv1.0123456789abcdef", "0123456789abcdef0123456789abcdef01234567"


@dataclass
class GitHub:
    """An Enterprise Server. `person` and `emails` are who signs in; `sees_emails` whether they let that be seen."""

    callback: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"id": 1, "login": "octo", "name": "Octo Cat"})
    emails: list[dict[str, Any]] = field(default_factory=list)
    sees_emails: bool = True
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def visit(self, address: str) -> dict[str, str]:
        """The person allows it there; returns the parameters that they come back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/login/oauth/authorize?")
        assert (query["client_id"], query["redirect_uri"]) == (CLIENT_ID, self.callback)
        code = secrets.token_hex(10)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def token(self, form: dict[str, str]) -> dict[str, str]:
        """POST /login/oauth/access_token."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "incorrect_client_credentials", "error_description": "They are incorrect."}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or not _proves(form.get("code_verifier", ""), asked.get("code_challenge", "")):
            return {"error": "bad_verification_code", "error_description": "It is incorrect or expired."}
        if form.get("redirect_uri") != self.callback:
            return {"error": "redirect_uri_mismatch", "error_description": "It must match."}
        token = f"gho_{secrets.token_hex(18)}"
        self.tokens.add(token)
        return {"access_token": token, "scope": asked["scope"].replace(" ", ","), "token_type": "bearer"}

    def api(self, path: str) -> tuple[int, Any]:
        """GET /api/v3/user and /api/v3/user/emails."""
        if path == "/api/v3/user":
            return 200, self.person
        if path == "/api/v3/user/emails" and self.sees_emails:
            return 200, self.emails
        return 404, {"message": "Not Found"}


def _proves(verifier: str, challenge: str) -> bool:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=") == challenge


@contextmanager
def running_github() -> Iterator[GitHub]:
    """It listens on a free port of 127.0.0.1 until the block ends."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not self.headers.get("User-Agent"):
                self.answer(403, {"message": "Request forbidden by administrative rules."})
            elif token not in github.tokens:
                self.answer(401, {"message": "Bad credentials"})
            else:
                self.answer(*github.api(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            github.log.append(body)
            told = github.token({name: values[0] for name, values in parse_qs(body).items()})
            if self.headers.get("Accept") == "application/json":
                self.answer(200, told)
            else:
                self.send(200, "application/x-www-form-urlencoded", urlencode(told))

        def answer(self, status: int, document: Any) -> None:
            self.send(status, "application/json; charset=utf-8", json.dumps(document))

        def send(self, status: int, kind: str, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Tests do not log requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    with serving(server):
        yield github
