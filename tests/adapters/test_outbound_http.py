"""The one client for requests to the outside, against a real server on loopback."""

import contextlib
import gzip
import itertools
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub.adapters.outbound_http import OutboundHttp
from hub.errors import Forbidden, Invalid, Unavailable
from tests.support.serving import serving


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
    with serving(made):
        yield f"http://localhost:{made.server_port}"


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


#: Addresses that lead inside, as somebody might write them who wants in.
HOSTILE = [
    # loopback, in every way of writing an IPv4 address that resolvers take (inet_aton)
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://127.0.0.1./", "http://0/",
    "http://0.0.0.0/", "http://127.255.255.254/", "http://localhost/", "http://LOCALHOST/", "http://localhost./",
    "http://a.localhost/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://１２７.0.0.1/", "http://127。0。0。1/",
    # private, shared, link-local and reserved networks
    "http://10.0.0.1/", "http://0xa000001/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/",
    "http://100.64.0.1/", "http://169.254.1.1/", "http://192.0.0.1/", "http://198.18.0.1/", "http://203.0.113.1/",
    "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://192.88.99.1/",
    # where clouds tell a machine its secrets
    "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
    "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/",
    # IPv6, and IPv4 inside of it
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[fe80::1]/",
    "http://[fe80::1%25lo]/", "http://[fc00::1]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
    "http://[100::1]/", "http://[5f00::1]/",
    # a public name in front of, or behind, the true one
    "http://example.org@127.0.0.1/", "http://example.org:80@10.0.0.1/", "http://user:pw@[::1]/", "http://127.0.0.1#@example.org/",
    "http://127.0.0.1?@example.org/", "http://127.0.0.1\\@example.org/", "http://127.0.0.1:80\\@example.org/",
    # ports of other protocols, on addresses that are public
    "http://93.184.215.14:22/", "http://93.184.215.14:25/", "https://93.184.215.14:6379/", "http://93.184.215.14:11211/",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_nothing_leads_inside_however_it_is_written(url, monkeypatch):
    """No connection is even tried: the refusal comes from the address."""
    monkeypatch.setattr(
        "urllib3.connection.HTTPConnection.connect", lambda self: pytest.fail(f"connected to {self.host}")
    )
    client = OutboundHttp(allow_private_networks=False)
    for call in (lambda: client.request("GET", url), lambda: client.download(url).__enter__()):
        with pytest.raises((Forbidden, Unavailable, Invalid)) as caught:
            call()
        assert "pw" not in str(caught.value)
        if isinstance(caught.value, Unavailable):
            assert "cannot be resolved" in caught.value.detail


def test_the_table_of_hostile_addresses_is_long_enough():
    assert len(set(HOSTILE)) >= 50


def test_a_name_is_resolved_once_so_that_a_second_answer_leads_nowhere(server, monkeypatch):
    """DNS rebinding: the name server says a good address first, and a private one from then on."""
    port = int(server.rpartition(":")[2])
    real, asked = socket.getaddrinfo, []

    def rebinding(host, *rest, **named):
        if host != "rebind.example":
            return real(host, *rest, **named)
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("hub.adapters.outbound_http._is_public", lambda address: address == "127.0.0.1")
    answer = OutboundHttp(allow_private_networks=False).request("GET", f"http://rebind.example:{port}/a")
    assert answer.status == 200
    assert f"rebind.example:{port}" in answer.body.decode()
    assert asked == ["rebind.example"]


def test_one_private_address_of_a_name_is_enough_to_refuse_it(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(Forbidden):
        OutboundHttp(allow_private_networks=False).request("GET", "http://mixed.example/")


class _Raw:
    """A peer that answers what it is given, byte for byte, and as slowly as it is told."""

    def __init__(self, pieces, pause=0.0):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, args=(pieces, pause), daemon=True)
        self._thread.start()

    def _serve(self, pieces, pause):
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()


#: Of what would pass if nothing was cut off, even where the machine is busy.
MUCH_LESS = 12

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((HEAD, *[b"x"] * 500), id="body"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", *[b"X"] * 500), id="header"),
        pytest.param([b"H"] * 500, id="status line"),
    ],
)
def test_an_answer_that_trickles_is_cut_off(pieces):
    """Each byte comes in time; the whole never would."""
    client = OutboundHttp(allow_private_networks=True, timeout_seconds=1, longest_seconds=0.4)
    begun = time.monotonic()
    with _Raw(pieces, pause=0.05) as peer, pytest.raises(Unavailable):
        client.request("GET", peer.url)
    assert time.monotonic() - begun < MUCH_LESS


def test_a_handshake_that_trickles_is_cut_off():
    """A server that never ends its part of TLS: a record of 16 kB, a byte at a time."""
    client = OutboundHttp(allow_private_networks=True, timeout_seconds=1)
    begun = time.monotonic()
    with _Raw((b"\x16\x03\x03\x40\x00", *[b"x"] * 500), pause=0.05) as peer, pytest.raises(Unavailable):
        client.request("GET", peer.url.replace("http:", "https:"), longest_seconds=0.4)
    assert time.monotonic() - begun < MUCH_LESS


def test_an_address_where_nobody_answers_takes_no_longer_than_the_whole(monkeypatch):
    """Three addresses that swallow what comes: TEST-NET-1 of RFC 5737, or a queue that is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        names = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for _ in range(3)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: names)
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            OutboundHttp(allow_private_networks=True).request("GET", f"http://x.example:{port}/", longest_seconds=0.4)
        assert time.monotonic() - begun < MUCH_LESS
        for one in filling:
            one.close()


def test_an_endless_body_is_cut_off_at_the_cap():
    endless = itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 65536))
    with _Raw(endless) as peer, pytest.raises(Unavailable, match="more than 1000 bytes"):
        OutboundHttp(allow_private_networks=True, largest_body=1000).request("GET", peer.url)


def test_a_gzip_bomb_stays_packed():
    """A thousandfold, which nobody asked for: the body is what came."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with _Raw([head + bomb]) as peer:
        assert OutboundHttp(allow_private_networks=True).request("GET", peer.url).body == bomb


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
