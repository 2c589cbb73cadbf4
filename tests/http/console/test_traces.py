"""Whoever changes something leaves a trace: every address outside the API and the LRS, and every command.

The API has the same walk in `tests/http/oauth/test_smallest_scopes.py`. Here the pages of the console, those that
platforms open, the authorization server and the commands: each that may change something is done with real things and
leaves its event, is done so in the test that is named, or is listed with why it leaves none.
"""

import getpass
import io
import json
import re
import shlex
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import click
import pytest
from click.testing import CliRunner

from hub.cli import cli
from hub.command_line import CommandLine
from hub.db import EVERY_TENANT
from hub.db.tables import AuditEvent
from hub.oauth.authlib_bridge import DEVICE_GRANT
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.consents import Consents
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.registrations import Registrations
from tests.architecture.test_cross_site import SAFE
from tests.conftest import PUBLIC_URL, _client
from tests.http.oauth.test_grants import BACK, address, begin_device
from tests.support.media import picture
from tests.support.people import PASSWORD, form_token, make_account, sign_in
from tests.support.two_tenants import furnished, new_tenant

NEW_PASSWORD = "quince harbour mittens"
LMS = {
    "issuer": "https://lms.example",
    "client_id": "tool",
    "auth_url": "https://lms.example/a",
    "token_url": "https://lms.example/t",
    "jwks_url": "https://lms.example/j",
    "deployment": "1",
    "name": "Second",
}


@dataclass(frozen=True)
class Deed:
    """What is sent to an address (`{user_id}` and the like are things of the tenant), and the event it leaves."""

    event: str
    sent: dict[str, Any] = field(default_factory=dict)
    status: int = 303


#: In the order in which they are done: what ends a thing comes after what changes it.
PAGES: dict[str, Deed] = {
    "POST /account/data": Deed("export.requested"),
    "POST /account/data/consent/<uuid:learner_id>/withdraw": Deed("consent.withdrawn"),
    "POST /account/tokens/new": Deed(
        "personal_token.created", {"name": "Script", "scopes": "packages:read", "days": "7"}, 200
    ),
    "POST /account/tokens/<uuid:token_id>/revoke": Deed("personal_token.revoked"),
    "POST /oauth/authorize": Deed("grant.given", {"decision": "allow"}),
    "POST /account/programs/<uuid:grant_id>/end": Deed("grant.ended"),
    "POST /device/decision": Deed("grant.given", {"decision": "allow", "code": "{user_code}"}),
    "POST /branding": Deed("branding.changed", {"name": "Renamed", "colour": "#aa0000"}),
    "POST /packages/upload": Deed("package.uploaded", {"file": "course.zip"}),
    "POST /packages/<package_id>/upload": Deed("package.uploaded", {"file": "course.zip"}),
    "POST /jobs/fetch": Deed("package.uploaded", {"url": "https://files.example/course.zip"}),
    "POST /packages/<package_id>/settings": Deed("package.changed", {"title": "Fire", "tags": "a, b"}),
    "POST /packages/<package_id>/versions/<int:number>/publish": Deed("package.changed"),
    "POST /packages/<package_id>/player": Deed("package.settings_changed", {"window": "new_window"}),
    "POST /packages/<package_id>/thumbnail": Deed("package.changed", {"picture": "tile.png"}),
    "POST /packages/<package_id>/editors": Deed("package.shared", {"user": "{user_id}"}),
    "POST /packages/<package_id>/editors/<uuid:user_id>/remove": Deed("package.share_withdrawn"),
    "POST /registrations/<uuid:registration_id>/comments": Deed(
        "registration.commented", {"activity": "one", "comment": "Look again."}
    ),
    "POST /registrations/<uuid:registration_id>/comments/<uuid:comment_id>/remove": Deed(
        "registration.comment_removed"
    ),
    "POST /registrations/<uuid:registration_id>/mode": Deed("registration.mode_set", {"mode": "review"}),
    "POST /registrations/<uuid:registration_id>/attempts": Deed("registration.attempt_begun"),
    "POST /registrations/<uuid:registration_id>/reset": Deed("registration.reset"),
    "POST /learners/<uuid:learner_id>/account": Deed("learner.account_set", {"account": "{user_id}"}),
    "POST /learners/<uuid:learner_id>/mentors": Deed("mentor.assigned", {"user": "{mentor_id}"}),
    "POST /learners/<uuid:learner_id>/mentors/<uuid:user_id>/remove": Deed("mentor.released"),
    "POST /cohorts": Deed("cohort.created", {"name": "Class 7b"}),
    "POST /cohorts/<uuid:cohort_id>": Deed("cohort.renamed", {"name": "Class 7c"}),
    "POST /cohorts/<uuid:cohort_id>/enrol": Deed(
        "cohort.enrolled", {"lines": "email,package\na@b.example,{package_id}"}, 200
    ),
    "POST /cohorts/<uuid:cohort_id>/members/<uuid:learner_id>/remove": Deed("cohort.member_removed"),
    "POST /cohorts/<uuid:cohort_id>/leaders": Deed("cohort.leader_added", {"user": "{leader_id}"}),
    "POST /cohorts/<uuid:cohort_id>/leaders/<uuid:user_id>/remove": Deed("cohort.leader_removed"),
    "POST /cohorts/<uuid:cohort_id>/delete": Deed("cohort.deleted"),
    "POST /packages/<package_id>/delete": Deed("package.deleted"),
    "POST /stores": Deed("store.created", {"name": "research"}),
    "POST /stores/<uuid:store_id>/credentials": Deed(
        "lrs_credential.created", {"name": "Tool", "scopes": "state"}, 200
    ),
    "POST /stores/<uuid:store_id>/credentials/<uuid:credential_id>/limit": Deed(
        "lrs_credential.limited", {"requests_per_minute": "60"}
    ),
    "POST /stores/<uuid:store_id>/credentials/<uuid:credential_id>/rotate": Deed("lrs_credential.rotated", status=200),
    "POST /stores/<uuid:store_id>/credentials/<uuid:credential_id>/revoke": Deed("lrs_credential.revoked"),
    "POST /clients/new": Deed(
        "client.created",
        {"name": "Made", "scopes": "packages:read", "grants": "client_credentials", "authentication": "secret"},
        200,
    ),
    "POST /clients/<client_id>/revoke": Deed("client.revoked"),
    "POST /platforms/new": Deed("platform.added", LMS),
    "POST /platforms/<uuid:platform_id>": Deed("platform.changed", LMS | {"name": "Renamed", "is_active": "yes"}),
    "POST /platforms/invite": Deed("platform_invitation.made", status=200),
    "POST /platforms/invitations/<uuid:invitation_id>/revoke": Deed("platform_invitation.revoked"),
    "POST /deliveries/<uuid:delivery_id>/again": Deed("score_delivery.sent_again"),
    "POST /platforms/<uuid:platform_id>/remove": Deed("platform.removed"),
    "POST /providers/new": Deed(
        "provider.created",
        {
            "kind": "google",
            "name": "Google",
            "issuer": "https://accounts.google.com",
            "client_id": "hub",
            "client_secret": "a secret of some length",
            "default_roles": "author",
        },
    ),
    "POST /providers/<uuid:provider_id>/change": Deed(
        "provider.changed",
        {"name": "Renamed", "issuer": "https://login.example", "client_id": "hub", "default_roles": "author"},
    ),
    "POST /providers/<uuid:provider_id>/remove": Deed("provider.removed"),
    "POST /people/new": Deed(
        "user.created", {"email": "new-{user_id}@school.example", "name": "New", "roles": "author"}, 200
    ),
    "POST /people/<uuid:user_id>": Deed("user.changed", {"name": "Renamed", "roles": "author", "is_active": "yes"}),
    "POST /people/<uuid:user_id>/password": Deed("user.password_reset", status=200),
    "POST /privacy/consent": Deed("consent.changed", {"text": "We keep your answers, too.", "is_asked": "yes"}),
    "POST /privacy/consent/<uuid:learner_id>/withdraw": Deed("consent.withdrawn"),
    "POST /privacy/retention": Deed("retention.changed", {"launches": "400"}),
    "POST /privacy/export": Deed("export.requested", {"identity": "learner:{learner_id}"}),
    "POST /privacy/erase": Deed(
        "erasure.requested",
        {"identity": "learner:{learner_id}", "confirmation": "{label}", "treatment": "remove"},
    ),
    "POST /tenants": Deed("tenant.created", {"slug": "{slug}-2", "name": "Made"}),
    "POST /tenants/<uuid:tenant_id>": Deed("tenant.renamed", {"name": "Renamed"}),
    "POST /tenants/<uuid:tenant_id>/suspend": Deed("tenant.suspended"),
    "POST /tenants/<uuid:tenant_id>/reopen": Deed("tenant.reopened"),
    "POST /tenants/<uuid:tenant_id>/enter": Deed("tenant.entered"),
    "POST /tenants/leave": Deed("tenant.left"),
    "POST /tenants/<uuid:tenant_id>/remove": Deed("tenant.removal_begun", {"confirm": "{leaving}"}),
    "POST /account/sessions/<key>/end": Deed("session.ended"),
    "POST /account/password": Deed(
        "user.password_changed",
        {"old_password": PASSWORD, "password": NEW_PASSWORD, "password_again": NEW_PASSWORD},
    ),
    "POST /sign-out": Deed("session.ended"),
}
#: Ceremonies of several steps, and what begins elsewhere: the test that does it, and the event that it looks for.
ELSEWHERE = {
    "POST /sign-in": ("test_second_step.py", "session.began"),
    "POST /sign-in/code": ("test_second_step.py", "session.began"),
    "POST /sign-in/code/passkey": ("test_passkeys.py", "session.began"),
    "POST /sign-in/passkey": ("test_passkeys.py", "session.began"),
    "POST /account/passkeys/new": ("test_passkeys.py", "passkey.added"),
    "POST /account/passkeys/<uuid:passkey_id>": ("test_passkeys.py", "passkey.renamed"),
    "POST /account/passkeys/<uuid:passkey_id>/remove": ("test_passkeys.py", "passkey.removed"),
    "POST /account/second-step/confirm": ("test_second_step.py", "second_factor.added"),
    "POST /account/second-step/off": ("test_audit.py", "second_factor.removed"),
    "POST /account/recovery-codes": ("test_audit.py", "recovery_codes.renewed"),
    "POST /people/<uuid:user_id>/tokens/<uuid:token_id>/revoke": ("test_personal_tokens.py", "personal_token.revoked"),
    "POST /account/sessions/end": ("test_audit.py", "session.ended_everywhere"),
    "POST /people/<uuid:user_id>/second-step/remove": ("test_passkeys.py", "second_factor.removed"),
    "POST /people/<uuid:user_id>/invite": ("test_mailed.py", "user.invited"),
    "POST /account/address/verify": ("test_mailed.py", "user.email_verified"),
    "POST /account/address": ("test_mailed.py", "user.email_changed"),
    "POST /confirm-address": ("test_mailed.py", "user.email_changed"),
    "POST /forgot-password": ("test_mailed.py", "password_reset.asked"),
    "POST /reset-password": ("test_mailed.py", "user.password_reset"),
    "POST /set-up": ("test_first_run.py", "user.created"),
    "POST /platforms/<uuid:platform_id>/approve": ("test_api.py", "platform.approved"),
    "POST /oauth/token": ("test_audit.py", "token.issued"),
    "POST /oauth/revoke": ("test_audit.py", "token.revoked"),
    "POST /oauth/back-channel-logout/<uuid:provider_id>": ("test_single_sign_on.py", "session.ended"),
    "GET /oauth/front-channel-logout/<uuid:provider_id>": ("test_single_sign_on.py", "session.ended"),
    "POST /oauth/sign-in-answer/<uuid:provider_id>": ("test_single_sign_on.py", "session.began"),
    "GET /sign-in/back/<uuid:provider_id>": ("test_single_sign_on.py", "session.began"),
    "POST /lti/launch": ("test_launch.py", "launch.role_given"),
    "POST /lti/choice": ("test_launch.py", "resource_link.chosen"),
    "POST /lti/counting": ("test_reports.py", "resource_link.counting"),
    "POST /lti/register": ("test_dynamic_registration.py", "platform.added"),
    "POST /lti/upload": ("test_deep_linking.py", "package.uploaded"),
}
_ONLY_LOOKS = "it only looks"
_ONLY_ASKS = "it asks for the next step, which tells"
_LEARNING = "it is learning, which registrations, launches and statements tell with their times"
#: What may change something and leaves no event of its own, and why.
SILENT = {
    "POST /account/passkeys/options": _ONLY_ASKS,
    "POST /account/proof": "the session stays; a wrong password is counted, and told as a refused session",
    "POST /account/proof/options": _ONLY_ASKS,
    "POST /account/proof/passkey": "the session stays",
    "POST /account/second-step": _ONLY_ASKS,
    "POST /sign-in/code/options": _ONLY_ASKS,
    "POST /sign-in/passkey/options": _ONLY_ASKS,
    "POST /device": _ONLY_ASKS,
    "POST /oauth/device_authorization": _ONLY_ASKS,
    "POST /oauth/introspect": _ONLY_LOOKS,
    "POST /privacy/person": _ONLY_LOOKS,
    "POST /platforms/<uuid:platform_id>/test": _ONLY_LOOKS,
    "POST /providers/<uuid:provider_id>/check": _ONLY_LOOKS,
    "POST /packages/<package_id>/preview": "nothing of a preview is kept",
    "POST /courses/<uuid:registration_id>/play": _LEARNING,
    "POST /jobs/uploads": "the package that it becomes tells",
    "PATCH /jobs/uploads/<uuid:upload_id>": "the package that it becomes tells",
    "DELETE /jobs/uploads/<uuid:upload_id>": "nothing came of it",
    "POST /jobs/uploads/<uuid:upload_id>/cancel": "nothing came of it",
    "POST /lti/login": _ONLY_ASKS,
    "POST /lti/course": _LEARNING,
    "POST /lti/picker": _ONLY_LOOKS,
    "POST /lti/preview": "nothing of a preview is kept",
    "POST /lti/report": _ONLY_LOOKS,
}


class Walk:
    """An administrator of a tenant with a thing of every kind, who does one deed after another."""

    def __init__(self, hub, client) -> None:
        self.hub, self.client = hub, client
        world = furnished(hub)
        self.system, self.named = world.system, world.named
        self.account = make_account(hub, self.system, "administrator", "super_administrator", name="Ada Walker")
        for name, role in (("mentor_id", "mentor"), ("leader_id", "instructor")):
            self.named[name] = make_account(hub, self.system, role).person.id
        made = {"name": "App", "scopes": ("packages:read",), "authentication": "none"}
        made |= {"grants": ("authorization_code", "refresh_token", DEVICE_GRANT), "redirect_uris": (BACK,)}
        self.app = hub.service(Clients).create(self.system, NewClient(**made))[0].client_id
        self.named |= {"slug": f"t{uuid4().hex[:12]}", "tenant_id": new_tenant(hub, "Other").id}
        leaving = new_tenant(hub, "Leaving")
        hub.service(Tenants).suspend(self.system, leaving.id)
        self.named |= {"leaving": leaving.slug, "leaving_id": leaving.id}
        assert sign_in(client, self.account).status_code == 303
        self._consent()

    def _consent(self) -> None:
        """The learner of the registration, and the administrator as a learner, agreed to a text."""
        hub, system = self.hub, self.system
        consents, learners = hub.service(Consents), hub.service(Learners)
        version = consents.change(system, "We keep your answers.", is_asked=True).version
        own = learners.ensure(system, "https://own.example", "me", "Me")
        hub.service(Mentors).connect_account(system, own.id, str(self.account.person.id))
        taken = hub.service(Registrations).ensure(system, own.id, UUID(str(self.named["package_id"])))
        with hub.db.unit_of_work(system.tenant_id) as work:
            for registration_id in (self.named["registration_id"], taken.id):
                consents.give(work.session, system.tenant_id, registration_id, version)
        self.named["own_learner_id"] = own.id
        [known] = hub.service(PrivacyJobs).chosen(system, [f"learner:{self.named['learner_id']}"])
        self.named["label"] = known.label

    def do(self, key: str, deed: Deed, request_id: str):
        """Do it; returns the answer."""
        method, rule = key.split(" ")
        things = self.named | self._others(key)
        path = self._path(key, rule, things)
        form = {name: value.format(**things) for name, value in deed.sent.items()}
        for name in ("file", "picture"):
            if name in form:
                form[name] = io.BytesIO(picture(64, 36) if name == "picture" else b"PK"), form[name]
        token = form_token(self.client, "/sign-in" if "sign-in" in rule else "/roles")
        headers = {"X-Request-Id": request_id}
        with self.client.open(path, method=method, data=form | {"csrf_token": token}, headers=headers) as answer:
            answer.get_data()
            return answer

    def _path(self, key: str, rule: str, things: dict[str, Any]) -> str:
        if key == "POST /oauth/authorize":
            return str(address(self.app, redirect_uri=BACK))
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(things[found[1]]), rule)

    def _others(self, key: str) -> dict[str, object]:
        """What is there only now, and what is meant by the same name elsewhere."""
        if "/account/data/consent" in key:
            return {"learner_id": self.named["own_learner_id"]}
        if key == "POST /tenants/<uuid:tenant_id>/remove":
            return {"tenant_id": self.named["leaving_id"]}
        if "/mentors/<" in key:
            return {"user_id": self.named["mentor_id"]}
        if "/device/" in key:
            return {"user_code": begin_device(self.client, self.app).json["user_code"]}
        shown = {"token_id": "tokens", "grant_id": "programs", "key": "sessions"}
        for name, kind in shown.items():
            if f"{name}>" in key:
                found = re.findall(rf"/account/{kind}/([0-9a-f-]+)/", self.client.get("/account").text)
                return {name: found[-1]}
        if "comment_id" in key:
            page = self.client.get(f"/registrations/{self.named['registration_id']}").text
            return {"comment_id": re.search(r"/comments/([0-9a-f-]+)/remove", page)[1]}
        return {}

    def events(self, request_id: str) -> list[AuditEvent]:
        with self.hub.db.read(EVERY_TENANT) as session:
            return session.query(AuditEvent).filter_by(request_id=request_id).all()


def test_every_deed_of_the_console_leaves_its_event(hub, client):
    walk = Walk(hub, client)
    undone, left = [], {}
    for number, (key, deed) in enumerate(PAGES.items()):
        request_id = f"trace-{number:08}"
        if key == "POST /account/sessions/<key>/end":  # Another session than the one that asks.
            assert sign_in(_client(client.application, PUBLIC_URL), walk.account).status_code == 303
        answer = walk.do(key, deed, request_id)
        if answer.status_code != deed.status:
            undone.append((key, answer.status_code, answer.text[:2000]))
        events = walk.events(request_id)
        left[key] = deed.event if deed.event in {event.action for event in events} else events
        for event in events:
            assert (event.actor_id, event.address) == (str(walk.account.person.id), client.environ_base["REMOTE_ADDR"])
            if event.action.endswith(".changed"):
                assert {"before", "after"} <= event.details.keys(), (key, event.details)
            told = json.dumps([event.details, event.target])
            assert not [word for word in (PASSWORD, NEW_PASSWORD, "a secret of some length") if word in told], key
    assert undone == []
    assert left == {key: deed.event for key, deed in PAGES.items()}


def test_every_address_that_may_change_something_is_known_here(client):
    app = client.application
    changing = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - SAFE
        if not rule.rule.startswith(("/api/", "/xapi"))
    }
    assert changing - PAGES.keys() - ELSEWHERE.keys() - SILENT.keys() == set()
    gone = (PAGES.keys() | ELSEWHERE.keys() | SILENT.keys()) - changing
    assert {key for key in gone if not key.startswith("GET ")} == set()
    assert len(PAGES) + len(ELSEWHERE) + len(SILENT) == len(PAGES.keys() | ELSEWHERE.keys() | SILENT.keys())


@pytest.mark.parametrize("key", ELSEWHERE)
def test_what_is_done_elsewhere_is_looked_for_there(key):
    name, event = ELSEWHERE[key]
    texts = "".join(file.read_text() for file in Path(__file__).parents[2].rglob(name))
    last = [part for part in key.split(" ")[1].split("/") if part and "<" not in part][-1]
    assert last in texts, f"{name} asks for {key}"
    assert f'"{event}"' in texts, f"{name} looks for {event}"


# --- commands -------------------------------------------------------------------------------------------------------

_SERVERS = "it starts what tells by itself"
#: The arguments of each command that changes something, or gives out a lot, and the event that it leaves.
COMMANDS: dict[str, tuple[str, str]] = {
    "admin create": ("--email boss-{user_id}@school.example", "user.created"),
    "user create": ("--email c-{user_id}@school.example --name C --role author", "user.created"),
    "user password": ("c-{user_id}@school.example", "user.password_reset"),
    "user invite": ("c-{user_id}@school.example", "user.invited"),
    "user change": ("c-{user_id}@school.example --name D", "user.changed"),
    "user reset-second-step": ("c-{user_id}@school.example", "second_factor.removed"),
    "oauth token create": (
        "--user c-{user_id}@school.example --name N --scope packages:read",
        "personal_token.created",
    ),
    "oauth provider create": (
        "--kind google --name Google --issuer https://accounts.google.com --client-id x --role author",
        "provider.created",
    ),
    "oauth provider change": ("{provider_id} --off", "provider.changed"),
    "oauth provider remove": ("{provider_id}", "provider.removed"),
    "cohort create": ("Evening", "cohort.created"),
    "cohort lead": ("Evening boss-{user_id}@school.example", "cohort.leader_added"),
    "cohort enrol": ("Evening {people} --package {package_id}", "cohort.enrolled"),
    "cohort rename": ("Evening Night", "cohort.renamed"),
    "cohort remove": ("Night --yes", "cohort.deleted"),
    "import": ("{zip}", "package.uploaded"),
    "package publish": ("{package_id} 1", "package.changed"),
    "package settings": ("{package_id} --set window=new_window", "package.settings_changed"),
    "package thumbnail": ("{package_id} {picture}", "package.changed"),
    "registration comment": ("{registration_id} Look --activity one", "registration.commented"),
    "registration mode": ("{registration_id} review", "registration.mode_set"),
    "registration replay": ("{registration_id}", "replay.read"),
    "registration begin-attempt": ("{registration_id}", "registration.attempt_begun"),
    "registration reset": ("{registration_id} --yes", "registration.reset"),
    "package delete": ("{package_id} --yes", "package.deleted"),
    "lrs store create": ("attic", "store.created"),
    "lrs credential create": ("--store attic --scope state", "lrs_credential.created"),
    "lrs credential limit": ("{credential_id} --requests-per-minute 60", "lrs_credential.limited"),
    "lrs credential rotate": ("{credential_id}", "lrs_credential.rotated"),
    "lrs credential revoke": ("{credential_id}", "lrs_credential.revoked"),
    "lti platform add": (
        "--issuer https://cli.example --client-id x --auth-url https://cli.example/a --deployment 1"
        " --token-url https://cli.example/t --jwks-url https://cli.example/j",
        "platform.added",
    ),
    "lti platform invite": ("", "platform_invitation.made"),
    "lti platform remove": ("{platform_id}", "platform.removed"),
    "oauth client create": ("--name Made --grant client_credentials --scope packages:read", "client.created"),
    "oauth client revoke": ("{client_id}", "client.revoked"),
    "privacy retention": ("--set launches=400", "retention.changed"),
    "privacy consent": ("--text {people}", "consent.changed"),
    "privacy export": ("learner:{learner_id} --to {target}", "export.requested"),
    "privacy erase": ("learner:{learner_id} --treatment remove --yes", "erasure.finished"),
    "tenant rename": ("{tenant} Renamed", "tenant.renamed"),
    "tenant suspend": ("{tenant}", "tenant.suspended"),
    "tenant reopen": ("{tenant}", "tenant.reopened"),
}
COMMANDS_ELSEWHERE = {
    "audit detach": ("test_audit.py", "audit.detached"),
    "audit export": ("test_audit.py", "audit.exported"),
    "audit remove": ("test_audit.py", "audit.removed"),
    "keys rotate": ("test_audit.py", "keys.rotated"),
    "keys rotate-data": ("test_audit.py", "keys.data_rotated"),
    "lti platform approve": ("test_api.py", "platform.approved"),
    "tenant create": ("test_audit.py", "tenant.created"),
    "tenant remove": ("test_tenant_removal.py", "tenant.removed"),
    "oauth token revoke": ("test_personal_tokens.py", "personal_token.revoked"),
}
SILENT_COMMANDS = {
    **dict.fromkeys(("serve", "worker", "demo"), _SERVERS),
    "demo reset": "the demo's log goes with it",
    "keys create": "before there is anybody whose log could tell",
    "migrate": "it changes tables, not what is in them",
    "setup-link": "before there is anybody; who uses the link is told",
    "registration launch-link": _LEARNING,
    "mail test": "it sends one message to whom the operator names",
    **dict.fromkeys(
        (
            *("cohort show", "keys list", "oauth token list"),
            *("oauth provider check", "oauth provider list", "oauth provider show"),
            *("audit list", "cohort list", "doctor", "job list", "job show", "learner list", "lint"),
            *("lrs credential list", "lrs store list", "lti platform list", "oauth client list", "package changes"),
            *("package download", "package list", "package report", "package show", "privacy find"),
            *("registration list", "registration show", "tenant list", "user list"),
        ),
        _ONLY_LOOKS,
    ),
}


def commands(group: click.Group, context: click.Context, path: str = "") -> Iterator[str]:
    """Every command that there is, as it is written after `hub`."""
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        here = f"{path} {name}".strip()
        if not isinstance(found, click.Group):
            yield here
        else:
            yield from [here] if found.invoke_without_command else []
            yield from commands(found, click.Context(found, parent=context), here)


def test_every_command_is_known_here():
    known = [*COMMANDS, *COMMANDS_ELSEWHERE, *SILENT_COMMANDS]
    assert sorted(known) == sorted(commands(cli, click.Context(cli)))


def test_every_command_that_changes_something_leaves_its_event(hub, tmp_path):
    world = furnished(hub)
    people, zipped, tile = tmp_path / "people.csv", tmp_path / "course.zip", tmp_path / "tile.png"
    people.write_text("email\nc@d.example\n")
    zipped.write_bytes(b"PK")
    tile.write_bytes(picture(64, 36))
    things = world.named | {"people": people, "zip": zipped, "picture": tile, "target": tmp_path / "person.zip"}
    things["tenant"] = world.tenant.slug
    line = CommandLine()
    line.settings, line.hub = hub.settings, hub
    left = {}
    for name, (arguments, event) in COMMANDS.items():
        before = told(hub, world.system, event)
        scope = [] if name.startswith("tenant ") else ["--tenant", world.tenant.slug]
        given = [*name.split(), *shlex.split(arguments.format(**things)), *scope]
        done = CliRunner().invoke(cli, given, input="a secret of some length\n", obj=line)
        left[name] = event if told(hub, world.system, event) > before else (done.exit_code, done.output, done.exception)
    assert left == {name: event for name, (_, event) in COMMANDS.items()}


def told(hub, system, action: str) -> int:
    """How many events of that kind the tenant's log has."""
    with hub.db.read(system.tenant_id) as session:
        return session.query(AuditEvent).filter_by(action=action).count()


@pytest.mark.parametrize("name", COMMANDS_ELSEWHERE)
def test_what_a_command_does_elsewhere_is_looked_for_there(name):
    file, event = COMMANDS_ELSEWHERE[name]
    [found] = [each for each in Path(__file__).parents[2].rglob(file) if f'"{event}"' in each.read_text()]
    assert name.split()[-1] in found.read_text()


def test_a_command_tells_whose_it_was(settings, hub, tenant, system):
    """Who ran it on which machine account: the log has no network address for it."""

    def run() -> None:
        line = CommandLine()
        line.settings = settings
        done = CliRunner().invoke(cli, ["cohort", "create", "Evening", "--tenant", tenant.slug], obj=line)
        assert done.exit_code == 0, done.output
        line.hub.close()

    copy_context().run(run)
    [event] = hub.service(AuditLog).list(system, AuditFilter(action="cohort.created"))
    assert event.address == f"command of {getpass.getuser()}"
    assert len(event.request_id) == 32
