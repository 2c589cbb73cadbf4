"""Where a browser may be sent with a code: what may be registered, and what counts as registered."""

import pytest

from hub.oauth.spec.redirects import LONGEST, answered, is_registered, redirect_fault, redirect_faults

GOOD = [
    "https://app.example/done",
    "https://app.example:8443/done?x=1",
    "http://127.0.0.1/done",
    "http://[::1]:9000/done",
    "http://localhost/done",
    "org.example.app:/done",
    "https://app.example/" + "x" * (LONGEST - 20),
]
BAD = [
    "",
    "/done",
    "https:///done",
    "http://app.example/done",
    "http://127.0.0.2/done",
    "http://localhost.evil.example/done",
    "https://app.example/done#x",
    "https://app.example/done#",
    "https://me@app.example/done",
    "https://*.app.example/done",
    "https://app.example/a b",
    "https://app.example/\n",
    "https://app.exämple/done",
    "https://app.example\\@evil.example/",
    "https://app.example:port/done",
    "https://[::1/done",
    "javascript:alert(1)",
    "data:text/html,x",
    "app:/done",
    "https://app.example/" + "x" * (LONGEST - 19),
]


@pytest.mark.parametrize("address", GOOD)
def test_what_may_be_registered(address):
    assert redirect_fault(address) is None


@pytest.mark.parametrize("address", BAD)
def test_what_may_not(address):
    assert redirect_fault(address) is not None


def test_every_fault_is_told_with_its_place():
    assert [fault.where for fault in redirect_faults([GOOD[0], BAD[1], BAD[2]])] == [
        "redirect_uris[1]",
        "redirect_uris[2]",
    ]


@pytest.mark.parametrize(
    ("asked", "registered", "fits"),
    [
        ("https://app.example/done", "https://app.example/done", True),
        ("https://app.example/done/", "https://app.example/done", False),
        ("https://app.example/done?x", "https://app.example/done", False),
        ("https://APP.example/done", "https://app.example/done", False),
        ("https://app.example:444/done", "https://app.example/done", False),
        ("http://127.0.0.1:9999/done", "http://127.0.0.1/done", True),
        ("http://127.0.0.1:9999/done", "http://127.0.0.1:1/done", True),
        ("http://[::1]:9999/done", "http://[::1]/done", True),
        ("http://127.0.0.1:9999/other", "http://127.0.0.1/done", False),
        ("http://[::1]:9999/done", "http://127.0.0.1/done", False),
        ("http://localhost:9999/done", "http://localhost/done", False),
        ("http://127.0.0.1:0/done", "http://127.0.0.1/done", False),
        ("http://127.0.0.1:99999/done", "http://127.0.0.1/done", False),
        ("http://me@127.0.0.1:9999/done", "http://127.0.0.1/done", False),
        ("https://127.0.0.1:9999/done", "https://127.0.0.1/done", False),
        ("http://127.0.0.1:9999/done\n", "http://127.0.0.1/done", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(asked, registered, fits):
    assert is_registered(asked, ["https://other.example/", registered]) is fits


def test_the_answer_goes_behind_what_the_address_has():
    assert (
        answered("https://a.example/d?x=1", code="c d", state="", iss="i") == "https://a.example/d?x=1&code=c+d&iss=i"
    )
    assert answered("org.example:/d", code="c") == "org.example:/d?code=c"
