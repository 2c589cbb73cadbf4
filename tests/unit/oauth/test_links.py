"""One-time links: good for what they were made for, while it stands, and for nothing else."""

import uuid
from dataclasses import replace

import pytest

from hub.errors import Invalid
from hub.oauth.spec.links import LONGEST, Link, is_good, read_link, sealed_link
from hub.oauth.spec.names import LONGEST as LONGEST_NAME
from hub.oauth.spec.names import checked_name

SECRET, STATE, NOW = b"s" * 32, "password-hash", 1_800_000_000
LINK = Link("password", uuid.uuid4(), NOW + 60, "ann@school.example")
TOKEN = sealed_link(LINK, STATE, SECRET)


def test_a_link_says_what_it_is_for():
    assert read_link(TOKEN) == LINK
    assert is_good(TOKEN, STATE, SECRET, NOW)


@pytest.mark.parametrize(
    ("state", "secret", "now"),
    [(STATE, SECRET, NOW + 60), (STATE, SECRET, NOW + 61), ("another hash", SECRET, NOW), (STATE, b"t" * 32, NOW)],
)
def test_it_is_good_for_this_state_and_time_alone(state, secret, now):
    assert not is_good(TOKEN, state, secret, now)


@pytest.mark.parametrize(
    "change",
    [{"purpose": "address"}, {"user_id": uuid.uuid4()}, {"expires_at": NOW + 90}, {"extra": "eve@school.example"}],
)
def test_nothing_of_it_can_be_changed(change):
    other = sealed_link(replace(LINK, **change), STATE, SECRET)
    content, signature = other.partition(".")[0], TOKEN.partition(".")[2]
    assert not is_good(f"{content}.{signature}", STATE, SECRET, NOW)


@pytest.mark.parametrize("token", ["", ".", "x", "W10.x", "bnVsbA.x", "WzEsMiwzLDRd.x", TOKEN[:-1], "ä.ä"])
def test_what_is_no_link(token):
    assert not is_good(token, STATE, SECRET, NOW)


def test_a_link_has_a_length_that_mail_can_carry():
    room = LONGEST - len(sealed_link(replace(LINK, extra=""), STATE, SECRET))
    long = sealed_link(replace(LINK, extra="x" * room), STATE, SECRET)
    assert len(long) > LONGEST
    assert read_link(long) is not None
    assert not is_good(long, STATE, SECRET, NOW)


@pytest.mark.parametrize(
    ("text", "name"), [(" Ann  Lee\n", "Ann Lee"), ("x" * LONGEST_NAME, "x" * 200), ("Åsa 李", "Åsa 李")]
)
def test_names(text, name):
    assert checked_name(text, "account") == name


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\0b", "a\x7fb"])
def test_what_is_no_name(text):
    with pytest.raises(Invalid):
        checked_name(text, "account")
