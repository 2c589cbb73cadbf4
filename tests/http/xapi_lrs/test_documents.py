"""State and profile documents from outside (Communication 2.2, 2.3, 2.6, 2.7, 3.1)."""

import hashlib
import json
import time
import uuid

import pytest

AGENT = '{"mbox":"mailto:ann@example.com"}'
ACTIVITY = "https://example.com/course/1"
STATE = {"activityId": ACTIVITY, "agent": AGENT, "stateId": "bookmark"}
PROFILES = [
    ("/activities/profile", {"activityId": ACTIVITY, "profileId": "p"}),
    ("/agents/profile", {"agent": AGENT, "profileId": "p"}),
]
RESOURCES = [("/activities/state", STATE), *PROFILES]
NEW = {"If-None-Match": "*"}


def put(lrs, path, query, data=b"page 3", content_type="text/plain", headers=None):
    return lrs.request("PUT", path, query_string=query, data=data, content_type=content_type, headers=headers)


def post(lrs, path, query, data, content_type="application/json", headers=None):
    return lrs.request("POST", path, query_string=query, data=data, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/x; charset=y"]
)
def test_nothing_in_a_document_runs_on_the_origin_of_the_hub(lrs, kind):
    """Any site can lead a browser to a document, by a form that stands for a GET in 1.0.3."""
    put(lrs, "/activities/state", STATE, b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", kind)
    lrs.root = "/xapi/1.0.3"
    form = STATE | {"Authorization": lrs.headers.pop("Authorization"), "X-Experience-API-Version": "1.0.3"}
    found = lrs.request("POST", "/activities/state", query_string={"method": "GET"}, data=form)
    assert (found.status_code, found.content_type) == (200, kind)
    directives = found.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(directives)
    assert found.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "query"), RESOURCES)
def test_a_document_comes_back_as_it_was_put_and_goes_when_deleted(lrs, path, query):
    assert put(lrs, path, query, b"\x00\xff", "image/x").status_code == 204
    found = lrs.get(path, **query)
    assert (found.data, found.content_type) == (b"\x00\xff", "image/x")
    assert found.headers["ETag"] == f'"{hashlib.sha1(found.data).hexdigest()}"'
    assert found.headers["Last-Modified"].endswith("GMT")
    assert lrs.get(path, **query, headers={"If-None-Match": found.headers["ETag"]}).status_code == 304
    assert lrs.request("DELETE", path, query_string=query).status_code == 204
    assert lrs.get(path, **query).status_code == 404


@pytest.mark.parametrize(("path", "query"), RESOURCES)
def test_two_editors_do_not_overwrite_each_other(lrs, path, query):
    assert put(lrs, path, query, headers=NEW).status_code == 204
    assert put(lrs, path, query, b"other", headers=NEW).status_code == 412
    etag = lrs.get(path, **query).headers["ETag"]
    assert put(lrs, path, query, b"second", headers={"If-Match": etag}).status_code == 204
    assert put(lrs, path, query, b"third", headers={"If-Match": etag}).status_code == 412
    assert put(lrs, path, query, b"blind").status_code == 409
    assert lrs.get(path, **query).data == b"second"


@pytest.mark.parametrize(("path", "query"), PROFILES)
def test_version_1_0_3_wants_a_precondition_for_every_profile_but_none_for_states(lrs_as, path, query):
    older = lrs_as("all", version="1.0.3")
    assert put(older, path, query).status_code == 400
    assert put(older, path, query, headers=NEW).status_code == 204
    assert put(older, path, query).status_code == 409
    for _ in range(2):
        assert put(older, "/activities/state", STATE).status_code == 204


@pytest.mark.parametrize(("path", "query"), RESOURCES)
def test_a_posted_object_is_merged_at_its_top_level(lrs, path, query):
    assert post(lrs, path, query, b'{"x":"foo","y":{"a":1},"n":12345678901234567890123}').status_code == 204
    assert post(lrs, path, query, b'{"x":"bash","z":"faz"}').status_code == 204
    found = lrs.get(path, **query)
    assert found.json == {"x": "bash", "y": {"a": 1}, "n": 12345678901234567890123, "z": "faz"}


@pytest.mark.parametrize("data", [b"[1]", b"{", b"\xff", b'{"a":1,"a":2}'])
def test_what_is_no_object_cannot_be_merged(lrs, data):
    post(lrs, "/activities/state", STATE, b'{"x":1}')
    assert post(lrs, "/activities/state", STATE, data).status_code == 400
    assert lrs.get("/activities/state", **STATE).json == {"x": 1}


def test_nothing_is_merged_into_a_document_that_is_no_json(lrs):
    put(lrs, "/activities/state", STATE)
    assert post(lrs, "/activities/state", STATE, b"{}").status_code == 400


def test_states_are_told_apart_by_registration_and_listed_by_it_or_all(lrs):
    registration = str(uuid.uuid4())
    narrow = STATE | {"registration": registration}
    put(lrs, "/activities/state", STATE, b"without")
    put(lrs, "/activities/state", narrow, b"with")
    put(lrs, "/activities/state", narrow | {"stateId": "second"}, b"2")
    assert lrs.get("/activities/state", **STATE).data == b"without"
    assert lrs.get("/activities/state", **narrow).data == b"with"
    whose = {"activityId": ACTIVITY, "agent": AGENT}
    assert lrs.get("/activities/state", **whose).json == ["bookmark", "second"]
    assert lrs.get("/activities/state", **whose, registration=registration).json == ["bookmark", "second"]
    assert lrs.get("/activities/state", **whose, registration=str(uuid.uuid4())).json == []
    lrs.request("DELETE", "/activities/state", query_string=whose)
    assert lrs.get("/activities/state", **whose).json == []


def without_document(query):
    """The query for the list of all documents there."""
    return {name: text for name, text in query.items() if name not in ("stateId", "profileId")}


LISTINGS = [(path, without_document(query)) for path, query in RESOURCES]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize(
    ("path", "query"), [*LISTINGS, ("/activities", {"activityId": ACTIVITY}), ("/agents", {"agent": AGENT})]
)
def test_every_answer_has_an_entity_tag_also_lists_activities_and_persons(lrs_as, path, query, version):
    """Communication 3.1: "An LRS responding to a GET request MUST add an ETag HTTP header to the response"."""
    lrs = lrs_as("all", version=version)
    found = lrs.get(path, **query)
    assert found.headers["ETag"] == f'"{hashlib.sha1(found.data).hexdigest()}"'
    assert lrs.request("HEAD", path, query_string=query).headers["ETag"] == found.headers["ETag"]
    again = lrs.get(path, **query, headers={"If-None-Match": found.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", found.headers["ETag"])


@pytest.mark.parametrize(("path", "query"), RESOURCES)
def test_only_documents_changed_since_are_listed(lrs, path, query):
    put(lrs, path, query)
    time.sleep(0.01)
    key = "stateId" if "stateId" in query else "profileId"
    whose = {name: value for name, value in query.items() if name != key}
    first = lrs.get(path, **whose, since="2020-01-01T00:00:00Z")
    assert first.json == [query[key]]
    assert lrs.get(path, **whose, since="2099-01-01T00:00:00Z").json == []


@pytest.mark.parametrize(
    "changes", [{"activityId": "no iri"}, {"agent": "{}"}, {"stateId": None}, {"registration": "1"}, {"other": "1"}]
)
def test_wrong_parameters_are_refused(lrs, changes):
    query = {name: value for name, value in (STATE | changes).items() if value is not None}
    assert put(lrs, "/activities/state", query).status_code == 400


@pytest.mark.parametrize(
    ("scopes", "path", "query", "read", "write"),
    [
        (["state"], "/activities/state", STATE, 200, 204),
        (["all/read"], "/activities/state", STATE, 200, 403),
        (["statements/read"], "/activities/state", STATE, 403, 403),
        (["profile"], *PROFILES[0], 200, 204),
        (["state"], *PROFILES[1], 403, 403),
    ],
)
def test_scopes_decide_who_reads_and_writes_documents(lrs, lrs_as, scopes, path, query, read, write):
    put(lrs, path, query, b"{}", "application/json")
    other = lrs_as(*scopes)
    assert other.get(path, **query).status_code == read
    assert post(other, path, query, b'{"a":1}').status_code == write


def test_a_state_of_another_store_is_not_seen(lrs, hub, system, client):
    from hub.xapi_lrs.services.stores import Stores
    from tests.http.xapi_lrs.conftest import LrsClient, issue

    put(lrs, "/activities/state", STATE)
    issued = issue(hub, system, hub.service(Stores).create(system, "another"), "all")
    other = LrsClient(client, issued.credential.key, issued.secret)
    assert other.get("/activities/state", **STATE).status_code == 404


@pytest.mark.parametrize(("path", "query"), RESOURCES)
def test_a_weak_entity_tag_is_no_match_for_a_change_but_one_for_a_reader(lrs, path, query):
    put(lrs, path, query, headers=NEW)
    etag = lrs.get(path, **query).headers["ETag"]
    assert put(lrs, path, query, headers={"If-Match": f"W/{etag}"}).status_code == 412
    assert lrs.get(path, **query, headers={"If-None-Match": f'"other", W/{etag}'}).status_code == 304
    assert put(lrs, path, query, headers={"If-Match": f'"other", {etag}'}).status_code == 204


def test_a_precondition_keeps_all_states_from_being_removed(lrs):
    put(lrs, "/activities/state", STATE)
    context = {name: value for name, value in STATE.items() if name != "stateId"}
    refused = lrs.request("DELETE", "/activities/state", query_string=context, headers={"If-Match": '"any"'})
    assert refused.status_code == 412
    assert lrs.get("/activities/state", **STATE).status_code == 200
    assert lrs.request("DELETE", "/activities/state", query_string=context).status_code == 204
    assert lrs.get("/activities/state", **STATE).status_code == 404


@pytest.mark.parametrize("path", ["/activities/state", "/agents/profile", "/agents"])
def test_a_group_is_no_agent(lrs, path):
    query = {"/activities/state": STATE, "/agents/profile": PROFILES[1][1], "/agents": {"agent": "{}"}}[path]
    group = query | {"agent": '{"objectType":"Group","mbox":"mailto:group@example.com"}'}
    refused = lrs.get(path, **group)
    assert (refused.status_code, refused.json["violations"][0]["where"]) == (400, "agent.objectType")
    agent = query | {"agent": '{"objectType":"Agent","mbox":"mailto:group@example.com"}'}
    assert lrs.get(path, **agent).status_code in (200, 404)


def test_a_document_is_sent_as_the_bytes_that_its_entity_tag_is_of(lrs):
    content = json.dumps({"text": "x" * 5_000}).encode()
    put(lrs, "/activities/state", STATE, content, content_type="application/json")
    found = lrs.get("/activities/state", **STATE, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in found.headers
    assert found.headers["ETag"] == f'"{hashlib.sha1(found.data, usedforsecurity=False).hexdigest()}"'
