"""How a statement is answered: as it came, with ids only, or with canonical definitions in one language
(Communication 2.1.3, "format" and "Language Filtering Requirements")."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.xapi_lrs.spec import actors, filing

#: Everything that holds interaction components, each with a description in several languages.
_COMPONENTS = ("choices", "scale", "source", "target", "steps")

Definitions = Mapping[str, Mapping[str, Any]]


def ids_only(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with no more than what identifies its agents, verb, activities and groups."""
    return _shaped(statement, _actor_ids, lambda verb: {"id": verb["id"]}, _activity_id)


def canonical(statement: dict[str, Any], definitions: Definitions, languages: Sequence[str]) -> dict[str, Any]:
    """The statement with canonical activity definitions, and one language in every language map.

    `definitions` are the canonical ones by activity id; `languages` what the reader prefers, best first.
    """

    def verb(known: dict[str, Any]) -> dict[str, Any]:
        display = known.get("display")
        return known | {"display": one_language(display, languages)} if display else known

    def activity(known: dict[str, Any]) -> dict[str, Any]:
        definition = definitions.get(known["id"]) or known.get("definition")
        return known | {"definition": in_one_language(definition, languages)} if definition else known

    return _shaped(statement, lambda actor: actor, verb, activity)


_Change = Callable[[dict[str, Any]], dict[str, Any]]


def _shaped(statement: dict[str, Any], actor: _Change, verb: _Change, activity: _Change) -> dict[str, Any]:
    """A copy with each Agent or Group, Verb and Activity changed, wherever it stands."""
    shaped = dict(statement)
    shaped["actor"] = actor(statement["actor"])
    shaped["verb"] = verb(statement["verb"])
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        shaped["object"] = activity(target)
    elif kind == "SubStatement":
        shaped["object"] = _shaped(target, actor, verb, activity)
    elif actors.is_actor(target):
        shaped["object"] = actor(target)
    if "context" in statement:
        shaped["context"] = _shaped_context(statement["context"], actor, activity)
    if "authority" in statement:
        shaped["authority"] = actor(statement["authority"])
    return shaped


def _shaped_context(context: dict[str, Any], actor: _Change, activity: _Change) -> dict[str, Any]:
    shaped = dict(context)
    for role in ("instructor", "team"):
        if role in context:
            shaped[role] = actor(context[role])
    for listing, role in (("contextAgents", "agent"), ("contextGroups", "group")):
        if listing in context:
            shaped[listing] = [each | {role: actor(each[role])} for each in context[listing]]
    if "contextActivities" in context:
        shaped["contextActivities"] = {
            name: [activity(each) for each in listed] for name, listed in context["contextActivities"].items()
        }
    return shaped


def _actor_ids(actor: dict[str, Any]) -> dict[str, Any]:
    kept = {name: actor[name] for name in ("objectType",) if name in actor} | actors.identifier_of(actor)
    if actors.key_of(actor) is None and "member" in actor:
        kept["member"] = [_actor_ids(member) for member in actor["member"]]
    return kept


def _activity_id(activity: dict[str, Any]) -> dict[str, Any]:
    return {"id": activity["id"]}


def in_one_language(definition: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    """A definition with one language in each of its language maps."""
    shaped = dict(definition)
    for name in ("name", "description"):
        if shaped.get(name):
            shaped[name] = one_language(shaped[name], languages)
    for name in _COMPONENTS:
        if name in shaped:
            shaped[name] = [_component(each, languages) for each in shaped[name]]
    return shaped


def _component(component: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    description = component.get("description")
    return component | {"description": one_language(description, languages)} if description else component


def one_language(language_map: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The entry that fits best: the first preferred language that matches a tag or its beginning, else the first
    entry (RFC 4647 section 3.4, Lookup; applied to each map by itself)."""
    by_tag = {tag.lower(): tag for tag in language_map}
    for wanted in languages:
        found = _lookup(by_tag, wanted)
        if found is not None:
            return {found: language_map[found]}
    return dict(list(language_map.items())[:1])


def _lookup(by_tag: Mapping[str, str], wanted: str) -> str | None:
    """The tag itself, a longer one that begins with it, or a shorter one that it begins with."""
    if wanted == "*":
        return next(iter(by_tag.values()), None)
    tag = wanted.lower()
    if tag in by_tag:
        return by_tag[tag]
    longer = next((by_tag[each] for each in by_tag if each.startswith(f"{tag}-")), None)
    if longer is not None:
        return longer
    return _lookup(by_tag, tag.rpartition("-")[0]) if "-" in tag else None


def preferred_languages(header: str | None) -> list[str]:
    """The languages of an Accept-Language header, best first (RFC 9110 section 12.5.4)."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((header or "").split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if tag and weight > 0:
            ranked.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(ranked)]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def activity_ids(statement: dict[str, Any]) -> set[str]:
    """The ids of all activities whose definitions the canonical format shows."""
    return {activity["id"] for activity in filing.activities_in(statement)}
