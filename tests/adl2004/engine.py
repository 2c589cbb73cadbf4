"""The cases in-process: the sequencing engine and the run-time tables, without a browser."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from hub.scorm.spec.runtime.model import entries
from hub.scorm.spec.runtime.types import seconds_of_interval2004
from hub.scorm.spec.sequencing.navigation import Navigation
from tests.adl2004.api import Api
from tests.adl2004.cases import Case, Command, Visit
from tests.adl2004.learner import Learner, Player, read_course

_ROOT = re.compile(r'the activity that corresponds to the root of "(.*)"')
#: The learner's actions by the words the cases have for them; a word for the case may follow (`RelaunchCM5`).
_REQUEST = re.compile(
    r"(Continue|Previous|Suspend(?:All)?|Abandon(?:All)?|Exit(?:All)?)(Exit|Relaunch)?(?:[A-Z]{2}\w*)?"
)
_TRIGGER = re.compile(r"TRIG(\w+)")
_RELAUNCH = re.compile(r"(?:Exit)?Relaunch\w*|DMBx")
_NEXT_TEST = re.compile(r"(?:API|DMI)t\d+|DMBxAct")
#: Exit in the player leaves the whole course.
_KINDS = {"Exit": "exitAll", "Suspend": "suspendAll"}


#: These methods leave the error as it is, and the cases say another thing of it than the standard.
_KEEP_THE_ERROR = ("doGetErrorString", "doGetDiagnostic", "doGetLastError")
_ANYTHING = "Returned a valid value or error code"


def run(case: Case, learner: Learner) -> list[str]:
    """The faults of one case, each with its visit; none when it passes."""
    return list(_faults(case, Player(read_course(case.manifest), learner)))


def _faults(case: Case, player: Player) -> Iterator[str]:
    if case.start == ".":
        player.request("start")
    else:
        player.request("choice", _identifier(case, case.start))
    for number, visit in enumerate(case.visits):
        following = case.visits[number + 1] if number + 1 < len(case.visits) else None
        where = f"{case.name} activity {visit.act} visit {visit.number}"
        expected = case.identifiers_by_act[visit.act]
        if player.delivered not in expected:
            outcome = player.outcome
            why = f" ({outcome.exception})" if outcome is not None and outcome.exception else ""
            yield f"{where}: {player.delivered} was delivered{why}, not {' or '.join(sorted(expected))}"
            return
        yield from (f"{where}: {fault}" for fault in _visit(case, player, visit, following))
    if player.delivered is not None:
        yield f"{case.name}: {player.delivered} was delivered after the last visit"


def _visit(case: Case, player: Player, visit: Visit, following: Visit | None) -> Iterator[str]:
    """One visit. Where content moves on by itself, learners see what the launch showed; else what Terminate left."""
    api = player.launch()
    if visit.action is None:
        yield from _questions(case, visit, player.navigation())
    for command in visit.commands:
        yield from _command(api, command)
    api.terminate()
    request = player.finish(api)
    if visit.action is not None:
        yield from _questions(case, visit, player.navigation())
    if request is not None:
        player.request(request.kind, request.target)
    if visit.action is not None:
        yield from _act(case, player, visit.action, following)


def _act(case: Case, player: Player, action: str, following: Visit | None) -> Iterator[str]:
    """What the learner does in the player."""
    name, _, title = action.partition("~")
    request, trigger = _REQUEST.fullmatch(name), _TRIGGER.fullmatch(name)
    if title:
        player.request("jump" if name.startswith("Jump") else "choice", _identifier(case, title))
    elif trigger is not None:
        player.request(_kind(trigger[1]))
    elif request is not None:
        player.request(_kind(request[1]))
        if request[2] == "Exit":
            yield from _still_running(player)
        if following is not None and player.state.current is None:
            player.relaunch()
    elif name == "HasEnded":
        yield from _still_running(player)
    elif not _start_again(case, player, name, following) and name != "AutoTest":
        yield f"the learner's action {action} is not known to this runner"


def _kind(word: str) -> str:
    return _KINDS.get(word, word[:1].lower() + word[1:])


def _still_running(player: Player) -> Iterator[str]:
    if player.state.current is not None:
        yield "the session has not ended"


def _start_again(case: Case, player: Player, name: str, following: Visit | None) -> bool:
    """Relaunch the course, or go on to the next test in it; False for another action."""
    relaunches = _RELAUNCH.fullmatch(name) is not None
    if relaunches:
        player.relaunch()
    goes_on = _NEXT_TEST.fullmatch(name) is not None or (relaunches and player.delivered is None)
    if goes_on and following is not None:
        player.request("choice", min(case.identifiers_by_act[following.act]))
    return relaunches or goes_on


def _identifier(case: Case, title: str) -> str:
    root = _ROOT.fullmatch(title)
    return case.identifiers_by_title[root[1].strip() if root else title]


def _questions(case: Case, visit: Visit, navigation: Navigation) -> Iterator[str]:
    """What the player has to show."""
    for question, answer in visit.questions:
        name, _, title = question.partition("@")
        shown = _shows(navigation, name, _identifier(case, title) if title else None)
        if shown is None:
            yield f"the question {question} is not known to this runner"
        elif shown != answer:
            yield f"{question} is {'yes' if shown else 'no'}, not {'yes' if answer else 'no'}"


def _shows(navigation: Navigation, question: str, identifier: str | None) -> bool | None:
    if question == "click.button":
        return True
    control, _, wanted = question.partition(".")
    if identifier is not None:
        return _in_outline(navigation, wanted, identifier)
    enabled = _is_enabled(navigation, control)
    if enabled is None or wanted not in ("enabled", "disabled", "visible"):
        return None
    return not enabled if wanted == "disabled" else enabled


def _is_enabled(navigation: Navigation, control: str) -> bool | None:
    """Whether a control of the player is there to be used; None for one that it does not have."""
    enabled = {
        "toc": navigation.has_outline,
        "continue": navigation.continue_,
        "previous": navigation.previous,
        "exit": navigation.exit_,
        "exitAll": navigation.exit_all,
        "suspendAll": navigation.suspend_all,
        "abandon": navigation.abandon,
        "abandonAll": navigation.abandon_all,
    }.get(control)
    return enabled and control not in navigation.hidden if enabled is not None else None


def _in_outline(navigation: Navigation, wanted: str, identifier: str) -> bool | None:
    """Whether a line of the table of contents is `visible`, `enabled.selectable`, or not (`disabled`)."""
    entry = next((found for found in navigation.outline if found.identifier == identifier), None)
    is_visible = entry is not None and entry.is_visible
    is_selectable = entry is not None and is_visible and entry.is_selectable
    if wanted in ("visible", "enabled"):
        return is_visible
    if wanted in ("enabled.selectable", "selectable"):
        return is_selectable
    return not is_selectable if wanted.startswith("disabled") else None


def _command(api: Api, command: Command) -> Iterator[str]:
    if command.method == "compareObjIds":
        yield from _compare_objectives(api, command)
        return
    element = _resolved(api, command.element)
    if element is None:
        yield f"{command.text}: there is no such entry"
        return
    # GetErrorString and GetDiagnostic take their code where the others take an element.
    result = api.call(command.method, element, command.value)
    if command.expected == _ANYTHING:
        return
    if api.code != command.code and command.method not in _KEEP_THE_ERROR:
        yield f"{command.text}: error {api.code}"
    if not _agrees(command, element, result):
        yield f"{command.text}: returned {result[:80]!r}"


def _compare_objectives(api: Api, command: Command) -> Iterator[str]:
    found = {entry.get("id", "") for entry in entries(api.values, "cmi.objectives").values()}
    if found != set(command.expected.split(",")):
        yield f"{command.text}: the objectives are {sorted(found)}"


def _resolved(api: Api, element: str) -> str | None:
    """The element with `&id&` replaced by the index of the entry that has this id."""
    match = re.match(r"(.*?)\.&(.*?)&(.*)", element)
    if match is None:
        return element
    for index, entry in entries(api.values, match[1]).items():
        if entry.get("id") == match[2]:
            return f"{match[1]}.{index}{match[3]}"
    return None


def _agrees(command: Command, element: str, result: str) -> bool:
    expected = command.expected
    if element in ("cmi.learner_id", "cmi.learner_name") and command.method == "doGetValue":
        return bool(result)
    if "&" in command.element and element.endswith(".id") and command.method == "doGetValue":
        return bool(result)
    if expected == "A characterstring value less than 255 characters":
        return len(result) < 255
    if expected == "An empty characterstring value":
        return result == ""
    if element.endswith("._children"):
        return set(result.split(",")) == set(expected.split(","))
    if command.method == "doGetValue" and command.value:
        return _same_pattern(result, expected)
    return result == expected or _same_number(result, expected) or _same_interval(result, expected)


#: Reserved delimiters (RTE 4.1.1.6): in any order, and with their defaults where they are not written.
_DELIMITER = re.compile(r"\{(lang|case_matters|order_matters)=([^}]*)\}")
_DEFAULTS = {"lang": "en", "case_matters": "false", "order_matters": "true"}


def _same_pattern(one: str, other: str) -> bool:
    """Whether two responses or patterns mean the same."""
    return [_delimited(part) for part in one.split("[,]")] == [_delimited(part) for part in other.split("[,]")]


def _delimited(text: str) -> tuple[dict[str, str], str]:
    found = dict(_DEFAULTS)
    while (match := _DELIMITER.match(text)) is not None:
        found[match[1]] = match[2]
        text = text[match.end() :]
    return found, text


def _same_number(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _same_interval(one: str, other: str) -> bool:
    if not (one.startswith("P") and other.startswith("P")):
        return False
    seconds = seconds_of_interval2004(one)
    return seconds == seconds_of_interval2004(other) and seconds > 0
