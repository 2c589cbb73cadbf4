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

SCORE_MEDIA_TYPE = "application/vnd.ims.lis.v1.score+json"
LINE_ITEM_MEDIA_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_MEDIA_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"

#: A score that could not be delivered for so long goes to the list that a person looks at.
GIVE_UP_AFTER = timedelta(days=3)
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 3600

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
        return (share * maximum).quantize(_HUNDREDTH_OF_A_PERCENT, ROUND_HALF_EVEN).normalize()
    if not is_final:
        return None
    return Decimal(0) if progress.success == "failed" else maximum


def scores_url(line_item_url: str) -> str:
    """Where the scores of a line item go: `/scores` ends the path, whatever query the line item has (section
    3.4).
    """
    parts = urlsplit(line_item_url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/scores", fragment=""))


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

    DELIVERED = "delivered"
    RENEW_TOKEN = "renew token"
    RETRY = "retry"
    RETRY_LATER_TIME = "retry with a later time"
    FAIL = "fail"


_RETRIED = {
    403,  # Canvas answers 403 when its rate limit is reached.
    408,
    425,
    429,
}


def judge_answer(status: int) -> Outcome:
    """What a platform's HTTP status means for a score that was sent.

    401: the token is no longer good. 409: a score of the same time or later is there already (section 3.4.9);
    ours is the newest we have, so it goes again under a later time. 429 and 5xx pass. Every other refusal
    (400, 404, 422) and every redirect would be the same tomorrow: a person has to look.
    """
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status == 401:
        return Outcome.RENEW_TOKEN
    if status == 409:
        return Outcome.RETRY_LATER_TIME
    return Outcome.RETRY if status in _RETRIED or status >= 500 else Outcome.FAIL


def pause_seconds(attempts: int, chance: float) -> float:
    """How long to wait after so many tries: 5 s doubling up to an hour, spread by `chance` (0..1) over ±25 %."""
    pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE_SECONDS)
    return pause * (0.75 + 0.5 * chance)


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


def line_item_faults(document: Any) -> str | None:
    """Why a platform's line item cannot be used, or None (section 3.2)."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return "it has no id"
    maximum = document.get("scoreMaximum")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not maximum > 0:
        return "its scoreMaximum is not a number above 0"
    return None
