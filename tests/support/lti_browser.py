"""A learning platform with pages for a browser: a course that frames the tool, and authentication."""

import html
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from hub.lti.spec import vocabulary as v
from tests.support.lti_platform import INSTRUCTOR, Answer, Login, LtiPlatform

STORAGE = """
<script>
  const kept = new Map();
  addEventListener("message", (event) => {
    const { subject, message_id, key, value } = event.data;
    if (subject === "lti.put_data") kept.set(event.origin + key, value);
    if (subject !== "lti.put_data" && subject !== "lti.get_data") return;
    const found = kept.get(event.origin + key) ?? null;
    event.source.postMessage({ subject: subject + ".response", message_id, key, value: found }, event.origin);
  });
</script>
"""


@dataclass
class FramingPlatform(LtiPlatform):
    """A platform with pages: a course that frames the launch, with or without storage, and authentication."""

    login_url: str = ""
    custom: dict[str, str] = field(default_factory=dict)
    waits_for_a_click: bool = False
    role: str = "learner"
    claim_changes: dict[str, Any] = field(default_factory=dict)

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        """Pages for the browser, services for the Hub."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/course":
            return self._course(query.get("storage") == "yes")
        if parts.path == "/deep-linking":
            return _page("<p>Thank you</p>")
        if parts.path == "/auth":
            return self._authenticate(query)
        return super().answer(method, url, headers, body)

    def _course(self, has_storage: bool) -> Answer:
        target = {"lti_storage_target": "_parent"} if has_storage else {}
        source = f"{self.login_url}?{urlencode(self.login_parameters(**target))}"
        script = STORAGE if has_storage else ""
        return _page(f'{script}<iframe id="tool" width="900" height="600" src="{html.escape(source)}"></iframe>')

    def message(self, login: Login) -> dict[str, Any]:
        """What the person in this role launches: a learner or teacher the link, an author deep linking."""
        if self.role == "author":
            return self.deep_linking_claims(login)
        changes = {v.CUSTOM: self.custom, **({v.ROLES: [INSTRUCTOR]} if self.role == "teacher" else {})}
        return self.claims(login, **changes) | self.claim_changes

    def _authenticate(self, sent: dict[str, str]) -> Answer:
        claims = self.message(Login(sent, None))
        fields = {"state": sent["state"], "id_token": self.sign(claims)}
        inputs = "".join(f'<input name="{name}" value="{html.escape(value)}">' for name, value in fields.items())
        action = html.escape(sent["redirect_uri"])
        script = "" if self.waits_for_a_click else "<script>document.forms[0].submit()</script>"
        return _page(f'<form method="post" action="{action}">{inputs}<button>Go on</button></form>{script}')


def _page(body: str) -> Answer:
    return 200, {"Content-Type": "text/html; charset=utf-8"}, f"<!doctype html>{body}".encode()
