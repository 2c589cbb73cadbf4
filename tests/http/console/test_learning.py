"""Registrations, statements, platforms and score deliveries in the console."""

import csv
import html
import io
import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from hub.console.views.statements import MOST_FOLLOWED
from hub.db import EVERY_TENANT
from hub.lti.services.platforms import Platforms
from hub.scorm.services.learners import Learners
from hub.scorm.services.registrations import Registrations
from hub.xapi_lrs.services.statements import Statements
from hub.xapi_lrs.services.stores import Stores
from tests.http.xapi_lrs.conftest import LrsClient, issue
from tests.support.courses import add_course
from tests.support.people import form_token

SCRIPT = "<script>alert(1)</script>"
VERBS = "http://adlnet.gov/expapi/verbs"


@pytest.fixture
def platform():
    """What an administrator copies from an LMS; the client id is unique in the whole Hub."""
    return {
        "name": "Hillside Moodle",
        "issuer": "https://lms.example",
        "client_id": uuid4().hex,
        "deployment": "1",
        "auth_url": "https://lms.example/auth",
        "token_url": "https://lms.example/token",
        "jwks_url": "https://lms.example/jwks",
    }


@pytest.fixture
def register(hub, system):
    """A registration of a new learner for a new package."""

    def make(name="Mara Quist", title="Golf"):
        learner = hub.service(Learners).ensure(system, "https://lms.example", str(uuid4()), name, "m@school.example")
        package = add_course(hub.db, system.tenant_id, title)
        return hub.service(Registrations).ensure(system, learner.id, package)

    return make


@pytest.fixture
def store(hub, system):
    """Put a statement into the tenant's store; tells its id."""

    def put(**changes):
        statement = {
            "actor": {"name": "Mara Quist", "mbox": "mailto:mara@school.example"},
            "verb": {"id": f"{VERBS}/completed", "display": {"de": "beendete", "en": "completed"}},
            "object": {"id": "https://hub.example/golf", "definition": {"name": {"en-GB": "Golf explained"}}},
        }
        [statement_id] = hub.service(Statements).store(system, json.dumps(statement | changes).encode())
        return statement_id

    return put


def send(client, path, **form):
    return client.post(path, data={"csrf_token": form_token(client, "/account")} | form)


def test_registrations_are_listed_and_filtered(client, enter, register):
    enter("administrator")
    register("Mara Quist", "Golf")
    register("Tom Iversen", "Sailing")
    page = client.get("/registrations").text
    assert "Mara Quist" in page
    assert "Sailing" in page
    assert "not begun" in page
    only = client.get("/registrations?q=iversen").text
    assert "Tom Iversen" in only
    assert "Mara Quist" not in only
    assert "Nothing matches" in client.get("/registrations?status=passed").text
    assert client.get("/registrations?status=nonsense").status_code == 400
    assert client.get("/registrations?package=nonsense").status_code == 400


def test_a_registration_shows_its_learner_and_what_is_missing(client, enter, register):
    enter("administrator")
    registration = register(SCRIPT, SCRIPT)
    page = client.get(f"/registrations/{registration.id}").text
    assert "<script>alert" not in page
    assert "has not opened the package yet" in page
    assert str(registration.id) in page


def test_a_new_attempt_is_begun_by_who_may(client, enter, register):
    enter("administrator")
    registration = register()
    path = f"/registrations/{registration.id}"
    assert send(client, f"{path}/attempts").status_code == 303
    assert "Attempt 1" in client.get(path).text
    assert send(client, f"{path}/attempts").status_code == 303
    assert "Attempt 2" in client.get(path).text


def test_a_comment_is_left_and_removed_by_who_may(client, enter, register):
    enter("administrator")
    path = f"/registrations/{register().id}"
    activity = re.search(r'id="field-activity".*?value="([^"]+)"', client.get(path).text, re.DOTALL)[1]
    refused = send(client, f"{path}/comments", activity=activity, comment="x" * 4001, location="page 3")
    assert refused.status_code == 400
    assert 'aria-invalid="true"' in refused.text
    assert 'value="page 3"' in refused.text
    assert send(client, f"{path}/comments", activity=activity, comment=SCRIPT).status_code == 303
    page = client.get(path).text
    assert html.escape(SCRIPT) in page
    assert "<script>alert" not in page
    remove = re.search(r"/registrations/[^\"]+/comments/[^\"]+/remove", page)[0]
    assert send(client, remove).status_code == 303
    assert html.escape(SCRIPT) not in client.get(path).text


def test_a_statement_reads_as_a_sentence(client, enter, store):
    enter("reporting")
    store(result={"score": {"scaled": 0.85}, "duration": "PT1H2M3S"})
    row = re.search(r'<td class="sentence break">(.*?)<details', client.get("/statements").text, re.DOTALL)[1]
    words = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    assert words == "Mara Quist completed Golf explained"
    assert "85%, 1 h 02 min" in client.get("/statements").text


def test_statements_are_filtered_by_what_the_sentence_links_to(client, enter, store):
    enter("reporting")
    store()
    store(actor={"mbox": "mailto:tom@school.example"}, verb={"id": f"{VERBS}/failed"})
    page = client.get("/statements").text
    links = [html.unescape(link) for link in re.findall(r'href="(/statements\?[^"]+)"', page)]
    assert len(links) >= 6
    for link in links:
        narrowed = client.get(link)
        assert narrowed.status_code == 200, link
        assert "No entry fits" not in narrowed.text, link
    assert "Mara Quist" not in client.get("/statements?actor=tom@school.example").text
    assert "Mara Quist" in client.get("/statements?actor=mara@school.example").text
    for actor in ({"mbox_sha1sum": "a" * 40}, {"openid": "https://o.example/kim"}):
        store(actor=actor, object={"id": "https://a.example/own"})
        [typed] = actor.values()
        assert sentences_on(client.get("/statements", query_string={"actor": typed}).text) == [
            f"{typed} completed https://a.example/own"
        ]


def test_statements_until_a_day_are_those_of_that_day_too(hub, client, enter, store):
    enter("reporting")
    statement_id = store()
    with hub.db.connection(EVERY_TENANT) as connection:  # The day may end just now.
        query = "SELECT stored FROM lrs_statement WHERE id = %s"  # In microseconds.
        (stored,) = connection.execute(query, (statement_id,)).fetchone()
    today = datetime.fromtimestamp(stored // 1_000_000, UTC).date()
    assert "Mara Quist" in client.get(f"/statements?until={today}").text
    assert "Mara Quist" in client.get(f"/statements?since={today}&until={today}").text
    assert "Mara Quist" not in client.get(f"/statements?until={today - timedelta(days=1)}").text
    assert "Mara Quist" not in client.get(f"/statements?until={today}T00:00").text


def test_the_filters_are_a_query_that_a_program_can_ask(hub, system, client, enter, store):
    enter("reporting")
    store()
    store(actor={"mbox": "mailto:tom+1@school.example"}, verb={"id": f"{VERBS}/failed"})
    chosen = {"actor": "tom+1@school.example", "verb": f"{VERBS}/failed", "since": "2020-01-01", "store": "default"}
    page = client.get("/statements", query_string=chosen).text
    [command] = [html.unescape(each) for each in re.findall(r'data-copy="([^"]+)"', page)]
    *options, address = shlex.split(command)
    assert options == ["curl", "-u", "$LRS_KEY:$LRS_SECRET", "-H", "X-Experience-API-Version: 2.0.0"]
    issued = issue(hub, system, hub.service(Stores).find(system.tenant_id, "default"), "statements/read")
    lrs = LrsClient(client, issued.credential.key, issued.secret, root="")
    found = lrs.request("GET", address.removeprefix(hub.settings.public_url)).json["statements"]
    assert [each["actor"]["mbox"] for each in found] == ["mailto:tom+1@school.example"]
    assert f"{hub.settings.public_url}/xapi/statements</code>" in client.get("/statements").text


@pytest.mark.parametrize(
    "query",
    [
        "verb=nonsense",
        "activity=%20x",
        "registration=7",
        "since=soon",
        "actor={",
        "actor=%00",
        "store=none",
        "cursor=x",
    ],
)
def test_a_filter_that_cannot_be_read_is_named(client, enter, store, query):
    enter("reporting")
    store()
    assert client.get(f"/statements?{query}").status_code in {400, 404}


def test_filters_that_are_refused_stay_in_their_fields(client, enter, store):
    enter("reporting")
    store()
    refused = client.get("/statements?actor=Mara+Quist&verb=passed&activity=https://hub.example/golf")
    assert refused.status_code == 400
    listed = re.search(r'role="alert".*?</div>', refused.text, re.DOTALL)[0]
    assert "Actor</a> must be an e-mail address" in listed
    assert "Verb</a> must be an IRI with a scheme" in listed
    assert re.findall(r'id="(\w+)" name="\w+" aria-invalid="true"', refused.text) == ["actor", "verb"]
    assert 'value="Mara Quist"' in refused.text
    assert 'value="https://hub.example/golf"' in refused.text
    assert "Mara Quist</a>" not in refused.text


def test_nothing_in_a_statement_can_run(client, enter, store):
    enter("reporting")
    nasty = "</pre></script><img src=x onerror=alert(1)>" + SCRIPT
    store(
        actor={"name": nasty, "account": {"name": nasty, "homePage": "https://a.example/"}},
        verb={"id": f"{VERBS}/completed", "display": {"en": nasty}},
        object={"id": "https://a.example/x", "definition": {"name": {"en": nasty}, "description": {"en": nasty}}},
        result={"response": nasty},
    )
    page = client.get("/statements").text
    assert "<script>" not in page
    assert "<img" not in page
    assert "onerror=alert" in html.unescape(page), "it is shown, as text"


def test_all_kinds_of_objects_and_actors_have_a_sentence(client, enter, store):
    enter("reporting")
    agent = {"mbox": "mailto:kim@school.example"}
    verb = {"id": f"{VERBS}/completed"}
    activity = {"id": "https://a.example/x"}
    store(object={"objectType": "Agent", **agent})
    store(object={"objectType": "Group", "member": [agent, {"openid": "https://o.example/1"}]})
    store(object={"objectType": "StatementRef", "id": str(uuid4())})
    store(object={"objectType": "SubStatement", "actor": agent, "verb": verb, "object": activity})
    store(actor={"objectType": "Group", "name": "Team", "mbox": "mailto:team@school.example"})
    store(actor={"mbox_sha1sum": "a" * 40})
    assert client.get("/statements").text.count('class="sentence break"') == 6


def sentences_on(page):
    """The sentences of a page, without their markup."""
    rows = re.findall(r'<td class="sentence break">(.*?)<details', page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def test_a_sentence_says_what_was_meant(client, enter, store):
    enter("reporting")
    members = [{"mbox": f"mailto:{name}@school.example"} for name in ("ann", "ben", "cyd", "dan")]
    planned = {"id": "https://a.example/planned", "display": {"en": "planned to finish"}}
    course = {"id": "https://a.example/x", "definition": {"name": {"en": "Golf"}}}
    store(object={"objectType": "Group", "member": members})
    store(
        object={"objectType": "SubStatement", "actor": {"name": "Kim", **members[0]}, "verb": planned, "object": course}
    )
    store(result={"success": False, "score": {"raw": 3, "max": 10}})
    page = client.get("/statements").text
    assert "not succeeded, 3/10" in page
    assert sentences_on(page)[1:] == [
        "Mara Quist completed Kim planned to finish Golf",
        "Mara Quist completed ann@school.example, ben@school.example, cyd@school.example, …",
    ]


def test_a_voided_statement_is_gone_from_the_list_but_can_be_looked_at(client, enter, store):
    enter("reporting")
    voided = store()
    voiding = store(verb={"id": f"{VERBS}/voided"}, object={"objectType": "StatementRef", "id": voided})
    page = client.get("/statements").text
    assert sentences_on(page) == [f"Mara Quist voided statement {voided}"]
    assert f'href="/statements/{voided}"' in page
    assert "was voided" in client.get(f"/statements/{voided}").text
    assert "was voided" not in client.get(f"/statements/{voiding}").text
    assert client.get(f"/statements/{uuid4()}").status_code == 404


def test_a_burst_is_followed_to_the_last_statement(hub, system, client, enter, store):
    enter("reporting")
    store()
    follow = r'hx-get="([^"]+)"'
    tail = html.unescape(re.search(follow, client.get("/statements?live=yes").text)[1])
    assert sentences_on(client.get(tail).text) == []
    statement = {"actor": {"mbox": "mailto:a@b.example"}, "verb": {"id": f"{VERBS}/completed"}}
    burst = [statement | {"object": {"id": f"https://a.example/{number}"}} for number in range(700)]
    hub.service(Statements).store(system, orjson.dumps(burst[:300]))
    page = client.get(tail).text
    assert [each.split()[-1] for each in sentences_on(page)] == [
        f"https://a.example/{number}" for number in reversed(range(300))
    ]
    tail = html.unescape(re.search(follow, page)[1])
    hub.service(Statements).store(system, orjson.dumps(burst[300:]))
    assert len(sentences_on(client.get(tail).text)) == 400
    everything = client.get(re.sub(r"after=\d+", "after=0", tail)).text
    assert len(sentences_on(everything)) == MOST_FOLLOWED
    assert "https://a.example/699" in everything


def test_a_download_has_a_line_or_a_row_for_each_statement(hub, system, client, enter, store):
    enter("reporting")
    nasty = {"actor": {"mbox": "mailto:a@b.example", "name": "=1+1"}, "verb": {"id": f"{VERBS}/completed"}}
    named = {"id": "https://a.example/x", "definition": {"name": {"fr": "Cours", "en": 'A "course",\nlong'}}}
    sent = nasty | {"object": named, "result": {"success": True, "response": "x" * 300}}
    hub.service(Statements).store(system, orjson.dumps([sent, sent], option=orjson.OPT_INDENT_2))
    lines = client.get("/statements/download")
    assert lines.headers["Content-Disposition"] == "attachment; filename=statements.jsonl"
    assert [json.loads(each)["actor"]["name"] for each in lines.data.splitlines()] == ["=1+1", "=1+1"]
    table = client.get("/statements/download?as=csv")
    assert table.data.startswith(b"\xef\xbb\xbf")
    [row, _] = rows_of(table)
    assert (row["actor"], row["actor_name"], row["object_name"]) == ("mailto:a@b.example", "'=1+1", 'A "course",\nlong')
    assert (row["success"], row["response"]) == ("true", "x" * 300)
    nothing = client.get("/statements/download?as=csv&actor=nobody@b.example")
    assert rows_of(nothing) == []
    assert nothing.data.startswith(b"\xef\xbb\xbfid,stored,timestamp,")
    assert client.get("/statements/download?actor=nobody@b.example").data == b""


def test_odd_times_and_lengths_have_a_sentence(client, enter, store):
    enter("reporting")
    for timestamp in ("2016-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        store(timestamp=timestamp)
    store(result={"duration": f"PT{'9' * 400}H"})
    page = client.get("/statements").text
    assert page.count('class="sentence break"') == 4
    assert "2016-12-31 23:59 UTC" in page
    assert "0001-01-01T00:00:00+14:00" in page
    assert client.get("/statements/download?as=csv").text.count("Mara Quist") == 4


def test_pages_of_statements_go_on_where_they_ended(client, enter, store):
    enter("reporting")
    for number in range(51):
        store(object={"id": f"https://hub.example/{number}"})
    first = client.get("/statements").text
    older = html.unescape(re.search(r'href="([^"]+)" rel="next"', first)[1])
    second = client.get(older).text
    assert "hub.example/50" in first
    assert second.count('class="sentence break"') == 1
    assert "https://hub.example/0<" in second


def test_what_is_shown_can_be_downloaded(client, enter, store):
    enter("reporting")
    store()
    store(verb={"id": f"{VERBS}/failed"})
    with client.get(f"/statements/download?verb={VERBS}/failed") as answer:
        lines = answer.text.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["verb"]["id"] == f"{VERBS}/failed"


def test_a_platform_is_added_with_the_settings_to_copy(client, admin, platform):
    assert "http://localhost:8000/lti/login" in client.get("/platforms/new").text
    added = send(client, "/platforms/new", **platform)
    assert added.status_code == 303
    page = client.get(added.headers["Location"]).text
    assert "Hillside Moodle" in page
    assert "http://localhost:8000/lti/launch" in page
    assert "Hillside Moodle" in client.get("/platforms").text


def test_a_platform_that_cannot_work_is_refused_with_every_fault(client, admin, platform):
    answer = send(
        client, "/platforms/new", **platform | {"issuer": "nonsense", "token_url": "ftp://x", "deployment": ""}
    )
    assert answer.status_code == 400
    for field in ("issuer", "token_url", "deployment"):
        assert f'id="fault-{field}"' in answer.text
    assert 'value="https://lms.example/auth"' in answer.text
    send(client, "/platforms/new", **platform)
    assert send(client, "/platforms/new", **platform).status_code == 409


def test_a_platform_is_changed_switched_off_and_removed(client, admin, platform, hub, system):
    path = send(client, "/platforms/new", **platform).headers["Location"].partition("?")[0]
    urls = {name: platform[name] for name in ("auth_url", "token_url", "jwks_url")}
    assert send(client, path, name="Renamed", deployment="2", **urls).status_code == 303
    (changed,) = hub.service(Platforms).list(system)
    assert (changed.name, changed.is_active, changed.deployment_ids) == ("Renamed", False, {"1", "2"})
    assert "switched off" in client.get("/platforms").text
    assert send(client, f"{path}/remove").status_code == 303
    assert client.get(path).status_code == 404


def test_score_deliveries_are_listed_by_state(client, admin):
    assert "No scores yet" in client.get("/deliveries").text
    assert "Nothing matches" in client.get("/deliveries?status=failed").text
    assert send(client, f"/deliveries/{uuid4()}/again").status_code == 404


def test_home_says_what_to_do_first(client, admin):
    page = client.get("/").text
    assert "Connect your LMS" in page
    assert "Upload packages" in page


@pytest.mark.parametrize(("role", "sees"), [("author", False), ("instructor", False), ("reporting", True)])
def test_home_shows_each_role_what_it_may_see(client, enter, register, role, sees):
    enter(role)
    register("Mara Quist", "Golf")
    page = client.get("/").text
    assert ("Mara Quist" in page) is sees
    assert "People" not in page


def test_home_of_a_learner_is_their_courses(client, enter):
    enter("learner")
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/courses")
    assert "No courses yet" in client.get("/courses").text


def test_the_api_can_be_read_with_and_without_signing_in(client, enter):
    def look():
        overview = client.get("/api/v1/").text
        assert "/api/v1/packages/{package_id}" in overview
        page = client.get("/api/v1/?of=cohorts").text
        assert "cohorts:read" in page
        assert len(overview.encode()) < 100_000 > len(page.encode())
        return page

    assert "Sign out" not in look()
    enter("reporting")
    assert "Sign out" in look()


def test_every_operation_of_the_api_is_shown_with_an_example(client):
    overview = client.get("/api/v1/").text
    nouns = set(re.findall(r'href="/api/v1/\?of=([^"#]+)"', overview))
    assert len(nouns) > 15
    for noun in nouns:
        page = client.get(f"/api/v1/?of={noun}")
        operations = re.findall(r'<section class="stack close" id="([^"]+)"', page.text)
        assert all(f'href="/api/v1/?of={noun}#{one}"' in overview for one in operations)
        assert page.text.count(">curl ") == len(operations) > 0
    made = html.unescape(client.get("/api/v1/?of=cohorts").text)
    assert """-X POST -H 'Content-Type: application/json' -d '{"name": "Class 7b"}'""" in made
    assert client.get("/api/v1/?of=nonsense").status_code == 404


def test_one_statement_has_a_page_and_its_json_alone(client, enter, store):
    enter("reporting")
    store()
    page = client.get("/statements").text
    address = html.unescape(re.search(r'hx-get="(/statements/[^"]+)"', page)[1])
    alone = client.get(address)
    assert json.loads(html.unescape(re.search(r"<pre[^>]*>(.*)</pre>", alone.text, re.DOTALL)[1]))["stored"]
    assert "<html" not in alone.text
    whole = client.get(address.partition("?")[0]).text
    assert "Golf explained" in whole
    assert client.get(f"/statements/{uuid4()}").status_code == 404


def test_the_live_tail_gives_each_new_statement_once(client, enter, store):
    enter("reporting")
    store()

    def tail_of(answer):
        return html.unescape(re.search(r'<tr class="tail" hx-get="([^"]+)"', answer.text)[1])

    following = tail_of(client.get("/statements?live=yes"))
    nothing = client.get(following)
    assert nothing.text.count('class="sentence break"') == 0
    store(verb={"id": f"{VERBS}/failed"})
    store(verb={"id": f"{VERBS}/passed"})
    new = client.get(tail_of(nothing))
    assert new.text.count('class="sentence break"') == 2
    assert client.get(tail_of(new)).text.count('class="sentence break"') == 0
    assert 'class="tail"' not in client.get("/statements").text


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_registrations_can_be_downloaded_with_their_filters(client, enter, register, monkeypatch):
    monkeypatch.setattr("hub.console.views.registrations.PAGE", 2)
    enter("administrator")
    for name in ("Ann", "Bob", "=1+1", "Cid"):
        register(name, "Golf")
    with client.get("/registrations/download") as answer:
        assert answer.content_type == "text/csv; charset=utf-8"
        rows = rows_of(answer)
    assert [row["learner"] for row in rows] == ["Cid", "'=1+1", "Bob", "Ann"], "no cell is taken for a formula"
    assert rows[0]["status"] == "not_begun"
    with client.get("/registrations/download?q=bob") as answer:
        assert [row["learner"] for row in rows_of(answer)] == ["Bob"]
