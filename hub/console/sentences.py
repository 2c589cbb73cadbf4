"""An xAPI statement as a sentence: actor, verb, object, result.

What a statement holds was written by others: everything here is text, and the template escapes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from flask_babel import gettext as _

from hub.console.filters import duration, percent
from hub.xapi_lrs.spec.query import timestamp

LONGEST = 200

#: Members of a group without a name that are named.
_MEMBERS = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """The parts of the sentence, and what a filter by each part takes (empty where there is none).

    `target_statement` is the id of the statement that the object refers to; `stored` is when the store took it, in
    microseconds.
    """

    actor: str
    actor_filter: str
    verb: str
    verb_filter: str
    target: str
    target_filter: str
    target_statement: str
    result: str
    timestamp: str
    statement_id: str
    registration: str
    stored: int


def sentence_of(statement: Mapping[str, Any], languages: tuple[str, ...]) -> Sentence:
    """The sentence of a stored statement in the first of `languages` that it speaks."""
    actor, target = statement["actor"], statement["object"]
    kind = target.get("objectType", "Activity")
    context = statement.get("context") or {}
    return Sentence(
        actor=_short(_actor(actor)),
        actor_filter=_identity(actor),
        verb=_short(_verb(statement["verb"], languages)),
        verb_filter=statement["verb"]["id"],
        target=_short(_target(target, languages)),
        target_filter=target["id"] if kind == "Activity" else "",
        target_statement=target["id"] if kind == "StatementRef" else "",
        result=_short(_result(statement.get("result") or {})),
        timestamp=statement["timestamp"],
        statement_id=statement["id"],
        registration=context.get("registration", ""),
        stored=timestamp(statement["stored"]),
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _tail(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


def _said(words: Mapping[str, str] | None, languages: tuple[str, ...]) -> str:
    """The text of a language map (Data 4.2): the first language asked for, by its first subtag too, else any."""
    if not words:
        return ""
    for language in languages:
        for tag, text in words.items():
            if tag.lower() == language.lower() or tag.lower().partition("-")[0] == language.lower():
                return text
    return next(iter(words.values()))


def _verb(verb: Mapping[str, Any], languages: tuple[str, ...]) -> str:
    return _said(verb.get("display"), languages) or _tail(verb["id"])


def _actor(actor: Mapping[str, Any]) -> str:
    """A name where there is one, else what identifies the actor (Data 2.4.2)."""
    account = actor.get("account") or {}
    known = actor.get("name") or actor.get("mbox", "").removeprefix("mailto:") or account.get("name")
    known = known or actor.get("openid") or actor.get("mbox_sha1sum")
    if known:
        return str(known)
    members = [_actor(member) for member in actor.get("member", ())]
    return ", ".join(members[:_MEMBERS] + ["…"] * (len(members) > _MEMBERS)) or "–"


def _identity(actor: Mapping[str, Any]) -> str:
    """The actor as the `agent` parameter wants it, without the name, so that it is the same in every link."""
    for key in ("mbox", "mbox_sha1sum", "openid", "account"):
        if key in actor:
            kind = {"objectType": "Group"} if actor.get("objectType") == "Group" else {}
            return json.dumps({**kind, key: actor[key]}, ensure_ascii=False, separators=(",", ":"))
    return ""


def _target(target: Mapping[str, Any], languages: tuple[str, ...]) -> str:
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        return _said((target.get("definition") or {}).get("name"), languages) or str(target["id"])
    if kind in {"Agent", "Group"}:
        return _actor(target)
    if kind == "SubStatement":
        return f"{_actor(target['actor'])} {_verb(target['verb'], languages)} {_target(target['object'], languages)}"
    return _("statement %(id)s", id=target["id"])


def _result(result: Mapping[str, Any]) -> str:
    score = result.get("score") or {}
    parts = []
    if "success" in result:
        parts.append(_("succeeded") if result["success"] else _("not succeeded"))
    if "scaled" in score:
        parts.append(percent(score["scaled"]))
    elif "raw" in score:
        parts.append(f"{score['raw']}/{score['max']}" if "max" in score else str(score["raw"]))
    if result.get("response"):
        parts.append(f"“{result['response']}”")
    if result.get("duration"):
        parts.append(_length(str(result["duration"])))
    return ", ".join(parts)


def _length(text: str) -> str:
    """An ISO 8601 duration in words, where it has hours, minutes and seconds only and a length; else as it is."""
    seconds, number = 0.0, ""
    if not text.startswith("PT"):
        return text
    for character in text[2:]:
        if character in "HMS" and number:
            seconds += float(number) * {"H": 3600, "M": 60, "S": 1}[character]
            number = ""
        elif character.isdigit() or character == ".":
            number += character
        else:
            return text
    return duration(seconds) if isfinite(seconds) else text
