"""The answer to a deep linking request (Deep Linking 2.0 sections 3.2 and 4.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.lti.spec import vocabulary as v
from hub.lti.spec.launch import GRADED_PARAMETER, HISTORY_PARAMETER, PACKAGE_PARAMETER, DeepLinkingSettings

RESPONSE_SECONDS = 300
SCORE_MAXIMUM = 100
THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 320, 180
#: Platforms keep titles and labels in columns of this length (Moodle, Open edX).
LONGEST_TITLE = 255
#: Labels of columns have less room (Open edX).
LONGEST_LABEL = 100

#: What our columns are found again by, together with their resource id.
LINE_ITEM_TAG = "grade"

_FRAME = {"width": 1024, "height": 768}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the teacher chose: a package, its title in the course, and that of its gradebook column if it differs."""

    package_id: str
    title: str
    description: str | None = None
    thumbnail_url: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the links are to be: with a column of so many points or none, where they open (`iframe`, `window` or as the
    platform likes), when they may be opened and handed in, and custom parameters beside the Hub's own."""

    is_graded: bool = True
    points: Decimal = Decimal(SCORE_MAXIMUM)
    target: str | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    due_at: datetime | None = None
    custom: Mapping[str, str] = field(default_factory=dict)


def content_item(
    choice: Choice, wishes: Wishes, settings: DeepLinkingSettings, launch_url: str, icon_url: str
) -> dict[str, Any]:
    """A resource link (section 3.2.4) that opens the chosen package; nothing that the platform says it ignores."""
    item: dict[str, Any] = {
        "type": "ltiResourceLink",
        "title": choice.title[:LONGEST_TITLE],
        "url": launch_url,
        "icon": {"url": icon_url, "width": 48, "height": 48},
        "custom": {
            **wishes.custom,
            PACKAGE_PARAMETER: choice.package_id,
            HISTORY_PARAMETER: "$ResourceLink.id.history",
        },
    }
    if choice.description:
        item["text"] = choice.description
    if choice.thumbnail_url:
        item["thumbnail"] = {"url": choice.thumbnail_url, "width": THUMBNAIL_WIDTH, "height": THUMBNAIL_HEIGHT}
    if not wishes.is_graded:
        item["custom"][GRADED_PARAMETER] = "no"
    elif settings.accept_line_item:
        item["lineItem"] = line_item(choice, wishes.points)
    item |= _presented(choice, wishes, settings) | _dated(wishes)
    return item


def _presented(choice: Choice, wishes: Wishes, settings: DeepLinkingSettings) -> dict[str, Any]:
    """Where the link opens: what was asked for, if the platform takes it; else the first that it takes."""
    ways = {"iframe": _FRAME, "window": {"targetName": f"package-{choice.package_id}"}}
    wanted = [target for target in (wishes.target, "iframe", "window") if target in ways and target in settings.targets]
    return {wanted[0]: ways[wanted[0]]} if wanted else {}


def _dated(wishes: Wishes) -> dict[str, Any]:
    available = {"startDateTime": wishes.available_from, "endDateTime": wishes.available_until}
    dates = {"available": available, "submission": {"endDateTime": wishes.due_at}}
    told = {name: {key: _moment(at) for key, at in times.items() if at} for name, times in dates.items()}
    return {name: times for name, times in told.items() if times}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def line_item(choice: Choice, points: Decimal) -> dict[str, Any]:
    """The gradebook column for a package (AGS 2.0 section 3.2.2), whose submissions can be looked at (Submission
    Review 1.0)."""
    return {
        "label": (choice.label or choice.title)[:LONGEST_LABEL],
        "scoreMaximum": int(points) if points == int(points) else float(points),
        "resourceId": choice.package_id,
        "tag": LINE_ITEM_TAG,
        "submissionReview": {"reviewableStatus": ["InProgress", "Submitted", "Completed"]},
    }


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
