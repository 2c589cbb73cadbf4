"""The pages of identity in Chromium: passkeys by its virtual authenticator, accessibility, the phone, the keyboard."""

import base64
import os
import re
import time
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import CDPSession, Page, expect

from hub.bootstrap import Hub
from hub.db.tables import User
from hub.identity import Principal, system_principal
from hub.oauth.services.clients import Clients, NewClient
from hub.oauth.services.first_run import FirstRun
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.post import LINKS, Post
from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants, TenantView
from hub.oauth.spec.links import Link, sealed_link
from hub.oauth.spec.providers import KINDS
from hub.oauth.spec.totp import code_at
from tests.support.accessibility import violations
from tests.support.console_browser import sign_in
from tests.support.people import Account, make_account
from tests.support.two_tenants import new_tenant

pytestmark = pytest.mark.browser


@pytest.fixture
def account(live_hub: Hub, system: Principal) -> Account:
    return make_account(live_hub, system, "administrator", "super_administrator", name="Robin Ortega")


@pytest.fixture
def devtools(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    return session


def authenticator(devtools: CDPSession, *, verifies: bool = True) -> str:
    """A virtual authenticator, as in a phone; returns its id."""
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    return devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_passkey_from_adding_to_removing(live_hub, page, devtools, account, system):
    known = authenticator(devtools)
    sign_in(page, live_hub, account)
    page.goto(f"{live_hub.settings.public_url}/account/passkeys/new")
    page.get_by_label("Name").fill("Telephone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator("main code").first.inner_text()
    [kept] = devtools.send("WebAuthn.getCredentials", {"authenticatorId": known})["credentials"]
    assert kept["rpId"] == "localhost"
    assert kept["isResidentCredential"]

    # The same device a second time is told so.
    page.goto(f"{live_hub.settings.public_url}/account/passkeys/new")
    page.get_by_label("Name").fill("Telephone again")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("This device has a passkey")).to_be_visible()

    # Signing in without a name.
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    # As the second step.
    sign_out(page)
    sign_in(page, live_hub, account)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    # The counter rose at each use, and it is shown when that was.
    page.goto(f"{live_hub.settings.public_url}/account")
    row = page.get_by_role("row", name=re.compile("Telephone"))
    expect(row).not_to_contain_text("never")

    # A finger that is not known opens nothing; a recovery code does.
    sign_out(page)
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": known, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    assert violations(page) == []
    sign_in(page, live_hub, account)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    page.goto(f"{live_hub.settings.public_url}/account")
    page.get_by_role("link", name="Rename “Telephone”").click()
    assert violations(page) == []
    page.get_by_label("Name").fill("Mobile")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("The passkey was renamed.")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove “Mobile”").click()
    expect(page.get_by_text("The passkey was removed.")).to_be_visible()
    person = Principal(system.tenant_id, "user", str(account.person.id), "Robin")
    assert live_hub.service(Passkeys).of(person) == []


def test_an_authenticator_is_set_up_by_its_picture(live_hub, page, account):
    sign_in(page, live_hub, account)
    page.goto(f"{live_hub.settings.public_url}/account")
    page.get_by_role("button", name="Set up an authenticator").click()
    picture = page.get_by_role("img", name="QR code of the key")
    expect(picture).to_be_visible()
    seed = base64.b32decode(page.locator(".copy code").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("The code does not fit")).to_be_visible()
    expect(picture).to_be_visible()
    page.get_by_label("Code").fill(code_at(seed, int(time.time()) // 30))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


PROGRAM = "http://127.0.0.1/done"
CHALLENGE = "x" * 43


@pytest.fixture
def pages(live_hub: Hub, system: Principal, tenant: TenantView, account: Account) -> dict[str, list[str]]:
    """Every page of identity: those for visitors, and those for people who signed in."""
    post, first_run = live_hub.service(Post), live_hub.service(FirstRun)
    wanted = NewProvider(
        "keycloak", "School login", "https://login.example", "hub", "s3cret", default_roles=("author",)
    )
    provider = live_hub.service(Providers).create(system, wanted)
    app = NewClient(
        "Course tool", ("packages:read",), ("authorization_code",), authentication="none", redirect_uris=(PROGRAM,)
    )
    client, _ = live_hub.service(Clients).create(system, app)
    known = Principal(system.tenant_id, "user", str(account.person.id), "Robin", system.actions)
    live_hub.service(PersonalTokens).create(known, "Script", ["packages:read"], 30)
    link = {}
    with live_hub.db.read(system.tenant_id) as session:
        user = session.get_one(User, account.person.id)
        for kind in ("reset", "verify"):
            claim = Link(kind, user.id, int(time.time()) + 600)
            link[kind] = sealed_link(claim, LINKS[kind].state_of(user), post.secret)
    leaving = [new_tenant(live_hub, name).id for name in ("Suspended", "Leaving", "Gone")]
    for each in leaving:
        live_hub.service(Tenants).suspend(system_principal(each), each)
    for each in leaving[1:]:
        slug = live_hub.service(Tenants).get(system_principal(each), each).slug
        live_hub.service(TenantRemovals).begin(system_principal(each), each, slug)
    live_hub.service(TenantRemovals).run(leaving[2])
    asked = f"response_type=code&client_id={client.client_id}&redirect_uri={PROGRAM}&scope=packages:read&state=s"
    return {
        "visitor": [
            f"/sign-in?tenant={tenant.slug}",
            "/forgot-password",
            f"/reset-password?link={link['reset']}",
            f"/confirm-address?link={link['verify']}",
            "/reset-password?link=void",
            "/set-up?link=" + sealed_link(Link("set-up", UUID(int=0), int(time.time()) + 600), "", first_run._secret),
        ],
        "person": [
            "/account",
            "/account/passkeys/new",
            "/account/address",
            "/account/proof",
            "/account/tokens/new",
            "/device?code=BCDF-GHJK",
            f"/oauth/authorize?{asked}&code_challenge={CHALLENGE}&code_challenge_method=S256",
            "/providers",
            *(f"/providers/new?kind={kind}" for kind in KINDS),
            f"/providers/{provider.id}",
            "/clients",
            "/clients/new",
            f"/clients/{client.client_id}",
            "/people/new",
            f"/people/{account.person.id}",
            "/roles",
            "/system",
            "/tenants",
            f"/tenants/{tenant.id}",
            *(f"/tenants/{each}" for each in leaving),
        ],
    }


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("de", 360, "dark")])
def test_no_page_of_identity_has_a_fault(
    live_hub, page, browser, account, pages, language, width, scheme, monkeypatch, tmp_path
):
    browser.set_extra_http_headers({"Accept-Language": language})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    folder = Path(os.environ.get("HUB_TEST_PICTURES", tmp_path))

    def look(paths: list[str]) -> None:
        for path in paths:
            page.goto(live_hub.settings.public_url + path)
            name = re.sub(r"\W+|[0-9a-f]{12,}", "-", path.replace("void", "?void").partition("link=W")[0])[:40].strip(
                "-"
            )
            page.screenshot(path=folder / f"{name}-{language}.png", full_page=True)
            assert page.locator("html").get_attribute("lang") == language, path
            assert violations(page) == [], path
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{path} scrolls sideways"

    with monkeypatch.context() as nobody:
        nobody.setattr(FirstRun, "is_needed", lambda self: True)
        nobody.setattr(FirstRun, "_only_tenant", lambda self: None)
        look(pages["visitor"])
    page.goto(f"{live_hub.settings.public_url}/sign-in")
    page.locator("#field-email").fill(account.person.email)
    page.locator("#field-password").fill(account.password)
    page.locator("#field-password").press("Enter")
    page.wait_for_url(f"{live_hub.settings.public_url}/")
    look(pages["person"])
    page.goto(f"{live_hub.settings.public_url}/account")
    with page.expect_navigation():
        page.locator("form[action='/account/second-step'] button").click()
    page.screenshot(path=folder / f"second-step-{language}.png", full_page=True)
    assert violations(page) == []
    assert [text for text in complaints if "410" not in text] == []


def test_signing_in_needs_the_keyboard_only(live_hub, page, account):
    page.goto(f"{live_hub.settings.public_url}/sign-in")
    page.keyboard.press("Tab")
    page.keyboard.type(account.person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(account.password)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Sign in"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focus is visible"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
