"""Every refusal says where the fault is, which rule it breaks, what was found and what may be."""

import gzip
import json

import pytest

AGENT = json.dumps({"mbox": "mailto:ann@example.com"})
STATE = {"activityId": "http://example.com/a", "agent": AGENT, "stateId": "s"}
PROFILE = {"agent": AGENT, "profileId": "p"}


def put(lrs, query, body, path="/agents/profile", **headers):
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lrs.request("PUT", path, query_string=query, data=json.dumps(body), headers=sent)


@pytest.fixture
def tag(lrs):
    """The entity tag of a profile that is there."""
    assert put(lrs, PROFILE, {"a": 1}, If_None_Match="*").status_code == 204
    return lrs.get("/agents/profile", **PROFILE).headers["ETag"]


def fault_of(answer, status, code):
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    (fault,) = answer.json["violations"]
    assert fault.pop("requirement")
    assert fault.pop("message")
    return fault


def test_a_refused_precondition_names_its_header_and_what_is_there(lrs, tag):
    other = put(lrs, PROFILE, {"a": 2}, If_Match='"other"')
    assert fault_of(other, 412, "etag_mismatch") == {"where": "If-Match", "found": '"other"', "allowed": tag}
    again = put(lrs, PROFILE, {"a": 2}, If_None_Match="*")
    assert fault_of(again, 412, "etag_match") == {"where": "If-None-Match", "found": "*"}
    missing = put(lrs, PROFILE | {"profileId": "none"}, {"a": 2}, If_Match='"other"')
    assert fault_of(missing, 412, "etag_mismatch") == {"where": "If-Match", "found": '"other"'}
    assert put(lrs, PROFILE, {"a": 2}, If_Match=tag).status_code == 204


def test_a_missing_precondition_names_the_header_that_is_needed(lrs, lrs_as, tag):
    assert fault_of(put(lrs, PROFILE, {"a": 2}), 409, "precondition_needed") == {"where": "If-Match", "allowed": tag}
    old = lrs_as("all", version="1.0.3")
    new = put(old, PROFILE | {"profileId": "new"}, {"a": 2})
    assert fault_of(new, 400, "precondition_needed") == {"where": "If-None-Match", "allowed": "*"}


@pytest.mark.parametrize("cursor", ["abc", "x" * 500, "\u00e4", "%"])
def test_a_refused_more_cursor_names_the_parameter(lrs, cursor):
    fault = fault_of(lrs.get(more=cursor), 400, "bad_cursor")
    assert fault == {"where": "more", "found": cursor[:100]}


def test_a_refused_cursor_of_the_api_names_its_parameter(client, hub, system):
    from hub.oauth.services.clients import Clients, NewClient

    known, secret = hub.service(Clients).create(system, NewClient("Program", ("packages:read",)))
    form = {"grant_type": "client_credentials", "client_id": known.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=form).json["access_token"]
    answer = client.get("/api/v1/packages?cursor=made-up", headers={"Authorization": f"Bearer {token}"})
    assert fault_of(answer, 400, "bad_cursor") == {"where": "cursor", "found": "made-up"}


def test_documents_that_cannot_be_merged_say_which_of_them_it_is(lrs):
    def post(body, content_type):
        return lrs.request(
            "POST", "/activities/state", query_string=STATE, data=body, headers={"Content-Type": content_type}
        )

    assert fault_of(post(b"[1]", "application/json"), 400, "not_mergeable") == {"where": "$", "allowed": "object"}
    assert post(b'{"a": 1}', "application/json").status_code == 204
    plain = fault_of(post(b"text", "text/plain"), 400, "not_mergeable")
    assert plain == {"where": "Content-Type", "found": "text/plain", "allowed": "application/json"}


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("br", b"{}", 415, "bad_encoding"),
        ("gzip", b"{}", 400, "bad_encoding"),
        ("gzip", gzip.compress(b"[]" * 100)[:-9], 400, "incomplete_body"),
    ],
)
def test_a_refused_encoding_names_those_that_are_taken(lrs, encoding, body, status, code):
    fault = fault_of(lrs.post(body, headers={"Content-Encoding": encoding}), status, code)
    assert fault == {"where": "Content-Encoding", "found": encoding, "allowed": ["gzip", "identity"]}
