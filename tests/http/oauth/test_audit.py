"""The audit log: every deed that matters is in it, nobody changes it, and old months leave it as a whole."""

import ast
import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

import hub as hub_package
from hub.adapters.key_files import create_keys
from hub.cli import cli
from hub.command_line import CommandLine
from hub.db import EVERY_TENANT, audit, audit_months
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import system_principal
from hub.oauth.scopes import SCOPES
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.learners import Learners
from tests.http.console.test_second_step import enrol
from tests.http.oauth.test_smallest_scopes import EVENTS
from tests.support.courses import add_course
from tests.support.people import PASSWORD, form_token, make_account, sign_in

PLATFORM = {
    "issuer": "https://lms.example",
    "auth_url": "https://lms.example/a",
    "token_url": "https://lms.example/t",
    "jwks_url": "https://lms.example/j",
    "deployments": ["1"],
}


@pytest.fixture
def api(hub, client, system):
    """Ask the API with a token that may do everything; the token's secret parts are remembered in `secrets`."""
    scopes = ("all", *(name for name, scope in SCOPES.items() if scope.family == "rest"))
    made, secret = hub.service(Clients).create(system, NewClient("Admin tool", scopes))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=form).json["access_token"]

    def ask(method, path, *, status=None, **options):
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "deed-1"} | options.pop("headers", {})
        answer = client.open(f"/api/v1{path}", method=method, headers=headers, **options)
        assert answer.status_code in ({status} if status else {200, 201, 202, 204}), answer.text
        return answer

    ask.form, ask.secrets = form, [secret, token]
    return ask


def store_of(api):
    return api("GET", "/stores").json[0]["id"]


def credential(api):
    made = api("POST", f"/stores/{store_of(api)}/credentials", json={"scopes": ["state"], "name": "Tool"}).json
    api.secrets.append(made["secret"])
    return f"/stores/{store_of(api)}/credentials/{made['id']}"


def rotate(api):
    api.secrets.append(api("POST", f"{credential(api)}/rotate").json["secret"])


def platform(api):
    return "/platforms/" + api("POST", "/platforms", json=PLATFORM | {"client_id": api.form["client_id"]}).json["id"]


def user(api):
    wanted = {"email": f"{api.form['client_id'].lower()}@school.example", "name": "New", "roles": ["author"]}
    made = api("POST", "/users", json=wanted).json
    api.secrets.append(made.get("password") or "-" * 40)
    return f"/users/{made['id']}"


def client_of(api):
    made = api("POST", "/clients", json={"name": "Other", "scopes": ["packages:read"]})
    api.secrets.append(made.json["client_secret"])
    return made.headers["Location"].removeprefix("/api/v1")


def package(api):
    return f"/packages/{add_course(api.hub.db, api.tenant_id)}"


#: What somebody does by the API, and the event that it leaves.
DEEDS = {
    "lrs_credential.created": credential,
    "lrs_credential.rotated": rotate,
    "lrs_credential.revoked": lambda api: api("DELETE", credential(api)),
    "store.created": lambda api: api("POST", "/stores", json={"name": "research"}),
    "platform.added": platform,
    "platform.changed": lambda api: api("PATCH", platform(api), json={"name": "Renamed"}),
    "platform.removed": lambda api: api("DELETE", platform(api)),
    "platform_invitation.made": lambda api: api("POST", "/platform-invitations"),
    "user.created": user,
    "user.changed": lambda api: api("PATCH", user(api), json={"roles": ["author", "instructor"]}),
    "client.created": client_of,
    "client.revoked": lambda api: api("DELETE", client_of(api)),
    "package.uploaded": lambda api: api(
        "POST", "/packages", data={"file": (io.BytesIO(b"PK"), "course.zip")}, content_type="multipart/form-data"
    ),
    "package.changed": lambda api: api("PATCH", package(api), json={"title": "Renamed"}),
    "package.deleted": lambda api: api("DELETE", package(api)),
    "export.requested": lambda api: api(
        "POST", "/privacy-jobs", json={"kind": "export", "identities": [api.learner], "treatment": None}
    ),
    "erasure.requested": lambda api: api(
        "POST", "/privacy-jobs", json={"kind": "erasure", "identities": [api.learner], "treatment": "remove"}
    ),
    "retention.changed": lambda api: api("PUT", "/retention", json={"launches": 30}),
    "data.exported": lambda api: api("GET", f"/stores/{store_of(api)}/statements"),
    "token.issued": lambda api: api.client.post("/oauth/token", data=api.form),
    "token.revoked": lambda api: api.client.post(
        "/oauth/revoke",
        data={
            "token": api.client.post("/oauth/token", data=api.form).json["access_token"],
            "client_id": api.form["client_id"],
            "client_secret": api.form["client_secret"],
        },
    ),
    "token.refused": lambda api: api.client.post("/oauth/token", data=api.form | {"client_secret": "x" * 40}),
}


@pytest.mark.parametrize("action", DEEDS)
def test_a_deed_is_in_the_log(hub, api, client, tenant, system, action):
    learner = hub.service(Learners).ensure(system, "https://lms.example", "s", "Ann")
    api.hub, api.client, api.tenant_id, api.learner = hub, client, tenant.id, f"learner:{learner.id}"
    DEEDS[action](api)
    found = hub.service(AuditLog).list(system, AuditFilter(action=action))
    assert found, action
    event = found[0]
    assert event.address == "127.0.0.1"
    assert event.request_id
    assert event.actor_kind
    assert event.actor_id
    everything = json.dumps([event.details, event.target])
    assert not [secret for secret in api.secrets if secret in everything]
    if action.endswith(".changed"):
        assert {"before", "after"} <= event.details.keys(), event.details


def signed_in(client, hub, system):
    account = make_account(hub, system, "administrator")
    sign_in(client, account)
    return account


#: What somebody does in the console, and the event that it leaves.
PAGES = {
    "session.began": lambda client, account: None,
    "session.refused": lambda client, account: (
        client.post("/sign-out", data={"csrf_token": form_token(client, "/account/data")}),
        sign_in(client, account, password="wrong plover tin"),
    ),
    "session.ended": lambda client, account: client.post(
        "/sign-out", data={"csrf_token": form_token(client, "/account/data")}
    ),
    "personal_token.created": lambda client, account: client.post(
        "/account/tokens/new",
        data={
            "csrf_token": form_token(client, "/account/data"),
            "name": "Script",
            "scopes": "packages:read",
            "days": "7",
        },
    ),
    "user.password_changed": lambda client, account: client.post(
        "/account/password",
        data={
            "csrf_token": form_token(client, "/account/data"),
            "old_password": PASSWORD,
            "password": "grouse pewter lantern",
            "password_again": "grouse pewter lantern",
        },
    ),
    "data.exported": lambda client, account: client.get("/audit?format=csv"),
}


def _form(client, path, page="/account/data", **fields):
    return client.post(path, data={"csrf_token": form_token(client, page), **fields})


def _end_token(client, account):
    PAGES["personal_token.created"](client, account)
    path = re.search(r'action="(/account/tokens/[^"]+)"', client.get("/account").text)[1]
    return _form(client, path)


def _two_steps_and(path):
    def deed(client, account):
        _, codes = enrol(client)
        return _form(client, path, code=codes[0])

    return deed


PAGES |= {
    "personal_token.revoked": _end_token,
    "session.ended_everywhere": lambda client, account: _form(client, "/account/sessions/end"),
    "second_factor.added": lambda client, account: enrol(client),
    "second_factor.removed": _two_steps_and("/account/second-step/off"),
    "recovery_codes.renewed": _two_steps_and("/account/recovery-codes"),
    "branding.changed": lambda client, account: _form(client, "/branding", name="Renamed", colour="#aa0000"),
    "consent.changed": lambda client, account: _form(client, "/privacy/consent", text="We keep it.", is_asked="yes"),
}


@pytest.mark.parametrize("action", PAGES)
def test_a_deed_of_the_console_is_in_the_log(client, hub, system, action):
    account = signed_in(client, hub, system)
    PAGES[action](client, account)
    found = hub.service(AuditLog).list(system, AuditFilter(action=action))
    assert [str(account.person.id)] == list({event.actor_id for event in found})
    assert found[0].address == client.environ_base["REMOTE_ADDR"]
    assert PASSWORD not in json.dumps(found[0].details)


def test_what_is_done_to_tenants_is_in_their_own_logs(hub, system):
    """By a super administrator, and by the command line, which nobody has signed in to."""
    tenants, slug = hub.service(Tenants), f"t{uuid4().hex[:12]}"
    operator = replace(system, kind="user", name="O. Perator", id=str(uuid4()))
    made = tenants.create(slug, "Made", operator)
    tenants.suspend(operator, made.id)
    tenants.reopen(operator, made.id)
    by_command = tenants.create(f"{slug}-2", "By command")
    hub.service(AuditLog).tell_all("keys.rotated", {"made": ["signing-2.pem"], "removed": []})

    def log_of(tenant):
        return [(each.action, each.actor_name) for each in hub.service(AuditLog).list(system_principal(tenant.id))]

    operators = [(f"tenant.{deed}", "O. Perator") for deed in ("reopened", "suspended", "created")]
    assert log_of(made) == [("keys.rotated", "Standards Hub"), *operators]
    assert log_of(by_command) == [("keys.rotated", "Standards Hub"), ("tenant.created", "Standards Hub")]


@pytest.mark.parametrize(("command", "deed"), [("rotate", "keys.rotated"), ("rotate-data", "keys.data_rotated")])
def test_new_keys_are_in_every_log(hub, settings, system, tmp_path, command, deed):
    create_keys(tmp_path)
    line = CommandLine()
    line.settings, line.hub = replace(settings, keys_dir=str(tmp_path)), hub
    done = CliRunner().invoke(cli, ["keys", command, "--json"], obj=line)
    assert done.exit_code == 0, done.output
    [event] = hub.service(AuditLog).list(system, AuditFilter(action=deed))
    assert event.details == json.loads(done.stdout)


#: Events that tests of their own look for, and where.
ELSEWHERE = {
    "test_smallest_scopes.py": set(EVENTS.values()),
    "test_passkeys.py": {"passkey.added", "passkey.renamed", "passkey.removed", "passkey.refused"},
    "test_mailed.py": {
        *("user.invited", "user.email_changed", "user.email_verified"),
        *("password_reset.asked", "user.password_reset"),
    },
    "test_grants.py": {"grant.given", "grant.ended"},
    "test_single_sign_on.py": {"identity.linked"},
    "test_tenants.py": {"tenant.entered", "tenant.left"},
    "test_tenant_removal.py": {"tenant.removed"},
    "test_launch.py": {"launch.role_given", "launch.refused", "resource_link.chosen", "platform.deployment_learnt"},
    "test_api.py": {"platform.approved"},
    "test_reports.py": {"resource_link.counting"},
    "test_consent.py": {"consent.given"},
    "test_retention.py": {"retention.applied"},
    "test_people.py": {"erasure.finished"},
    "test_sign_in.py": {"session.slowed"},
    "test_store_names.py": {"store.renamed"},
}


def events_in_the_sources():
    """Every event that the code writes, as far as it stands there as a whole."""
    for source in Path(hub_package.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(source.read_text())):
            name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
            if name in {"record", "_record", "_tell", "_tell_all", "tell_all", "_tell_tenants", "_note"}:
                texts = [node.value for part in call.args for node in ast.walk(part) if isinstance(node, ast.Constant)]
                yield from (text for text in texts if re.fullmatch(r"[a-z_]+\.[a-z_]+", str(text)))


def test_every_event_that_there_is_has_a_test():
    written = set(events_in_the_sources())
    assert len(written) > 60
    of_tenants = {f"tenant.{deed}" for deed in ("created", "suspended", "reopened")}
    here = DEEDS.keys() | PAGES.keys() | of_tenants | {"keys.rotated", "keys.data_rotated"}
    here |= {"audit.detached", "audit.exported", "audit.removed"}
    assert written - here - set().union(*ELSEWHERE.values()) == set()
    for name, events in ELSEWHERE.items():
        texts = "".join(file.read_text() for file in Path(__file__).parents[2].rglob(name))
        untold = {event for event in events if f'"{event}"' not in texts}
        assert untold == set(), name


def test_the_log_is_downloaded_as_csv(client, hub, system):
    signed_in(client, hub, system)
    answer = client.get("/audit?action=session&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["session.began"]
    assert rows[0]["address"] == client.environ_base["REMOTE_ADDR"]


@pytest.fixture
def logged(monkeypatch):
    """As in the server and the worker."""
    monkeypatch.setattr("hub.db.audit._is_logged", False)
    audit.log_events()


def test_a_security_event_is_a_line_of_the_log_once_it_is_true(client, hub, system, logged):
    with capture_logs() as lines:
        account = signed_in(client, hub, system)
    [line] = [line for line in lines if line["event"] == "audit" and line["action"] == "session.began"]
    assert line["actor"] == f"user:{account.person.id}"
    assert line["address"] == client.environ_base["REMOTE_ADDR"]
    assert account.person.email not in json.dumps(line)


def test_what_is_rolled_back_is_in_neither_log(hub, system, logged):
    from hub.db.audit import record

    with capture_logs() as lines, hub.db.read(system.tenant_id) as session:
        record(session, hub.ports.ids.uuid(), system, "test.undone")
        session.flush()
        session.rollback()
    assert [line for line in lines if line["event"] == "audit"] == []
    assert hub.service(AuditLog).list(system, AuditFilter(action="test.undone")) == []


@pytest.mark.parametrize("change", ["UPDATE audit_event SET actor_name = 'x'", "DELETE FROM audit_event"])
@pytest.mark.parametrize("scope", ["owner", "tenant"])
def test_nobody_changes_the_log(client, hub, system, change, scope):
    """Neither a request of a tenant, which has no right to, nor the owner of the tables, whom a trigger stops."""
    signed_in(client, hub, system)
    with pytest.raises(DBAPIError), hub.db.unit_of_work(EVERY_TENANT if scope == "owner" else system.tenant_id) as work:
        work.session.execute(text(change))
    assert hub.service(AuditLog).list(system, AuditFilter(action="session.began"))


def test_old_months_are_detached_written_out_and_removed(hub, system):
    """All in one transaction that is undone: the months of this database are needed by everybody else."""
    start = datetime(datetime.now(UTC).year - 3, 5, 1, tzinfo=UTC)
    name, schema = f"{start:%Y-%m}", audit_months.SCHEMA
    bounds = f"FOR VALUES FROM ('{start:%Y-%m-%dT00:00:00Z}') TO ('{start:%Y-06-01T00:00:00Z}')"
    with hub.db.engine.connect() as connection:
        # Events from before the log had months are in one partition that reaches back for ever.
        connection.exec_driver_sql(f"ALTER TABLE audit_event DETACH PARTITION {schema}.audit_before")
        connection.exec_driver_sql(f"CREATE TABLE {schema}.audit_{start:%Y_%m} PARTITION OF audit_event {bounds}")
        connection.exec_driver_sql(
            "INSERT INTO audit_event (id, at, actor_kind, actor_id, actor_name, action, tenant_id)"
            f" VALUES (gen_random_uuid(), '{start:%Y-%m-%d}', 'user', 'x', 'x', 'old.deed', '{system.tenant_id}')"
        )
        count = "SELECT count(*) FROM audit_event WHERE action = 'old.deed'"
        assert connection.exec_driver_sql(count).scalar_one() == 1
        with pytest.raises(Conflict):
            audit_months.remove(connection, name)
        assert audit_months.detach_before(connection, start + timedelta(days=30)) == []
        assert audit_months.detach_before(connection, start + timedelta(days=31)) == [name]
        assert connection.exec_driver_sql(count).scalar_one() == 0
        [month] = [month for month in audit_months.months(connection) if month.name == name]
        assert (month.is_attached, month.events) == (False, 1)
        assert [event["action"] for event in audit_months.events_of(connection, name)] == ["old.deed"]
        assert audit_months.remove(connection, name) == 1
        with pytest.raises(NotFound):
            audit_months.remove(connection, name)
        connection.rollback()


@pytest.fixture
def old_month(hub):
    """A month of long ago that is part of the log; the partition that reaches back for ever begins after it."""
    table = f"{audit_months.SCHEMA}.audit_before"
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        bounds = text(f"SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = '{table}'::regclass")
        known = work.session.execute(bounds).scalar_one()
        work.session.execute(text(f"ALTER TABLE audit_event DETACH PARTITION {table}"))
        later = known.replace("MINVALUE", "'2019-06-01T00:00:00Z'")
        work.session.execute(text(f"ALTER TABLE audit_event ATTACH PARTITION {table} {later}"))
        work.session.execute(
            text(
                f"CREATE TABLE {audit_months.SCHEMA}.audit_2019_05 PARTITION OF audit_event"
                " FOR VALUES FROM ('2019-05-01T00:00:00Z') TO ('2019-06-01T00:00:00Z')"
            )
        )
    yield "2019-05"
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text(f"DROP TABLE IF EXISTS {audit_months.SCHEMA}.audit_2019_05"))
        work.session.execute(text(f"ALTER TABLE audit_event DETACH PARTITION {table}"))
        work.session.execute(text(f"ALTER TABLE audit_event ATTACH PARTITION {table} {known}"))


def test_what_is_done_to_the_log_is_in_the_log(hub, system, old_month, monkeypatch, tmp_path):
    monkeypatch.setattr("hub.command_line.CommandLine.hub", hub)
    for arguments in (
        "detach --before 2020-01",
        f"export {old_month} --to {tmp_path / 'log'}",
        f"remove {old_month} --yes",
    ):
        done = CliRunner().invoke(cli, ["audit", *arguments.split()])
        assert done.exit_code == 0, done.output
    told = {event.action: event.details for event in hub.service(AuditLog).list(system)}
    assert told["audit.detached"] == {"months": [old_month]}
    assert told["audit.exported"] == {"month": old_month}
    assert told["audit.removed"] == {"month": old_month, "events": 0}


def test_months_begin_and_end_as_they_should(hub):
    """Made twice they are made once; what no month covers is in the default partition."""
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        audit_months.create_months(work.session.connection())  # Another month may have begun since the first time.
        assert audit_months.create_months(work.session.connection()) == 0


def _next_month():
    now = datetime.now(UTC)
    return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)


def test_the_log_is_kept_for_ninety_days_at_least(hub):
    with pytest.raises(Invalid, match="at least 90 days"):
        hub.service(AuditLog).detach_before(datetime.now(UTC) - timedelta(days=89))


def test_months_are_made_ahead(hub):
    names = {month.name for month in hub.service(AuditLog).months()}
    assert f"{_next_month():%Y-%m}" in names
    assert {"before", "rest"} <= names


def test_the_commands_say_what_they_did(hub, monkeypatch, tmp_path):
    from click.testing import CliRunner

    monkeypatch.setattr("hub.command_line.CommandLine.hub", hub)
    run = CliRunner().invoke
    listed = run(cli, ["audit", "list", "--json"])
    assert {"month", "attached", "events", "bytes"} == json.loads(listed.output)[0].keys()
    assert run(cli, ["audit", "detach", "--json"]).output.strip().startswith("{")
    target = tmp_path / "audit.jsonl"
    assert run(cli, ["audit", "export", "before", "--to", str(target)]).exit_code == 0
    assert all(json.loads(line)["action"] for line in target.read_text().splitlines())
    assert run(cli, ["audit", "remove", "before"]).exit_code == 1
    wrong = run(cli, ["audit", "export", "1999-01; DROP", "--to", str(tmp_path / "none")])
    assert wrong.exit_code != 0
    assert not (tmp_path / "none").exists()
