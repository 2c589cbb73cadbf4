"""What surrounds the resources: limits, compression, other origins, scopes, credentials."""

import gzip
import json
import time
import uuid
from dataclasses import replace

import pytest

from hub.errors import Forbidden
from hub.oauth.scopes import actions_of_scopes
from hub.xapi_lrs.services.credentials import Credentials
from tests.http.xapi_lrs.conftest import LrsClient, issue
from tests.http.xapi_lrs.test_statements import ids_of, statement


def test_a_limited_credential_is_told_what_is_left_and_then_stopped(lrs_as):
    limited = lrs_as("all", requests_per_minute=2)
    answers = [limited.get()]
    while answers[-1].status_code == 200 and len(answers) < 6:
        answers.append(limited.get())
    # Two a minute, and a minute may have ended in between.
    assert len(answers) in {3, 4, 5}
    assert answers[-1].status_code == 429
    assert answers[0].headers["RateLimit"].startswith('"credential";r=1;t=')
    assert int(answers[-1].headers["Retry-After"]) <= 60


def test_a_revoked_credential_stops_within_a_second(hub, system, store, client):
    issued = issue(hub, system, store, "all")
    lrs = LrsClient(client, issued.credential.key, issued.secret)
    assert lrs.get().status_code == 200
    hub.service(Credentials).revoke(system, issued.credential.id)
    time.sleep(1)
    assert lrs.get().status_code == 401


def test_a_rotated_secret_replaces_the_old_one(hub, system, store, client):
    issued = issue(hub, system, store, "all")
    rotated = hub.service(Credentials).rotate(system, issued.credential.id)
    assert LrsClient(client, issued.credential.key, issued.secret).get().status_code == 401
    assert LrsClient(client, issued.credential.key, rotated.secret).get().status_code == 200
    listed = hub.service(Credentials).list(system, store.id)
    assert [each.key for each in listed] == [issued.credential.key]
    assert rotated.secret not in repr(listed)


def test_nobody_is_told_the_secret_of_a_credential_that_may_do_more(hub, system, store, client):
    issued = issue(hub, system, store, "all")
    keeper = replace(system, kind="oauth_client", actions=actions_of_scopes(["stores:write", "statements/write"]))
    with pytest.raises(Forbidden, match="what you may not do"):
        hub.service(Credentials).rotate(keeper, issued.credential.id)
    assert LrsClient(client, issued.credential.key, issued.secret).get().status_code == 200
    narrow = issue(hub, system, store, "statements/write")
    assert hub.service(Credentials).rotate(keeper, narrow.credential.id).secret != narrow.secret


def test_bodies_are_taken_and_given_as_gzip(lrs):
    sent = [statement() for _ in range(20)]
    packed = gzip.compress(json.dumps(sent).encode())
    assert lrs.post(packed, headers={"Content-Encoding": "gzip"}).status_code == 200
    answer = lrs.get(headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.data))["statements"]) == 20


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no gzip at all", 400),
        (gzip.compress(b"[]", mtime=0)[:-6], 400),
        (gzip.compress(b" " * 20_000_000, mtime=0), 413),
        (gzip.compress(b"[]", mtime=0) + b"junk", 400),
    ],
)
def test_a_body_that_unpacks_badly_is_refused(lrs, body, status):
    assert lrs.post(body, headers={"Content-Encoding": "gzip"}).status_code == status


def test_a_gzip_body_may_have_several_members(lrs):
    text = json.dumps(statement()).encode()
    packed = gzip.compress(text[:20]) + gzip.compress(text[20:])
    assert lrs.post(packed, headers={"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip;q=0", None), ("gzip; q=0.0, br", None), ("br, gzip;q=0.1", "gzip"), ("identity", None)],
)
def test_an_answer_is_packed_only_for_who_accepts_it(lrs, accepted, encoding):
    assert lrs.post([statement() for _ in range(20)]).status_code == 200
    assert lrs.get(headers={"Accept-Encoding": accepted}).headers.get("Content-Encoding") == encoding


def test_a_body_in_an_unknown_encoding_is_refused(lrs):
    assert lrs.post(b"x", headers={"Content-Encoding": "br"}).status_code == 415


def test_content_of_another_origin_may_send_and_read(lrs):
    preflight = lrs.request(
        "OPTIONS",
        "/statements",
        headers={
            "Authorization": None,
            "X-Experience-API-Version": None,
            "Origin": "https://content.example.com",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,x-experience-api-version",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    answer = lrs.get(headers={"Origin": "https://content.example.com"})
    assert "X-Experience-API-Consistent-Through" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("count", [10_001])
def test_a_batch_of_too_many_statements_is_refused(lrs, count):
    assert lrs.post(b"[" + b",".join([b"{}"] * count) + b"]").status_code == 413


def test_a_statement_that_is_too_large_is_refused_and_named(lrs):
    large = statement(result={"response": "x" * 1_100_000})
    refused = lrs.post([statement(), large])
    assert refused.status_code == 413
    assert refused.json["violations"][0]["where"] == "$[1]"


def test_a_statement_that_nests_too_deep_is_refused_and_a_deep_one_within_the_limit_is_kept(lrs):
    def nested(levels):
        inner = "x"
        for _ in range(levels):
            inner = [inner]
        return statement(result={"extensions": {"https://example.com/deep": inner}})

    assert lrs.post(nested(90)).status_code == 200
    [fault] = lrs.post([nested(90), nested(98)]).json["violations"]
    assert (fault["where"], fault["allowed"]) == ("$[1]", 100)


def test_the_null_character_in_a_text_is_kept(lrs):
    sent = statement(
        result={"response": "a\x00b"}, actor={"account": {"homePage": "http://x.example", "name": "n\x00"}}
    )
    [statement_id] = lrs.post(sent).json
    assert lrs.get(statementId=statement_id).json["result"] == sent["result"]
    assert ids_of(lrs.get(agent=json.dumps(sent["actor"]))) == [statement_id]


@pytest.mark.parametrize(
    "query",
    [
        {"unknown": "1"},
        {"limit": "-1"},
        {"limit": "x"},
        {"since": "yesterday"},
        {"agent": "{}"},
        {"agent": "no json"},
        {"verb": "no iri"},
        {"registration": "1"},
        {"format": "xml"},
        {"ascending": "yes"},
        {"statementId": "0", "limit": "1"},
        {"statementId": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "agent": "{}"},
        {"more": "forged"},
        {"more": "AAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_query_that_is_not_valid_is_refused_by_name(lrs, query):
    refused = lrs.get(**query)
    assert refused.status_code == 400
    named = [each["where"].split()[0] for each in refused.json.get("violations", [])]
    assert "more" in query or set(named) <= set(query), named


def test_the_format_ids_and_the_canonical_one_in_the_readers_language(lrs):
    display = {"en": "did", "de": "tat"}
    definition = {"name": {"en": "Course", "de": "Kurs"}, "extensions": {"http://x.example/a": 1}}
    sent = statement(
        verb={"id": "http://x.example/did", "display": display},
        object={"id": "http://x.example/1", "definition": definition},
    )
    [statement_id] = lrs.post(sent).json
    ids = lrs.get(statementId=statement_id, format="ids").json
    assert (ids["verb"], ids["object"]) == ({"id": "http://x.example/did"}, {"id": "http://x.example/1"})
    lrs.post(statement(object={"id": "http://x.example/1", "definition": {"name": {"fr": "Cours"}}}))
    canonical = lrs.get(statementId=statement_id, format="canonical", headers={"Accept-Language": "fr, de;q=0.5"}).json
    assert canonical["verb"]["display"] == {"de": "tat"}
    assert canonical["object"]["definition"]["name"] == {"fr": "Cours"}
    activity = lrs.get("/activities", activityId="http://x.example/1").json
    assert activity["definition"]["name"] == {"en": "Course", "de": "Kurs", "fr": "Cours"}


def test_only_a_credential_that_may_define_changes_definitions(lrs, lrs_as):
    definition = {"name": {"en": "Course"}}
    lrs_as("statements/write").post(statement(object={"id": "http://x.example/2", "definition": definition}))
    assert "definition" not in lrs.get("/activities", activityId="http://x.example/2").json
    lrs_as("statements/write", "define").post(statement(object={"id": "http://x.example/2", "definition": definition}))
    assert lrs.get("/activities", activityId="http://x.example/2").json["definition"] == definition


def test_an_agent_is_answered_as_a_person_with_all_names(lrs):
    for name in ("Ann", "Anna"):
        lrs.post(statement(actor={"mbox": "mailto:ann@example.com", "name": name}))
    person = lrs.get("/agents", agent='{"mbox":"mailto:ann@example.com"}').json
    assert person == {"objectType": "Person", "name": ["Ann", "Anna"], "mbox": ["mailto:ann@example.com"]}


def test_a_statement_that_comes_again_teaches_nothing_and_hides_nothing(lrs):
    """Nothing is modified by an id that is known (Communication 2.1.2), where definitions make no difference."""
    course, ids = "https://example.com/course/again", [str(uuid.uuid4()) for _ in range(2)]

    def about(name, statement_id=None):
        sent = statement(object={"id": course, "definition": {"name": {"en": name}}})
        return sent | ({"id": statement_id} if statement_id else {})

    def known():
        return lrs.get("/activities", activityId=course).json["definition"]["name"]["en"]

    assert lrs.post(about("First", ids[0])).status_code == 200
    assert lrs.post(about("Second", ids[0])).status_code == 200
    assert known() == "First"
    assert lrs.post([about("Second", ids[0]), statement(id=ids[1])]).status_code == 200
    assert known() == "First", "not beside a new one either"
    assert lrs.post(about("Second")).status_code == 200
    assert known() == "Second", "which must not be taken for known"


def test_names_are_learned_of_whoever_the_context_names(lrs):
    """Also where 2.0 alone names people (2.0 section 4.2.2.5), in a sub-statement too."""
    agent = {"objectType": "contextAgent", "agent": {"mbox": "mailto:coach@example.com", "name": "Coach"}}
    member = {"mbox": "mailto:member@example.com", "name": "Member"}
    group = {"objectType": "Group", "mbox": "mailto:team@example.com", "name": "Team", "member": [member]}
    groups = [{"objectType": "contextGroup", "group": group}]
    inner = statement(context={"contextGroups": groups}, object={"id": "https://example.com/course/1"})
    lrs.post(statement(context={"contextAgents": [agent]}, object={"objectType": "SubStatement", **inner}))
    for who, name in (("coach", "Coach"), ("team", "Team"), ("member", "Member")):
        asked = json.dumps({"mbox": f"mailto:{who}@example.com"})
        assert lrs.get("/agents", agent=asked).json["name"] == [name]
        assert len(lrs.get(agent=asked, related_agents="true").json["statements"]) == 1


@pytest.mark.parametrize("version", ["0.95", "1.1", "3.0.0", "", "x"])
def test_about_tells_the_versions_to_who_asks_in_any(lrs, version):
    asked = {"X-Experience-API-Version": version}
    answer = lrs.get("/about", headers=asked)
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (200, "2.0.0")
    assert lrs.get("/statements", headers=asked).status_code == 400
    assert lrs.get("/about", unknown="1").status_code == 400


@pytest.mark.parametrize(("method", "path", "status"), [("PATCH", "/statements", 405), ("GET", "/nothing", 404)])
@pytest.mark.parametrize(("root", "version"), [("/xapi", "2.0.0"), ("/xapi/1.0.3", "1.0.3")])
def test_the_version_is_in_the_answer_to_what_there_is_not(lrs, method, path, status, root, version):
    lrs.root = root
    refused = lrs.request(method, path, headers={"Origin": "http://content.example"})
    assert (refused.status_code, refused.headers["X-Experience-API-Version"]) == (status, version)
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


def test_a_stranger_is_asked_for_a_key_and_a_secret(lrs):
    refused = lrs.get(headers={"Authorization": None})
    assert refused.status_code == 401
    assert [each.split()[0] for each in refused.headers.getlist("WWW-Authenticate")] == ["Bearer", "Basic"]


@pytest.mark.parametrize("header", [("Origin", "http://content.example"), ("Sec-Fetch-Mode", "cors")])
def test_a_script_is_not_asked_or_the_browser_would_ask_the_learner(lrs, header):
    refused = lrs.get(headers={"Authorization": None, header[0]: header[1]})
    assert refused.status_code == 401
    assert [each.split()[0] for each in refused.headers.getlist("WWW-Authenticate")] == ["Bearer"]


@pytest.mark.parametrize("limit", ["0", "000000000000001", "99999999999999999999"])
def test_a_limit_may_be_any_whole_number(lrs, limit):
    lrs.post([statement(), statement()])
    assert len(ids_of(lrs.get(limit=limit))) == (1 if limit.endswith("1") else 2)
