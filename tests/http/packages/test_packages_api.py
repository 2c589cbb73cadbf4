"""/api/v1/packages and /api/v1/jobs from outside."""

import io
import re

import pytest

from hub.scorm.services.imports import Imports
from tests.support.packages import ORGANIZATIONS, PAGE, course_1_2, course_2004, manifest_1_2, package_of


def test_an_upload_is_a_job_to_follow(api):
    answer = api.upload(course_1_2(), name="fire safety.zip", package_id="fire-safety")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['id']}"
    job = api.get(answer.headers["Location"].removeprefix("/api/v1")).json
    assert (job["state"], job["progress"], job["verdict"], job["archive_name"]) == (
        "queued",
        0,
        None,
        "fire safety.zip",
    )
    assert job["package_id"] == "fire-safety"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", job["created_at"])


def test_the_whole_life_of_a_package(api):
    job = api.imported(course_1_2(), package_id="p")
    assert (job["state"], job["progress"], job["version"], job["verdict"]) == ("ready", 100, 1, "accepted")
    package = api.get("/packages/p").json
    assert (package["title"], package["version_count"], package["published"]["standard"]) == (
        "A course",
        1,
        "scorm_1_2",
    )
    api.imported(course_2004(), package_id="p")
    versions = api.get("/packages/p/versions").json
    assert [(one["number"], one["is_published"]) for one in versions] == [(2, True), (1, False)]

    rolled_back = api.call("PATCH", "/packages/p", json={"published_version": 1})
    assert rolled_back.status_code == 200
    assert rolled_back.json["published"]["number"] == 1

    assert api.call("DELETE", "/packages/p").status_code == 204
    assert api.get("/packages/p").status_code == 404
    assert api.get("/packages").json == []


def test_a_refused_package_says_why(api):
    data = package_of({"imsmanifest.xml": manifest_1_2()})
    job = api.imported(data, package_id="p")
    assert (job["state"], job["verdict"], job["version"]) == ("failed", "refused", None)
    (found,) = [one for one in job["findings"] if one["severity"] == "error"]
    assert (found["code"], found["file"]) == ("resource.launch-missing", "imsmanifest.xml")
    assert (found["line"], found["column"]) == (13, 5)
    assert "index.html" in found["message"]
    assert found["fix"]
    assert api.get("/packages/p").status_code == 404


def test_the_report_of_a_version(api):
    odd = manifest_1_2(organizations='<organizations><organization identifier="O"><item identifier="I" '
                                     'identifierref="RES-1"/></organization></organizations>')  # fmt: skip
    api.imported(package_of({"imsmanifest.xml": odd, "index.html": PAGE}), package_id="p")
    report = api.get("/packages/p/report").json
    assert report == api.get("/packages/p/versions/1/report").json
    assert (report["version"], report["standard"]) == (1, "scorm_1_2")
    assert report["counts"] == {"warning": 1, "hint": 1}
    assert [one["code"] for one in report["findings"]] == ["item.without-title", "organization.default-missing"]


def test_the_files_and_the_zip_of_a_version(api):
    data = course_1_2(media__a_dot_mp3=b"sound")
    api.imported(data, package_id="p", name="Übung “1”.zip")
    files = api.get("/packages/p/versions/1/files").json
    assert {"path": "media/a.mp3", "size": 5, "content_type": "audio/mpeg"} in files
    answer = api.get("/packages/p/versions/1/archive")
    assert answer.data == data
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%9Cbung%20%E2%80%9C1%E2%80%9D.zip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/packages/p/versions/9", "/packages/p/versions/9/report", "/packages/none/versions",
                                  "/packages/p/versions/9/archive", "/packages/p/versions/0/files",
                                  "/jobs/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55", "/jobs/no-uuid"])  # fmt: skip
def test_what_is_not_there_is_404(api, path):
    api.imported(course_1_2(), package_id="p")
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_what_a_version_changed(api):
    quiz = '<item identifier="ITEM-2" identifierref="RES-1"><title>Quiz</title></item>'
    first = {"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, "old.js": b"1", "same.css": b"x"}
    outline = ORGANIZATIONS.replace("First page", "Welcome").replace("    </organization>", quiz + "</organization>")
    second = {"imsmanifest.xml": manifest_1_2(outline), "index.html": b"<p>new", "new.js": b"1", "same.css": b"x"}
    api.imported(package_of(first), package_id="p")
    api.imported(package_of(second), package_id="p")
    changes = api.get("/packages/p/versions/2/changes").json
    assert changes == {
        "before": 1,
        "after": 2,
        "files": {"added": ["new.js"], "removed": ["old.js"], "changed": ["imsmanifest.xml", "index.html"]},
        "outline": {
            "added": ["Quiz"],
            "removed": [],
            "changed": [{"identifier": "ITEM-1", "title": "Welcome", "what": ["title"]}],
            "is_reordered": False,
        },
    }
    backwards = api.get("/packages/p/versions/1/changes?since=2").json
    assert backwards["files"]["added"] == ["old.js"]
    assert backwards["outline"]["removed"] == ["Quiz"]
    assert api.get("/packages/p/versions/1/changes").status_code == 404
    assert api.get("/packages/p/versions/2/changes?since=x").status_code == 422


class TestListing:
    """GET /packages."""

    def test_pages_hold_every_package_once(self, api):
        for number in range(5):
            api.imported(course_1_2(), package_id=f"p{number}")
        seen, path = [], "/packages?limit=2"
        while path:
            answer = api.get(path)
            assert len(answer.json) <= 2
            seen += [one["id"] for one in answer.json]
            link = answer.headers.get("Link", "")
            path = link.partition(";")[0].strip("<>").partition("/api/v1")[2]
        assert seen == ["p4", "p3", "p2", "p1", "p0"]

    def test_search_by_words_and_tag(self, api):
        for name in ("fire-safety", "first-aid", "100%"):
            api.imported(course_1_2(), package_id=name)
        api.call("PATCH", "/packages/first-aid", json={"title": "First aid at work", "tags": ["yearly"]})
        assert [one["id"] for one in api.get("/packages?q=fire").json] == ["fire-safety"]
        assert [one["id"] for one in api.get("/packages?q=WORK+aid").json] == ["first-aid"]
        assert [one["id"] for one in api.get("/packages?q=%25").json] == ["100%"]
        assert [one["id"] for one in api.get("/packages?tag=yearly").json] == ["first-aid"]
        assert api.get("/packages?q=nothing").json == []

    @pytest.mark.parametrize("query", ["unknown=1", "limit=0", "limit=1000", "limit=x", "cursor=made-up"])
    def test_wrong_parameters_are_refused(self, api, query):
        assert api.get("/packages").status_code == 200
        answer = api.get(f"/packages?{query}")
        assert answer.status_code in {400, 422}
        assert answer.content_type == "application/problem+json"

    def test_jobs_by_state(self, api):
        api.imported(course_1_2(), package_id="good")
        api.imported(b"bad", package_id="bad")
        assert [one["package_id"] for one in api.get("/jobs").json] == ["bad", "good"]
        assert [one["package_id"] for one in api.get("/jobs?state=failed").json] == ["bad"]
        assert api.get("/jobs?state=lost").status_code == 422


class TestChanging:
    """PATCH /packages/{id}."""

    def test_a_merge_patch_changes_what_it_names(self, api):
        api.imported(course_1_2(), package_id="p")
        changed = api.call("PATCH", "/packages/p", json={"title": "New", "description": "For all", "tags": ["a", "b"]})
        assert (changed.json["title"], changed.json["description"], changed.json["tags"]) == (
            "New",
            "For all",
            ["a", "b"],
        )
        emptied = api.call(
            "PATCH",
            "/packages/p",
            {"Content-Type": "application/merge-patch+json"},
            data='{"description": null, "tags": null}',
        )
        assert (emptied.json["title"], emptied.json["description"], emptied.json["tags"]) == ("New", "", [])

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"title": ""}, "title"),
            ({"title": "  "}, "title"),
            ({"title": None}, "title"),
            ({"title": "x" * 501}, "title"),
            ({"title": "a\0b"}, ""),
            ({"tags": [""]}, "tags"),
            ({"tags": ["x"] * 21}, "tags"),
            ({"published_version": 7}, "published_version"),
            ({"published_version": "1"}, "published_version"),
            ({"identifier": "other"}, "identifier"),
        ],
    )
    def test_wrong_values_are_refused(self, api, body, where):
        api.imported(course_1_2(), package_id="p")
        assert api.call("PATCH", "/packages/p", json={"title": "Fine"}).status_code == 200
        answer = api.call("PATCH", "/packages/p", json=body)
        assert answer.status_code in {400, 422}
        assert where in answer.json["violations"][0]["where"]
        assert api.get("/packages/p").json["title"] == "Fine"

    def test_two_people_at_once(self, api):
        api.imported(course_1_2(), package_id="p")
        etag = api.get("/packages/p").headers["ETag"]
        first = api.call("PATCH", "/packages/p", {"If-Match": etag}, json={"title": "Mine"})
        assert first.status_code == 200
        second = api.call("PATCH", "/packages/p", {"If-Match": etag}, json={"title": "Yours"})
        assert second.status_code == 412
        again = api.call("PATCH", "/packages/p", {"If-Match": first.headers["ETag"]}, json={"title": "Yours"})
        assert again.status_code == 200
        assert api.call("PATCH", "/packages/p", {"If-Match": '"other"'}, json={"title": "x"}).status_code == 400


class TestUploading:
    """POST /packages: what is refused at once."""

    def test_an_idempotency_key_makes_repeating_safe(self, api):
        first = api.upload(course_1_2(), headers={"Idempotency-Key": "k1"})
        again = api.upload(course_1_2(), headers={"Idempotency-Key": "k1"})
        assert (again.status_code, again.json["id"]) == (202, first.json["id"])
        other = api.upload(course_2004(), headers={"Idempotency-Key": "k1"})
        assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")

    def test_without_a_file(self, api):
        answer = api.call("POST", "/packages", data={"package_id": "p"}, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert answer.json["violations"][0]["where"] == "files.file"

    def test_with_fields_that_nobody_knows(self, api):
        assert api.upload(course_1_2(), colour="blue").status_code == 422
        body = {"file": (io.BytesIO(b"x"), "a.zip"), "file2": (io.BytesIO(b"x"), "b.zip")}
        answer = api.call("POST", "/packages", data=body, content_type="multipart/form-data")
        assert answer.status_code == 422

    @pytest.mark.parametrize("package_id", ["x" * 256, "a/b", "a\nb"])
    def test_ids_that_cannot_be(self, api, package_id):
        answer = api.upload(course_1_2(), package_id=package_id)
        assert answer.status_code in {400, 422}
        assert "package_id" in answer.json["violations"][0]["where"]

    def test_an_empty_file_is_explained_by_its_job(self, api):
        job = api.imported(b"")
        assert (job["state"], job["findings"][0]["code"]) == ("failed", "archive.not-a-zip")

    def test_too_large_an_upload_is_413(self, api, hub, monkeypatch):
        assert api.upload(b"x" * 100_000).status_code == 202
        monkeypatch.setattr(hub.service(Imports), "largest_upload", 50_000)
        for size in (100_000, 200_000):  # Beyond the file's limit, and beyond what the whole body may have.
            answer = api.upload(b"x" * size)
            assert answer.status_code == 413
            assert answer.content_type == "application/problem+json"


class TestRights:
    """Deny by default."""

    def test_without_a_token(self, client):
        for method, path in (("GET", "/packages"), ("POST", "/packages"), ("DELETE", "/packages/p"), ("GET", "/jobs")):
            answer = client.open(f"/api/v1{path}", method=method)
            assert answer.status_code == 401
            assert "Bearer" in answer.headers["WWW-Authenticate"]

    def test_a_reader_reads_only(self, api, reader):
        api.imported(course_1_2(), package_id="p")
        assert reader.get("/packages/p").status_code == 200
        assert reader.upload(course_1_2()).status_code == 403
        assert reader.call("PATCH", "/packages/p", json={"title": "x"}).status_code == 403
        assert reader.call("DELETE", "/packages/p").status_code == 403
        assert api.get("/packages/p").json["title"] == "A course"


def test_every_operation_is_documented(client):
    document = client.get("/api/v1/openapi.json").json
    described = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        if path.startswith(("/api/v1/packages", "/api/v1/jobs"))
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert len(described) >= 11
    for path, method, operation in described:
        assert operation["summary"], (method, path)
        assert any("token" in way for way in operation["security"]), (method, path)
        assert "default" in operation["responses"], (method, path)
