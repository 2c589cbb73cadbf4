"""Scores for the gradebook (Assignment and Grade Services 2.0 section 3.4), and what a platform's answer
means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hub.errors import say

LINE_ITEM_MEDIA_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
RESULTS_MEDIA_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"

#: Which of a learner's attempts is the grade, as a setting of the link.
COUNTING = ("last", "best", "first", "average")

#: A score that could not be delivered for so long goes to the list that a person looks at.
GIVE_UP_AFTER = timedelta(days=3)

#: What is sent is rounded here, below what any gradebook keeps and above what binary fractions get wrong.
_FINEST = Decimal("0.0000000001")


@dataclass(frozen=True, slots=True)
class Progress:
    """What a registration says of itself: `completion` completed, incomplete or unknown; `success` passed,
    failed or unknown; `scaled` -1..1 where there is a score, exactly; `ended` when the attempt is over.
    """

    completion: str
    success: str
    scaled: Fraction | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """A score message without its addressee and time (sections 3.4.4 to 3.4.8).

    When the attempt began and was handed in, and the comment, go along, but do not make a score another one.
    """

    given: Decimal | None
    maximum: Decimal
    activity_progress: str
    grading_progress: str
    started_at: datetime | None = field(default=None, compare=False)
    submitted_at: datetime | None = field(default=None, compare=False)
    comment: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as it stands: its progress, when it began, and when it was completed."""

    progress: Progress
    began_at: datetime | None = None
    completed_at: datetime | None = None


def scaled_score(
    scaled: float | None, raw: float | None, lowest: float | None, highest: float | None
) -> Fraction | None:
    """The score as -1..1: the scaled one where the content gave it, else raw within its range (0..100 by default).

    Scores are decimal numbers to those who write them: 0.1 is a tenth here, and not the nearest binary fraction.
    """
    if scaled is not None:
        return _decimal(scaled)
    if raw is None:
        return None
    bottom, top = _decimal(lowest or 0), _decimal(100 if highest is None else highest)
    return (_decimal(raw) - bottom) / (top - bottom) if top > bottom else None


def _decimal(number: float) -> Fraction:
    return Fraction(repr(number))


def counted(attempts: Sequence[Attempt], counting: str, maximum: Decimal) -> Score:
    """The score for all attempts of a learner, the oldest first, by the link's setting.

    Only attempts with a result count; while there is none, the newest tells how far the learner is. The average is
    that of all results. The specification leaves the choice to the tool.
    """
    final = [one for one in attempts if _is_final(one.progress)]
    if not final:
        return _dated(score_of(attempts[-1].progress, maximum), attempts[-1])
    scores = [_dated(score_of(one.progress, maximum), one) for one in final]
    average = sum((score.given or Decimal(0) for score in scores), Decimal(0)) / len(scores)
    chosen = {
        "last": scores[-1],
        "first": scores[0],
        # Of several equal ones the earliest, which cannot be late.
        "best": max(scores, key=lambda score: score.given or Decimal(0)),
        "average": replace(scores[-1], given=average),
    }[counting]
    if len(final) == 1:
        return chosen
    return replace(
        chosen,
        comment=f"{len(final)} attempts; the {counting} one counts."
        if counting != "average"
        else f"The average of {len(final)} attempts.",
    )


def _dated(score: Score, attempt: Attempt) -> Score:
    is_final = score.activity_progress == "Completed"
    return replace(score, started_at=attempt.began_at, submitted_at=attempt.completed_at if is_final else None)


def _is_final(progress: Progress) -> bool:
    return progress.completion == "completed" or progress.success in {"passed", "failed"}


def rescaled(score: Score, maximum: Decimal | None) -> Score:
    """The score on the scale of its line item (section 3.2.4, scoreMaximum), where that is known; rounded here, at the
    very end, and nowhere before."""
    scale = maximum if maximum is not None and maximum > 0 else score.maximum
    given = None if score.given is None else (score.given * scale / score.maximum).quantize(_FINEST).normalize()
    return replace(score, given=given, maximum=scale)


def submission_of(score: Score) -> dict[str, str]:
    """When the learner began and handed in (section 3.4.10); platforms judge lateness by it."""
    told = {"startedAt": score.started_at, "submittedAt": score.submitted_at}
    return {name: wire_time(moment) for name, moment in told.items() if moment is not None}


def score_of(progress: Progress, maximum: Decimal) -> Score:
    """The score message for a registration's progress.

    The specification leaves the mapping to the tool. Ours: a result is final (Completed, FullyGraded) once
    the content says completed, passed or failed; until then the activity is InProgress and the grade Pending,
    so that a platform shows no mark too early. Content that is completed or passed without giving a score
    earns the maximum, content that is failed without one earns nothing: a column without a mark would tell
    the teacher less.
    """
    is_final = _is_final(progress)
    return Score(
        given=_given(progress, maximum, is_final),
        maximum=maximum,
        activity_progress="Completed" if is_final else "InProgress",
        grading_progress="FullyGraded" if is_final else "Pending",
    )


def _given(progress: Progress, maximum: Decimal, is_final: bool) -> Decimal | None:
    if progress.scaled is not None:
        share = min(max(progress.scaled, Fraction(0)), Fraction(1))
        return share.numerator * maximum / share.denominator
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


def judge_refusal(status: int, *, may_be_there: bool = False) -> Outcome:
    """What a platform's HTTP status means for a score that it did not take.

    409: a score of the same time or later is there already (section 3.4.9); ours is the newest we have, so it goes
    again under a later time. Open edX says 400 to that: so does a score that `may_be_there`, because it was sent before
    under this time and no answer was noted. 401 comes here after a new token was refused too: that, 429 and 5xx may
    pass. Every other refusal (400, 404, 422) and every redirect would be the same tomorrow: a person has to look.
    """
    if status == 409 or (status == 400 and may_be_there):
        return Outcome.RETRY_LATER_TIME
    return Outcome.RETRY if status in _RETRIED or status >= 500 else Outcome.FAIL


def is_too_fast(status: int, body: bytes) -> bool:
    """Whether the platform wants fewer requests; Canvas says that by 403 and in words, and the token is good still."""
    return status == 429 or (status == 403 and b"rate limit" in body.lower())


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
    if not text:
        return say("The platform answered %(status)s.", status=status)
    return say("The platform answered %(status)s: %(words)s", status=status, words=text)


@dataclass(frozen=True, slots=True)
class Column:
    """A line item of the platform: its address, and its scale where it tells one."""

    url: str
    score_maximum: Decimal | None


@dataclass(frozen=True, slots=True)
class WantedColumn:
    """The line item of a link: whose it is, what it is found again by, and what it is made with (section 3.2.2)."""

    link_id: str
    resource_id: str
    tag: str
    label: str
    score_maximum: Decimal

    def as_line_item(self) -> dict[str, Any]:
        """The line item to be made."""
        return {
            "label": self.label,
            "scoreMaximum": float(self.score_maximum),
            "resourceLinkId": self.link_id,
            "resourceId": self.resource_id,
            "tag": self.tag,
        }


def read_column(item: object, url: str) -> Column | None:
    """A line item as the platform tells it; None for something else."""
    return Column(url, _positive(item.get("scoreMaximum"))) if isinstance(item, dict) else None


def line_item_of(items: object, resource_link_id: str) -> Column | None:
    """The first line item that belongs to a resource link (section 3.2), or None when there is none."""
    return next((_column(item) for item in _items(items) if item.get("resourceLinkId") == resource_link_id), None)


def stray_line_item(items: object, wanted: WantedColumn) -> Column | None:
    """The line item with our resourceId and tag, where it belongs to no other link and is the only one.

    A column that a teacher moved, or that came with a copied course, has lost its link but not what we called it.
    """
    strays = [
        item
        for item in _items(items)
        if (item.get("resourceId"), item.get("tag") or wanted.tag) == (wanted.resource_id, wanted.tag)
        and item.get("resourceLinkId") in {None, "", wanted.link_id}
    ]
    return _column(strays[0]) if len(strays) == 1 else None


def _items(items: object) -> list[dict[str, Any]]:
    listed = items if isinstance(items, list) else []
    return [item for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _column(item: Mapping[str, Any]) -> Column:
    return Column(item["id"], _positive(item.get("scoreMaximum")))


def _positive(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        return None
    return Decimal(str(value))


def read_results(items: object) -> dict[str, Any]:
    """A gradebook's results by user (section 3.3.4): `score`, `maximum`, `comment`; entries that are none are left."""
    found: dict[str, Any] = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and isinstance(item.get("userId"), str | int):
            found[str(item["userId"])[:255]] = {
                "score": _number(item.get("resultScore")),
                "maximum": _number(item.get("resultMaximum")),
                "comment": _comment(item.get("comment")),
            }
    return found


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if is_number else None  # type: ignore[arg-type]


def _comment(value: object) -> str | None:
    return "".join(letter for letter in value[:500] if letter.isprintable()) if isinstance(value, str) else None
