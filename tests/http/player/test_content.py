"""Course files: ranges, validators, types, caching, and addresses that must not work (RFC 9110, RFC 9111)."""

import base64
import gzip
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

import brotli
import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from hub.adapters.object_store_folder import FolderStore
from hub.bootstrap import Hub, build, create_app, create_content_app
from hub.config import Settings
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.ports import ObjectStore
from hub.scorm.services.content import Contents
from hub.scorm.services.launches import Launches
from hub.scorm.services.origins import ContentOrigins
from hub.scorm.services.runtime import Runtime
from hub.scorm.services.tokens import ContentGrants, PlayerTokens
from hub.scorm.views.content import LARGEST_PIECE, ContentFiles, Sender
from tests.http.player.conftest import FILES, Player, open_player
from tests.support.playing import PAGE, Sco, add_played_course, enrol

FILM = FILES["media/film.m4v"]


def contents_of(hub: Hub, store: ObjectStore) -> Contents:
    """A service with a memory of its own, and another store."""
    return Contents(
        hub.db, store, ContentGrants(hub.ports.keys, hub.ports.clock), hub.service(ContentOrigins), 1_000_000
    )


class TestWholeFiles:
    def test_get_and_head(self, content_client: FlaskClient, player: Player) -> None:
        answer = content_client.get(f"{player.content}/media/film.m4v")
        assert (answer.status_code, answer.data) == (200, FILM)
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
        head = content_client.head(f"{player.content}/media/film.m4v")
        assert (head.status_code, head.data, head.content_length) == (200, b"", len(FILM))
        assert head.headers["ETag"] == answer.headers["ETag"]

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("media/film.m4v", "video/mp4"),
            ("code.wasm", "application/wasm"),
            ("titles.vtt", "text/vtt"),
            ("one.html", "text/html"),
            ("with%20space/%C3%BCber.html", "text/html"),
            ("empty.txt", "text/plain"),
            ("text.js", "text/javascript"),
        ],
    )
    def test_types(self, content_client: FlaskClient, player: Player, path: str, kind: str) -> None:
        answer = content_client.get(f"{player.content}/{path}")
        assert answer.status_code == 200
        assert answer.mimetype == kind

    def test_a_query_changes_nothing(self, content_client: FlaskClient, player: Player) -> None:
        assert content_client.get(f"{player.content}/one.html?page=2&v=1").status_code == 200

    def test_a_folder_shows_its_page(self, content_client: FlaskClient, player: Player) -> None:
        assert content_client.get(f"{player.content}/media/").data == FILES["media/index.html"]

    def test_a_folder_without_its_slash_leads_there(self, content_client: FlaskClient, player: Player) -> None:
        answer = content_client.get(f"{player.content}/media?page=2")
        assert (answer.status_code, answer.data) == (308, b"")
        there = urljoin(f"{player.content}/media?page=2", answer.headers["Location"])
        assert there == f"{player.content}/media/?page=2"
        followed = content_client.get(there)
        assert followed.data == FILES["media/index.html"]

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("ONE.HTML", "one.html"),
            ("MEDIA/Film.M4V", "media/film.m4v"),
            ("cafe%CC%81.htm", "caf\u00e9.htm"),
            ("CAF%C3%89.HTM", "caf\u00e9.htm"),
            ("images/logo%20(1).png", "Images/Logo%20(1).PNG"),
            ("Images/Logo%2520(1).PNG", "Images/Logo%20(1).PNG"),
        ],
    )
    def test_names_that_an_author_took_for_the_same(
        self, content_client: FlaskClient, player: Player, path: str, name: str
    ) -> None:
        answer = content_client.get(f"{player.content}/{path}")
        assert answer.status_code == 200
        assert answer.data == FILES.get(name, PAGE.encode())

    def test_a_large_file_is_streamed_whole_and_in_part(self, content_client: FlaskClient, player: Player) -> None:
        path, large = f"{player.content}/media/large.mp4", FILES["media/large.mp4"]
        assert content_client.get(path).data == large
        part = content_client.get(path, headers={"Range": "bytes=300000-300009"})
        assert (part.status_code, part.data) == (206, large[300000:300010])
        assert content_client.head(path).content_length == len(large)

    def test_only_so_many_large_files_are_streamed_at_once(self, settings: Settings, player: Player) -> None:
        """Half as many as there are threads: a client that does not read holds one."""
        hub = build(replace(settings, web_threads=2))
        client, path = Client(create_app(hub)), f"{player.content}/media/huge.mp4"

        def ask(**headers: str) -> TestResponse:
            return client.get(path, base_url=settings.content_url, headers=headers)

        first, second = ask(), ask()
        assert (first.status_code, second.status_code) == (200, 503)
        assert second.headers["Retry-After"]
        assert ask(Range="bytes=5-").status_code == 206  # A piece needs no stream.
        first.close()
        with ask() as third:
            assert third.data == FILES["media/huge.mp4"]
        with ask() as fourth:
            assert fourth.status_code == 200
        hub.close()

    def test_no_cookie_and_no_script_of_ours(self, content_client: FlaskClient, player: Player) -> None:
        content_client.set_cookie("launch", "x", domain="content.localhost", path="/")
        answer = content_client.get(f"{player.content}/one.html")
        assert "Set-Cookie" not in answer.headers
        assert "object-src 'none'" in answer.headers["Content-Security-Policy"]


class TestRanges:
    @pytest.mark.parametrize(
        ("wanted", "first", "last"),
        [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199), ("bytes=10000-", 10000, 10239), ("bytes=-5", 10235, 10239)],
    )
    def test_one_range(self, content_client: FlaskClient, player: Player, wanted: str, first: int, last: int) -> None:
        answer = content_client.get(f"{player.content}/media/film.m4v", headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(FILM)}"
        assert answer.data == FILM[first : last + 1]
        assert answer.content_length == last + 1 - first

    def test_a_range_without_an_end_is_answered_piece_by_piece(
        self, content_client: FlaskClient, player: Player
    ) -> None:
        path, huge, taken = f"{player.content}/media/huge.mp4", FILES["media/huge.mp4"], b""
        while len(taken) < len(huge):
            part = content_client.get(path, headers={"Range": f"bytes={len(taken)}-"})
            last = len(taken) + len(part.data) - 1
            assert part.status_code == 206
            assert part.headers["Content-Range"] == f"bytes {len(taken)}-{last}/{len(huge)}"
            assert 0 < len(part.data) <= LARGEST_PIECE
            taken += part.data
        assert taken == huge
        whole = content_client.get(path, headers={"Range": f"bytes=0-{len(huge) - 1}"})
        assert (whole.status_code, whole.data) == (206, huge)

    def test_a_range_beyond_the_end(self, content_client: FlaskClient, player: Player) -> None:
        answer = content_client.get(f"{player.content}/media/film.m4v", headers={"Range": "bytes=20000-"})
        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(FILM)}"

    @pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "items=0-1", "bytes=5-2", "nonsense"])
    def test_what_is_not_one_range_gets_all(self, content_client: FlaskClient, player: Player, wanted: str) -> None:
        answer = content_client.get(f"{player.content}/media/film.m4v", headers={"Range": wanted})
        assert (answer.status_code, answer.data) == (200, FILM)

    def test_if_range(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/media/film.m4v"
        etag = content_client.head(path).headers["ETag"]
        same = content_client.get(path, headers={"Range": "bytes=0-9", "If-Range": etag})
        other = content_client.get(path, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
        weak = content_client.get(path, headers={"Range": "bytes=0-9", "If-Range": f"W/{etag}"})
        assert (same.status_code, other.status_code, weak.status_code) == (206, 200, 200)

    def test_if_range_by_date(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/media/film.m4v"
        date = content_client.head(path).headers["Last-Modified"]
        same = content_client.get(path, headers={"Range": "bytes=0-9", "If-Range": date})
        other = content_client.get(path, headers={"Range": "bytes=0-9", "If-Range": "Thu, 01 Jan 2015 00:00:00 GMT"})
        assert (same.status_code, other.status_code) == (206, 200)

    def test_a_range_of_a_head_is_no_range(self, content_client: FlaskClient, player: Player) -> None:
        answer = content_client.head(f"{player.content}/media/film.m4v", headers={"Range": "bytes=0-9"})
        assert (answer.status_code, answer.content_length) == (200, len(FILM))


class TestCodings:
    """Content codings (RFC 9110 section 8.4): each has its own entity tag, and a range is of the file as it is."""

    @pytest.mark.parametrize(
        ("accepted", "coding"),
        [
            ("gzip, deflate, br", "br"),
            ("gzip", "gzip"),
            ("GZIP;q=0.5", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("*", "br"),
            ("*;q=0", None),
            ("identity", None),
            ("zstd, deflate", None),
            ("", None),
        ],
    )
    def test_the_best_that_the_client_takes(
        self, content_client: FlaskClient, player: Player, accepted: str, coding: str | None
    ) -> None:
        answer = content_client.get(f"{player.content}/text.js", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == coding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
        assert unpack(answer.data) == FILES["text.js"]

    def test_each_coding_is_a_representation_of_its_own(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/text.js"
        tags = [
            content_client.head(path, headers={"Accept-Encoding": accepted}).headers["ETag"]
            for accepted in ("br", "gzip", "")
        ]
        assert len(set(tags)) == 3
        assert not any(tag.startswith("W/") for tag in tags)
        for tag, accepted, status in ((tags[0], "br", 304), (tags[0], "gzip", 200), (tags[2], "", 304)):
            asked = {"Accept-Encoding": accepted, "If-None-Match": tag}
            assert content_client.get(path, headers=asked).status_code == status

    def test_a_range_is_of_the_file_as_it_is(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/text.js"
        asked = {"Accept-Encoding": "br", "Range": "bytes=7-11"}
        answer = content_client.get(path, headers=asked)
        assert (answer.status_code, answer.data) == (206, b"const")
        assert "Content-Encoding" not in answer.headers
        packed_tag = content_client.head(path, headers={"Accept-Encoding": "br"}).headers["ETag"]
        answer = content_client.get(path, headers=asked | {"If-Range": packed_tag})
        assert (answer.status_code, answer.data) == (200, FILES["text.js"])

    @pytest.mark.parametrize("path", ["media/film.m4v", "noise.json", "titles.vtt"])
    def test_what_packing_does_not_help(self, content_client: FlaskClient, player: Player, path: str) -> None:
        answer = content_client.get(f"{player.content}/{path}", headers={"Accept-Encoding": "br, gzip"})
        assert "Content-Encoding" not in answer.headers
        assert answer.data == FILES[path]

    def test_text_is_packed_once_however_many_ask(
        self, hub: Hub, player: Player, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[int] = []
        monkeypatch.setattr(brotli, "compress", lambda body, quality: made.append(len(body)) or b"packed")
        contents = contents_of(hub, hub.ports.objects)
        file = contents.find("", player.content.rpartition("/")[2], "text.js")
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: contents.whole(file, ["br"]), range(40)))
        assert {whole.body for whole in found if whole} == {b"packed"}
        assert made == [len(FILES["text.js"])]


class TestSenders:
    """Large files may be sent by the store or by the proxy; everything else stays with the Hub."""

    ELEMENT: ClassVar = {"Sec-Fetch-Dest": "video", "Sec-Fetch-Mode": "no-cors", "Range": "bytes=0-1"}

    class Addressed(FolderStore):
        def presigned_url(self, key: str, seconds: int) -> str:
            return f"https://store.example/{key}?signed=1"

    def client(self, hub: Hub, sender: Sender, store: ObjectStore) -> Client:
        return Client(ContentFiles(create_content_app(hub), contents_of(hub, store), sender, 2), Response)

    @pytest.fixture
    def store(self, hub: Hub) -> ObjectStore:
        return self.Addressed(Path(hub.settings.object_store.removeprefix("folder:")))

    def test_media_elements_are_sent_to_the_store(self, hub: Hub, player: Player, store: ObjectStore) -> None:
        client = self.client(hub, "store", store)
        answer = client.get(f"{player.content}/media/large.mp4", headers=self.ELEMENT)
        assert answer.status_code == 307
        assert answer.headers["Location"].startswith("https://store.example/")
        assert answer.headers["Location"].endswith("/media/large.mp4?signed=1")
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("path", "asked"),
        [
            ("media/large.mp4", {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}),
            ("media/large.mp4", {"Sec-Fetch-Dest": "video", "Sec-Fetch-Mode": "cors"}),
            ("media/large.mp4", {}),
            ("media/film.m4v", ELEMENT),
            ("one.html", {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}),
        ],
    )
    def test_everything_else_stays(
        self, hub: Hub, player: Player, store: ObjectStore, path: str, asked: dict[str, str]
    ) -> None:
        answer = self.client(hub, "store", store).get(f"{player.content}/{path}", headers=asked)
        assert answer.status_code in (200, 206)

    def test_a_store_without_addresses_has_the_hub_send(self, hub: Hub, player: Player) -> None:
        client = self.client(hub, "store", hub.ports.objects)
        answer = client.get(f"{player.content}/media/large.mp4", headers=self.ELEMENT)
        assert (answer.status_code, answer.data) == (206, FILES["media/large.mp4"][:2])

    def test_nginx_is_told_where_the_file_is(self, hub: Hub, player: Player, store: ObjectStore) -> None:
        path = f"{player.content}/media/large.mp4"
        answer = self.client(hub, "nginx", hub.ports.objects).get(path)
        assert answer.headers["X-Accel-Redirect"].startswith("/_objects/folder/")
        assert answer.headers["X-Accel-Redirect"].endswith("/media/large.mp4")
        assert (answer.data, answer.mimetype) == (b"", "video/mp4")
        answer = self.client(hub, "nginx", store).get(path)
        assert answer.headers["X-Accel-Redirect"] == "/_objects/store"
        assert answer.headers["X-Object-Address"].startswith("https://store.example/")


class TestValidators:
    def test_not_modified(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/one.html"
        first = content_client.get(path)
        for condition in (
            {"If-None-Match": first.headers["ETag"]},
            {"If-None-Match": f'"x", {first.headers["ETag"]}'},
            {"If-Modified-Since": first.headers["Last-Modified"]},
        ):
            answer = content_client.get(path, headers=condition)
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == first.headers["ETag"]

    def test_modified(self, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/one.html"
        assert content_client.get(path, headers={"If-None-Match": '"older"'}).status_code == 200


class TestNoWay:
    @pytest.mark.parametrize(
        "path",
        [
            "missing.html",
            "../one.html",
            "media/../../x",
            "media/%2e%2e/one.html",
            "..%5cone.html",
            "one.html%00",
            "images",
            "with space/",
            "with space",
            "%ff%fe.html",
            "one.html/",
        ],
    )
    def test_paths_that_are_no_files(self, content_client: FlaskClient, player: Player, path: str) -> None:
        answer = content_client.get(f"{player.content}/{path}")
        assert answer.status_code in (400, 404)
        assert b"There is nothing here" in answer.data or answer.status_code == 400

    @pytest.mark.parametrize("grant", ["x", "A" * 70, "ä" * 10, "%00"])
    def test_grants_that_are_none(self, content_client: FlaskClient, grant: str) -> None:
        assert content_client.get(f"/content/{grant}/one.html").status_code in (400, 404)

    def test_a_changed_grant(self, content_client: FlaskClient, player: Player) -> None:
        grant = player.content.rpartition("/")[2]
        raw = bytearray(base64.urlsafe_b64decode(grant + "=" * (-len(grant) % 4)))
        raw[5] ^= 1
        forged = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
        assert content_client.get(f"/content/{grant}/one.html").status_code == 200
        assert content_client.get(f"/content/{forged}/one.html").status_code == 404

    def test_an_expired_grant(self, hub: Hub, content_client: FlaskClient, player: Player) -> None:
        class Later:
            def now(self) -> datetime:
                return datetime.now(UTC) + timedelta(hours=25)

        grant = player.content.rpartition("/")[2]
        with pytest.raises(Exception, match="not good any more"):
            ContentGrants(hub.ports.keys, Later()).read(grant)

    def test_another_courses_files(
        self, hub: Hub, content_client: FlaskClient, player: Player, tenant: TenantView, system: Principal
    ) -> None:
        other = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"), files={"secret.txt": b"secret"})
        theirs = open_player(hub, content_client, system, enrol(hub, system, other).id)
        assert content_client.get(f"{theirs.content}/secret.txt").status_code == 200
        assert content_client.get(f"{player.content}/secret.txt").status_code == 404

    def test_a_file_that_is_removed(self, hub: Hub, content_client: FlaskClient, player: Player) -> None:
        path = f"{player.content}/titles.vtt"
        assert content_client.get(path).data == b"WEBVTT"
        version = ContentGrants(hub.ports.keys, hub.ports.clock).read(player.content.rpartition("/")[2]).version_id
        gone = [key for key in hub.ports.objects.keys("") if str(version) in key and key.endswith("titles.vtt")]
        hub.ports.objects.delete(gone)
        time.sleep(2.1)  # What was found is looked for again after two seconds.
        assert content_client.get(path).status_code == 404
        assert content_client.head(path).status_code == 404

    def test_nothing_of_the_content_is_on_the_hubs_origin(self, client: FlaskClient, player: Player) -> None:
        assert client.get(f"{player.content}/one.html").status_code == 404
        assert client.post("/runtime/commits").status_code in (404, 405)

    def test_nothing_of_the_hub_is_on_the_content_origin(self, content_client: FlaskClient) -> None:
        for path in ("/api/v1/packages", "/xapi/statements", "/sign-in", "/lti/jwks", "/oauth/token"):
            assert content_client.get(path).status_code == 404


def test_grants_are_shared_within_a_window(hub: Hub, tenant: TenantView, player: Player) -> None:
    grants = ContentGrants(hub.ports.keys, hub.ports.clock)
    version = grants.read(player.content.rpartition("/")[2]).version_id
    assert grants.issue(tenant.id, version) == grants.issue(tenant.id, version)


class TestOriginsOfVersions:
    """With `*.` in HUB_CONTENT_URL, each version has an origin of its own and is found nowhere else."""

    @pytest.fixture
    def many(self, settings: Settings) -> Iterator[Hub]:
        composed = build(replace(settings, content_url="http://*.localhost:8000"))
        yield composed
        composed.close()

    def launched(self, many: Hub, tenant: TenantView, system: Principal, **options: object) -> str:
        package = add_played_course(many, tenant.id, "scorm_1_2", Sco("one"))
        return many.service(Launches).create(system, enrol(many, system, package).id, **options).url

    def test_a_launch_and_its_content_share_the_origin_of_the_version(
        self, many: Hub, tenant: TenantView, system: Principal
    ) -> None:
        browser, mine, other = Client(create_app(many)), self.launched(many, tenant, system), "http://v0.localhost:8000"
        origin, _, path = mine.partition("/play")
        assert re.fullmatch(r"http://v[0-9a-f]{32}\.localhost:8000", origin)
        assert browser.get(f"/play{path}", base_url=other).status_code == 404
        opened = browser.get(f"/play{path}", base_url=origin)
        assert opened.status_code == 200
        token = json.loads(re.search(r'id="launch">(.*?)</script>', opened.text)[1])["token"]
        delivered = browser.post(
            "/runtime/navigation",
            base_url=origin,
            json={"request": "start"},
            headers={"Authorization": f"Bearer {token}"},
        ).json["delivery"]
        assert delivered["url"].startswith(f"{origin}/content/")
        path = delivered["url"].removeprefix(origin)
        assert browser.get(path, base_url=origin).status_code == 200
        assert browser.get(path, base_url=other).status_code == 404
        assert browser.get(path, base_url="http://localhost:8000").status_code == 404
        assert browser.get("/", base_url="http://a.b.localhost:8000").status_code == 421

    @pytest.mark.parametrize(
        ("options", "frames"),
        [
            ({}, ""),
            ({"frame_origins": ["https://lms.example", "https://x.example; script-src *"]}, " https://lms.example"),
            ({"return_url": "https://lms.example:8443/back?x=1"}, " https://lms.example:8443"),
            ({"return_url": "https://user@lms.example/"}, ""),
            ({"frame_origins": [f"https://{'x' * 60}.{n}.example" for n in range(20)]}, None),
        ],
    )
    def test_who_may_frame_what_is_launched(
        self, settings: Settings, tenant: TenantView, system: Principal, options: dict[str, object], frames: str | None
    ) -> None:
        hub = build(replace(settings, frame_ancestors="https://portal.example"))
        browser, address = Client(create_app(hub)), self.launched(hub, tenant, system, **options)
        opened = browser.get(urlsplit(address).path, base_url=settings.content_url)
        token = json.loads(re.search(r'id="launch">(.*?)</script>', opened.text)[1])["token"]
        session = hub.service(PlayerTokens).read(token)
        delivery = hub.service(Runtime).navigate(session, "start").delivery
        content = browser.get(urlsplit(delivery.url).path, base_url=settings.content_url)
        hub.close()
        for answer in (opened, content):
            policy = answer.headers["Content-Security-Policy"]
            expected = f"frame-ancestors 'self' {settings.public_url} https://portal.example"
            ancestors = policy.rpartition("; ")[2]
            assert ancestors == expected + frames if frames is not None else len(ancestors) < 600
            assert answer.status_code == 200


def test_a_viewer_is_framed_by_whom_its_file_may_be(
    hub: Hub, content_client: FlaskClient, player: Player, tenant: TenantView
) -> None:
    grants = ContentGrants(hub.ports.keys, hub.ports.clock)
    grant = grants.issue(tenant.id, tenant.id, "https://lms.example")
    policy = content_client.get(f"/viewer/pdf?file=/content/{grant}/x.pdf").headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors 'self' {hub.settings.public_url} https://lms.example")
    assert content_client.get("/viewer/pdf?file=/content/forged/x.pdf").status_code == 404
