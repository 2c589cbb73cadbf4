"""Saying a finding in another language: the words of its rule and of the phrases among its facts, filled anew."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.scorm.spec.manifest.rules import RULES

#: The words of a message in another language, or the message itself where there are none.
Say = Callable[[str], str]


def in_words(found: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """A finding as JSON (`Finding.as_dict`), its words said by `say`.

    One that was kept before its rule was changed, and lacks what the new words want, keeps the old ones.
    """
    rule, facts = RULES.get(found["code"]), found.get("facts")
    said = dict(found)
    if rule is not None and facts is not None:
        words = {name: _fact(value, say) for name, value in facts.items()}
        try:
            said |= {"message": say(rule.message).format(**words), "fix": say(rule.fix).format(**words)}
        except KeyError:
            return said
    if "in_tools" in found:
        said["in_tools"] = {tool: say(advice) for tool, advice in sorted(found["in_tools"].items(), key=_by_letters)}
    return said


def _by_letters(pair: tuple[str, str]) -> str:
    """Tools in the order in which people look for them; a database keeps none of its own."""
    return pair[0].casefold()


def _fact(value: Any, say: Say) -> Any:
    if not isinstance(value, Mapping):
        return value
    facts = {name: _fact(one, say) for name, one in value["facts"].items()}
    return say(value["template"]).format(**facts)
