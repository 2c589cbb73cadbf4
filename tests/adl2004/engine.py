"""Going through a case with any player: deliver, run the content's commands, ask what is shown, act as the learner."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol

from hub.scorm.spec.runtime.types import seconds_of_interval2004
from tests.adl2004.cases import Case, Command, Visit

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


class Answer(NamedTuple):
    """What the API answered to a command: the element that it was about, what came back, and the error code then."""

    element: str
    result: str
    code: str


class Content(Protocol):
    """A SCO that has been launched."""

    def run(self, commands: Sequence[Command]) -> list[Answer | None]:
        """Run the commands; the answer is None for one that names an entry that is not there."""


class Player(Protocol):
    """What a case is gone through with: one learner in one course.

    `delivered` is the identifier of the activity that is shown, `refusal` why none is, where the player knows.
    """

    delivered: str | None

    @property
    def refusal(self) -> str | None:
        """Why nothing is shown, where the player knows."""

    @property
    def has_ended(self) -> bool:
        """Whether the sequencing session is over."""

    def open(self, target: str | None) -> None:
        """Open the course and, if there is one, choose the target."""

    def request(self, kind: str, target: str | None = None) -> None:
        """Do what the learner does to ask for this."""

    def relaunch(self) -> None:
        """Leave the course if it is still open, and come back."""

    def launch(self) -> Content:
        """The content of the activity that is shown."""

    def finish(self, content: Content) -> None:
        """Let the content call Terminate, and follow the request that it leaves behind."""

    def shows(self, control: str, wanted: str, identifier: str | None) -> bool | None:
        """Whether the control, or an activity's line in the outline, is as wanted; None where there is none such."""


def faults(case: Case, player: Player) -> Iterator[str]:
    """Each fault of one case with its visit; none when it passes."""
    player.open(None if case.start == "." else _identifier(case, case.start))
    visits, delivered = list(case.visits), set[str | None]()
    while visits and not _were_left_out(case, visits, player, delivered):
        delivered.add(player.delivered)
        visit = visits.pop(_next(case, visits, player.delivered))
        following = visits[0] if visits else None
        where = f"{case.name} activity {visit.act} visit {visit.number}"
        expected = case.identifiers_by_act[visit.act]
        if player.delivered not in expected:
            why = f" ({player.refusal})" if player.refusal else ""
            yield f"{where}: {player.delivered} was delivered{why}, not {' or '.join(sorted(expected))}"
            return
        yield from (f"{where}: {fault}" for fault in _visit(case, player, visit, following))
    if player.delivered is not None:
        yield f"{case.name}: {player.delivered} was delivered after the last visit"


def _next(case: Case, visits: list[Visit], delivered: str | None) -> int:
    """Which of the visits this is: the first; where chance has a say, the first of the activity delivered."""
    fitting = (at for at, visit in enumerate(visits) if delivered in case.identifiers_by_act[visit.act])
    return next(fitting, 0) if case.is_shuffled or case.is_selected else 0


def _were_left_out(case: Case, visits: list[Visit], player: Player, delivered: set[str | None]) -> bool:
    """Whether the course is over and chance had not selected what is left: none of it has ever been delivered."""
    return (
        case.is_selected
        and player.delivered is None
        and player.has_ended
        and bool(delivered)
        and not any(case.identifiers_by_act[visit.act] & delivered for visit in visits)
    )


def _visit(case: Case, player: Player, visit: Visit, following: Visit | None) -> Iterator[str]:
    """One visit. Where content moves on by itself, learners see what the launch showed; else what Terminate left."""
    content = player.launch()
    moves_on = visit.action is None or any(command.element == "adl.nav.request" for command in visit.commands)
    if moves_on:
        yield from _questions(case, visit, player)
    for command, answer in zip(visit.commands, content.run(visit.commands), strict=True):
        yield from _fault_of(command, answer)
    player.finish(content)
    if not moves_on:
        yield from _questions(case, visit, player)
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
        # What chance did not select may follow in the list without ever coming: such a case says when to come back.
        comes_back = request[2] == "Relaunch" if case.is_selected else following is not None
        if comes_back and player.has_ended:
            player.relaunch()
    elif name == "HasEnded":
        yield from _still_running(player)
    elif not _start_again(case, player, name, following) and name != "AutoTest":
        yield f"the learner's action {action} is not known to this runner"


def _kind(word: str) -> str:
    return _KINDS.get(word, word[:1].lower() + word[1:])


def _still_running(player: Player) -> Iterator[str]:
    if not player.has_ended:
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


def _questions(case: Case, visit: Visit, player: Player) -> Iterator[str]:
    """What the player has to show."""
    for question, answer in visit.questions:
        name, _, title = question.partition("@")
        control, _, wanted = name.partition(".")
        # “click.button” asks whether the learner could press what the case had said before: going on shows it.
        shown = control == "click" or player.shows(control, wanted, _identifier(case, title) if title else None)
        if shown is None:
            yield f"the question {question} is not known to this runner"
        elif shown != answer:
            yield f"{question} is {'yes' if shown else 'no'}, not {'yes' if answer else 'no'}"


def _fault_of(command: Command, answer: Answer | None) -> Iterator[str]:
    if answer is None:
        yield f"{command.text}: there is no such entry"
    elif command.method == "compareObjIds":
        if set(answer.result.split(",")) != set(command.expected.split(",")):
            yield f"{command.text}: the objectives are {answer.result}"
    elif command.expected != _ANYTHING:
        if answer.code != command.code and command.method not in _KEEP_THE_ERROR:
            yield f"{command.text}: error {answer.code}"
        if not _agrees(command, answer.element, answer.result):
            yield f"{command.text}: returned {answer.result[:80]!r}"


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
