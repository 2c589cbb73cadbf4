"""The answer to a deep linking request (Deep Linking 2.0 sections 3.2 and 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.lti.spec import vocabulary as v
from hub.lti.spec.launch import GRADED_PARAMETER, PACKAGE_PARAMETER, DeepLinkingSettings

RESPONSE_SECONDS = 300
SCORE_MAXIMUM = 100
THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 320, 180
#: Platforms keep titles and labels in columns of this length (Moodle, Open edX).
LONGEST_TITLE = 255


@dataclass(frozen=True, slots=True)
class Choice:
    """What the teacher chose: a package, and whether it is to have a column in the gradebook."""

    package_id: str
    title: str
    description: str | None = None
    is_graded: bool = True
    thumbnail_url: str | None = None


def content_item(choice: Choice, settings: DeepLinkingSettings, launch_url: str) -> dict[str, Any]:
    """A resource link (section 3.2.4) that opens the chosen package; nothing that the platform says it
    ignores.
    """
    item: dict[str, Any] = {
        "type": "ltiResourceLink",
        "title": choice.title[:LONGEST_TITLE],
        "url": launch_url,
        "custom": {PACKAGE_PARAMETER: choice.package_id},
    }
    if choice.description:
        item["text"] = choice.description
    if choice.thumbnail_url:
        item["thumbnail"] = {"url": choice.thumbnail_url, "width": THUMBNAIL_WIDTH, "height": THUMBNAIL_HEIGHT}
    if not choice.is_graded:
        item["custom"][GRADED_PARAMETER] = "no"
    elif settings.accept_line_item:
        item["lineItem"] = line_item(choice)
    if "iframe" in settings.targets:
        item["iframe"] = {"width": 1024, "height": 768}
    elif "window" in settings.targets:
        item["window"] = {"targetName": f"package-{choice.package_id}"}
    return item


def line_item(choice: Choice) -> dict[str, Any]:
    """The gradebook column for a package (AGS 2.0 section 3.2.2)."""
    return {"label": choice.title[:LONGEST_TITLE], "scoreMaximum": SCORE_MAXIMUM, "resourceId": choice.package_id}


def response_claims(
    *,
    client_id: str,
    issuer: str,
    deployment_id: str,
    settings: DeepLinkingSettings,
    items: Sequence[dict[str, Any]],
    nonce: str,
    now: float,
) -> dict[str, Any]:
    """The claims of the response message (section 4.5): we are the issuer now, the platform the audience.

    `data` goes back exactly as it came, and only when it came. `now` is in seconds since 1970.
    """
    claims: dict[str, Any] = {
        "iss": client_id,
        "aud": [issuer],
        "iat": int(now),
        "exp": int(now) + RESPONSE_SECONDS,
        "nonce": nonce,
        v.DEPLOYMENT_ID: deployment_id,
        v.MESSAGE_TYPE: v.DEEP_LINKING_RESPONSE,
        v.VERSION: v.LTI_VERSION,
        v.CONTENT_ITEMS: list(items),
    }
    if settings.data is not None:
        claims[v.DEEP_LINKING_DATA] = settings.data
    return claims
