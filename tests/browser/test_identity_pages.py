"""The pages of identity in Chromium: passkeys by its virtual authenticator, accessibility, the phone, the keyboard."""

import base64
import re
import time

import pytest
from playwright.sync_api import CDPSession, Page, expect

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.spec.totp import code_at
from tests.support.accessibility import violations
from tests.support.people import Account, make_account

pytestmark = pytest.mark.browser


@pytest.fixture
def account(live_hub: Hub, system: Principal) -> Account:
    return make_account(live_hub, system, "administrator", name="Robin Ortega")


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


def sign_in(page: Page, hub: Hub, account: Account) -> None:
    page.goto(f"{hub.settings.public_url}/sign-in")
    page.get_by_label("E-mail address").fill(account.person.email)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


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
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove “Telephone”").click()
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
