"""The player's page: one opening, one browser, and headers that let nothing else in."""

import gzip
import json
import re
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.services.registrations import RegistrationView
from tests.http.player.conftest import Player
from tests.support.playing import Sco, add_played_course, enrol


def launch_data(page: str) -> dict[str, object]:
    """What the page gives its script."""
    found = re.search(r'<script type="application/json" id="launch">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, object] = json.loads(found[1])
    return data


def test_the_first_opening_binds_the_browser(content_client: FlaskClient, launch_path: str) -> None:
    answer = content_client.get(launch_path)
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    for part in ("launch=", "HttpOnly", "Secure", "SameSite=None", "Partitioned", f"Path={launch_path}"):
        assert part in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_same_browser_may_reload(content_client: FlaskClient, launch_path: str) -> None:
    secret = content_client.get(launch_path).headers["Set-Cookie"].split(";")[0].partition("=")[2]
    content_client.delete_cookie("launch", domain="content.localhost", path=launch_path)
    refused = content_client.get(launch_path)
    assert refused.status_code == 410
    assert "Open it again from your course" in refused.text
    content_client.set_cookie("launch", secret, domain="content.localhost", path=launch_path)
    again = content_client.get(launch_path)
    assert again.status_code == 200
    assert "Set-Cookie" not in again.headers


def test_a_look_ahead_does_not_use_the_address_up(content_client: FlaskClient, launch_path: str) -> None:
    assert content_client.head(launch_path).status_code == 204
    assert content_client.get(launch_path, headers={"Sec-Purpose": "prefetch"}).status_code == 204
    assert content_client.get(launch_path).status_code == 200


def test_the_policy_allows_no_inline_script(content_client: FlaskClient, launch_path: str) -> None:
    answer = content_client.get(launch_path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", answer.text)
    assert not re.search(r"\son\w+=", answer.text)


def test_titles_cannot_break_out(hub: Hub, content_client: FlaskClient, tenant: TenantView, system: Principal) -> None:
    title = '</script><script>alert("1")</script>'
    package = add_played_course(hub, tenant.id, "scorm_2004", Sco("a", title), Sco("b"), title=title)
    return_url = "https://lms.example/?q=</script><script>1</script>"
    link = hub.service(Launches).create(system, enrol(hub, system, package).id, return_url=return_url)
    page = content_client.get("/play/" + link.url.rpartition("/")[2]).text
    assert "<script>alert" not in page
    assert launch_data(page)["returnUrl"] == return_url


def test_the_token_of_the_page_works(content_client: FlaskClient, launch_path: str) -> None:
    token = launch_data(content_client.get(launch_path).text)["token"]
    assert isinstance(token, str)
    answer = Player(content_client, token, {}).call("navigation", {"request": "start"})
    assert answer.json["delivery"]["api"] == "API"


def test_unknown_addresses_get_a_plain_page(content_client: FlaskClient) -> None:
    answer = content_client.get("/play/nothing-like-this")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing here" in answer.text


def test_the_players_own_files(content_client: FlaskClient, launch_path: str) -> None:
    page = content_client.get(launch_path).text
    addresses = re.findall(r'(?:src|href)="(/player/[^"]+)"', page)
    assert len([address for address in addresses if "?v=" in address]) == 3
    for address in addresses:
        answer = content_client.get(address)
        assert answer.status_code == 200
        assert ("immutable" if "?v=" in address else "no-cache") in answer.headers["Cache-Control"]
        packed = content_client.get(address, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == answer.data
        unchanged = content_client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert content_client.get("/player/..%2fviews%2fplayer.py").status_code == 404
    assert content_client.get("/player/nothing.js").status_code == 404


@pytest.mark.parametrize(
    ("locale", "language", "direction"),
    [
        ("en-US", "en", "ltr"),
        ("de", "de", "ltr"),
        ("de_AT", "de", "ltr"),
        ("ar-EG", "en", "rtl"),
        ("zh-Hans-CN", "en", "ltr"),
        ("klingon-1", "en", "ltr"),
        ("", "en", "ltr"),
        ("a" * 300, "en", "ltr"),
        ("../../etc", "en", "ltr"),
    ],
)
def test_any_locale_will_do(
    hub: Hub,
    content_client: FlaskClient,
    system: Principal,
    registration: RegistrationView,
    locale: str,
    language: str,
    direction: str,
) -> None:
    link = hub.service(Launches).create(system, registration.id, locale=locale)
    answer = content_client.get("/play/" + link.url.rpartition("/")[2])
    assert answer.status_code == 200
    assert f'<html lang="{language}" dir="{direction}">' in answer.text
    assert (">Verlassen<" if language == "de" else ">Exit<") in answer.text


@pytest.mark.parametrize("kind", ["pdf", "video", "web"])
def test_viewers_run_scripts_of_the_hub_only(player: Player, kind: str) -> None:
    file = urlsplit(player.delivery["url"]).path
    answer = player.client.get(f"/viewer/{kind}?file={file}&lang=de")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "script-src 'self';" in policy
    assert "frame-ancestors" in policy
    assert "unsafe" not in policy
    assert 'lang="de"' in answer.text
    assert "/content/" not in answer.text


def test_there_is_no_viewer_without_a_grant_and_no_other(content_client: FlaskClient) -> None:
    assert content_client.get("/viewer/pdf?file=/content/forged/a.pdf").status_code == 404
    assert content_client.get("/viewer/exe").status_code == 404
