"""Scores for the gradebook (Assignment and Grade Services 2.0 section 3.4), and what a platform's answer
means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

LINE_ITEM_MEDIA_TYPE = "application/vnd.ims.lis.v2.lineitem+json"

#: A score that could not be delivered for so long goes to the list that a person looks at.
GIVE_UP_AFTER = timedelta(days=3)

_HUNDREDTH_OF_A_PERCENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Progress:
    """What a registration says of itself: `completion` completed, incomplete or unknown; `success` passed,
    failed or unknown; `scaled` -1..1 where there is a score; `ended` when the attempt is over.
    """

    completion: str
    success: str
    scaled: float | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """A score message without its addressee and time (sections 3.4.4 to 3.4.8)."""

    given: Decimal | None
    maximum: Decimal
    activity_progress: str
    grading_progress: str


def scaled_score(scaled: float | None, raw: float | None, lowest: float | None, highest: float | None) -> float | None:
    """The score as -1..1: the scaled one where the content gave it, else raw within its range (0..100 by
    default).
    """
    if scaled is not None:
        return scaled
    if raw is None:
        return None
    bottom, top = (0.0 if lowest is None else lowest), (100.0 if highest is None else highest)
    return (raw - bottom) / (top - bottom) if top > bottom else None


def score_of(progress: Progress, maximum: Decimal) -> Score:
    """The score message for a registration's progress.

    The specification leaves the mapping to the tool. Ours: a result is final (Completed, FullyGraded) once
    the content says completed, passed or failed; until then the activity is InProgress and the grade Pending,
    so that a platform shows no mark too early. Content that is completed or passed without giving a score
    earns the maximum, content that is failed without one earns nothing: a column without a mark would tell
    the teacher less.
    """
    is_final = progress.completion == "completed" or progress.success in {"passed", "failed"}
    return Score(
        given=_given(progress, maximum, is_final),
        maximum=maximum,
        activity_progress="Completed" if is_final else "InProgress",
        grading_progress="FullyGraded" if is_final else "Pending",
    )


def _given(progress: Progress, maximum: Decimal, is_final: bool) -> Decimal | None:
    if progress.scaled is not None:
        share = min(max(Decimal(str(progress.scaled)), Decimal(0)), Decimal(1))
        return (share * maximum).quantize(_HUNDREDTH_OF_A_PERCENT, ROUND_HALF_EVEN)
    if not is_final:
        return None
    return Decimal(0) if progress.success == "failed" else maximum


def path_extended(line_item_url: str, segment: str) -> str:
    """Where the scores (or results) of a line item are: the segment ends the path, whatever query the line item has
    (sections 3.3 and 3.4)."""
    parts = urlsplit(line_item_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{segment}", fragment=""))


def next_timestamp(now: datetime, last: datetime | None) -> datetime:
    """The time for the next score of one learner in one line item: it always rises (section 3.4.9), in whole
    ms.
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if last is None or last < now else last + timedelta(milliseconds=1)


def wire_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds (section 3.4.9)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Outcome(Enum):
    """What to do after a platform's answer to a score."""

    RETRY = "retry"
    RETRY_LATER_TIME = "retry with a later time"
    FAIL = "fail"


_RETRIED = {
    401,
    403,  # Canvas answers 403 when its rate limit is reached.
    408,
    425,
    429,
}


def judge_refusal(status: int) -> Outcome:
    """What a platform's HTTP status means for a score that it did not take.

    409: a score of the same time or later is there already (section 3.4.9); ours is the newest we have, so it goes
    again under a later time. 401 comes here after a new token was refused too: that, 429 and 5xx may pass. Every other
    refusal (400, 404, 422) and every redirect would be the same tomorrow: a person has to look.
    """
    if status == 409:
        return Outcome.RETRY_LATER_TIME
    return Outcome.RETRY if status in _RETRIED or status >= 500 else Outcome.FAIL


def replaces(new: Score, last: Score | None) -> bool:
    """Whether a score is worth sending after the last one: it says something else, and no mark is lost by it.

    A new attempt begins without a result; the mark of the one before stays until there is another final one.
    """
    if last is None:
        return True
    keeps_mark = last.grading_progress == "FullyGraded" and new.grading_progress != "FullyGraded"
    return new != last and not keeps_mark


def wished_pause(headers: Mapping[str, str]) -> float | None:
    """The platform's own wish (Retry-After in seconds, RFC 9110 section 10.2.3), at most a day; None when it
    has none.
    """
    text = headers.get("retry-after", "").strip()
    return float(min(int(text), 86_400)) if text.isascii() and text.isdigit() else None


def reason_of(status: int, body: bytes) -> str:
    """What a person reads about a refusal: the status and the beginning of the platform's words, on one line."""
    words = " ".join(body[:2000].decode("utf-8", "replace").split())[:300]
    text = "".join(letter for letter in words if letter.isprintable())
    return f"The platform answered {status}" + (f": {text}" if text else ".")


def line_item_of(items: Any, resource_link_id: str) -> str | None:
    """The URL of the first line item that belongs to a resource link (section 3.2), or None when there is none."""
    for item in items if isinstance(items, list) else []:
        if (
            isinstance(item, dict)
            and item.get("resourceLinkId") == resource_link_id
            and isinstance(item.get("id"), str)
        ):
            return str(item["id"])
    return None
