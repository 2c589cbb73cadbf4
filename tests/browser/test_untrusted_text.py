"""A browser opens pages full of script payloads: nothing runs, nothing is asked of another site."""

import pytest
from playwright.sync_api import Page

from hub.bootstrap import Hub, create_hub_app
from hub.identity import Principal
from hub.scorm.services.consents import Consents
from hub.scorm.services.launches import Launches
from tests.http.console.test_untrusted_text import TEXTS, Written
from tests.support.people import PASSWORD, make_account

pytestmark = pytest.mark.browser

#: Of each kind of page one; every page is read without a browser elsewhere (tests/http/console/test_untrusted_text.py).
MOST_PAGES = 40

#: What the policy stops would have run or loaded without it, so that counts as well.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI} on ${location.pathname}`));
"""


def test_no_payload_runs_in_a_browser(page: Page, live_hub: Hub, system: Principal) -> None:
    account = make_account(live_hub, system, "administrator")
    written = Written(live_hub, system, create_hub_app(live_hub), account)
    named = [written.write(text) for text in TEXTS]
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: ran.append(request.url) if "evil.example" in request.url else None)
    page.add_init_script(TELL_VIOLATIONS)
    page.on("console", lambda told: ran.append(told.text) if told.text.startswith("refused by policy") else None)
    hub_url = live_hub.settings.public_url
    page.goto(f"{hub_url}/sign-in")
    page.fill("[name=email]", account.person.email)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("form:has([name=password]) button[type=submit]")
    paths = [*written.pages(named[0], of_one_thing=False)]
    for number, one in enumerate(named):
        paths += [*written.pages(one, of_one_thing=True)][number :: len(named)]
    for path in paths[:MOST_PAGES]:
        if "format=" not in path and page.request.get(f"{hub_url}{path}").headers["content-type"].startswith(
            "text/html"
        ):
            page.goto(f"{hub_url}{path}", wait_until="load")
            assert "/sign-in" not in page.url
    live_hub.service(Consents).change(system, " ".join(TEXTS), is_asked=True)
    link = live_hub.service(Launches).create(system, named[0]["own_registration_id"])
    page.goto(link.url)
    assert page.locator(".terms").inner_text()
    assert ran == []
    page.goto(f"{hub_url}/account")
    # Had there been anything, it would have been seen.
    with page.expect_console_message(lambda told: told.text.startswith("refused by policy: img-src")):
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://evil.example/x.png'}))")
