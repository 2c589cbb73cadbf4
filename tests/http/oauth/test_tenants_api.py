"""Tenants and the installation by the REST API: for who runs the Hub, and nobody else."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from hub.errors import Forbidden, Invalid
from hub.health import Health
from hub.identity import ROLES, Principal
from hub.installation import Installation
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import Users
from tests.support.people import make_account
from tests.support.two_tenants import new_tenant

TENANTS = "/api/v1/tenants"


@pytest.fixture
def operator(hub, client, system):
    """The client with a personal token of a super administrator; the account that it belongs to."""
    return holder(hub, client, system, "super_administrator", "tenants:write", "system:read")


def holder(hub, client, system, role, *scopes):
    person = make_account(hub, system, role).person
    actions = ROLES[role].actions
    user = Principal(system.tenant_id, "user", str(person.id), person.name, actions, roles=frozenset({role}))
    token = hub.service(PersonalTokens).create(user, "Script", scopes, 1)[1]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return person


def test_a_tenant_is_made_read_renamed_suspended_and_opened(client, operator, hub):
    slug = f"t{uuid4().hex[:12]}"
    made = client.post(TENANTS, json={"slug": slug, "name": "Hillside School"})
    assert (made.status_code, made.json["is_suspended"]) == (201, False)
    place = made.headers["Location"]
    assert client.get(place).json == made.json == client.get(f"{TENANTS}?q={slug}").json[0]
    assert client.get(place).headers["ETag"] == made.headers["ETag"]
    assert client.patch(place, json={"name": "Hillside Academy"}).json["name"] == "Hillside Academy"
    suspended = client.patch(place, json={"is_suspended": True}).json
    assert suspended["is_suspended"]
    assert suspended["suspended_at"].endswith("Z")
    assert not client.patch(place, json={"is_suspended": False}).json["is_suspended"]
    assert hub.service(Tenants).resolve(slug).name == "Hillside Academy"


def test_what_somebody_else_changed_is_not_changed_unseen(client, operator, hub):
    place = f"{TENANTS}/{new_tenant(hub, 'Hillside').id}"
    seen = {"If-Match": client.get(place).headers["ETag"]}
    changed = client.patch(place, json={"name": "First"}, headers=seen)
    assert changed.status_code == 200
    late = client.patch(place, json={"name": "Second"}, headers=seen)
    assert (late.status_code, late.json["code"]) == (412, "revision_mismatch")
    assert client.get(place).json["name"] == "First"
    now = {"If-Match": changed.headers["ETag"]}
    assert client.patch(place, json={"name": "Second"}, headers=now).status_code == 200


@pytest.mark.parametrize(
    ("document", "status", "where"),
    [
        ({"slug": "Not A Name"}, 400, "slug"),
        ({"slug": "-x"}, 400, "slug"),
        ({"slug": "x" * 64}, 400, "slug"),
        ({"slug": "good", "name": "a\0b"}, 400, "name"),
        ({"slug": "good", "name": "x" * 201}, 400, "name"),
        ({"name": "Without"}, 422, "json.slug"),
        ({"slug": "good", "colour": "red"}, 422, "json.colour"),
        ({"slug": None}, 422, "json.slug"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused_by_field(client, operator, document, status, where):
    answer = client.post(TENANTS, json=document)
    assert (answer.status_code, [fault["where"] for fault in answer.json["violations"]]) == (status, [where])


def test_what_cannot_be_changed_is_refused(client, operator, hub, tenant):
    other = new_tenant(hub, "Hillside")
    assert client.post(TENANTS, json={"slug": other.slug}).json["code"] == "tenant_exists"
    own = client.patch(f"{TENANTS}/{tenant.id}", json={"is_suspended": True, "name": "Never"})
    assert (own.status_code, own.json["code"]) == (422, "tenant_of_super_administrators")
    assert client.get(f"{TENANTS}/{tenant.id}").json["name"] == tenant.name
    assert client.patch(f"{TENANTS}/{other.id}", json={"slug": "another"}).status_code == 422
    assert client.patch(f"{TENANTS}/{other.id}", json={"name": " "}).status_code == 400
    assert client.get(f"{TENANTS}/{uuid4()}").status_code == 404
    assert client.patch(f"{TENANTS}/{uuid4()}", json={"name": "x"}).status_code == 404


def test_the_token_ends_with_the_role(client, operator, hub, system):
    hub.service(Users).change(system, operator.id, roles=["administrator"])
    assert client.get(TENANTS).status_code == 403


def test_nobody_else_holds_the_scopes(client, hub, system):
    with pytest.raises(Forbidden):
        holder(hub, client, system, "administrator", "tenants:read")
    with pytest.raises(Invalid, match="tenants:write"):
        hub.service(Clients).create(system, NewClient("Program", ("packages:read", "tenants:write")))


class TestSystem:
    def test_who_runs_the_hub_is_told_everything_but_secrets(self, client, operator, settings):
        told = client.get("/api/v1/system")
        assert told.status_code == 200
        values = {each["name"]: each for each in told.json["settings"]}
        assert values["HUB_PUBLIC_URL"]["value"] == settings.public_url
        assert values["HUB_SESSION_HOURS"] == {
            "name": "HUB_SESSION_HOURS",
            "meaning": "A console session ends after so long in any case",
            "value": 12,
            "is_secret": False,
            "is_default": True,
        }
        assert values["HUB_DATABASE_URL"]["value"] is None
        assert settings.database_url not in told.text
        assert {key["kind"]: key["state"] for key in told.json["keys"]} == dict.fromkeys(
            ("signing", "data", "secret"), "in use"
        )
        parts = {part["name"]: part for part in told.json["parts"]}
        assert parts["database"] == {"name": "database", "is_ready": True, "fault": None, "remedy": None}
        assert parts["worker"]["is_ready"] is False
        assert parts["worker"]["remedy"]

    def test_who_administers_one_of_several_tenants_is_told_what_concerns_them(self, client, hub, system):
        new_tenant(hub, "Another")
        holder(hub, client, system, "administrator", "system:read")
        told = client.get("/api/v1/system").json
        assert told["parts"]
        assert (told["settings"], told["keys"]) == (None, None)

    def test_who_administers_the_only_tenant_runs_the_hub(self, hub, settings, system):
        alone = Installation(settings, hub.service(Health), hub.ports.keys, lambda: False)
        admin = replace(system, actions=ROLES["administrator"].actions)
        assert alone.told_to(admin).keys
        assert alone.told_to(admin).settings


def removable(client, hub):
    """A suspended tenant: its address in the API, and its short name."""
    tenant = new_tenant(hub, "Hillside")
    place = f"{TENANTS}/{tenant.id}"
    assert client.patch(place, json={"is_suspended": True}).status_code == 200
    return place, tenant.slug


def test_a_suspended_tenant_is_removed_by_its_name_and_told_about_afterwards(client, hub, system):
    holder(hub, client, system, "super_administrator", "tenants:write", "tenants:remove")
    place, slug = removable(client, hub)
    begun = client.delete(place, query_string={"confirm": slug})
    assert (begun.status_code, begun.json["state"], begun.json["slug"]) == (202, "queued", slug)
    assert begun.headers["Location"] == f"{place}/removal"
    reopened = client.patch(place, json={"is_suspended": False})
    assert (reopened.status_code, reopened.json["code"]) == (409, "tenant_leaving")
    hub.service(TenantRemovals).run(UUID(begun.json["tenant_id"]))
    done = client.get(begun.headers["Location"]).json
    assert (done["state"], done["progress"], done["slug"]) == ("done", 100, slug)
    assert done["finished_at"].endswith("Z")
    assert client.get(place).status_code == 404


def test_a_removal_needs_its_own_scope_the_name_and_a_suspended_tenant(client, operator, hub, system):
    place, slug = removable(client, hub)
    lesser = client.delete(place, query_string={"confirm": slug})
    assert (lesser.status_code, lesser.json["code"]) == (403, "insufficient_scope")
    holder(hub, client, system, "super_administrator", "tenants:write", "tenants:remove")
    assert client.delete(place).json["violations"][0]["where"] == "query.confirm"
    other = client.delete(place, query_string={"confirm": "other"})
    assert (other.status_code, other.json["code"]) == (400, "not_confirmed")
    (fault,) = other.json["violations"]
    assert (fault["where"], fault["found"], fault["allowed"]) == ("confirm", "other", slug)
    assert client.get(f"{place}/removal").json["code"] == "removal_not_found"
    client.patch(place, json={"is_suspended": False})
    early = client.delete(place, query_string={"confirm": slug})
    assert (early.status_code, early.json["code"]) == (409, "tenant_not_suspended")
    assert client.delete(f"{TENANTS}/{uuid4()}", query_string={"confirm": slug}).status_code == 404
