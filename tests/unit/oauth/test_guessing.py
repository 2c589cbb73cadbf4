"""Strangers wait longer and longer; browsers that were in an account are known again, and nothing else is."""

import pytest

from hub.oauth.spec.guessing import FREE_GUESSES, KNOWN_FOR, LONGEST_WAIT, known_browser, wait_before, with_account

SECRET, NOW = b"s" * 32, 1_800_000_000
ANN, BOB = "ann@school.example", "bob@school.example"
NAME = "Rnd_om-name123"


def test_the_first_guesses_wait_for_nothing_and_then_the_wait_doubles():
    assert [wait_before(guess) for guess in range(1, FREE_GUESSES + 1)] == [0] * FREE_GUESSES
    assert [wait_before(FREE_GUESSES + more) for more in range(1, 6)] == [1, 2, 4, 8, 16]
    assert wait_before(FREE_GUESSES + 50) == wait_before(10**9) == LONGEST_WAIT


def test_a_day_of_guessing_from_everywhere_comes_to_little():
    seconds = guesses = 0
    while seconds < 24 * 3600:
        guesses += 1
        seconds += wait_before(guesses)
    assert guesses < 150


def test_a_browser_is_known_for_the_account_that_it_was_in():
    cookie = with_account("", ANN, NAME, SECRET, NOW)
    assert ANN not in cookie
    assert known_browser(cookie, ANN, SECRET, NOW + 60) == NAME
    assert known_browser(cookie, BOB, SECRET, NOW + 60) is None
    assert known_browser(cookie, ANN, b"t" * 32, NOW) is None
    assert known_browser(cookie, ANN, SECRET, NOW + KNOWN_FOR) is None
    assert known_browser(cookie, ANN, SECRET, NOW - 1) is None, "nor from the future"


def test_several_people_may_share_a_browser():
    cookie = ""
    people = [f"p{number}@school.example" for number in range(7)]
    for number, email in enumerate(people):
        cookie = with_account(cookie, email, f"{NAME}{number}", SECRET, NOW + number)
    known = [email for email in people if known_browser(cookie, email, SECRET, NOW + 10)]
    assert known == people[2:], "the last few"
    again = with_account(cookie, people[6], "another-name", SECRET, NOW + 20)
    assert known_browser(again, people[6], SECRET, NOW + 20) == "another-name"
    assert again.count(".") == cookie.count("."), "one entry for each account"


@pytest.mark.parametrize(
    "change",
    [
        lambda cookie: cookie.replace("1800000000", "1900000000"),
        lambda cookie: cookie.replace(NAME, "another-name"),
        lambda cookie: cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        lambda cookie: cookie[:-1],
        lambda _: "",
        lambda _: "...",
        lambda _: "\0" * 2_000,
        lambda cookie: "x" * 999 + cookie,
        lambda _: "9" * 5_000 + "-" + NAME + "-" + "0" * 32,
        lambda _: "٣-" + NAME + "-" + "0" * 32,
    ],
)
def test_a_cookie_that_is_not_ours_is_a_strangers(change):
    cookie = change(with_account("", ANN, NAME, SECRET, NOW))
    assert known_browser(cookie, ANN, SECRET, NOW + 10**9 // 20) is None
    assert known_browser(with_account(cookie, ANN, NAME, SECRET, NOW), ANN, SECRET, NOW) == NAME
