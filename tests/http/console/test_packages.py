"""Packages and imports in the console."""

import html
import io
import re
import zipfile

import pytest
from PIL import Image

from hub.demo import courses
from hub.http.event_stream import PLACES
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports
from hub.scorm.services.packages import Packages
from tests.support.people import form_token

HTMX = {"HX-Request": "true"}


def upload(client, body, name="course.zip", path="/packages/upload", headers=None):
    form = {"csrf_token": form_token(client, "/account"), "file": (io.BytesIO(body), name)}
    return client.post(path, data=form, headers=headers, content_type="multipart/form-data")


def job_of(answer):
    return re.search(r"/jobs/([0-9a-f-]{36})", answer.headers.get("Location", "") + answer.text)[1]


@pytest.fixture
def author(enter):
    return enter("administrator")


@pytest.fixture
def imported(hub, system, client):
    """Upload a course and import it as a worker would; returns the package's id."""

    def import_course(course="fire_safety", **options):
        job_id = job_of(upload(client, courses.build(course), f"{course}.zip", **options))
        hub.service(Importing).run(system.tenant_id, job_id)
        return hub.service(Imports).get(system, job_id).package_id

    return import_course


def send(client, path, **form):
    return client.post(path, data={"csrf_token": form_token(client, "/account")} | form)


def test_an_upload_by_the_plain_form_leads_to_its_job(client, author, hub, system):
    sent = upload(client, courses.build("fire_safety"), "fire.zip")
    assert sent.status_code == 303
    page = client.get(sent.headers["Location"]).text
    assert "Import of fire.zip" in page
    assert "queued" in page
    assert "<noscript><meta http-equiv" in page, "without scripts the page asks again by itself"
    hub.service(Importing).run(system.tenant_id, job_of(sent))
    done = client.get(sent.headers["Location"]).text
    assert "Open the package" in done
    assert "http-equiv" not in done


def test_an_upload_by_script_gets_a_row_that_follows_itself(client, author, hub, system):
    sent = upload(client, courses.build("fire_safety"), headers=HTMX)
    assert sent.status_code == 200
    address = html.unescape(re.search(r'hx-get="([^"]+)"', sent.text)[1])
    assert "queued" in client.get(address).text
    hub.service(Importing).run(system.tenant_id, job_of(sent))
    finished = client.get(address).text
    assert "Open the package" in finished
    assert "hx-get" not in finished


def test_a_refused_package_says_why_and_what_to_do(client, author, hub, system):
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("readme.txt", "no manifest")
    sent = upload(client, bad.getvalue(), "<b>bad</b>.zip")
    hub.service(Importing).run(system.tenant_id, job_of(sent))
    page = client.get(sent.headers["Location"]).text
    assert "was not taken" in page
    assert "What to do:" in page
    assert "<b>bad</b>" not in page
    assert "failed" in client.get("/packages").text
    assert "failed" in client.get("/").text, "a failed import needs someone"


def test_an_upload_without_a_file_is_refused(client, author):
    answer = send(client, "/packages/upload")
    assert answer.status_code == 400
    assert "No file was sent" in answer.text


def test_an_upload_without_the_forms_token_is_refused(client, author, hub, system):
    form = {"file": (io.BytesIO(courses.build("fire_safety")), "fire.zip")}
    answer = client.post("/packages/upload", data=form, content_type="multipart/form-data")
    assert answer.status_code == 403
    assert hub.service(Imports).page(system) == []


def test_a_package_has_pages_for_overview_versions_and_findings(client, author, imported):
    package_id = imported("weather_map")
    overview = client.get(f"/packages/{package_id}").text
    assert "SCORM 2004 4th Edition" in overview
    assert "Warm and cold fronts" in overview
    assert "weather_map.zip" in client.get(f"/packages/{package_id}/versions").text
    assert client.get(f"/packages/{package_id}/report").status_code == 200


def test_the_very_zip_can_be_downloaded(client, author, imported):
    package_id = imported()
    with client.get(f"/packages/{package_id}/versions/1/archive") as answer:
        assert answer.data == courses.build("fire_safety")
        assert "fire_safety.zip" in answer.headers["Content-Disposition"]
    for number in (9, 10**30):
        assert client.get(f"/packages/{package_id}/versions/{number}/archive").status_code == 404
        assert client.get(f"/packages/{package_id}/report?version={number}").status_code == 404


def test_a_new_version_is_published_and_the_old_one_can_be_published_again(client, author, imported, hub, system):
    package_id = imported()
    assert imported("weather_map", path=f"/packages/{package_id}/upload") == package_id
    assert hub.service(Packages).get(system, package_id).published.number == 2
    back = send(client, f"/packages/{package_id}/versions/1/publish")
    assert back.status_code == 303
    assert hub.service(Packages).get(system, package_id).published.number == 1


def test_packages_are_found_by_words(client, author, imported):
    imported()
    assert "Fire safety at school" in client.get("/packages?q=fire").text
    nothing = client.get("/packages?q=volcano").text
    assert "Nothing matches" in nothing


def test_a_package_is_renamed_and_tagged(client, author, imported):
    path = f"/packages/{imported()}/settings"
    changed = send(client, path, title="Renamed <i>", description="About fire", tags="yearly, staff")
    assert changed.status_code == 303
    page = client.get(path).text
    assert 'value="Renamed &lt;i&gt;"' in page
    assert 'value="yearly, staff"' in page
    refused = send(client, path, title=" ", description="kept words", tags="")
    assert refused.status_code == 400
    assert "kept words" in refused.text
    assert "must have 1 to" in refused.text


def test_a_change_that_crosses_another_one_is_refused(client, author, imported):
    path = f"/packages/{imported()}/settings"
    revision = re.search(r'name="revision" value="(\d+)"', client.get(path).text)[1]
    assert send(client, path, title="First", revision=revision).status_code == 303
    second = send(client, path, title="Second", revision=revision)
    assert second.status_code == 412
    assert "Somebody else changed" in second.text
    assert 'value="Second"' in second.text, "nothing that was typed is lost"


def test_a_package_is_deleted(client, author, imported):
    package_id = imported()
    assert send(client, f"/packages/{package_id}/delete").status_code == 303
    assert client.get(f"/packages/{package_id}").status_code == 404
    assert "No packages yet" in client.get("/packages").text


def test_a_preview_opens_the_player_on_the_content_origin(client, content_client, author, imported):
    answer = send(client, f"/packages/{imported()}/preview")
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert address.startswith("http://content.localhost:8000/")
    with content_client.get(address.removeprefix("http://content.localhost:8000")) as player:
        assert player.status_code in {200, 302, 303}
    policy = client.get("/packages").headers["Content-Security-Policy"]
    assert "form-action 'self' http://content.localhost:8000" in policy, "or the browser blocks the way there"


def test_readers_can_look_but_not_change(client, enter, imported, hub, system):
    enter("administrator")
    package_id = imported()
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    enter("reporting")
    page = client.get(f"/packages/{package_id}").text
    assert "Settings" not in page
    assert 'type="file"' not in client.get("/packages").text
    for path in ("settings", "delete", "upload", "versions/1/publish"):
        assert send(client, f"/packages/{package_id}/{path}").status_code == 403


def test_another_tenants_packages_are_not_there(client, enter, imported, hub, system, tenant):
    from hub.identity import system_principal
    from hub.oauth.services.tenants import Tenants
    from tests.support.people import make_account, sign_in

    enter("administrator")
    package_id = imported()
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    other = system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)
    sign_in(client, make_account(hub, other, "administrator"))
    for path in ("", "/versions", "/report", "/settings", "/versions/1/archive"):
        assert client.get(f"/packages/{package_id}{path}").status_code == 404
    assert "No packages yet" in client.get("/packages").text


def test_an_import_from_an_address(client, author, hub, system):
    page = client.get("/jobs/fetch?package=fire-safety").text
    assert 'value="fire-safety"' in page
    refused = send(client, "/jobs/fetch", url="ftp://me:secret@files.example/a.zip", package_id="fire-safety")
    assert refused.status_code == 400
    assert "must be an https address" in refused.text
    assert 'value="fire-safety"' in refused.text, "nothing is lost on an error"
    sent = send(
        client, "/jobs/fetch", url=" https://me:secret@files.example/a.zip?token=t0ken ", package_id="fire-safety"
    )
    assert sent.status_code == 303
    page = client.get(sent.headers["Location"]).text
    assert "https://files.example/a.zip" in page
    assert "secret" not in page + client.get("/jobs").text
    assert "t0ken" not in page + client.get("/audit").text


def test_what_changed_between_two_versions(client, author, imported):
    package_id = imported("fire_safety")
    imported("weather_map", path=f"/packages/{package_id}/upload")
    assert f"/packages/{package_id}/changes?since=1&amp;number=2" in client.get(f"/packages/{package_id}/versions").text
    page = client.get(f"/packages/{package_id}/changes").text
    assert "questions.js" in page
    assert "Gone" in page
    same = client.get(f"/packages/{package_id}/changes?since=2&number=2").text
    assert "All files are the same." in same
    assert client.get(f"/packages/{package_id}/changes?since=7&number=2").status_code == 404


def test_what_changed_of_a_part_is_said_in_the_readers_language(client, author):
    german = {"Accept-Language": "de"}
    with client.application.test_request_context(headers=german):
        words = [client.application.jinja_env.filters["own_word"](word) for word in ("title", "launch address")]
    assert words == ["Titel", "Startadresse"]
    assert "Ein Paket nothere gibt es nicht." in client.get("/packages/nothere", headers=german).text


def test_a_picture_is_chosen_and_removed(client, author, imported):
    package_id = imported("fire_safety")
    address = f"/packages/{package_id}/thumbnail"

    def choose(data, **form):
        body = {"csrf_token": form_token(client, "/account"), "picture": (io.BytesIO(data), "a.png"), **form}
        return client.post(address, data=body, content_type="multipart/form-data")

    assert "<svg" in client.get("/packages").text, "a plain tile"
    refused = choose(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert refused.status_code == 400
    assert "no PNG, JPEG, GIF or WebP picture" in refused.text
    assert "Fire safety at school" in refused.text, "nothing is lost on an error"
    picture = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(picture, "PNG")
    assert choose(picture.getvalue()).status_code == 303
    shown = re.search(r'src="(/thumbnails/[^"]+)"', client.get("/packages").text)[1]
    assert client.get(shown).content_type == "image/jpeg"
    assert choose(b"", remove="yes").status_code == 303
    assert "/thumbnails/" not in client.get("/packages").text


class TestResuming:
    """The pages' own address of resumable uploads."""

    TUS = {"Tus-Resumable": "1.0.0"}

    def test_with_a_session_and_the_form_token(self, client, author, hub, system):
        token = {"X-CSRF-Token": form_token(client, "/account")}
        data = courses.build("fire_safety")
        begun = client.post("/jobs/uploads", headers={**self.TUS, **token, "Upload-Length": str(len(data))})
        assert begun.status_code == 201
        address = begun.headers["Location"]
        more = {**self.TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        assert client.patch(address, headers=more, data=data[:100]).status_code == 403, "without the form token"
        assert client.patch(address, headers={**more, **token}, data=data[:100]).status_code == 204
        assert client.head(address, headers=self.TUS).headers["Upload-Offset"] == "100"
        assert "This upload broke off" in client.get("/packages").text
        more["Upload-Offset"] = "100"
        done = client.patch(address, headers={**more, **token}, data=data[100:])
        assert "queued" in client.get(done.headers["Hub-Job"] + "?part=row").text
        assert "This upload broke off" not in client.get("/packages").text

    def test_what_is_discarded_is_gone(self, client, author):
        token = {"X-CSRF-Token": form_token(client, "/account")}
        begun = client.post("/jobs/uploads", headers={**self.TUS, **token, "Upload-Length": "10"})
        assert send(client, begun.headers["Location"] + "/cancel").status_code == 303
        assert client.head(begun.headers["Location"], headers=self.TUS).status_code == 404


class TestFollowing:
    """Events of imports."""

    def test_each_change_is_an_event_and_the_end_too(self, client, author, hub, system, imported):
        job_id = job_of(upload(client, courses.build("fire_safety")))
        stream = client.get(f"/jobs/events?id={job_id}&id=nonsense")
        assert stream.content_type == "text/event-stream"
        events = iter(stream.response)
        assert next(events) == b"retry: 2000\n\n"
        assert b'"state":"queued"' in next(events)
        hub.service(Importing).run(system.tenant_id, job_id)
        last = next(events)
        assert b'"state":"ready"' in last
        assert next(events) == b"event: end\ndata: {}\n\n"
        assert list(events) == []
        stream.close()
        known = {"Last-Event-ID": re.search(rb"id: (\w+)", last)[1].decode()}
        assert client.get(f"/jobs/events?id={job_id}", headers=known).status_code == 204, "nothing more will come"
        assert client.get("/jobs/events?id=0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55").status_code == 404

    def test_streams_never_take_all_threads(self, client, author):
        job_id = job_of(upload(client, courses.build("fire_safety")))
        streams = [client.get(f"/jobs/events?id={job_id}") for _ in range(PLACES)]
        assert {stream.status_code for stream in streams} == {200}
        refused = client.get(f"/jobs/events?id={job_id}")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        streams.pop().close()
        again = client.get(f"/jobs/events?id={job_id}")
        assert again.status_code == 200
        for stream in [*streams, again]:
            stream.close()
