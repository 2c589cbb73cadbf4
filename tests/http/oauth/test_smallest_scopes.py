"""Every operation of the API with the smallest scope that its documentation names, and with all others but those.

What a scope opens it opens whole: the operation does its work on real things, and no service behind it asks for more.
And whatever changes something leaves its trace in the audit log, or is listed here with why it need not.
"""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.db.tables import AuditEvent
from hub.identity import ROLES, Principal
from hub.oauth.scopes import OF_CLIENTS, SCOPES
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.consents import Consents
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.storage.tables import PackageVersion
from tests.support.media import picture
from tests.support.people import make_account
from tests.support.two_tenants import World, furnished, new_tenant

LMS = {
    "issuer": "https://lms.example",
    "auth_url": "https://lms.example/auth",
    "token_url": "https://lms.example/token",
    "jwks_url": "https://lms.example/jwks",
}
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}

#: What is sent, by operation; `{user_id}` and the like are things of the tenant. Others need nothing.
SENT: dict[str, dict[str, Any]] = {
    "GET /api/v1/identities": {"query_string": {"q": "{learner_id}"}},
    "GET /api/v1/packages/{package_id}/versions/{number}/changes": {"query_string": {"since": "1"}},
    "POST /api/v1/packages": {"file": b"PK"},
    "PATCH /api/v1/packages/{package_id}": {"json": {"title": "Fire"}},
    "PUT /api/v1/packages/{package_id}/thumbnail": {"picture": True},
    "POST /api/v1/packages/{package_id}/editors": {"json": {"user": "{user_id}"}},
    "PATCH /api/v1/packages/{package_id}/settings": {"json": {"window": "new_window"}},
    "PATCH /api/v1/packages/{package_id}/versions/{number}/settings": {"json": {"window": "new_window"}},
    "POST /api/v1/jobs": {"json": {"url": "https://files.example/course.zip"}},
    "POST /api/v1/uploads": {"headers": {**TUS, "Upload-Length": "10"}},
    "PATCH /api/v1/uploads/{upload_id}": {"headers": PIECE | {"Upload-Offset": "4"}, "data": b"5678"},
    "POST /api/v1/uploads/{upload_id}": {
        "headers": {**PIECE, "X-HTTP-Method-Override": "PATCH"},
        "data": b"1234",
    },
    "DELETE /api/v1/uploads/{upload_id}": {"headers": TUS},
    "POST /api/v1/registrations": {
        "json": {"package": "{package_id}", "learner": {"source": "https://lms.example", "subject": "u2"}}
    },
    "PATCH /api/v1/registrations/{registration_id}": {"json": {"mode": "review"}},
    "POST /api/v1/registrations/{registration_id}/launch-link": {"json": {}},
    "POST /api/v1/registrations/{registration_id}/comments": {"json": {"activity": "one", "comment": "Look again."}},
    "POST /api/v1/courses/{registration_id}/launch-link": {"json": {}},
    "POST /api/v1/learners/{learner_id}/mentors": {"json": {"user": "{mentor_id}"}},
    "PUT /api/v1/learners/{learner_id}/account": {"json": {"user": "{user_id}"}},
    "POST /api/v1/cohorts": {"json": {"name": "Class 7b"}},
    "PATCH /api/v1/cohorts/{cohort_id}": {"json": {"name": "Class 7c"}},
    "POST /api/v1/cohorts/{cohort_id}/members": {"json": {"learner": "{other_learner_id}"}},
    "POST /api/v1/cohorts/{cohort_id}/leaders": {"json": {"user": "{leader_id}"}},
    "POST /api/v1/cohorts/{cohort_id}/enrolments": {"file": b"email,package\na@b.example,{package_id}\n"},
    "POST /api/v1/platforms": {"json": {"name": "Second", "client_id": "another", "deployments": ["1"], **LMS}},
    "PATCH /api/v1/platforms/{platform_id}": {"json": {"name": "Renamed"}},
    "POST /api/v1/platform-invitations": {"json": {"days": 3}},
    "POST /api/v1/stores": {"json": {"name": "research"}},
    "POST /api/v1/stores/{store_id}/credentials": {"json": {"name": "Reader", "scopes": ["statements/read"]}},
    "PATCH /api/v1/stores/{store_id}/credentials/{credential_id}": {"json": {"requests_per_minute": 60}},
    "POST /api/v1/users": {"json": {"email": "new-{user_id}@school.example", "name": "New", "roles": ["author"]}},
    "PATCH /api/v1/users/{user_id}": {"json": {"name": "Renamed"}},
    "POST /api/v1/users/{user_id}/invitation": {"json": {"language": "de"}},
    "POST /api/v1/clients": {"json": {"name": "Made", "scopes": ["clients:read"]}},
    "POST /api/v1/identity-providers": {
        "json": {
            "kind": "google",
            "name": "Google",
            "issuer": "https://accounts.google.com",
            "client_id": "hub",
            "client_secret": "s3cret",
            "default_roles": ["author"],
        }
    },
    "PATCH /api/v1/identity-providers/{provider_id}": {"json": {"name": "Renamed"}},
    "POST /api/v1/tokens": {"json": {"name": "Made", "scopes": ["tokens:read"]}},
    "PATCH /api/v1/branding": {"json": {"name": "Renamed School"}},
    "PUT /api/v1/branding/logo": {"data": picture(64, 36), "headers": {"Content-Type": "image/png"}},
    "POST /api/v1/tenants": {"json": {"slug": "made-{tenant_id}"}},
    "PATCH /api/v1/tenants/{tenant_id}": {"json": {"name": "Renamed by its operator"}},
    "DELETE /api/v1/tenants/{tenant_id}": {"query_string": {"confirm": "{leaving}"}},
    "PUT /api/v1/retention": {"json": {"launches": 400}},
    "PUT /api/v1/consent": {"json": {"text": "We keep your answers.", "is_asked": True}},
    "POST /api/v1/privacy-jobs": {"json": {"kind": "export", "identities": ["learner:{learner_id}"]}},
}
#: Nobody gives more than they may do: who makes an author has the scopes of one, and so on.
AUTHOR = ("packages:write", "registrations:read", "learners:read")
INSTRUCTOR = (*AUTHOR, "registrations:write", "cohorts:read")
GIVEN = {
    "POST /api/v1/stores/{store_id}/credentials": ("statements/read",),
    "POST /api/v1/stores/{store_id}/credentials/{credential_id}/rotate": ("all",),
    "PATCH /api/v1/stores/{store_id}/credentials/{credential_id}": ("all",),
    "POST /api/v1/users": AUTHOR,
    "PATCH /api/v1/users/{user_id}": INSTRUCTOR,
    "POST /api/v1/users/{user_id}/invitation": INSTRUCTOR,
    "POST /api/v1/users/{user_id}/password": INSTRUCTOR,
    "DELETE /api/v1/users/{user_id}/second-factors": INSTRUCTOR,
    "POST /api/v1/identity-providers": AUTHOR,
    "PATCH /api/v1/identity-providers/{provider_id}": AUTHOR,
    "POST /api/v1/clients/{client_id}/rotate": ("packages:read",),
}
#: Scopes of what is one's own.
OWN = ("courses:play", "tokens:read", "tokens:write")
#: Where another thing is meant than elsewhere by the same name.
OTHERS = {
    "DELETE /api/v1/tenants/{tenant_id}": {"tenant_id": "leaving_id"},
    "/api/v1/tenants/{tenant_id}/removal": {"tenant_id": "gone_id"},
    "/api/v1/privacy-jobs/{job_id}": {"job_id": "privacy_job_id"},
    "/api/v1/privacy-jobs/{job_id}/archive": {"job_id": "privacy_job_id"},
    "/api/v1/learners/{learner_id}/mentors/{user_id}": {"user_id": "mentor_id"},
    "/api/v1/tokens/{token_id}": {"token_id": "own_token_id"},
}
#: Direct uploads need an object store that takes them: this Hub keeps packages in a folder.
IMPOSSIBLE = {
    "POST /api/v1/direct-uploads",
    "POST /api/v1/direct-uploads/{upload_id}/complete",
    "POST /api/v1/identity-providers/{provider_id}/check",  # Nobody is there.
}
#: What each operation that changes something, or gives out a lot, leaves in the audit log.
EVENTS = {
    "GET /api/v1/registrations/{registration_id}/attempts/{number}/replay": "replay.read",
    "GET /api/v1/packages/{package_id}/analytics.csv": "data.exported",
    "GET /api/v1/stores/{store_id}/statements": "data.exported",
    "GET /api/v1/privacy-jobs/{job_id}/archive": "export.downloaded",
    "POST /api/v1/privacy-jobs": "export.requested",
    "PUT /api/v1/retention": "retention.changed",
    "PUT /api/v1/consent": "consent.changed",
    "DELETE /api/v1/learners/{learner_id}/consents": "consent.withdrawn",
    "POST /api/v1/packages": "package.uploaded",
    "POST /api/v1/jobs": "package.uploaded",
    "PATCH /api/v1/packages/{package_id}": "package.changed",
    "DELETE /api/v1/packages/{package_id}": "package.deleted",
    "PUT /api/v1/packages/{package_id}/thumbnail": "package.changed",
    "DELETE /api/v1/packages/{package_id}/thumbnail": "package.changed",
    "PATCH /api/v1/packages/{package_id}/settings": "package.settings_changed",
    "PATCH /api/v1/packages/{package_id}/versions/{number}/settings": "package.settings_changed",
    "POST /api/v1/packages/{package_id}/editors": "package.shared",
    "DELETE /api/v1/packages/{package_id}/editors/{user_id}": "package.share_withdrawn",
    "PATCH /api/v1/registrations/{registration_id}": "registration.mode_set",
    "POST /api/v1/registrations/{registration_id}/attempts": "registration.attempt_begun",
    "POST /api/v1/registrations/{registration_id}/reset": "registration.reset",
    "POST /api/v1/registrations/{registration_id}/comments": "registration.commented",
    "DELETE /api/v1/registrations/{registration_id}/comments/{comment_id}": "registration.comment_removed",
    "PUT /api/v1/learners/{learner_id}/account": "learner.account_set",
    "POST /api/v1/learners/{learner_id}/mentors": "mentor.assigned",
    "DELETE /api/v1/learners/{learner_id}/mentors/{user_id}": "mentor.released",
    "POST /api/v1/cohorts": "cohort.created",
    "PATCH /api/v1/cohorts/{cohort_id}": "cohort.renamed",
    "DELETE /api/v1/cohorts/{cohort_id}": "cohort.deleted",
    "POST /api/v1/cohorts/{cohort_id}/members": "cohort.member_added",
    "DELETE /api/v1/cohorts/{cohort_id}/members/{learner_id}": "cohort.member_removed",
    "POST /api/v1/cohorts/{cohort_id}/leaders": "cohort.leader_added",
    "DELETE /api/v1/cohorts/{cohort_id}/leaders/{user_id}": "cohort.leader_removed",
    "POST /api/v1/cohorts/{cohort_id}/enrolments": "cohort.enrolled",
    "POST /api/v1/platforms": "platform.added",
    "PATCH /api/v1/platforms/{platform_id}": "platform.changed",
    "DELETE /api/v1/platforms/{platform_id}": "platform.removed",
    "POST /api/v1/platform-invitations": "platform_invitation.made",
    "DELETE /api/v1/platform-invitations/{invitation_id}": "platform_invitation.revoked",
    "POST /api/v1/score-deliveries/{delivery_id}/send-again": "score_delivery.sent_again",
    "POST /api/v1/stores": "store.created",
    "POST /api/v1/stores/{store_id}/credentials": "lrs_credential.created",
    "POST /api/v1/stores/{store_id}/credentials/{credential_id}/rotate": "lrs_credential.rotated",
    "PATCH /api/v1/stores/{store_id}/credentials/{credential_id}": "lrs_credential.limited",
    "DELETE /api/v1/stores/{store_id}/credentials/{credential_id}": "lrs_credential.revoked",
    "POST /api/v1/users": "user.created",
    "PATCH /api/v1/users/{user_id}": "user.changed",
    "POST /api/v1/users/{user_id}/invitation": "user.invited",
    "POST /api/v1/users/{user_id}/password": "user.password_reset",
    "DELETE /api/v1/users/{user_id}/second-factors": "second_factor.removed",
    "POST /api/v1/clients": "client.created",
    "DELETE /api/v1/clients/{client_id}": "client.revoked",
    "POST /api/v1/identity-providers": "provider.created",
    "PATCH /api/v1/identity-providers/{provider_id}": "provider.changed",
    "DELETE /api/v1/identity-providers/{provider_id}": "provider.removed",
    "PATCH /api/v1/tenants/{tenant_id}": "tenant.renamed",
    "DELETE /api/v1/tenants/{tenant_id}": "tenant.removal_begun",
    "POST /api/v1/tokens": "personal_token.created",
    "DELETE /api/v1/tokens/{token_id}": "personal_token.revoked",
    "DELETE /api/v1/users/{user_id}/tokens/{token_id}": "personal_token.revoked",
    "PATCH /api/v1/branding": "branding.changed",
    "PUT /api/v1/branding/logo": "branding.changed",
    "DELETE /api/v1/branding/logo": "branding.changed",
}
#: What changes something and leaves no event of its own, and why.
UNAUDITED = {
    "POST /api/v1/tenants": "the log of the tenant that is made begins with it",
    "POST /api/v1/uploads": "the package that it becomes does",
    "PATCH /api/v1/uploads/{upload_id}": "the package that it becomes does",
    "POST /api/v1/uploads/{upload_id}": "the package that it becomes does",
    "DELETE /api/v1/uploads/{upload_id}": "nothing came of it",
    "POST /api/v1/registrations": "it is learning, which registrations and launches tell with their times",
    "POST /api/v1/registrations/{registration_id}/launch-link": "launches tell themselves",
    "POST /api/v1/courses/{registration_id}/launch-link": "launches tell themselves",
    "POST /api/v1/platforms/{platform_id}/test": "it only looks",
    "POST /api/v1/platforms/{platform_id}/approve": "it is approved already, so nothing changes",
}


@pytest.fixture
def world(hub: Hub) -> World:
    """A thing of every kind."""
    world = furnished(hub)
    system, named = world.system, world.named
    jobs = hub.service(PrivacyJobs)
    jobs.run(system.tenant_id, named["privacy_job_id"])
    hub.service(Consents).change(system, "We keep your answers.", is_asked=True)
    other = hub.service(Learners).ensure(system, "https://lms.example", "u1", "Mara")
    for name, role in (("mentor_id", "mentor"), ("leader_id", "instructor"), ("player_id", "learner")):
        named[name] = make_account(hub, system, role).person.id
    hub.service(Mentors).connect_account(system, named["learner_id"], str(named["player_id"]))
    named["other_learner_id"] = other.id
    for name in ("leaving", "gone"):
        tenant = new_tenant(hub, name)
        hub.service(Tenants).suspend(system, tenant.id)
        named |= {name: tenant.slug, f"{name}_id": tenant.id}
    hub.service(TenantRemovals).begin(system, named["gone_id"], named["gone"])
    with hub.db.read(system.tenant_id) as session:
        [version] = session.query(PackageVersion).all()
        hub.ports.objects.put(version.archive_key, io.BytesIO(b"PK"), "application/zip")
    return world


@pytest.fixture
def token_of(hub: Hub, client: FlaskClient, world: World) -> Callable[..., str]:
    """An access token with exactly these scopes."""
    made: dict[tuple[str, ...], str] = {}

    def get(*scopes: str) -> str:
        if scopes not in made:
            known, secret = hub.service(Clients).create(world.system, NewClient("Program", scopes))
            form = {"grant_type": "client_credentials", "client_id": known.client_id, "client_secret": secret}
            made[scopes] = client.post("/oauth/token", data=form).json["access_token"]
        return made[scopes]

    return get


@pytest.fixture
def own_token_of(hub: Hub, world: World) -> Callable[[str], str]:
    """What is one's own is there for a person's token only: that of the learner."""
    actions = ROLES["learner"].actions
    user = Principal(world.system.tenant_id, "user", str(world.named["player_id"]), "Learner", actions)
    tokens = hub.service(PersonalTokens)
    world.named["own_token_id"] = tokens.create(user, "To be revoked", ("courses:play",), 1)[0].id
    return lambda scope: tokens.create(user, "Mine", (scope,), 1)[1]


@pytest.fixture
def operator_token(hub: Hub, world: World) -> Callable[[str], str]:
    """What reaches every tenant is held by people alone who may do it themselves, in tokens of their own."""
    person = make_account(hub, world.system, "super_administrator").person
    actions = ROLES["super_administrator"].actions
    user = Principal(world.system.tenant_id, "user", str(person.id), "Operator", actions)
    return lambda scope: hub.service(PersonalTokens).create(user, "Mine", (scope,), 1)[1]


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


def filled(value: Any, named: dict[str, Any]) -> Any:
    """With the things of the tenant in their places."""
    if isinstance(value, dict):
        return {key: filled(each, named) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, named) for each in value]
    if isinstance(value, str) and "{" in value:
        return value.format(**named)
    return value


def ask(client: FlaskClient, key: str, token: str, named: dict[str, Any], request_id: str = "walk"):
    method, path = key.split(" ")
    things = named | {name: named[other] for name, other in OTHERS.get(key, OTHERS.get(path, {})).items()}
    options = filled(SENT.get(key, {}), things)
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": request_id} | options.pop("headers", {})
    if "file" in options:
        content = options.pop("file").replace(b"{package_id}", str(things["package_id"]).encode())
        options |= {"data": {"file": (io.BytesIO(content), "file.csv")}, "content_type": "multipart/form-data"}
    if options.pop("picture", None):
        options |= {"data": {"file": (io.BytesIO(picture(64, 36)), "tile.png")}, "content_type": "multipart/form-data"}
    with client.open(path.format(**things), method=method, headers=headers, **options) as answer:
        answer.get_data()
        return answer


def events_of(hub: Hub, system: Principal, request_id: str) -> list[str]:
    with hub.db.read(system.tenant_id) as session:
        return [row.action for row in session.query(AuditEvent).filter_by(request_id=request_id)]


def test_the_smallest_scope_does_and_all_others_do_not(hub, client, world, token_of, own_token_of, operator_token):
    undone, silent, left = [], [], {}
    begun = ask(client, "POST /api/v1/uploads", token_of("packages:write"), world.named)
    world.named["upload_id"] = begun.headers["Location"].rpartition("/")[2]
    for number, (method, path, scopes) in enumerate(operations(client)):
        key, request_id = f"{method} {path}", f"walk-{number:08}"
        others = tuple(name for name, scope in SCOPES.items() if scope.family in OF_CLIENTS and name not in scopes)
        refused = ask(client, key, token_of(*others), world.named)
        assert refused.status_code == 403, (key, refused.status_code)
        assert f'scope="{scopes[0]}"' in refused.headers["WWW-Authenticate"], key
        smallest = min(scopes, key=lambda name: len(SCOPES[name].actions))
        if SCOPES[smallest].family not in OF_CLIENTS:
            token = operator_token(smallest)
        else:
            token = own_token_of(smallest) if smallest in OWN else token_of(smallest, *GIVEN.get(key, ()))
        answer = ask(client, key, token, world.named, request_id)
        if answer.status_code >= 300 and key not in IMPOSSIBLE:
            undone.append((key, smallest, answer.status_code, answer.text[:300]))
        events = events_of(hub, world.system, request_id)
        if key in EVENTS:
            left[key] = EVENTS[key] if EVENTS[key] in events else events
        elif method != "GET" and not events and key not in IMPOSSIBLE:
            silent.append(key)
        if key == "PUT /api/v1/consent":  # So that there is something to withdraw.
            give_consent(hub, world)
        if key.endswith("/comments") and method == "POST" and answer.status_code < 300:
            world.named["comment_id"] = answer.json["id"]
    assert undone == []
    assert left == EVENTS
    assert sorted(silent) == sorted(UNAUDITED)


def give_consent(hub: Hub, world: World) -> None:
    consents = hub.service(Consents)
    with hub.db.unit_of_work(world.system.tenant_id) as work:
        version = consents.notice(world.system).version
        consents.give(work.session, world.system.tenant_id, world.named["registration_id"], version)
