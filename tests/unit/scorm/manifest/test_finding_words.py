"""Every word of a finding can be said in every language of the pages, and is filled with the same facts."""

import string

import pytest

from hub.console.app import LANGUAGES
from hub.errors import say
from hub.scorm.services.wording import worded
from hub.scorm.spec.manifest.findings import Phrase, Place
from hub.scorm.spec.manifest.in_tools import ADVICE
from hub.scorm.spec.manifest.rules import RULES, finding
from tests.support import finding_words

TRANSLATED = [language for language in LANGUAGES if language != "en"]
UPDATE = "python -m tests.support.finding_words adds what is missing"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_every_message_and_no_other(language):
    catalog = finding_words.catalog_of(language)
    assert {message.id for message in catalog if message.id} == finding_words.said(), UPDATE
    assert [message.id for message in catalog if message.id and not message.string] == []
    assert finding_words.file_of(language).with_suffix(".mo").read_bytes() == finding_words.compiled(catalog), UPDATE


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_places_of_facts(language):
    for message in finding_words.catalog_of(language):
        assert set(places(str(message.string))) == set(places(message.id)), message.id


def places(words: str) -> list[str]:
    return [f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(words) if name is not None]


def test_a_finding_is_said_in_german_with_its_phrases():
    kind = Phrase("a Storyline project")
    (said,) = worded(
        [finding("package.no-manifest", guess=Phrase("; this looks like {kind}", kind=kind)).as_dict()], "de"
    )
    assert said["message"].endswith("AICC-Kurs; das sieht aus wie ein Storyline-Projekt.")
    assert said["fix"].startswith("Die Zip-Datei hochladen")
    assert said["in_tools"]["H5P"].startswith("Eine .h5p-Datei ist kein Paket")
    assert said["code"] == "package.no-manifest"


def test_english_is_what_was_found():
    found = finding("archive.damaged", Place("a.zip"), what=Phrase("its two end records differ")).as_dict()
    assert worded([found], "en") == [found]
    assert worded([found], "xx") == [found]


def test_what_was_kept_without_its_facts_keeps_its_words():
    found = finding("archive.empty").as_dict()
    without = {name: value for name, value in found.items() if name != "facts"}
    assert worded([without], "de")[0]["message"] == found["message"]
    other = finding("archive.damaged", what="x").as_dict() | {"facts": {"old": "x"}}
    assert worded([other], "de")[0]["message"] == other["message"]
    unknown = found | {"code": "gone.rule"}
    assert worded([unknown], "de")[0]["message"] == found["message"]


def test_facts_from_hostile_files_are_no_words_to_fill():
    found = finding("archive.escapes", entry="{0}{entry!r}{x}").as_dict()
    assert "{0}{entry!r}{x}" in found["message"]
    assert "{0}{entry!r}{x}" in worded([found], "de")[0]["message"]


def test_advice_is_told_for_refusals_only():
    assert all(advice for topic in ADVICE.values() for advice in topic.values())
    assert {code for code, rule in RULES.items() if "in_tools" in finding(code, **facts_of(rule)).as_dict()} <= {
        code for code, rule in RULES.items() if rule.severity in {"danger", "error"}
    }


def facts_of(rule) -> dict[str, int]:
    return {place.partition(":")[0]: 1 for place in [*places(rule.message), *places(rule.fix)]}


def test_the_sentence_of_an_error_is_a_fact_in_every_language():
    reason = Phrase.of(say("%(host)s redirects away from https.", host="example.org"))
    found = finding("import.not-fetched", reason=reason).as_dict()
    assert found["message"] == "The file could not be fetched: example.org redirects away from https."
    (said,) = worded([found], "de")
    assert said["message"] == "Die Datei konnte nicht geholt werden: example.org leitet von https weg."
    assert Phrase.of("It is full.") == "It is full"
