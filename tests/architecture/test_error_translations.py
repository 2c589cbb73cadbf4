"""What errors say to people can be said in every language: by `said` on pages, from the catalogue of errors."""

import io
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale

import hub
from hub import errors
from hub.console.app import LANGUAGES
from hub.errors import HubError, Invalid, packed, say, unpacked
from hub.http.words import said
from hub.identity import ACTIONS
from hub.oauth.scopes import SCOPES

HUB = Path(hub.__file__).parent
#: The sources whose errors people see on pages; an area that translates its own adds itself here.
SOURCES = (
    "adapters/*.py",
    "bootstrap/*.py",
    "console/*.py",
    "console/views/*.py",
    "db/database.py",
    "db/people.py",
    "db/suspension.py",
    "health.py",
    "http/access.py",
    "http/context.py",
    "http/limits.py",
    "http/paging.py",
    "http/problem.py",
    "identity.py",
    "lti/*.py",
    "lti/pylti_bridge/*.py",
    "lti/services/*.py",
    "lti/spec/*.py",
    "lti/views/*.py",
    "oauth/authlib_bridge/client.py",
    "oauth/scopes.py",
    "oauth/services/*.py",
    "oauth/spec/*.py",
    "oauth/views/session.py",
    "privacy/services/*.py",
    "privacy/spec/*.py",
    "scorm/services/*.py",
    "scorm/spec/enrolment.py",
    "scorm/spec/settings.py",
    "xapi_lrs/services/credentials.py",
    "xapi_lrs/services/statements.py",
    "xapi_lrs/services/stores.py",
    "xapi_lrs/spec/query.py",
)
#: What roles, scopes and actions allow is said on pages by the same catalogue.
MEANINGS = {*ACTIONS.values(), *(scope.meaning for scope in SCOPES.values())}
KEYWORDS = {
    "say": (1,),
    "Violation": (3,),
    "fault": (3,),
    "Part": (3,),
    **{name: (1,) for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, HubError)},
}
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def told() -> set[str]:
    """Every sentence that errors of the sources have."""
    files = [file for pattern in SOURCES for file in sorted(HUB.glob(pattern))]
    found = {message for file in files for _, message, _, _ in extract_from_file("python", file, KEYWORDS)}
    assert len(found) > 50
    return found | MEANINGS


def catalog_of(language: str) -> tuple[Path, Catalog]:
    file = HUB / "translations" / language / "LC_MESSAGES" / "errors.po"
    return file, read_po(io.BytesIO(file.read_bytes()))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_every_sentence_and_no_other(told, language):
    file, catalog = catalog_of(language)
    assert {message.id for message in catalog if message.id} == told
    assert [message.id for message in catalog if message.id and not message.string] == []
    place = re.compile(r"%\(\w+\)s")
    for message in catalog:
        assert sorted(place.findall(str(message.id))) == sorted(place.findall(str(message.string))), message.id
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    assert file.with_suffix(".mo").read_bytes() == compiled.getvalue(), (
        "run pybabel compile -D errors -d hub/translations"
    )


def test_errors_are_said_in_the_readers_language():
    app = Flask(__name__)
    Babel(app)
    refusal = Invalid(say("The registration has no attempt %(number)s.", number=7))
    assert refusal.detail == str(refusal) == "The registration has no attempt 7."
    with app.test_request_context():
        assert said(refusal.detail) == refusal.detail
        with force_locale("de"):
            assert said(refusal.detail) == "Die Registrierung hat keinen Versuch 7."
            assert said("There is no such registration.") == "Diese Registrierung gibt es nicht."
            assert said("Nobody has translated this, 100 %.") == "Nobody has translated this, 100 %."


def test_sentences_are_kept_as_json_and_said_later():
    inner = say("The registration has no attempt %(number)s.", number=7)
    for text in ("plain, 100 %", inner, say("The %(where)s %(fault)s.", where=ValueError("x"), fault=inner)):
        kept = json.loads(json.dumps(packed(text)))
        assert unpacked(kept) == text
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context(), force_locale("de"):
        assert said(unpacked(kept)) == "Die Angabe x Die Registrierung hat keinen Versuch 7.."
