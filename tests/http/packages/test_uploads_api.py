"""/api/v1/uploads (tus 1.0.0) and /api/v1/direct-uploads from outside."""

import base64
import hashlib
import io
import random
import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports
from hub.scorm.services.uploads import PIECE_BYTES, Uploads
from tests.http.packages.conftest import Api, token_for
from tests.support.imports import tidy
from tests.support.packages import course_1_2

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def begin(api: Api, size: int, **values: str) -> str:
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata(**values)} if values else {
        **TUS, "Upload-Length": str(size)}  # fmt: skip
    answer = api.call("POST", "/uploads", headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.headers["Location"].removeprefix("/api/v1")


def send(api: Api, upload: str, offset: int, data: bytes, **more: str):
    return api.call("PATCH", upload, {**BYTES, "Upload-Offset": str(offset), **more}, data=data)


def offset_of(api: Api, upload: str) -> int:
    answer = api.call("HEAD", upload, TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def test_what_the_server_can_do_is_told_to_everybody(client):
    answer = client.options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "termination", "checksum",
    }  # fmt: skip
    assert int(answer.headers["Tus-Max-Size"]) > 10**9


def test_an_upload_in_pieces_becomes_the_very_package(api, hub, system):
    data = course_1_2(media__clip_dot_mp4=bytes(range(256)) * 1000)
    upload = begin(api, len(data), filename="Übung.zip", package_id="golf")
    cut = len(data) // 3
    first = send(api, upload, 0, data[:cut])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(cut))
    assert "Hub-Job" not in first.headers
    assert offset_of(api, upload) == cut
    assert api.get(upload).json["received"] == cut
    assert [one["name"] for one in api.get("/uploads").json] == ["Übung.zip"]
    last = send(api, upload, cut, data[cut:])
    job = last.headers["Hub-Job"].removeprefix("/api/v1")
    assert api.call("HEAD", upload, TUS).headers["Hub-Job"] == last.headers["Hub-Job"]
    assert api.get("/uploads").json == []
    queued = api.get(job).json
    assert (queued["state"], queued["archive_size"], queued["package_id"]) == ("queued", len(data), "golf")
    hub.service(Importing).run(system.tenant_id, UUID(queued["id"]))
    done = api.get(job).json
    assert (done["state"], done["archive_name"], done["version"]) == ("ready", "Übung.zip", 1)
    assert api.get("/packages/golf/versions/1/archive").data == data
    assert api.get("/packages/golf").json["published"]["archive_sha256"] == hashlib.sha256(data).hexdigest()
    tidy(hub.service(Imports), system.tenant_id)
    assert list(hub.ports.objects.keys(f"{system.tenant_id}/uploads/")) == []


def test_all_in_one_request(api):
    data = course_1_2()
    headers = {**BYTES, "Upload-Length": str(len(data)), "Upload-Metadata": metadata(filename="a.zip")}
    answer = api.call("POST", "/uploads", headers, data=data)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(data)))
    assert api.get(answer.headers["Hub-Job"].removeprefix("/api/v1")).json["archive_name"] == "a.zip"


def test_large_bodies_are_kept_in_pieces(api, hub, system):
    upload = begin(api, 3 * PIECE_BYTES)
    assert send(api, upload, 0, b"x" * (2 * PIECE_BYTES + 5)).headers["Upload-Offset"] == str(2 * PIECE_BYTES + 5)
    pieces = [hub.ports.objects.head(key).size for key in hub.ports.objects.keys(f"{system.tenant_id}/uploads/")]
    assert sorted(pieces) == [5, PIECE_BYTES, PIECE_BYTES]


class Breaking(io.BytesIO):
    """A body whose connection breaks after `good` bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self._good = good

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._good:
            raise ConnectionResetError("the client went away")
        return super().read(self._good - self.tell() if size is None or size < 0 else min(size, self._good - self.tell()))

    def readinto(self, buffer) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def test_what_came_before_a_connection_broke_is_kept(api):
    data = course_1_2(a_dot_bin=random.Random(1).randbytes(100_000))
    upload = begin(api, len(data))
    api.call("PATCH", upload, {**BYTES, "Upload-Offset": "0"}, input_stream=Breaking(data, 70_000))
    assert offset_of(api, upload) == 70_000
    assert "Hub-Job" in send(api, upload, 70_000, data[70_000:]).headers


class TestRefusing:
    """What tus asks servers to refuse."""

    def test_another_version(self, api):
        for headers in ({}, {"Tus-Resumable": "0.2.2"}):
            answer = api.call("POST", "/uploads", {**headers, "Upload-Length": "10"})
            assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")

    @pytest.mark.parametrize("length", ["", "-1", "1.5", "x", "9" * 30])
    def test_wrong_lengths(self, api, length):
        assert api.call("POST", "/uploads", {**TUS, "Upload-Length": "10"}).status_code == 201
        assert api.call("POST", "/uploads", {**TUS, "Upload-Length": length}).status_code == 400

    def test_too_large_an_upload(self, api, hub):
        largest = hub.service(Uploads).largest
        assert api.call("POST", "/uploads", {**TUS, "Upload-Length": str(largest)}).status_code == 201
        answer = api.call("POST", "/uploads", {**TUS, "Upload-Length": str(largest + 1)})
        assert (answer.status_code, answer.json["code"]) == (413, "upload_too_large")

    @pytest.mark.parametrize("value", ["filename %%%", "filename /w=="])
    def test_metadata_that_is_no_text(self, api, value):
        answer = api.call("POST", "/uploads", {**TUS, "Upload-Length": "10", "Upload-Metadata": value})
        assert (answer.status_code, answer.json["violations"][0]["where"]) == (400, "Upload-Metadata")

    def test_a_package_id_that_cannot_be(self, api):
        headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": metadata(package_id="a/b")}
        assert api.call("POST", "/uploads", headers).json["violations"][0]["where"] == "package_id"

    def test_a_gap_or_a_repetition(self, api):
        upload = begin(api, 100)
        assert send(api, upload, 0, b"0123456789").status_code == 204
        for offset in (0, 9, 11):
            answer = send(api, upload, offset, b"x")
            assert (answer.status_code, answer.json["code"]) == (409, "wrong_offset")
        assert offset_of(api, upload) == 10

    def test_more_bytes_than_were_said(self, api):
        upload = begin(api, 10)
        assert send(api, upload, 0, b"x" * 11).status_code == 400
        assert offset_of(api, upload) == 0

    def test_another_media_type(self, api):
        upload = begin(api, 10)
        answer = api.call("PATCH", upload, {**TUS, "Upload-Offset": "0"}, data=b"x", content_type="application/zip")
        assert answer.status_code == 415

    def test_unknown_uploads_and_wrong_methods(self, api):
        for method in ("HEAD", "PATCH", "DELETE", "GET"):
            answer = api.call(method, "/uploads/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55", {**BYTES, "Upload-Offset": "0"})
            assert answer.status_code == 404, method
        assert api.call("POST", begin(api, 5), {**TUS, "X-HTTP-Method-Override": "PUT"}).status_code == 400

    def test_too_many_at_once(self, api, monkeypatch):
        monkeypatch.setattr("hub.scorm.services.uploads.MOST_UNFINISHED", 2)
        first = begin(api, 10)
        begin(api, 10)
        refused = api.call("POST", "/uploads", {**TUS, "Upload-Length": "10"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert api.call("DELETE", first, TUS).status_code == 204
        begin(api, 10)

    def test_a_course_byte_by_byte(self, api, monkeypatch):
        monkeypatch.setattr("hub.scorm.services.uploads.MOST_PIECES", 3)
        upload = begin(api, 10)
        assert [send(api, upload, at, b"x").status_code for at in range(4)] == [204, 204, 204, 409]


class TestChecksums:
    """The Checksum extension."""

    @pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
    def test_only_the_right_bytes_are_kept(self, api, hub, system, algorithm):
        upload = begin(api, 20)
        right = base64.b64encode(hashlib.new(algorithm, b"0123456789").digest()).decode()
        wrong = send(api, upload, 0, b"9876543210", **{"Upload-Checksum": f"{algorithm} {right}"})
        assert (wrong.status_code, wrong.json["code"]) == (460, "wrong_checksum")
        assert offset_of(api, upload) == 0
        assert list(hub.ports.objects.keys(f"{system.tenant_id}/uploads/")) == []
        good = send(api, upload, 0, b"0123456789", **{"Upload-Checksum": f"{algorithm} {right}"})
        assert good.headers["Upload-Offset"] == "10"

    @pytest.mark.parametrize("checksum", ["md4 AAAA", "sha1", "sha1 ###", "sha1 "])
    def test_what_cannot_be_read(self, api, checksum):
        answer = send(api, begin(api, 20), 0, b"0123456789", **{"Upload-Checksum": checksum})
        assert answer.status_code == 400


class TestWhose:
    """Uploads are their maker's own."""

    def test_nobody_else_sees_or_changes_it(self, api, client, hub, system):
        upload = begin(api, 10)
        colleague = Api(client, token_for(client, hub, system, "packages:read", "packages:write"), hub, system.tenant_id)
        assert colleague.call("HEAD", upload, TUS).status_code == 404
        assert send(colleague, upload, 0, b"x").status_code == 404
        assert colleague.call("DELETE", upload, TUS).status_code == 404
        assert colleague.get("/uploads").json == []
        assert send(api, upload, 0, b"x").status_code == 204

    def test_readers_and_strangers(self, api, reader, client):
        assert reader.call("POST", "/uploads", {**TUS, "Upload-Length": "10"}).status_code == 403
        assert client.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "10"}).status_code == 401


class TestEnding:
    """Cancelled, abandoned, complete."""

    def test_a_cancelled_upload_is_gone_with_its_bytes(self, api, hub, system):
        upload = begin(api, 10)
        send(api, upload, 0, b"01234")
        answer = api.call("POST", upload, {**TUS, "X-HTTP-Method-Override": "DELETE"})
        assert answer.status_code == 204
        assert api.call("HEAD", upload, TUS).status_code == 404
        tidy(hub.service(Imports), system.tenant_id)
        assert list(hub.ports.objects.keys(f"{system.tenant_id}/uploads/")) == []

    def test_a_complete_one_cannot_be_cancelled(self, api):
        upload = begin(api, 4)
        send(api, upload, 0, b"data")
        answer = api.call("DELETE", upload, TUS)
        assert (answer.status_code, answer.json["code"]) == (409, "upload_complete")

    def test_an_abandoned_one_is_swept(self, api, hub, system):
        upload, complete = begin(api, 10), begin(api, 4)
        send(api, upload, 0, b"01234")
        send(api, complete, 0, b"data")

        class Later:
            hours = 23

            def now(self) -> datetime:
                return datetime.now(UTC) + timedelta(hours=self.hours)

        later, imports = Later(), hub.service(Imports)
        uploads = Uploads(hub.db, later, hub.ports.ids, hub.ports.objects, imports)
        uploads.sweep()
        assert offset_of(api, upload) == 5
        later.hours = 25
        uploads.sweep()
        assert api.call("HEAD", upload, TUS).status_code == 404
        assert api.call("HEAD", complete, TUS).status_code == 200  # Its job still needs the bytes.
        tidy(imports, system.tenant_id)
        assert len(list(hub.ports.objects.keys(f"{system.tenant_id}/uploads/"))) == 1

    def test_bytes_that_no_upload_knows_are_swept(self, api, hub, system):
        stray = f"{system.tenant_id}/uploads/{uuid.uuid4()}/0000000000000-x"
        hub.ports.objects.put(stray, io.BytesIO(b"x"), "application/octet-stream")
        hub.service(Uploads).sweep()
        assert hub.ports.objects.head(stray).size == 1

        class Later:
            def now(self) -> datetime:
                return datetime.now(UTC) + timedelta(minutes=31)

        Uploads(hub.db, Later(), hub.ports.ids, hub.ports.objects, hub.service(Imports)).sweep()
        assert list(hub.ports.objects.keys(f"{system.tenant_id}/uploads/")) == []


def test_a_folder_takes_no_direct_uploads_and_says_what_does(api):
    answer = api.call("POST", "/direct-uploads", json={"size": 10, "name": "a.zip"})
    assert (answer.status_code, answer.json["code"]) == (409, "no_direct_upload")
    assert "/api/v1/uploads" in answer.json["detail"]
    for wrong in ({}, {"size": 0}, {"size": "x"}, {"size": 1.5}, {"size": 10, "colour": "blue"}):
        assert api.call("POST", "/direct-uploads", json=wrong).status_code == 422
    assert api.call("POST", "/direct-uploads/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55/complete").status_code == 404
    assert api.call("POST", f"/direct-uploads/{begin(api, 5).rpartition('/')[2]}/complete").status_code == 404
