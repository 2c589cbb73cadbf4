"""Stores, credentials and downloads by the REST API."""

import csv
import io
import json

import pytest

from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.clients import Clients, NewClient
from tests.http.xapi_lrs.conftest import LrsClient
from tests.http.xapi_lrs.test_attachments import chain, jws, send_signed, signer  # noqa: F401
from tests.http.xapi_lrs.test_statements import statement


@pytest.fixture
def api(hub, client, system):
    """The client with a token of these scopes."""

    def with_scopes(*scopes, store="default"):
        client.environ_base.pop("HTTP_AUTHORIZATION", None)
        made, secret = hub.service(Clients).create(system, NewClient("Tool", scopes, store=store))
        form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
        token = client.post("/oauth/token", data=form).json["access_token"]
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return with_scopes


@pytest.fixture
def administrator(api):
    return api("stores:read", "stores:write", "all")


def store_id(client, name="default"):
    return next(each["id"] for each in client.get("/api/v1/stores").json if each["name"] == name)


def test_a_store_is_made_once(administrator):
    made = administrator.post("/api/v1/stores", json={"name": "research"})
    assert made.status_code == 201
    assert administrator.get(made.headers["Location"]).json["name"] == "research"
    assert administrator.post("/api/v1/stores", json={"name": "research"}).status_code == 409
    assert administrator.post("/api/v1/stores", json={"name": ""}).status_code == 422


def test_a_credential_is_made_limited_rotated_and_revoked(administrator):
    address = f"/api/v1/stores/{store_id(administrator)}/credentials"
    made = administrator.post(address, json={"scopes": ["all"], "name": "Tool"})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    [listed] = administrator.get(address).json
    assert made.json["secret"] not in json.dumps(listed)
    one = f"{address}/{made.json['id']}"
    assert administrator.patch(one, json={"requests_per_minute": 5}).json["requests_per_minute"] == 5
    rotated = administrator.post(f"{one}/rotate").json
    assert rotated["secret"] != made.json["secret"]
    assert LrsClient(administrator, rotated["key"], rotated["secret"]).get().status_code == 200
    assert administrator.delete(one).json["revoked_at"].endswith("Z")


def test_nobody_gives_what_they_may_not_do(api):
    limited = api("stores:read", "stores:write", "statements/read")
    address = f"/api/v1/stores/{store_id(limited)}/credentials"
    assert limited.post(address, json={"scopes": ["statements/read"]}).status_code == 201
    assert limited.post(address, json={"scopes": ["all"]}).status_code == 403
    assert api("stores:read").post(address, json={"scopes": ["statements/read"]}).status_code == 403


def test_statements_are_downloaded_as_lines_and_as_a_table(administrator):
    address = f"/api/v1/stores/{store_id(administrator)}"
    issued = administrator.post(f"{address}/credentials", json={"scopes": ["all"]}).json
    lrs = LrsClient(administrator, issued["key"], issued["secret"])
    formula = statement(
        actor={"mbox": "mailto:ann@example.com", "name": "=HYPERLINK(1)"},
        result={"score": {"raw": -1}, "success": True},
    )
    lrs.post(json.dumps([formula, statement()], indent=1).encode())
    lines = administrator.get(f"{address}/statements?verb={formula['verb']['id']}")
    assert [json.loads(line)["actor"]["name"] for line in lines.data.splitlines()] == ["Ann", "=HYPERLINK(1)"]
    table = administrator.get(f"{address}/statements?format=csv")
    assert table.headers["Content-Disposition"] == 'attachment; filename="statements.csv"'
    [newest, oldest] = csv.DictReader(io.StringIO(table.text))
    assert newest["actor"] == "mailto:ann@example.com"
    assert (oldest["actor_name"], oldest["score_raw"], oldest["success"]) == ("'=HYPERLINK(1)", "-1", "true")
    assert administrator.get(f"{address}/statements?verb=nonsense").status_code == 400


def test_a_client_of_one_store_reads_no_other(api, hub, system):
    from hub.xapi_lrs.services.stores import Stores

    other = hub.service(Stores).create(system, "other")
    reader = api("statements/read")
    assert reader.get(f"/api/v1/stores/{other.id}/statements").status_code == 403


def test_the_certificates_of_a_signed_statement_are_told(administrator, signer, chain):  # noqa: F811
    store = f"/api/v1/stores/{store_id(administrator)}"
    issued = administrator.post(f"{store}/credentials", json={"scopes": ["all"]}).json
    lrs = LrsClient(administrator, issued["key"], issued["secret"])
    [signed] = send_signed(lrs, statement(), jws(signer, statement(), "RS384", chain)).json
    [bare] = send_signed(lrs, statement(), jws(signer, statement(), certificates=[])).json
    [plain] = lrs.post(statement()).json
    [report] = administrator.get(f"{store}/statements/{signed}/signatures").json
    assert report["algorithm"] == "RS384"
    assert [one["subject"] for one in report["chain"]] == [
        "CN=signer.example.com",
        r"CN=\<b\>authority\</b\>.example.com",
    ]
    assert [one["is_issued_by_next"] for one in report["chain"]] == [True, None]
    assert administrator.get(f"{store}/statements/{bare}/signatures").json[0]["chain"] == []
    assert administrator.get(f"{store}/statements/{plain}/signatures").json == []
    assert administrator.get(f"{store}/statements/{issued['id']}/signatures").status_code == 404


def test_what_is_done_to_credentials_is_in_the_audit_log(administrator, hub, system):
    made = administrator.post("/api/v1/stores", json={"name": "watched"}).json
    address = f"/api/v1/stores/{store_id(administrator)}/credentials"
    issued = administrator.post(address, json={"scopes": ["state"], "name": "Tool"}).json
    administrator.patch(f"{address}/{issued['id']}", json={"requests_per_minute": 5})
    rotated = administrator.post(f"{address}/{issued['id']}/rotate").json
    administrator.delete(f"{address}/{issued['id']}")
    administrator.delete(f"{address}/{issued['id']}")
    events = list(reversed(hub.service(AuditLog).list(system, AuditFilter(action="lrs_credential"), limit=50)))
    assert [each.action.partition(".")[2] for each in events] == ["created", "limited", "rotated", "revoked"]
    assert {each.target for each in events} == {issued["key"]}
    assert events[0].details == {"name": "Tool", "store": "default", "scopes": ["state"], "requests_per_minute": None}
    assert events[1].details == {"name": "Tool", "before": None, "requests_per_minute": 5}
    told = json.dumps([each.details for each in events])
    assert issued["secret"] not in told
    assert rotated["secret"] not in told
    [about_store] = hub.service(AuditLog).list(system, AuditFilter(action="store"), limit=50)
    assert (about_store.action, about_store.target) == ("store.created", made["id"])
