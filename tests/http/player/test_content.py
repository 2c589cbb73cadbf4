"""Course files: ranges, validators, types, caching, and addresses that must not work (RFC 9110, RFC 9111)."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.tokens import ContentGrants
from tests.http.player.conftest import FILES, Player, open_player
from tests.support.playing import Sco, add_played_course, enrol

FILM = FILES["media/film.m4v"]


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

    def test_no_cookie_and_no_script_of_ours(self, content_client: FlaskClient, player: Player) -> None:
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
        assert (same.status_code, other.status_code) == (206, 200)


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
            "media",
            "with space/",
            "ONE.HTML",
        ],
    )
    def test_paths_that_are_no_files(self, content_client: FlaskClient, player: Player, path: str) -> None:
        answer = content_client.get(f"{player.content}/{path}")
        assert answer.status_code in (308, 400, 404)
        assert b"<h1>" not in answer.data or b"There is nothing here" in answer.data or answer.status_code == 400

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
        version = ContentGrants(hub.ports.keys, hub.ports.clock).read(player.content.rpartition("/")[2])[1]
        gone = [key for key in hub.ports.objects.keys("") if str(version) in key and key.endswith("titles.vtt")]
        hub.ports.objects.delete(gone)
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
    version = grants.read(player.content.rpartition("/")[2])[1]
    assert grants.issue(tenant.id, version) == grants.issue(tenant.id, version)
