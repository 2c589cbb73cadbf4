"""A Demo LMS of each test's own and a small tool that speaks LTI 1.3 to it: real keys, a real JWKS address."""

import json
import time
import uuid
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.test import TestResponse

from hub.demo.lms.settings import LmsSettings, password
from hub.demo.lms.web import create_app
from tests.support.serving import serving

ISSUER = "http://127.0.0.1:8100"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


class Form(HTMLParser):
    """The first form of a page: where it goes and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and not self.action:
            self.action = values.get("action") or ""
        if tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"] or ""] = values.get("value") or ""


class Tool:
    """A tool: signs with its key, publishes it, and knows what a platform must be told."""

    client_id = "tool-1"
    deployment_id = "1"

    def __init__(self) -> None:
        self.key = self.new_key()
        self.fetches = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def new_key() -> RSAKey:
        return RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)

    def _handler(tool: "Tool") -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tool.fetches += 1
                body = json.dumps(KeySet([tool.key]).as_dict(private=False)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Tests do not log requests."""

        return Handler

    def registration(self) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "deployment_id": self.deployment_id,
            "login_url": f"{self.url}/login",
            "launch_url": f"{self.url}/launch",
            "deep_link_url": f"{self.url}/deep-link",
            "jwks_url": f"{self.url}/jwks",
        }

    def sign(self, claims: dict[str, Any], key: RSAKey | None = None, **header: Any) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, claims, key)

    def assertion(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{ISSUER}/lti/token",
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        return self.sign(_without_none({**claims, **changes}))

    def choice(self, data: str, items: list[Any], **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "nonce": str(uuid.uuid4()),
            f"{LTI}message_type": "LtiDeepLinkingResponse",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": self.deployment_id,
            f"{DL}data": data,
            f"{DL}content_items": items,
        }
        return self.sign(_without_none({**claims, **changes}))


class Browser:
    """A browser at the Demo LMS, and the tool at the other end of its redirects."""

    def __init__(self, client: FlaskClient, tool: Tool, secret: str) -> None:
        self.client = client
        self.tool = tool
        self.secret = secret

    def get(self, path: str, **values: Any) -> TestResponse:
        return self.client.get(path, base_url=ISSUER, **values)

    def post(self, path: str, data: dict[str, str] | None = None, **values: Any) -> TestResponse:
        headers = {"Origin": ISSUER, **values.pop("headers", {})}
        return self.client.post(path, base_url=ISSUER, data=data or {}, headers=headers, **values)

    def sign_in(self, username: str = "teacher") -> "Browser":
        response = self.post("/sign-in", {"username": username, "password": self.secret})
        assert response.status_code == 302, response.text
        return self

    def login_initiation(self, path: str) -> dict[str, str]:
        response = self.get(path)
        assert response.status_code == 200, response.text
        form = Form(response.text)
        assert form.action == f"{self.tool.url}/login"
        return form.fields

    def authentication(self, initiation: dict[str, str], **changes: str | None) -> TestResponse:
        """What a tool's login URL redirects to."""
        values = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": initiation["client_id"],
            "redirect_uri": f"{self.tool.url}/launch",
            "login_hint": initiation["login_hint"],
            "lti_message_hint": initiation["lti_message_hint"],
            "state": "state-1",
            "nonce": "nonce-1",
        }
        return self.get("/lti/auth", query_string=_without_none({**values, **changes}))

    def launch(self, path: str, **changes: str | None) -> dict[str, Any]:
        """The verified claims of a launch that begins at `path`."""
        response = self.authentication(self.login_initiation(path), **changes)
        form = Form(response.text)
        assert form.action == f"{self.tool.url}/launch"
        assert form.fields["state"] == "state-1"
        keys = KeySet.import_key_set(self.get("/lti/jwks").json or {})
        return dict(jwt.decode(form.fields["id_token"], keys, algorithms=["RS256"]).claims)

    def add(self, *items: dict[str, Any]) -> TestResponse:
        """Deep-link `items` as a teacher would."""
        settings = self.launch("/courses/1/add")[f"{DL}deep_linking_settings"]
        return self.answer(self.tool.choice(settings["data"], list(items)))

    def answer(self, token: str) -> TestResponse:
        """The tool's cross-site post of a deep linking response."""
        return self.post("/lti/deep-linking", {"JWT": token}, headers={"Origin": self.tool.url})

    def token(self, scope: str, **changes: str | None) -> TestResponse:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.tool.assertion(),
            "scope": scope,
        }
        return self.client.post("/lti/token", base_url=ISSUER, data=_without_none({**form, **changes}))

    def bearer(self, scope: str) -> dict[str, str]:
        answer = self.token(scope)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {(answer.json or {})['access_token']}"}


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@pytest.fixture(scope="session")
def tool_server() -> Iterator[Tool]:
    tool = Tool()
    with serving(tool.server):
        yield tool


@pytest.fixture
def tool(tool_server: Tool) -> Iterator[Tool]:
    key = tool_server.key
    yield tool_server
    tool_server.key = key


@pytest.fixture
def lms_settings(tool: Tool, tmp_path: Path) -> LmsSettings:
    settings = LmsSettings(ISSUER, tmp_path / "lms", tmp_path / "tool.json")
    settings.tool_file.write_text(json.dumps(tool.registration()))
    return settings


@pytest.fixture
def browser(lms_settings: LmsSettings, tool: Tool) -> Browser:
    app = create_app(lms_settings)
    return Browser(app.test_client(), tool, password(lms_settings.state))
