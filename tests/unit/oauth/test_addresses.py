"""E-mail addresses and return addresses."""

import pytest

from hub.errors import Invalid
from hub.oauth.spec.addresses import checked_email, local_return_address, network_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann@School.Example ", "ann@school.example"),
        ("o'neil+lms@sub.school.example", "o'neil+lms@sub.school.example"),
        ("root@localhost", "root@localhost"),
        ("jürgen@schule.example", "jürgen@schule.example"),
        ("Ärger@Münchner-Schule.example", "ärger@münchner-schule.example"),
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
        "a@" + "b" * 64 + ".example",
        "a@" + "ä" * 60 + ".example",
        "mi\u212ae@school.example",
        "mike@wor\u212a.example",
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


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_network_addresses_are_counted_by_who_has_them(given, counted):
    assert network_of(given) == counted
