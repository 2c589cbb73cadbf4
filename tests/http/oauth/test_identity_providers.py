"""Identity providers on the page, by the API and by command: the same things in each."""

import json
import secrets

import pytest
from click.testing import CliRunner
from werkzeug import Request, Response
from werkzeug.serving import make_server

from hub.command_line import CommandLine
from hub.errors import Forbidden, Invalid
from hub.identity import ACTIONS, Principal
from hub.oauth.cli import oauth
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.providers import NewProvider, Providers, secret_context
from hub.oauth.storage.tables import ExternalIdentity, IdentityProvider
from tests.support.people import form_token, make_account, sign_in
from tests.support.serving import serving

AUTHOR = ("packages:write", "registrations:read", "learners:read")


@pytest.fixture
def provider(hub, system):
    issuer = f"https://{secrets.token_hex(4)}.login.example"
    wanted = NewProvider("oidc", "School login", issuer, "hub", "first secret", "school.example", ("author",))
    return hub.service(Providers).create(system, wanted)


@pytest.fixture
def api(hub, system, client):
    """Ask the API for identity providers with a token of these scopes."""

    def ask(method, path="", *, scopes=("providers:write", *AUTHOR), **options):
        made, secret = hub.service(Clients).create(system, NewClient("Admin tool", scopes))
        form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
        token = client.post("/oauth/token", data=form).json["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(f"/api/v1/identity-providers{path}", method=method, headers=headers, **options)

    return ask


@pytest.fixture
def run(hub, settings, tenant):
    def invoke(*arguments, stdin=None):
        line = CommandLine()
        line.settings, line.hub = settings, hub
        return CliRunner().invoke(
            oauth, ["provider", *arguments, "--tenant", tenant.slug], obj=line, input=stdin, catch_exceptions=False
        )

    return invoke


def secret_of(hub, provider):
    with hub.db.read(provider.tenant_id) as session:
        row = session.get(IdentityProvider, provider.id)
        return hub.ports.keys.unseal(row.client_secret, secret_context(provider.id))


@pytest.fixture
def there(hub, system):
    """A provider that answers, over real HTTP: by default with everything that the Hub asks for."""
    pages = {"/jwks": {"keys": [{"kty": "RSA"}, {"kty": "EC"}]}}
    server = make_server("127.0.0.1", 0, Request.application(lambda asked: jsonable(pages.get(asked.path))))
    issuer = f"http://127.0.0.1:{server.server_port}"
    addresses = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
    pages["/.well-known/openid-configuration"] = addresses | {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
    wanted = NewProvider("keycloak", "Answers", issuer, "hub", "secret", default_roles=("author",))
    with serving(server):
        yield hub.service(Providers).create(system, wanted), pages


def jsonable(page):
    return Response(json.dumps(page), 404 if page is None else 200, mimetype="application/json")


def test_the_connection_is_checked_on_the_page_by_the_api_and_by_command(api, run, client, hub, system, there):
    provider, pages = there
    told = {"issuer": provider.issuer, "keys": 2, "ends_sessions": False}
    assert api("POST", f"/{provider.id}/check").json == told
    done = run("check", str(provider.id), "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"keys": 2, "ends_sessions": False})
    sign_in(client, make_account(hub, system, "administrator"))
    path = f"/providers/{provider.id}"
    form = {"csrf_token": form_token(client, path)}
    assert f"{provider.issuer} answers, with 2 keys." in client.post(f"{path}/check", data=form).text
    pages["/jwks"] = None
    answer = client.post(f"{path}/check", data=form)
    assert answer.status_code == 200, "it was asked whether the provider answers"
    assert f"{provider.issuer}/jwks answered 404" in answer.text
    assert api("POST", f"/{provider.id}/check").json["code"] == "provider_unavailable"
    pages["/.well-known/openid-configuration"]["issuer"] = "https://another.example"
    refused = api("POST", f"/{provider.id}/check")
    assert (refused.status_code, refused.json["code"]) == (400, "bad_issuer")
    with pytest.raises(Invalid, match=r"another\.example"):
        run("check", str(provider.id))


def test_what_is_not_named_stays(api, hub, provider, system):
    answer = api("PATCH", f"/{provider.id}", json={"name": "Staff login", "is_active": False})
    assert answer.status_code == 200, answer.text
    assert (answer.json["name"], answer.json["is_active"]) == ("Staff login", False)
    assert answer.json["domains"] == ["school.example"]
    assert answer.json["default_roles"] == ["author"]
    assert secret_of(hub, provider) == "first secret"
    [event] = hub.service(AuditLog).list(system, AuditFilter("provider.changed"), limit=9)
    assert event.details["before"]["name"] == "School login"
    assert event.details["after"]["name"] == "Staff login"
    assert event.details["secret_changed"] is False


def test_another_secret_is_kept_sealed_and_told_to_nobody(api, hub, provider, system):
    answer = api("PATCH", f"/{provider.id}", json={"client_secret": " second secret "})
    assert secret_of(hub, provider) == "second secret"
    assert "second secret" not in answer.text
    [event] = hub.service(AuditLog).list(system, AuditFilter("provider.changed"), limit=9)
    assert event.details["secret_changed"] is True
    assert 'secret"' not in json.dumps(event.details).replace("client_secret", "")


def test_the_api_tells_the_addresses_that_the_provider_is_given(api, provider):
    told = api("GET", f"/{provider.id}").json
    assert told["return_address"] == f"http://localhost:8000/sign-in/back/{provider.id}"
    assert told["back_channel_logout"].endswith(f"/oauth/back-channel-logout/{provider.id}")
    assert told["front_channel_logout"].endswith(f"/oauth/front-channel-logout/{provider.id}")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": ""}, "name"),
        ({"issuer": "ftp://x.example"}, "issuer"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_id": "\u2028"}, "client_id"),
        ({"domains": "not_a_domain"}, "domains"),
        ({"rules": "groups staff"}, "rules"),
        ({"default_roles": []}, "default_roles"),
        ({"default_roles": ["emperor"]}, "json.default_roles.0"),
        ({"kind": "google"}, "json.kind"),
        ({"colour": "blue"}, "json.colour"),
    ],
)
def test_a_change_that_cannot_work_is_refused_by_field(api, provider, changes, where):
    answer = api("PATCH", f"/{provider.id}", json=changes)
    assert answer.status_code in {400, 422}
    assert where in [fault["where"] for fault in answer.json["violations"]]
    assert api("GET", f"/{provider.id}").json["name"] == "School login"


def test_the_issuer_stays_once_somebody_came_by_it(hub, system, provider):
    """Else whoever has the same `sub` at the new issuer would be in the accounts of the old one's people."""
    change = hub.service(Providers).change
    assert change(system, provider.id, issuer="https://corrected.example").issuer == "https://corrected.example"
    account = make_account(hub, system, "author")
    with hub.db.unit_of_work(system.tenant_id) as work:
        identity = {"provider_id": provider.id, "subject": "1", "tenant_id": system.tenant_id, "made_account": True}
        work.session.add(ExternalIdentity(user_id=account.person.id, created_at=hub.ports.clock.now(), **identity))
    with pytest.raises(Invalid) as refused:
        change(system, provider.id, issuer="https://evil.example")
    assert refused.value.violations[0].where == "issuer"
    assert change(system, provider.id, name="Other").issuer == "https://corrected.example"


def test_nobody_takes_over_a_provider_that_gives_more_than_they_may(hub, system, provider):
    """Who points it at a provider of their own could come as anybody it lets in."""
    keeper = Principal(system.tenant_id, "user", "1", "Keeper", frozenset({"providers.write", "packages.read"}))
    change = hub.service(Providers).change
    for wanted in ({"client_id": "mine"}, {"domains": ""}, {"default_roles": ("learner",)}, {"rules": "a=b -> author"}):
        with pytest.raises(Forbidden):
            change(keeper, provider.id, **wanted)
    strong = Principal(system.tenant_id, "user", "1", "Keeper", frozenset(ACTIONS))
    assert change(strong, provider.id, client_id="mine").client_id == "mine"


def test_one_that_is_off_signs_nobody_in_and_is_not_offered(hub, system, client, provider, tenant):
    page = f"/sign-in?tenant={tenant.slug}"
    assert "School login" in client.get(page).text
    hub.service(Providers).change(system, provider.id, is_active=False)
    assert "School login" not in client.get(page).text
    assert client.get(f"/sign-in/with/{provider.id}").status_code == 404


def test_the_console_changes_it_and_keeps_the_secret(hub, system, client, provider):
    sign_in(client, make_account(hub, system, "administrator"))
    address = f"/providers/{provider.id}/change"
    page = client.get(address).text
    assert 'value="school.example"' in page
    assert "first secret" not in page
    form = {
        "csrf_token": form_token(client, address),
        "name": "Staff login",
        "issuer": provider.issuer,
        "client_id": "hub",
        "client_secret": "",
        "domains": "school.example, other.example",
        "rules": "groups=t -> instructor",
        "default_roles": "author",
    }
    refused = client.post(address, data=form | {"name": ""})
    assert refused.status_code == 400
    assert 'value="school.example, other.example"' in refused.text, "nothing is lost on an error"
    changed = client.post(address, data=form)
    assert changed.status_code == 303, changed.text
    known = hub.service(Providers).get(system, provider.id)
    assert (known.name, known.domains, known.is_active, known.makes_accounts) == (
        "Staff login",
        ["school.example", "other.example"],
        False,
        False,
    )
    assert secret_of(hub, provider) == "first secret"
    page = client.get(changed.headers["Location"]).text
    assert "switched off" in page


def test_by_command(run, hub):
    options = ("--name", "Google", "--kind", "google", "--issuer", "https://accounts.google.com", "--client-id", "1")
    given = ("--domain", "school.example", "--role", "author", "--rule", "hd=school.example -> instructor", "--json")
    made = json.loads(run("create", *options, *given, stdin="the secret\n").stdout)
    assert made["return_address"].endswith(f"/sign-in/back/{made['id']}")
    assert made["rules"] == ["hd=school.example -> instructor"]
    assert [known["id"] for known in json.loads(run("list", "--json").stdout)] == [made["id"]]
    off = run("change", made["id"], "--off", "--domain", "", "--secret-stdin", "--json", stdin="another\n")
    changed = json.loads(off.stdout)
    assert (changed["is_active"], changed["domains"], changed["default_roles"]) == (False, [], ["author"])
    assert "another" not in off.stdout
    assert "off" in run("list").stdout
    assert "school.example -> instructor" in run("show", made["id"]).stdout
    assert run("remove", made["id"]).exit_code == 0
    assert run("list").stdout.startswith("0 provider(s)")


def test_a_command_that_is_refused_says_why(run):
    with pytest.raises(Invalid) as refused:
        run(
            "create", "--name", "X", "--issuer", "https://x.example", "--client-id", "1", "--role", "emperor", stdin="s"
        )
    assert refused.value.violations[0].where == "default_roles"
