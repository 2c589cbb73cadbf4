"""A learning platform for tests: real keys, a real HTTP server on loopback, and any fault one likes.

It begins logins, signs launches, publishes its key set, gives tokens and takes line items and scores. What a test
changes is one thing of an otherwise good launch, so that a refusal shares everything else with the success.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from hub.lti.spec import vocabulary as v
from hub.lti.spec.dynamic_registration import PLATFORM_CONFIGURATION, TOOL_CONFIGURATION

LAUNCH_URL = "http://localhost:8000/lti/launch"
CONTEXT_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER = CONTEXT_ROLE + "Learner"
INSTRUCTOR = CONTEXT_ROLE + "Instructor"
AGS_SCOPES = [v.SCOPE_SCORE, v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ]

# Making an RSA key takes a quarter of a second, so all platforms of a run share these.
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig", "alg": "ES256"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})

#: No test closes a gate for longer.
PATIENCE_SECONDS = 120.0

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class ReceivedScore:
    """A score as it came: where, with which token, what."""

    path: str
    token: str
    body: dict[str, Any]


@dataclass
class LtiPlatform:
    """The platform. `answers` are given to the next score requests instead of success; `requests` counts by path."""

    client_id: str = field(default_factory=lambda: f"client-{secrets.token_hex(6)}")
    deployment_id: str = "deployment-1"
    origin: str = ""
    launch_url: str = LAUNCH_URL
    key_set: dict[str, Any] = field(default_factory=lambda: key_set_of(RSA, EC))
    key_set_answer: Answer | None = None
    #: Seconds until the key set is answered, and until a token is.
    #: While a test has cleared it, whoever asks for the key set, or for a token, waits.
    key_set_gate: threading.Event = field(default_factory=lambda: _opened())
    token_gate: threading.Event = field(default_factory=lambda: _opened())
    token_answers: list[Answer] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    token_seconds: int = 3600
    answers: list[Answer] = field(default_factory=list)
    before_answer: Callable[[], None] | None = None
    scores: list[ReceivedScore] = field(default_factory=list)
    line_items: list[dict[str, Any]] = field(default_factory=list)
    line_items_answer: Any = None
    #: The column of the link that the test launches, as `ags` names it; None when the teacher removed it.
    own_column: dict[str, Any] | None = field(default_factory=lambda: {"label": "Unit 1", "scoreMaximum": 100})
    line_items_link: str = ""
    #: What a column that is gone is answered with.
    gone_status: int = 404
    requests: dict[str, int] = field(default_factory=dict)
    assertions: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    configuration_answer: Answer | None = None
    registrations: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)
    registration_status: int = 200
    registration_answer: Any = field(default_factory=lambda: ...)
    members: list[dict[str, Any]] = field(default_factory=list)
    members_a_page: int = 1000
    members_answer: Answer | None = None
    knows_links: bool = True
    differences: list[dict[str, Any]] | None = None
    groups: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """Where the platform lives."""
        return self.origin

    def details(self) -> dict[str, Any]:
        """What an administrator of the Hub enters."""
        return {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "auth_url": f"{self.origin}/auth",
            "token_url": f"{self.origin}/token",
            "jwks_url": f"{self.origin}/jwks?of={self.client_id}",
            "deployment_ids": (self.deployment_id,),
        }

    # Login and launch

    def login_parameters(self, **changes: Any) -> dict[str, Any]:
        """A login initiation; a change to None leaves a parameter out."""
        parameters = {
            "iss": self.issuer,
            "login_hint": "person-1",
            "target_link_uri": self.launch_url,
            "lti_message_hint": "hint-1",
            "client_id": self.client_id,
            "lti_deployment_id": self.deployment_id,
        }
        return _without_none(parameters | changes)

    def begin(self, client: FlaskClient, **changes: Any) -> "Login":
        """Log in with the Hub and take what it sends to our authentication address."""
        response = client.get("/lti/login", query_string=self.login_parameters(**changes))
        assert response.status_code == 302, response.text
        query = parse_qs(urlsplit(response.location).query)
        return Login({name: values[0] for name, values in query.items()}, response)

    def claims(self, login: "Login", **changes: Any) -> dict[str, Any]:
        """The claims of a good resource link launch."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "learner-1",
            "exp": now + 60,
            "iat": now,
            "nonce": login.sent["nonce"],
            "name": "Ada Lovelace",
            "email": "ada@school.example",
            v.MESSAGE_TYPE: v.RESOURCE_LINK_REQUEST,
            v.VERSION: "1.3.0",
            v.DEPLOYMENT_ID: self.deployment_id,
            v.TARGET_LINK_URI: self.launch_url,
            v.RESOURCE_LINK: {"id": "link-1", "title": "Unit 1"},
            v.ROLES: [LEARNER],
            v.CONTEXT: {"id": "course-1", "title": "Mathematics"},
            v.LAUNCH_PRESENTATION: {"document_target": "iframe", "return_url": f"{self.origin}/back"},
        }
        return _without_none(claims | changes)

    def deep_linking_claims(self, login: "Login", **changes: Any) -> dict[str, Any]:
        """The claims of a good deep linking request."""
        settings = {
            "deep_link_return_url": f"{self.origin}/deep-linking?session=1&course=2",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "data": "opaque <data>",
        }
        deep = {
            v.MESSAGE_TYPE: v.DEEP_LINKING_REQUEST,
            v.RESOURCE_LINK: None,
            v.ROLES: [INSTRUCTOR],
            v.DEEP_LINKING_SETTINGS: settings,
        }
        return self.claims(login, **(deep | changes))

    def ags(self, **members: Any) -> dict[str, Any]:
        """The AGS claim of a link with a column whose URL has a query, as Moodle's have."""
        endpoint = {
            "scope": AGS_SCOPES,
            "lineitem": f"{self.origin}/items/1/lineitem?type_id=1",
            "lineitems": f"{self.origin}/items?type_id=1",
        }
        return {v.AGS_ENDPOINT: _without_none(endpoint | members)}

    def sign(self, claims: Any, key: Any = RSA, **header: Any) -> str:
        """The claims as a token."""
        algorithm = "ES256" if key is EC else "RS256"
        return jwt.encode(_without_none({"alg": algorithm, "kid": key.kid, "typ": "JWT"} | header), claims, key)

    def launch(self, client: FlaskClient, login: "Login", claims: dict[str, Any], **form: Any) -> TestResponse:
        """Post a signed launch from the browser that logged in."""
        fields = {"state": login.sent["state"], "id_token": self.sign(claims)} | form
        return client.post("/lti/launch", data=_without_none(fields))

    def enter(self, client: FlaskClient, **changes: Any) -> TestResponse:
        """A whole launch: login, authentication, launch."""
        login = self.begin(client)
        return self.launch(client, login, self.claims(login, **changes))

    # The HTTP server

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        """What the platform says to a request of the Hub."""
        path = urlsplit(url).path
        self.requests[path] = self.requests.get(path, 0) + 1
        if path == "/jwks":
            self.key_set_gate.wait(PATIENCE_SECONDS)
            return self.key_set_answer or _json(200, self.key_set)
        if path == "/token":
            return self._token(body)
        if path == "/openid":
            return self.configuration_answer or _json(200, _without_none(self.openid() | self.configuration))
        if path == "/register":
            return self._register(headers, body)
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _json(401, {"error": "invalid_token"})
        if path == "/items/1/lineitem/scores" and self.own_column is None:
            return _json(self.gone_status, {"message": "there is no such line item"})
        if path.endswith("/scores"):
            return self._score(url, token, body)
        if path.endswith("/results"):
            return _json(200, self.results)
        if path.startswith(("/members", "/groups")):
            self.asked.append(url)
            return self._groups() if path == "/groups" else self._members(url)
        return self._line_items(method, url, body)

    def openid(self) -> dict[str, Any]:
        """Our OpenID configuration, as Moodle's is."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.origin}/auth",
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}/jwks?of={self.client_id}",
            "registration_endpoint": f"{self.origin}/register",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "scopes_supported": [*AGS_SCOPES, v.SCOPE_RESULT_READ, v.SCOPE_MEMBERSHIP_READ, "openid"],
            PLATFORM_CONFIGURATION: {
                "product_family_code": "moodle",
                "version": "4.5.6",
                "messages_supported": ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"],
                "placements": ["AddContentMenu"],
                "variables": ["Context.id.history", "User.id"],
            },
        }

    def _register(self, headers: Any, body: bytes) -> Answer:
        if self.registration_status != 200:
            return self.registration_status, {}, b"token_already_used"
        self.registrations.append((headers.get("Authorization"), json.loads(body)))
        if self.registration_answer is not ...:
            return _json(200, self.registration_answer)
        return _json(200, {"client_id": self.client_id, TOOL_CONFIGURATION: {"deployment_id": "7"}})

    def _token(self, body: bytes) -> Answer:
        self.token_gate.wait(PATIENCE_SECONDS)
        if self.token_answers:
            return self.token_answers.pop(0)
        form = parse_qs(body.decode())
        self.assertions.append(form["client_assertion"][0])
        token = secrets.token_urlsafe(12)
        self.tokens[token] = form["scope"][0]
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds})

    def _score(self, url: str, token: str, body: bytes) -> Answer:
        score = json.loads(body)
        if self.before_answer:
            self.before_answer()
        if self.answers:
            return self.answers.pop(0)
        self.scores.append(ReceivedScore(url, token, score))
        return 204, {}, b""

    def nrps(self) -> dict[str, Any]:
        """The claims of a course that tells its members and groups."""
        scope = [v.SCOPE_GROUPS_READ]
        return {
            v.NAMES_ROLE_SERVICE: {"context_memberships_url": f"{self.origin}/members?course=1"},
            v.GROUPS_SERVICE: {"context_groups_url": f"{self.origin}/groups", "scope": scope},
        }

    def _groups(self) -> Answer:
        return _json(200, {"groups": self.groups})

    def _members(self, url: str) -> Answer:
        if self.members_answer:
            return self.members_answer
        query = parse_qs(urlsplit(url).query)
        if "rlid" in query and not self.knows_links:
            return _json(400, {"message": "rlid is not supported"})
        if "since" in query:
            return _json(200, {"members": self.differences})
        start = int(query.get("from", ["0"])[0])
        shown = self.members[start : start + self.members_a_page]
        links = []
        if start + self.members_a_page < len(self.members):
            links.append(f'</members?course=1&from={start + self.members_a_page}>; rel="next"')
        elif self.differences is not None:
            links.append(f"<{self.origin}/members?course=1&since=1>; rel=differences")
        status, headers, content = _json(200, {"id": "x", "members": shown})
        return status, headers | ({"Link": ", ".join(links)} if links else {}), content

    def _line_items(self, method: str, url: str, body: bytes) -> Answer:
        if method == "POST":
            item = json.loads(body) | {"id": f"{self.origin}/items/{len(self.line_items) + 2}/lineitem?type_id=1"}
            self.line_items.append(item)
            return _json(201, item)
        if self.line_items_answer is not None:
            return _json(200, self.line_items_answer)
        if urlsplit(url).path.endswith("/lineitem"):
            made = [item for item in self.line_items if urlsplit(item["id"]).path == urlsplit(url).path]
            own = [self.own_column | {"id": url}] if self.own_column and "/items/1/" in url else made
            return _json(200, own[0]) if own else _json(self.gone_status, {"message": "gone"})
        query = parse_qs(urlsplit(url).query)
        filters = {"resource_link_id": "resourceLinkId", "resource_id": "resourceId", "tag": "tag"}
        wanted = {member: query[name][0] for name, member in filters.items() if name in query}
        found = [item for item in self.line_items if all(item.get(name) == value for name, value in wanted.items())]
        status, headers, content = _json(200, found)
        return status, headers | ({"Link": self.line_items_link} if self.line_items_link else {}), content


@dataclass(frozen=True)
class Login:
    """A login under way: what the Hub sent to our authentication address, and its whole answer."""

    sent: dict[str, str]
    response: TestResponse


def key_set_of(*keys: Any) -> dict[str, Any]:
    """The public parts as a JWKS."""
    return {"keys": [{**key.as_dict(private=False), "kid": key.kid} for key in keys]}


@contextmanager
def running(platform: LtiPlatform) -> Iterator[LtiPlatform]:
    """Serve the platform at a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, headers, body = platform.answer(self.command, self.path, self.headers, self.rfile.read(length))
            with suppress(ConnectionError):  # The Hub waits for no one too long.
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: tests speak for themselves."""

    server = _server(Handler)
    platform.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


#: Ports of the platforms that there were. A port is part of an issuer, and no other platform of the tests' database may
#: have the same one.
_ports: set[int] = set()


def _server(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """A server at a port that no platform had before."""
    while (server := ThreadingHTTPServer(("127.0.0.1", 0), handler)).server_port in _ports:
        server.server_close()
    _ports.add(server.server_port)
    return server


def _json(status: int, document: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


def _opened() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
