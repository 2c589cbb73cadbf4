"""The privacy pages: look up, look, export, erase with a second confirmation, and one's own data."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import pytest
from click.testing import CliRunner

from hub.command_line import CommandLine
from hub.db.tables import User
from hub.privacy.cli import privacy
from hub.privacy.services.jobs import PrivacyJobs
from hub.scorm.services.consents import Consents
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.registrations import Registrations
from tests.support.courses import add_course
from tests.support.people import form_token, make_account, sign_in


@pytest.fixture
def learner(hub, system):
    return hub.service(Learners).ensure(system, "https://lms.example", "s-1", "Anna Quill", "quill@school.example")


def chosen(client, words):
    page = client.get("/privacy", query_string={"q": words}).text
    return re.findall(r'name="identity"[^>]*value="([^"]+)"', page)


def post(client, path, token_from="/privacy/retention", **fields):
    return client.post(path, data={"csrf_token": form_token(client, token_from), **fields})


def test_a_person_is_looked_up_and_exported(client, admin, hub, system, learner):
    [identity] = chosen(client, "quill@school.example")
    assert identity == f"learner:{learner.id}"
    page = post(client, "/privacy/person", identity=identity)
    assert page.status_code == 200
    assert "Anna Quill" in page.text
    answer = post(client, "/privacy/export", identity=identity)
    assert answer.status_code == 303
    job_id = UUID(answer.location.rpartition("/")[2])
    assert "<progress" in client.get(answer.location).text
    hub.service(PrivacyJobs).run(system.tenant_id, job_id)
    page = client.get(answer.location).text
    assert f"{answer.location}/archive" in page
    archive = client.get(f"{answer.location}/archive")
    assert archive.headers["Content-Type"] == "application/zip"
    assert int(archive.headers["Content-Length"]) == len(archive.data)
    with zipfile.ZipFile(io.BytesIO(archive.data)) as told:
        assert json.loads(told.read("learners.json"))[0]["name"] == "Anna Quill"
    assert "export.downloaded" in client.get("/audit").text


def test_an_erasure_wants_the_name_typed_in(client, admin, hub, system, learner):
    [identity] = chosen(client, "quill@school.example")
    fields = {"identity": identity, "treatment": "remove"}
    refused = post(client, "/privacy/erase", confirmation="Anna", **fields)
    assert refused.status_code == 400
    assert "is not what it says above" in refused.text
    assert hub.service(PrivacyJobs).page(system) == []
    answer = post(client, "/privacy/erase", confirmation="Anna Quill (https://lms.example)", **fields)
    assert answer.status_code == 303
    hub.service(PrivacyJobs).run(system.tenant_id, UUID(answer.location.rpartition("/")[2]))
    page = client.get(answer.location).text
    assert "Certificate of erasure" in page
    assert "Quill" not in page
    certificate = client.get(f"{answer.location}/certificate").get_json()
    assert certificate["certificate"]["done"] == [{"kind": "learners", "outcome": "removed", "count": 1}]
    assert certificate["jws"].count(".") == 2


def test_an_unknown_treatment_is_refused(client, admin, learner):
    [identity] = chosen(client, "quill@school.example")
    label = "Anna Quill (https://lms.example)"
    assert post(client, "/privacy/erase", identity=identity, treatment="shred", confirmation=label).status_code == 400


def test_everybody_exports_their_own_data_only(client, enter, hub, system):
    account = enter("author")
    for closed in ("/privacy", "/privacy/retention"):
        assert client.get(closed).status_code == 403
    answer = post(client, "/account/data", token_from="/account/data")
    assert answer.status_code == 303
    hub.service(PrivacyJobs).run(system.tenant_id, UUID(answer.location.rpartition("/")[2]))
    archive = client.get(f"{answer.location}/archive")
    with zipfile.ZipFile(io.BytesIO(archive.data)) as told:
        assert json.loads(told.read("accounts.json"))[0]["email"] == account.person.email
    post(client, "/sign-out", token_from="/account/data")
    sign_in(client, make_account(hub, system, "author"))
    assert client.get(answer.location).status_code == 404
    assert client.get(f"{answer.location}/archive").status_code == 404


def test_only_a_proven_address_leads_to_what_others_recorded_under_it(client, enter, hub, system):
    account = enter("author")
    hub.service(Learners).ensure(system, "https://lms.example", "s-2", "Somebody", account.person.email)

    def exported_kinds():
        answer = post(client, "/account/data", token_from="/account/data")
        hub.service(PrivacyJobs).run(system.tenant_id, UUID(answer.location.rpartition("/")[2]))
        with zipfile.ZipFile(io.BytesIO(client.get(f"{answer.location}/archive").data)) as told:
            return {name.partition(".")[0] for name in told.namelist() if name.endswith(".json")}

    assert "learners" not in exported_kinds()
    with hub.db.unit_of_work(system.tenant_id) as work:
        work.session.get(User, account.person.id).email_verified_at = datetime.now(UTC)
    assert {"accounts", "learners"} <= exported_kinds()


def test_retention_is_set_and_bad_numbers_are_named(client, admin):
    answer = post(client, "/privacy/retention", statements="730", registrations="", launches="30", revision="0")
    assert answer.status_code == 303
    assert 'value="730"' in client.get("/privacy/retention").text
    for wrong in ("0", "-1", "1.5", "٣", "x", "99999999999", "36501"):
        refused = post(client, "/privacy/retention", statements=wrong, revision="1")
        assert refused.status_code == 400, wrong
        assert "whole number of days" in refused.text
    stale = post(client, "/privacy/retention", statements="1", revision="0")
    assert stale.status_code == 412


def test_the_api_does_the_same(hub, system, learner, client, admin):
    from hub.oauth.services.clients import Clients, NewClient

    program, secret = hub.service(Clients).create(system, NewClient("Privacy", ("privacy:write",)))
    form = {"grant_type": "client_credentials", "client_id": program.client_id, "client_secret": secret}
    token = client.post("/oauth/token", data=form).get_json()["access_token"]

    def ask(method, path, **options):
        return client.open(f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **options)

    [found] = ask("GET", "/identities?q=quill@school.example").get_json()
    assert found["holdings"] == {"learners": 1}
    assert ask("GET", "/identities").status_code == 422
    answer = ask("POST", "/privacy-jobs", json={"kind": "erasure", "identities": [found["id"]]})
    assert answer.status_code == 400, "an erasure says what becomes of results"
    answer = ask("POST", "/privacy-jobs", json={"kind": "export", "identities": [found["id"]]})
    assert answer.status_code == 202
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert ask("GET", f"{path}/archive").status_code == 409
    hub.service(PrivacyJobs).run(system.tenant_id, UUID(path.rpartition("/")[2]))
    assert ask("GET", path).get_json()["state"] == "ready"
    assert ask("GET", f"{path}/archive").data[:2] == b"PK"
    assert [job["id"] for job in ask("GET", "/privacy-jobs").get_json()] == [path.rpartition("/")[2]]
    assert ask("PUT", "/retention", json={"launches": 30}).get_json() == {
        "statements": None,
        "registrations": None,
        "launches": 30,
    }
    assert ask("PUT", "/retention", json={"launches": 0}).status_code == 400
    assert ask("PUT", "/retention", json={"biscuits": 3}).status_code == 422


def test_consent_is_set_kept_by_version_and_withdrawn(client, admin, hub, system, learner):
    consents, page = hub.service(Consents), "/privacy/consent"
    refused = post(client, page, page, is_asked="yes", text=" ", version="0")
    assert refused.status_code == 400
    assert "must say what learners agree to" in refused.text
    assert post(client, page, page, is_asked="yes", text="We keep it.", version="0").status_code == 303
    assert post(client, page, page, is_asked="yes", text="Another.", version="0").status_code == 412
    assert consents.notice(system).text == "We keep it."
    package = add_course(hub.db, system.tenant_id)
    registration = hub.service(Registrations).ensure(system, learner.id, package)
    with hub.db.unit_of_work(system.tenant_id) as work:
        consents.give(work.session, system.tenant_id, registration.id, 1)
    shown = post(client, "/privacy/person", identity=f"learner:{learner.id}").text
    assert f"/privacy/consent/{learner.id}/withdraw" in shown
    assert post(client, f"/privacy/consent/{learner.id}/withdraw").status_code == 303
    assert consents.of_learner(system, learner.id)[0].withdrawn_at is not None
    assert post(client, f"/privacy/consent/{learner.id}/withdraw").status_code == 409
    assert post(client, page, page, text="We keep it.", version="1").status_code == 303
    assert not consents.notice(system).is_asked


def test_people_withdraw_their_own_consent_and_nobody_elses(client, enter, hub, system, learner):
    account, consents = enter("learner"), hub.service(Consents)
    other = hub.service(Learners).ensure(system, "https://lms.example", "s-2", "Somebody Else")
    hub.service(Mentors).connect_account(system, learner.id, str(account.person.id))
    consents.change(system, "We keep it.", is_asked=True)
    package = add_course(hub.db, system.tenant_id)
    with hub.db.unit_of_work(system.tenant_id) as work:
        for one in (learner, other):
            registration = hub.service(Registrations).ensure(system, one.id, package, within=work)
            consents.give(work.session, system.tenant_id, registration.id, 1)
    assert f"/account/data/consent/{learner.id}/withdraw" in client.get("/account/data").text
    withdrawn = post(client, f"/account/data/consent/{learner.id}/withdraw", "/account/data")
    assert withdrawn.status_code == 303
    assert post(client, f"/account/data/consent/{other.id}/withdraw", "/account/data").status_code == 404
    assert consents.of_learner(system, learner.id)[0].withdrawn_at is not None
    assert consents.of_learner(system, other.id)[0].withdrawn_at is None


def test_the_command_sets_and_shows_it(hub, settings, tenant, tmp_path):
    line, text = CommandLine(), tmp_path / "consent.txt"
    line.settings, line.hub = settings, hub
    text.write_text("We keep it.\n", "utf-8")

    def run(*arguments):
        return CliRunner().invoke(privacy, ["consent", *arguments, "--tenant", tenant.slug, "--json"], obj=line)

    assert json.loads(run().stdout) == {"version": 0, "is_asked": False, "text": ""}
    assert json.loads(run("--text", str(text)).stdout) == {"version": 1, "is_asked": True, "text": "We keep it."}
    assert json.loads(run("--off").stdout) == {"version": 1, "is_asked": False, "text": "We keep it."}
    assert run("--off", "--text", str(text)).exit_code == 2
    assert run("--text", str(tmp_path / "none")).exit_code == 2
