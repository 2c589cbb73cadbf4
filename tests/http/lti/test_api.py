"""Platforms by the REST API and by the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.cli import cli
from hub.command_line import CommandLine
from hub.errors import Conflict
from hub.identity import Principal, system_principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.tenants import Tenants, TenantView
from tests.support.lti_platform import LAUNCH_URL, LtiPlatform
from tests.support.people import audited

TOOL = {
    "login_url": "http://localhost:8000/lti/login",
    "launch_url": LAUNCH_URL,
    "jwks_url": "http://localhost:8000/lti/jwks",
    "deep_link_url": LAUNCH_URL,
}


@pytest.fixture
def headers(hub: Hub, system: Principal, client: FlaskClient) -> dict[str, str]:
    """The token of a program that may read and write platforms."""
    made, secret = hub.service(Clients).create(
        system, NewClient("LMS set-up", ["platforms:read", "platforms:write"], ["client_credentials"])
    )
    answer = client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret},
    )
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def body(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": "https://lms.example",
        "client_id": "client-1",
        "auth_url": "https://lms.example/auth",
        "token_url": "https://lms.example/token",
        "jwks_url": "https://lms.example/jwks",
        "deployments": ["1"],
        "name": "School LMS",
    } | changes


def test_a_platform_is_added_read_changed_and_removed(
    client: FlaskClient, headers: dict[str, str], tenant: TenantView
) -> None:
    made = client.post("/api/v1/platforms", json=body(client_id=tenant.slug), headers=headers)
    assert made.status_code == 201, made.text
    assert made.get_json()["tool"] == TOOL
    where = f"/api/v1/platforms/{made.get_json()['id']}"
    assert client.get(where, headers=headers).get_json() == made.get_json()
    change = {"name": "LMS", "deployments": ["2"], "is_active": False}
    changed = client.patch(where, json=change, headers=headers)
    assert changed.status_code == 200, changed.text
    assert changed.get_json() == made.get_json() | change | {"deployments": ["1", "2"]}
    assert client.delete(where, headers=headers).status_code == 204
    assert client.get(where, headers=headers).status_code == 404


def test_platforms_are_listed_page_by_page(client: FlaskClient, headers: dict[str, str], tenant: TenantView) -> None:
    for number in range(3):
        client.post("/api/v1/platforms", json=body(client_id=f"{tenant.slug}-{number}"), headers=headers)
    first = client.get("/api/v1/platforms?limit=2", headers=headers)
    assert [one["client_id"] for one in first.get_json()] == [f"{tenant.slug}-0", f"{tenant.slug}-1"]
    following = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = client.get(following, headers=headers)
    assert [one["client_id"] for one in second.get_json()] == [f"{tenant.slug}-2"]
    assert "Link" not in second.headers


def test_the_same_platform_twice_is_a_conflict(
    client: FlaskClient, headers: dict[str, str], tenant: TenantView
) -> None:
    assert client.post("/api/v1/platforms", json=body(client_id=tenant.slug), headers=headers).status_code == 201
    again = client.post("/api/v1/platforms", json=body(client_id=tenant.slug), headers=headers)
    assert again.status_code == 409
    assert again.get_json()["code"] == "platform_exists"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"issuer": "lms.example"}, "issuer"),
        ({"issuer": "http://["}, "issuer"),
        ({"issuer": "https://lms.example?x=1"}, "issuer"),
        ({"auth_url": "javascript:alert(1)"}, "auth_url"),
        ({"token_url": "file:///etc/passwd"}, "token_url"),
        ({"jwks_url": "https://user:secret@lms.example/"}, "jwks_url"),
        ({"deployments": []}, "deployment"),
        ({"deployments": [""]}, "deployment"),
        ({"client_id": "a\x00b"}, "client_id"),
        ({"name": "a\x00b"}, "name"),
        ({"token_audience": ""}, "token_audience"),
    ],
)
def test_details_that_cannot_work_are_refused(
    client: FlaskClient, headers: dict[str, str], changes: dict[str, Any], where: str
) -> None:
    refused = client.post("/api/v1/platforms", json=body(**changes), headers=headers)
    assert refused.status_code == 400, refused.text
    assert [violation["where"] for violation in refused.get_json()["violations"]] == [where]


def test_without_a_name_a_platform_is_called_by_its_origin(
    client: FlaskClient, headers: dict[str, str], tenant: TenantView
) -> None:
    made = client.post("/api/v1/platforms", json=body(client_id=tenant.slug, name=""), headers=headers)
    assert made.get_json()["name"] == "https://lms.example"


def test_platforms_need_a_token_and_its_scope(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/api/v1/platforms").status_code == 401
    assert client.get("/api/v1/platforms", headers=headers).status_code == 200
    assert client.get("/api/v1/score-deliveries").status_code == 401
    assert client.get("/api/v1/score-deliveries", headers=headers).status_code == 200
    assert client.get("/api/v1/score-deliveries?status=lost", headers=headers).status_code == 422


def test_a_platform_of_another_tenant_is_not_there(
    client: FlaskClient, headers: dict[str, str], hub: Hub, platform: LtiPlatform
) -> None:
    other = hub.service(Tenants).create(f"x-{platform.client_id}", "Other")
    details = PlatformDetails(**platform.details() | {"client_id": f"other-{platform.client_id}"})
    foreign = hub.service(Platforms).add(system_principal(other.id), details)
    for send in (client.get, client.delete):
        assert send(f"/api/v1/platforms/{foreign.id}", headers=headers).status_code == 404
    assert client.patch(f"/api/v1/platforms/{foreign.id}", json={"name": "x"}, headers=headers).status_code == 404


def test_the_command_prints_what_to_enter_in_the_platform(hub: Hub, tenant: TenantView) -> None:
    line = CommandLine()
    line.hub = hub
    words = ["lti", "platform", "add", "--issuer", "https://lms.example", "--client-id", f"cli-{tenant.slug}"]
    words += ["--auth-url", "https://lms.example/auth", "--token-url", "https://lms.example/token"]
    words += ["--jwks-url", "https://lms.example/jwks", "--deployment", "1", "--tenant", tenant.slug, "--json"]
    result = CliRunner().invoke(cli, words, obj=line)
    assert result.exit_code == 0, result.output
    printed = json.loads(result.output)
    assert {name: printed[name] for name in TOOL} == TOOL
    listed = CliRunner().invoke(cli, ["lti", "platform", "list", "--tenant", tenant.slug, "--json"], obj=line)
    assert [one["id"] for one in json.loads(listed.output)] == [printed["id"]]
    removed = CliRunner().invoke(cli, ["lti", "platform", "remove", printed["id"], "--tenant", tenant.slug], obj=line)
    assert removed.exit_code == 0


def test_an_invitation_is_made_listed_and_taken_back(
    client: FlaskClient, headers: dict[str, str], tenant: TenantView
) -> None:
    made = client.post("/api/v1/platform-invitations", json={"days": 2}, headers=headers)
    assert made.status_code == 201, made.text
    assert made.get_json()["url"].startswith(f"http://localhost:8000/lti/register/{tenant.slug}?invitation=")
    listed = client.get("/api/v1/platform-invitations", headers=headers).get_json()
    assert [one["id"] for one in listed] == [made.get_json()["id"]]
    assert "url" not in listed[0]
    where = f"/api/v1/platform-invitations/{made.get_json()['id']}"
    assert client.delete(where, headers=headers).status_code == 204
    assert client.delete(where, headers=headers).status_code == 404
    assert client.post("/api/v1/platform-invitations", json={"days": 91}, headers=headers).status_code == 422


def test_a_platform_that_waits_is_approved(
    client: FlaskClient, headers: dict[str, str], hub: Hub, system: Principal, platform: LtiPlatform
) -> None:
    details = PlatformDetails(**platform.details() | {"client_id": f"waiting-{platform.client_id}"})
    waiting = hub.service(Platforms).add(system, details, awaits_approval=True)
    where = f"/api/v1/platforms/{waiting.id}"
    assert client.get(where, headers=headers).get_json()["awaits_approval"] is True
    for _ in range(2):
        approved = client.post(f"{where}/approve", headers=headers)
        assert approved.get_json()["awaits_approval"] is False
    assert "platform.approved" in audited(hub, system)


def test_a_platform_without_deployments_learns_them(
    client: FlaskClient, headers: dict[str, str], tenant: TenantView
) -> None:
    wanted = body(client_id=tenant.slug, deployments=[], learns_deployments=True)
    made = client.post("/api/v1/platforms", json=wanted, headers=headers)
    assert made.status_code == 201, made.text
    where = f"/api/v1/platforms/{made.get_json()['id']}"
    refused = client.patch(where, json={"learns_deployments": False}, headers=headers)
    assert refused.status_code == 400
    change = {"learns_deployments": False, "deployments": ["1"]}
    assert client.patch(where, json=change, headers=headers).status_code == 200


class TestFile:
    """`hub lti platform add --file`."""

    @pytest.fixture
    def add(self, hub: Hub, tenant: TenantView, tmp_path: Path) -> Callable[[Any], Result]:
        """Add the platforms of a JSON document in a file."""

        def add_file(document: Any) -> Result:
            line = CommandLine()
            line.hub = hub
            file = tmp_path / "platforms.json"
            file.write_text(document if isinstance(document, str) else json.dumps(document))
            words = ["lti", "platform", "add", "--file", str(file), "--tenant", tenant.slug, "--json"]
            return CliRunner().invoke(cli, words, obj=line)

        return add_file

    def test_adds_all_platforms_of_the_file(self, add: Callable[[Any], Result], tenant: TenantView) -> None:
        result = add([body(client_id=f"{tenant.slug}-{number}", uses_pseudonyms=True) for number in range(2)])
        assert result.exit_code == 0, result.output
        assert [one["login_url"] for one in json.loads(result.output)] == [TOOL["login_url"]] * 2

    def test_adds_none_when_one_is_refused(
        self, add: Callable[[Any], Result], tenant: TenantView, hub: Hub, system: Principal
    ) -> None:
        result = add([body(client_id=tenant.slug), body(client_id=tenant.slug)])
        assert isinstance(result.exception, Conflict)
        assert hub.service(Platforms).list(system) == []

    @pytest.mark.parametrize(
        ("document", "fault"),
        [
            ("{", "is not JSON"),
            ([1], "platform 1 is not an object"),
            (body(issuer=None), "issuer: Field may not be null."),
            (body(deployments=["1", 2]), "deployments.1: Not a valid string."),
            (body(learns_deployments="perhaps"), "learns_deployments: Not a valid boolean."),
            (body(color="red"), "color: Unknown field."),
            ({"issuer": "https://lms.example"}, "client_id: Missing data for required field."),
        ],
    )
    def test_says_what_is_wrong_with_the_file(self, add: Callable[[Any], Result], document: Any, fault: str) -> None:
        result = add(document)
        assert result.exit_code == 2
        assert fault in result.output


def test_the_command_invites_and_approves(hub: Hub, tenant: TenantView, system: Principal) -> None:
    line = CommandLine()
    line.hub = hub
    invited = CliRunner().invoke(cli, ["lti", "platform", "invite", "--tenant", tenant.slug, "--json"], obj=line)
    assert f"/lti/register/{tenant.slug}?invitation=" in json.loads(invited.output)["url"]
    wanted = body(client_id=tenant.slug)
    details = PlatformDetails(deployment_ids=tuple(wanted.pop("deployments")), **wanted)
    made = hub.service(Platforms).add(system, details, awaits_approval=True)
    listed = CliRunner().invoke(cli, ["lti", "platform", "list", "--tenant", tenant.slug], obj=line)
    assert "waits for approval" in listed.output
    approved = CliRunner().invoke(cli, ["lti", "platform", "approve", str(made.id), "--tenant", tenant.slug], obj=line)
    assert "may launch now" in approved.output
    missing = CliRunner().invoke(cli, ["lti", "platform", "add", "--client-id", "1", "--tenant", tenant.slug], obj=line)
    assert missing.exit_code == 2
    assert "--issuer" in missing.output
