"""Content items of a deep linking response (LTI Deep Linking 2.0 section 3 and 4.5).

What the platform said it accepts is what it takes: anything else is refused, so that a tool under test learns of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .switches import Switches
from .tools import Refused

LONGEST_TITLE = 255
MOST_ITEMS = 20


@dataclass(frozen=True)
class LinkLineItem:
    """The gradebook column that a link asks for; `review` is what it says of submission review, if anything."""

    label: str
    score_maximum: float
    resource_id: str | None
    tag: str | None
    review: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Look:
    """How a link looks and when it is open: addresses of pictures, sizes in pixels, times as ISO 8601 texts.

    `window` is the name that windows of this link share.
    """

    icon: str | None = None
    thumbnail: str | None = None
    width: int | None = None
    height: int | None = None
    window: str | None = None
    opens_at: str | None = None
    closes_at: str | None = None
    due_at: str | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether learners may begin now."""
        opens, closes = (datetime.fromisoformat(at) if at else None for at in (self.opens_at, self.closes_at))
        return (opens is None or opens <= now) and (closes is None or now < closes)


@dataclass(frozen=True)
class LtiLink:
    """One link to put on the course page."""

    title: str
    text: str
    url: str | None
    custom: dict[str, str]
    presentation: str
    line_item: LinkLineItem | None
    look: Look = field(default_factory=Look)


def read_links(items: Any, accepted: Switches) -> list[LtiLink]:
    """The links in a `content_items` claim; `Refused` names the item that cannot be accepted."""
    if not isinstance(items, list):
        raise Refused("content_items must be a list")
    most = MOST_ITEMS if accepted.accepts_several else 1
    if len(items) > most:
        raise Refused(f"at most {most} items are accepted at once, found {len(items)}")
    return [_read_link(item, accepted, f"content_items[{index}]") for index, item in enumerate(items)]


def _read_link(item: Any, accepted: Switches, where: str) -> LtiLink:
    if not isinstance(item, dict):
        raise Refused(f"{where} must be an object")
    if item.get("type") not in accepted.types:
        raise Refused(f"{where}.type must be one of {', '.join(accepted.types)}, found {item.get('type')!r}")
    if item.get("lineItem") is not None and not accepted.accepts_line_items:
        raise Refused(f"{where}.lineItem is not accepted: accept_lineitem is false")
    return LtiLink(
        title=_text(item, "title", where)[:LONGEST_TITLE] or "Untitled activity",
        text=_text(item, "text", where),
        url=_url(item, where),
        custom=_custom(item.get("custom", {}), where),
        presentation=_presentation(item, accepted, where),
        line_item=_line_item(item["lineItem"], item, where) if item.get("lineItem") is not None else None,
        look=_look(item, where),
    )


def _presentation(item: dict[str, Any], accepted: Switches, where: str) -> str:
    """Where the link opens: as it says, else where this platform can open it."""
    wanted = [name for name in ("iframe", "window", "embed") if item.get(name) is not None]
    for name in wanted:
        if name not in accepted.targets:
            raise Refused(f"{where}.{name} is not accepted: accept_presentation_document_targets has none")
    return [*wanted, *accepted.targets, "window"][0]


def _look(item: dict[str, Any], where: str) -> Look:
    frame = _part(item, "iframe", where) or _part(item, "window", where)
    available, submission = _part(item, "available", where), _part(item, "submission", where)
    return Look(
        icon=_url(_part(item, "icon", where), f"{where}.icon"),
        thumbnail=_url(_part(item, "thumbnail", where), f"{where}.thumbnail"),
        width=_pixels(frame, "width", where),
        height=_pixels(frame, "height", where),
        window=_text(_part(item, "window", where), "targetName", f"{where}.window") or None,
        opens_at=_time(available, "startDateTime", f"{where}.available"),
        closes_at=_time(available, "endDateTime", f"{where}.available"),
        due_at=_time(submission, "endDateTime", f"{where}.submission"),
    )


def _part(item: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    value = item.get(name) or {}
    if not isinstance(value, dict):
        raise Refused(f"{where}.{name} must be an object")
    return value


def _pixels(part: dict[str, Any], name: str, where: str) -> int | None:
    value = part.get(name)
    return int(positive(value, f"{where}.{name}")) if value is not None else None


def _time(part: dict[str, Any], name: str, where: str) -> str | None:
    text = _text(part, name, where)
    return moment(text, f"{where}.{name}").isoformat() if text else None


def moment(text: str, where: str) -> datetime:
    """A time with its zone; `Refused` when it is anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{where} must be an ISO 8601 date and time, found {text!r}") from None
    if found.tzinfo is None:
        raise Refused(f"{where} must name its time zone, found {text!r}")
    return found


def _text(item: dict[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{where}.{name} must be text")
    return value.strip()


def _url(item: dict[str, Any], where: str) -> str | None:
    value = _text(item, "url", where)
    if not value:
        return None
    if urlsplit(value).scheme not in ("http", "https"):
        raise Refused(f"{where}.url must be an http or https address")
    return value


def _custom(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise Refused(f"{where}.custom must be an object of texts")
    return dict(value)


def _line_item(value: Any, item: dict[str, Any], where: str) -> LinkLineItem:
    where = f"{where}.lineItem"
    if not isinstance(value, dict):
        raise Refused(f"{where} must be an object")
    return LinkLineItem(
        label=_text(value, "label", where) or _text(item, "title", where) or "Untitled activity",
        score_maximum=positive(value.get("scoreMaximum"), f"{where}.scoreMaximum"),
        resource_id=_text(value, "resourceId", where) or None,
        tag=_text(value, "tag", where) or None,
        review=_review(value, where),
    )


def _review(line_item: dict[str, Any], where: str) -> dict[str, Any] | None:
    """What a line item says of submission review (Submission Review 1.0 section 4)."""
    review = line_item.get("submissionReview")
    if review is None:
        return None
    review = _part(line_item, "submissionReview", where)
    _url(review, f"{where}.submissionReview")
    _custom(review.get("custom", {}), f"{where}.submissionReview")
    statuses = review.get("reviewableStatus", [])
    if not isinstance(statuses, list) or not all(isinstance(status, str) for status in statuses):
        raise Refused(f"{where}.submissionReview.reviewableStatus must be a list of texts")
    return review


def positive(value: Any, where: str) -> float:
    """`value` as a number over zero; `Refused` when it is anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise Refused(f"{where} must be a number over 0, found {value!r}")
    return float(value)
