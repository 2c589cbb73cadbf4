"""The one client for requests to the outside, against a real server on loopback."""

import socket
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub.adapters.outbound_http import OutboundHttp
from hub.errors import Forbidden, Invalid, Unavailable


@Request.application
def peer(request: Request) -> Response:
    if request.path == "/redirect":
        return Response(status=302, headers={"Location": "http://169.254.169.254/"})
    if request.path == "/large":
        return Response(b"x" * 5000)
    return Response(
        f"{request.method} {request.full_path} {request.host} {request.get_data(as_text=True)}",
        headers={"X-Answer": "yes"},
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = make_server("127.0.0.1", 0, peer, threaded=True)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://localhost:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_it_sends_and_receives(server):
    answer = OutboundHttp(allow_private_networks=True).request("POST", f"{server}/a?b=c", body=b"hello")
    assert answer.status == 200
    assert answer.headers["x-answer"] == "yes"
    assert answer.body.decode() == f"POST /a?b=c {server.removeprefix('http://')} hello"


def test_redirects_are_not_followed(server):
    assert OutboundHttp(allow_private_networks=True).request("GET", f"{server}/redirect").status == 302


def test_an_answer_that_is_too_large_is_cut_off(server):
    small = OutboundHttp(allow_private_networks=True, largest_body=1000)
    assert small.request("GET", f"{server}/").status == 200
    with pytest.raises(Unavailable, match="more than 1000 bytes"):
        small.request("GET", f"{server}/large")


def test_the_next_address_of_a_name_is_tried_where_nobody_answers_at_the_first(server, monkeypatch):
    port = int(server.rpartition(":")[2])
    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: (
        both if host == "localhost" else real(host, *rest, **named)
    ))  # fmt: skip
    assert OutboundHttp(allow_private_networks=True).request("GET", f"{server}/").status == 200


def test_nobody_there_is_said_plainly():
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 does not answer"):
        OutboundHttp(allow_private_networks=True).request("GET", "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]", "2130706433", "0x7f000001", "017700000001", "127.1", "224.0.0.1", "255.255.255.255",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(host):
    with pytest.raises((Forbidden, Unavailable)) as caught:
        OutboundHttp(allow_private_networks=False).request("GET", f"http://{host}:9/")
    if isinstance(caught.value, Unavailable):
        assert "cannot be resolved" in caught.value.detail


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "//x/", "http://", "x"])
def test_only_http_addresses_are_called(url):
    with pytest.raises(Invalid):
        OutboundHttp(allow_private_networks=True).request("GET", url)


class TestDownloads:
    """What is too large to be held, and redirects that lead astray."""

    def test_the_body_comes_in_pieces(self, server):
        with OutboundHttp(allow_private_networks=True).download(f"{server}/large") as answer:
            assert (answer.status, b"".join(answer.pieces)) == (200, b"x" * 5000)

    def test_every_step_of_a_redirect_is_checked(self, server, monkeypatch):
        """The first is let through here as if it were public; what it leads to is not."""
        client = OutboundHttp(allow_private_networks=True)
        checked, asked = client._checked_addresses, []

        def only_the_first(parts, allow_private):
            asked.append(parts.hostname)
            client._allow_private = len(asked) == 1
            return checked(parts, allow_private)

        monkeypatch.setattr(client, "_checked_addresses", only_the_first)
        with pytest.raises(Forbidden, match=r"169\.254\.169\.254"), client.download(f"{server}/redirect"):
            pass
        assert asked == ["localhost", "169.254.169.254"]

    def test_https_is_never_left(self):
        from hub.adapters.outbound_http import _redirected

        assert _redirected("https://a.example/x/y", "../z?q") == "https://a.example/z?q"
        assert _redirected("http://a.example/", "https://b.example/") == "https://b.example/"
        with pytest.raises(Forbidden, match=r"a\.example redirects away from https"):
            _redirected("https://a.example/", "http://b.example/")

    def test_a_refused_address_is_not_repeated(self):
        with (
            pytest.raises(Invalid) as refused,
            OutboundHttp(allow_private_networks=True).download("ftp://me:secret@a.example/"),
        ):
            pass
        assert "secret" not in str(refused.value)
