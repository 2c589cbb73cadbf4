"""Every word of the console can be translated, and every translation is complete."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import hub.console
from hub.console.app import LANGUAGES

CONSOLE = Path(hub.console.__file__).parent
TRANSLATIONS = CONSOLE / "translations"
MAPPING = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Every message in the sources (the singular of those with a plural)."""
    found = extract_from_dir(CONSOLE, MAPPING, OPTIONS, KEYWORDS)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def catalog_of(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_a_language_has_every_message_and_no_other(said, language):
    catalog = catalog_of(language)
    translated = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog if message.id}
    assert translated == said
    assert [message.id for message in catalog if message.id and not message.string] == []


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_a_translation_keeps_the_places_of_values(language):
    place = re.compile(r"%\(\w+\)\d*[sd]")
    for message in catalog_of(language):
        if message.id and not isinstance(message.id, tuple):
            assert sorted(place.findall(message.id)) == sorted(place.findall(str(message.string))), message.id


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_the_compiled_form_is_that_of_the_text(language):
    compiled = io.BytesIO()
    write_mo(compiled, catalog_of(language))
    kept = (TRANSLATIONS / language / "LC_MESSAGES" / "messages.mo").read_bytes()
    assert kept == compiled.getvalue(), "run pybabel compile -d hub/console/translations"


def test_no_template_has_words_that_cannot_be_translated():
    """Text between tags, without expressions and tags, has no letters but those of names."""
    names = {"Standards", "Hub", "JSON", "API", "openapi", "json", "UTC", "Python", "xAPI"}
    for template in (CONSOLE / "templates").rglob("*.html"):
        attributes = r"\{% set attributes %\}.*?\{% endset %\}|"
        text = re.sub(attributes + r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template.read_text(), flags=re.DOTALL)
        text = re.sub(r"<pre.*?</pre>", " ", text, flags=re.DOTALL)
        visible = " ".join(re.findall(r">([^<]*)<", text))
        words = set(re.findall(r"[A-Za-z]{3,}", visible)) - names
        assert words == set(), template.name
