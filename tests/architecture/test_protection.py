"""What protects everywhere: no script or style in pages, a policy on each of them, no secret in the clear."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

import hub
from hub.bootstrap import create_hub_app
from hub.config import Settings
from hub.db.base import Base
from hub.oauth.services.sealing import SEALED
from tests.support.people import make_account, sign_in

PACKAGE = Path(hub.__file__).parent

#: Mail readers run no script and know no style sheet of ours.
LETTERS = "console/templates/letters"

TEMPLATES = sorted(
    str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("**/templates/**/*.html") if LETTERS not in str(path)
)

INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "a style in the page": re.compile(r"<style[\s>]|\sstyle\s*=", re.IGNORECASE),
    "an attribute that runs": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an address that runs": re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.IGNORECASE),
}

#: Data in a script element is no script (HTML 4.12.1, "data block").
DATA_BLOCK = re.compile(r"<script[^>]*type=[\"']application/(?:json|ld\+json)[\"']", re.IGNORECASE)


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_have_neither_script_nor_style(template):
    text = DATA_BLOCK.sub("<data", (PACKAGE / template).read_text())
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    assert {what: found for what, pattern in INLINE.items() if (found := pattern.findall(text))} == {}


def test_there_are_templates_and_the_patterns_find_what_they_should():
    assert len(TEMPLATES) > 50
    bad = "<script>x</script><p style='x'><b onclick=x><a href='javascript:x'>"
    assert all(pattern.search(bad) for pattern in INLINE.values())


#: What is the same for whoever asks, so that caches may keep it for a while.
FOR_EVERYBODY = {"/oauth/jwks", "/lti/jwks", "/lti/canvas.json", "/.well-known/oauth-authorization-server"}


def test_every_page_has_a_policy_without_exceptions(hub, client, system):
    """Every page that an administrator can open without knowing an id, and errors."""
    sign_in(client, make_account(hub, system, "administrator"))
    rules = [rule for rule in create_hub_app(hub).url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    seen = 0
    for path in [*(rule.rule for rule in rules), "/nothing/here"]:
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", path
        is_private = {"no-store", "private, no-cache"} & {answer.headers.get("Cache-Control")}
        assert is_private or path in FOR_EVERYBODY, f"{path} may be kept: {answer.headers.get('Cache-Control')}"
        if answer.mimetype != "text/html":
            continue
        seen += 1
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "unsafe" not in policy, path
        assert "default-src 'none'" in policy, path
        assert re.search(r"frame-ancestors [^;]+", policy), path
        # A refused launch may be shown to whoever framed it: a page with nothing on it that could be clicked.
        assert "frame-ancestors *" not in policy or "sandbox" in policy, path
    assert seen > 20


def test_pages_over_https_say_so_for_a_year(hub, client):
    answer = client.get("/sign-in", base_url=hub.settings.public_url.replace("http://", "https://"))
    found = re.search(r"max-age=(\d+)", answer.headers.get("Strict-Transport-Security", ""))
    assert found
    assert int(found[1]) >= 31_536_000


#: Columns whose name sounds like a secret and which hold none, and why.
HARMLESS = {
    ("lrs_store", "term_key"): "keys the hashes of an index of the same database",
    ("lrs_credential", "key"): "the public half; the secret is hashed",
    ("import_job", "idempotency_key"): "the client's own name of its request",
    ("import_job", "archive_key"): "where an object is",
    ("package_version", "archive_key"): "where an object is",
    ("upload_piece", "object_key"): "where an object is",
    ("lrs_attachment", "object_key"): "where an object is",
    ("privacy_job", "object_key"): "where an object is",
    ("privacy_job", "signature"): "of a certificate: made to be shown",
    ("platform", "token_url"): "an address",
    ("platform", "token_audience"): "an address",
    ("registration", "context_key"): "the id of a link",
    ("passkey", "public_key"): "public",
    ("passkey", "credential_id"): "public (WebAuthn section 4, Credential ID)",
}

SOUNDS_SECRET = re.compile(r"secret|seed|token|password|_key$|^key$|credential|private|signature")
HASHED = re.compile(r"digest|hash")


def test_every_column_with_a_secret_is_sealed_or_hashed():
    sealed = {(table.__tablename__, column) for table, _, column, _ in SEALED}
    open_secrets = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if SOUNDS_SECRET.search(column.name)
        and not column.foreign_keys
        and not HASHED.search(column.name)
        and (table.name, column.name) not in sealed | HARMLESS.keys()
    }
    assert open_secrets == set()
    assert {("identity_provider", "client_secret"), ("second_factor", "seed")} <= sealed


def test_settings_never_print_a_secret(settings):
    secret = {field.name for field in fields(Settings) if field.metadata["secret"]}
    assert {"database_url", "redis_url", "s3_secret_access_key"} <= secret
    shown = repr(replace(settings, **dict.fromkeys(secret, "redis://:plover@x")))
    assert "plover" not in shown
