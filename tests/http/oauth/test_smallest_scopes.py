"""Every operation of the API with the smallest scope that its documentation names, and with all others but those.

What a scope opens it opens whole: the operation does its work on real things, and no service behind it asks for more.
"""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.demo import courses
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.scopes import SCOPES
from hub.oauth.services.clients import Clients, NewClient
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services.credentials import Credentials
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.support.people import make_account

STATEMENT = b"""{"actor": {"mbox": "mailto:mara@school.example"}, "verb": {"id": "https://v.example/did"},
  "object": {"id": "https://a.example/1"}}"""
LMS = {
    "issuer": "https://lms.example",
    "auth_url": "https://lms.example/auth",
    "token_url": "https://lms.example/token",
    "jwks_url": "https://lms.example/jwks",
}

#: What is sent, by operation. Others need no body.
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/v1/packages/{package_id}": {"title": "Fire"},
    "PATCH /api/v1/packages/{package_id}/settings": {"window": "new_window"},
    "PATCH /api/v1/packages/{package_id}/versions/{number}/settings": {"window": "new_window"},
    "POST /api/v1/registrations": {
        "package": "fire-safety",
        "learner": {"source": "https://lms.example", "subject": "u2"},
    },
    "PATCH /api/v1/registrations/{registration_id}": {"mode": "review"},
    "POST /api/v1/registrations/{registration_id}/launch-link": {},
    "POST /api/v1/platforms": {"name": "Second", "client_id": "another", **LMS},
    "PATCH /api/v1/platforms/{platform_id}": {"name": "Renamed"},
    "POST /api/v1/platform-invitations": {"days": 3},
    "POST /api/v1/stores": {"name": "research"},
    "POST /api/v1/stores/{store_id}/credentials": {"name": "Reader", "scopes": ["statements/read"]},
    "PATCH /api/v1/stores/{store_id}/credentials/{credential_id}": {"requests_per_minute": 60},
    "POST /api/v1/users": {"email": "new@school.example", "name": "New", "roles": ["author"]},
    "PATCH /api/v1/users/{user_id}": {"name": "Renamed"},
    "POST /api/v1/clients": {"name": "Made", "scopes": ["clients:read"]},
    "POST /api/v1/identity-providers": {
        "kind": "google",
        "name": "Google",
        "issuer": "https://accounts.google.com",
        "client_id": "hub",
        "client_secret": "s3cret",
        "default_roles": ["author"],
    },
    "POST /api/v1/registrations/{registration_id}/comments": {"activity": "fire-safety", "comment": "Look again."},
    "PUT /api/v1/retention": {"launches": 400},
}
#: Nobody gives more than they may do: who makes an author has the scopes of one, and so on.
AUTHOR = ("packages:write", "registrations:read", "learners:read")
GIVEN = {
    "POST /api/v1/stores/{store_id}/credentials": ("statements/read",),
    "POST /api/v1/stores/{store_id}/credentials/{credential_id}/rotate": ("statements/read",),
    "PATCH /api/v1/stores/{store_id}/credentials/{credential_id}": ("statements/read",),
    "POST /api/v1/users": AUTHOR,
    "PATCH /api/v1/users/{user_id}": AUTHOR,
    "POST /api/v1/identity-providers": AUTHOR,
}
QUERIES = {"GET /api/v1/identities": {"q": "mara@school.example"}}
#: So many operations do their work here; the others lack something (a file, S3, a finished export), and are only asked
#: not to be refused for want of a scope.
NEEDED = 65


@pytest.fixture
def things(hub: Hub, system: Principal) -> dict[str, str]:
    """Something of everything, by the name that paths have for it."""
    imports = hub.service(Imports)
    job = imports.accept(system, Upload(io.BytesIO(courses.build("fire_safety")), "fire.zip", "fire-safety"))
    imports.run(system.tenant_id, job.id)
    learner = hub.service(Learners).ensure(system, "https://lms.example", "u1", "Mara")
    registration = hub.service(Registrations).start(system, learner.id, "fire-safety")
    (statement,) = hub.service(Statements).store(system, STATEMENT)
    store = hub.service(Stores).of(system)
    credential = hub.service(Credentials).create(system, store.name, ["statements/read"], "Reports")
    details = PlatformDetails(
        LMS["issuer"], str(system.tenant_id), LMS["auth_url"], LMS["token_url"], LMS["jwks_url"], ("1",), "LMS"
    )
    client, _ = hub.service(Clients).create(system, NewClient("Known", ("packages:read",)))
    return {
        "package_id": "fire-safety",
        "number": "1",
        "job_id": str(job.id),
        "registration_id": str(registration.id),
        "learner_id": str(learner.id),
        "platform_id": str(hub.service(Platforms).add(system, details).id),
        "store_id": str(store.id),
        "credential_id": str(credential.credential.id),
        "statement_id": str(statement),
        "client_id": client.client_id,
        "user_id": str(make_account(hub, system, "author").person.id),
    }


@pytest.fixture
def token_of(hub: Hub, client: FlaskClient, system: Principal) -> Callable[..., str]:
    """An access token with exactly these scopes."""
    made: dict[tuple[str, ...], str] = {}

    def get(*scopes: str) -> str:
        if scopes not in made:
            known, secret = hub.service(Clients).create(system, NewClient("Program", scopes))
            form = {"grant_type": "client_credentials", "client_id": known.client_id, "client_secret": secret}
            made[scopes] = client.post("/oauth/token", data=form).json["access_token"]
        return made[scopes]

    return get


def operations(client: FlaskClient) -> list[tuple[str, str, list[str]]]:
    """Method, path and documented scopes of each operation: what reads first, what removes last."""
    paths = client.get("/api/v1/openapi.json").json["paths"]
    order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    found = [
        (method.upper(), path, [scope for each in told["security"] for scope in each["token"]])
        for path, methods in paths.items()
        for method, told in methods.items()
        if method.upper() in order and told.get("security")
    ]
    # What ends a whole thing goes after what ends its parts.
    return sorted(found, key=lambda each: (order.index(each[0]), -each[1].count("/")))


def ask(client: FlaskClient, method: str, path: str, token: str, things: dict[str, str]):
    address = path
    for name in [part.partition("}")[0] for part in path.split("{")[1:]]:
        address = address.replace(f"{{{name}}}", things.get(name, "00000000-0000-7000-8000-000000000000"))
    key = f"{method} {path}"
    body = {"json": BODIES[key]} if key in BODIES else {}
    headers = {"Authorization": f"Bearer {token}"}
    with client.open(address, method=method, query_string=QUERIES.get(key), headers=headers, **body) as answer:
        answer.get_data()
        return answer


def test_the_smallest_scope_does_and_all_others_do_not(client, things, token_of):
    done = 0
    for method, path, scopes in operations(client):
        key = f"{method} {path}"
        others = tuple(name for name in SCOPES if name not in scopes)
        refused = ask(client, method, path, token_of(*others), things)
        assert refused.status_code == 403, (key, refused.status_code)
        assert f'scope="{scopes[0]}"' in refused.headers["WWW-Authenticate"], key
        smallest = min(scopes, key=lambda name: len(SCOPES[name].actions))
        answer = ask(client, method, path, token_of(smallest, *GIVEN.get(key, ())), things)
        assert answer.status_code not in {401, 403}, (key, smallest, answer.text)
        assert answer.status_code < 500, (key, smallest, answer.text)
        done += answer.status_code < 300
    assert done >= NEEDED, f"only {done} operations did their work"
