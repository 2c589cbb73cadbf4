"""E-mail addresses and return addresses."""

import pytest

from hub.errors import Invalid
from hub.oauth.spec.addresses import checked_email, local_return_address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann@School.Example ", "ann@school.example"),
        ("o'neil+lms@sub.school.example", "o'neil+lms@sub.school.example"),
        ("root@localhost", "root@localhost"),
        ("jürgen@schule.example", "jürgen@schule.example"),
    ],
)
def test_addresses_are_taken_in_lower_case(given, kept):
    assert checked_email(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ann",
        "@school.example",
        "ann@",
        "a b@c.example",
        "ann@@school.example",
        ".ann@c.example",
        "ann.@c.example",
        "an..n@c.example",
        "ann@.example",
        "ann@example.",
        "ann@c_d.example",
        "a@b\r\nBcc: x@y",
        "x" * 65 + "@c.example",
        "a@" + "b" * 260,
        "<ann@c.example>",
    ],
)
def test_what_is_no_address_is_refused(given):
    with pytest.raises(Invalid) as refusal:
        checked_email(given)
    assert refusal.value.violations[0].where == "email"


@pytest.mark.parametrize("target", ["/", "/packages", "/packages/1?x=1&y=%2F#findings", "/a//b", "/@home", "/:80"])
def test_paths_of_this_site_are_returned_to(target):
    assert local_return_address(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "packages",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "https:evil.example",
        "/a\\..\\..\\evil",
        "/\x00",
        "/\x7f",
        "/" + "a" * 2000,
    ],
)
def test_anything_else_leads_home(target):
    assert local_return_address(target, "/home") == "/home"
