"""Rules about passwords."""

import pytest

from hub.oauth.spec.passwords import MAXIMUM_LENGTH, normalized, password_faults

GOOD = ["tidal brick omelette", "gX9$kkw2vT", "ölkanne im schrank", "x7Yq-prz", "кошка на крыше", "a" * 3 + "Zq81-mmpL"]

GUESSED = [
    "password",
    "Passw0rd!",
    "P@ssword2024",
    "12345678",
    "qwertyuiop",
    "poiuytrewq",
    "abcdefgh",
    "zzzzzzzzzz",
    "abcabcabcabc",
    "iloveyou",
    "Administrator1!",
    "standardshub",
    "Summer2026!",
    "87654321",
]


@pytest.mark.parametrize("password", GOOD)
def test_good_passwords_are_taken(password):
    assert password_faults(password, "pat.lindt@school.example", "Pat Lindt") == []


@pytest.mark.parametrize("password", GUESSED)
def test_what_is_guessed_first_is_refused(password):
    assert len(password_faults(password)) == 1


@pytest.mark.parametrize(("password", "fits"), [("x7Yq-pr", False), ("x7Yq-prz", True)])
def test_eight_characters_are_the_least(password, fits):
    assert (password_faults(password) == []) is fits


def test_a_very_long_password_is_refused():
    words = "plover tin "
    assert password_faults((words * 40)[:MAXIMUM_LENGTH]) == []
    assert password_faults((words * 40)[: MAXIMUM_LENGTH + 1]) != []


@pytest.mark.parametrize(
    "password", ["pat.lindt@school.example", "patlindt", "PatLindt99", "lindt1234", "school.example"]
)
def test_what_is_known_of_the_person_is_refused(password):
    assert password_faults(password, "pat.lindt@school.example", "Pat Lindt") != []
    other = password_faults(password, "kim@else.example", "Kim Wong")
    assert other == []


def test_composed_and_decomposed_letters_are_one_password():
    assert normalized("u\u0308ber den Fluss") == normalized("\u00fcber den Fluss")
