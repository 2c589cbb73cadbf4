"""Content items of a deep linking response (LTI Deep Linking 2.0 section 3 and 4.5)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .tool import Refused

ACCEPTED_TYPES = ("ltiResourceLink",)
LONGEST_TITLE = 255
MOST_ITEMS = 20


@dataclass(frozen=True)
class LinkLineItem:
    """The gradebook column that a link asks for."""

    label: str
    score_maximum: float
    resource_id: str | None
    tag: str | None


@dataclass(frozen=True)
class LtiLink:
    """One link to put on the course page."""

    title: str
    text: str
    url: str | None
    custom: dict[str, str]
    presentation: str
    line_item: LinkLineItem | None


def read_links(items: Any) -> list[LtiLink]:
    """The links in a `content_items` claim; `Refused` names the item that cannot be accepted."""
    if not isinstance(items, list):
        raise Refused("content_items must be a list")
    if len(items) > MOST_ITEMS:
        raise Refused(f"at most {MOST_ITEMS} items are accepted at once, found {len(items)}")
    return [_read_link(item, f"content_items[{index}]") for index, item in enumerate(items)]


def _read_link(item: Any, where: str) -> LtiLink:
    if not isinstance(item, dict):
        raise Refused(f"{where} must be an object")
    if item.get("type") not in ACCEPTED_TYPES:
        raise Refused(f"{where}.type must be one of {', '.join(ACCEPTED_TYPES)}, found {item.get('type')!r}")
    return LtiLink(
        title=_text(item, "title", where)[:LONGEST_TITLE] or "Untitled activity",
        text=_text(item, "text", where),
        url=_url(item, where),
        custom=_custom(item.get("custom", {}), where),
        presentation="window" if "window" in item and "iframe" not in item else "iframe",
        line_item=_line_item(item["lineItem"], item, where) if item.get("lineItem") is not None else None,
    )


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
    )


def positive(value: Any, where: str) -> float:
    """`value` as a number over zero; `Refused` when it is anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise Refused(f"{where} must be a number over 0, found {value!r}")
    return float(value)
