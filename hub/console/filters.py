"""How values look on pages."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import segno
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from hub.console.privacy_words import CERTIFICATE_WORDS, ERASURE_OUTCOMES, HOLDING_KINDS, IDENTITY_KINDS
from hub.console.words import (
    FIELD_NAMES,
    KEY_KINDS,
    MODE_NAMES,
    PART_NAMES,
    REACH_NAMES,
    REQUEST_NAMES,
    ROLE_NAMES,
    state_of,
)
from hub.http.words import said
from hub.scorm.services.wording import worded, words_of
from hub.scorm.spec.manifest.course import STANDARD_NAMES
from hub.xapi_lrs.spec import values

UNITS = ("B", "kB", "MB", "GB", "TB")


def when(moment: datetime | str | None, otherwise: str = "–") -> Markup:
    """A time: UTC in the page, the reader's own by script, the exact UTC on hover.

    A text is the timestamp of a statement, which may name a leap second or no zone (xAPI Data 4.5).
    """
    if isinstance(moment, str):
        moment = values.moment(moment)
    if moment is None:
        return Markup('<span class="soft">{}</span>').format(otherwise)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:  # The offset leads out of the years that exist.
        return escape(moment.isoformat())
    exact = utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{:%Y-%m-%d %H:%M} UTC</time>').format(exact, exact, utc)


def foldable(text: str) -> Markup:
    """An address or identifier that breaks between its parts where it does not fit a line."""
    return Markup("<wbr>").join(map(escape, re.split(r"(?<=[@/.:_-])(?=\w)", text)))


def pill(state: str | None) -> Markup:
    """A state as a pill with its words."""
    look, words = state_of(state)
    return Markup('<span class="pill {}">{}</span>').format(look, words)


def size(count: float | None) -> str:
    """Bytes in the largest unit that keeps a figure before the point."""
    if count is None:
        return "–"
    for unit in UNITS[:-1]:
        if count < 1000:
            return f"{format_decimal(round(count, 1) if unit != 'B' else int(count))} {unit}"
        count /= 1000
    return f"{format_decimal(round(count, 1))} {UNITS[-1]}"


def duration(seconds: float | None) -> str:
    """A length of time: 1 h 05 min, 4 min 10 s, 12 s."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return _("%(hours)d h %(minutes)02d min", hours=hours, minutes=minutes)
    if minutes:
        return _("%(minutes)d min %(seconds)02d s", minutes=minutes, seconds=left)
    return _("%(seconds)d s", seconds=left)


def percent(share: float | None) -> str:
    """A share of one as a percentage, to a tenth."""
    return "–" if share is None else str(format_percent(round(float(share), 3), "#,##0.#%"))


def number(value: float | None) -> str:
    """A number by the reader's locale."""
    return "–" if value is None else str(format_decimal(value))


def pretty_json(value: Any) -> str:
    """A JSON value for reading; the template escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def role_name(role: str) -> str:
    """A role in words."""
    return str(ROLE_NAMES[role][0]) if role in ROLE_NAMES else role


def holding_kind(kind: str) -> str:
    """A kind of thing that is kept of a person, in words."""
    return str(HOLDING_KINDS.get(kind, kind))


def identity_kind(kind: str) -> str:
    """What a person is known by, in words."""
    return str(IDENTITY_KINDS.get(kind, kind))


def erasure_outcome(outcome: str) -> str:
    """What an erasure did with things, in words."""
    return str(ERASURE_OUTCOMES.get(outcome, outcome))


def certificate_words(text: str) -> str:
    """A sentence of a certificate in the reader's language; certificates themselves are in English."""
    return str(CERTIFICATE_WORDS.get(text, text))


def role_meaning(role: str) -> str:
    """What a role is for, in words."""
    return str(ROLE_NAMES[role][1])


def reach_name(reach: str) -> str:
    """On which objects a role acts, in words."""
    return str(REACH_NAMES[reach])


def field_name(field: str) -> str:
    """A form field in words, for the summary of faults."""
    return str(FIELD_NAMES.get(field) or said(field))


def part_name(part: str) -> str:
    """A part of the Hub in words."""
    return str(PART_NAMES.get(part, part))


def key_kind(kind: str) -> str:
    """What a key of the Hub is for, in words."""
    return str(KEY_KINDS[kind])


def score(result: Any) -> str:
    """The score of a result: scaled as a percentage, else raw of its maximum, else as it is."""
    if result.score_scaled is not None:
        return percent(result.score_scaled)
    if result.score_raw is None:
        return "–"
    return f"{number(result.score_raw)}/{number(result.score_max)}" if result.score_max else number(result.score_raw)


def standard(version: Any) -> str:
    """The standard of a package version with its edition."""
    name = STANDARD_NAMES.get(version.standard, version.standard)
    return f"{name} {version.edition} Edition" if version.edition else name


def state_name(state: str) -> str:
    """A state in words, without its pill."""
    return state_of(state)[1]


def tracked_interactions(activity: Any) -> list[dict[str, str]]:
    """The interactions in an activity's run-time data, in their order (`cmi.interactions.N.*`)."""
    found: dict[int, dict[str, str]] = {}
    for name, value in activity.values.items():
        parts = name.split(".", 3)
        if parts[:2] == ["cmi", "interactions"] and len(parts) == 4 and parts[2].isdigit():
            found.setdefault(int(parts[2]), {})[parts[3]] = value
    return [
        {
            "id": item.get("id", ""),
            "type": item.get("type", ""),
            "response": item.get("learner_response") or item.get("student_response", ""),
            "result": item.get("result", ""),
            "description": item.get("description", ""),
            "correct": "; ".join(value for name, value in item.items() if name.startswith("correct_responses.")),
            "latency": item.get("latency", ""),
        }
        for _, item in sorted(found.items())
    ]


def mode_name(mode: str) -> str:
    """The mode of a launch in words."""
    return str(MODE_NAMES.get(mode, mode))


def request_name(request: str) -> str:
    """A navigation request in words."""
    return str(REQUEST_NAMES.get(request, request))


def activity_title(identifier: str, titles: Mapping[str, str]) -> str:
    """The title of an activity, its identifier where it has none."""
    return titles.get(identifier) or identifier


def clock(moment: datetime) -> Markup:
    """The time of a day (UTC) to the millisecond, the whole moment on hover."""
    utc = moment.astimezone(UTC)
    exact = utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<span title="{}">{}</span>').format(exact, exact[11:-1])


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one code, told together."""

    code: str
    severity: str
    findings: list[dict[str, Any]]

    @property
    def fix(self) -> str:
        """What to do, where it is the same for all of them."""
        found = {one["fix"] for one in self.findings}
        return found.pop() if len(found) == 1 else ""

    @property
    def in_tools(self) -> dict[str, str]:
        """What to do in the common authoring tools."""
        return self.findings[0].get("in_tools", {})


def in_own_words(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings in the language of the page."""
    return worded(findings, str(get_locale()))


def own_word(word: str) -> str:
    """A word of the judging of packages in the language of the page."""
    return words_of(str(get_locale()))(word)


def grouped(findings: Iterable[dict[str, Any]]) -> list[FindingGroup]:
    """Findings by their code, in the order of the gravest first that they come in."""
    groups: dict[str, FindingGroup] = {}
    for one in findings:
        groups.setdefault(one["code"], FindingGroup(one["code"], one["severity"], [])).findings.append(one)
    return list(groups.values())


def quoted(finding: dict[str, Any]) -> Markup:
    """The line that a finding is about, with its place marked."""
    quote, mark = finding.get("quote", ""), finding.get("mark")
    if mark is None:
        return escape(quote)
    ends = " />" if quote[mark : mark + 1] == "<" else " \"'>"
    end = next((at for at in range(mark + 2, len(quote)) if quote[at] in ends), len(quote))
    return Markup("{}<mark>{}</mark>{}").format(quote[:mark], quote[mark:end], quote[end:])


def marked(text: str) -> Markup:
    """Plain text with `code` marked as such; everything else is escaped."""
    pieces = text.split("`")
    shown = [Markup("<code>{}</code>").format(piece) if i % 2 else escape(piece) for i, piece in enumerate(pieces)]
    return Markup("").join(shown)


def qr_code(text: str, title: str) -> Markup:
    """The text as a QR code (ISO/IEC 18004): dark on light in any scheme, as scanners want it, and no script."""
    drawn = segno.make(text, error="m", micro=False)
    svg = drawn.svg_inline(scale=4, border=4, dark="#000", light="#fff", title=title, svgclass="qr", lineclass=None)
    return Markup(svg.replace("<svg ", '<svg role="img" ', 1))


FILTERS = {
    "qr_code": qr_code,
    "marked": marked,
    "mode_name": mode_name,
    "request_name": request_name,
    "activity_title": activity_title,
    "clock": clock,
    "grouped": grouped,
    "in_own_words": in_own_words,
    "own_word": own_word,
    "quoted": quoted,
    "score": score,
    "standard": standard,
    "state_name": state_name,
    "tracked_interactions": tracked_interactions,
    "role_name": role_name,
    "holding_kind": holding_kind,
    "identity_kind": identity_kind,
    "erasure_outcome": erasure_outcome,
    "certificate_words": certificate_words,
    "role_meaning": role_meaning,
    "reach_name": reach_name,
    "field_name": field_name,
    "part_name": part_name,
    "key_kind": key_kind,
    "when": when,
    "foldable": foldable,
    "pill": pill,
    "size": size,
    "duration": duration,
    "percent": percent,
    "number": number,
    "pretty_json": pretty_json,
}
