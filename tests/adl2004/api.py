"""API_1484_11 as content sees it (RTE 3.1), on the Hub's own data model tables, in-process.

In the player this is the work of a library in the browser; here it lets the cases be run without one, and puts our
tables to the test that the server's second look at what content sent relies on.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from hub.scorm.spec.runtime.model import Access, entries, general_name, violations
from hub.scorm.spec.runtime.scorm2004 import SCORM_2004
from tests.adl2004.cases import Command
from tests.adl2004.engine import Answer

ERRORS = {
    "0": "No Error",
    "101": "General Exception",
    "102": "General Initialization Failure",
    "103": "Already Initialized",
    "104": "Content Instance Terminated",
    "111": "General Termination Failure",
    "112": "Termination Before Initialization",
    "113": "Termination After Termination",
    "122": "Retrieve Data Before Initialization",
    "123": "Retrieve Data After Termination",
    "132": "Store Data Before Initialization",
    "133": "Store Data After Termination",
    "142": "Commit Before Initialization",
    "143": "Commit After Termination",
    "201": "General Argument Error",
    "301": "General Get Failure",
    "351": "General Set Failure",
    "391": "General Commit Failure",
    "401": "Undefined Data Model Element",
    "402": "Unimplemented Data Model Element",
    "403": "Data Model Element Value Not Initialized",
    "404": "Data Model Element Is Read Only",
    "405": "Data Model Element Is Write Only",
    "406": "Data Model Element Type Mismatch",
    "407": "Data Model Element Value Out Of Range",
    "408": "Data Model Dependency Not Established",
}

_CHILDREN = {
    name.removesuffix("._children"): value
    for name, value in SCORM_2004.as_data()["defaults"].items()
    if name.endswith("._children")
}
_DEFAULTS = {
    "cmi.completion_status": "unknown",
    "cmi.success_status": "unknown",
    "cmi.objectives.n.success_status": "unknown",
    "cmi.objectives.n.completion_status": "unknown",
    "cmi.time_limit_action": "continue,no message",
    "cmi.learner_preference.audio_level": "1",
    "cmi.learner_preference.language": "",
    "cmi.learner_preference.delivery_speed": "1",
    "cmi.learner_preference.audio_captioning": "0",
    "adl.nav.request": "_none_",
}
_REQUEST = re.compile(
    r"continue|previous|exit|exitAll|abandon|abandonAll|suspendAll|_none_|\{target=[^}]+\}(choice|jump)"
)
_TARGET = re.compile(r"adl\.nav\.request_valid\.(choice|jump)\.\{target=(.*)\}")


class Api:
    """One session of a SCO.

    `valid` answers adl.nav.request_valid; `readable` and `writable` say so for the shared data stores by index.
    `set_values` is what content has set, in the order in which it did.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        valid: Callable[[str, str | None], bool],
        stores: Mapping[int, tuple[bool, bool]],
    ) -> None:
        self.values = dict(values)
        self.set_values: dict[str, str] = {}
        self.code = "0"
        self._state = "new"
        self._valid = valid
        self._stores = stores

    def run(self, commands: Sequence[Command]) -> list[Answer | None]:
        """Run the commands of a visit."""
        return [self._answer(command) for command in commands]

    def _answer(self, command: Command) -> Answer | None:
        if command.method == "compareObjIds":
            found = (entry.get("id", "") for entry in entries(self.values, "cmi.objectives").values())
            return Answer(command.element, ",".join(found), "0")
        element = self._resolved(command.element)
        if element is None:
            return None
        # GetErrorString and GetDiagnostic take their code where the others take an element.
        return Answer(element, self.call(command.method, element, command.value), self.code)

    def _resolved(self, element: str) -> str | None:
        """The element with `&id&` replaced by the index of the entry that has this id."""
        match = re.match(r"(.*?)\.&(.*?)&(.*)", element)
        if match is None:
            return element
        for index, entry in entries(self.values, match[1]).items():
            if entry.get("id") == match[2]:
                return f"{match[1]}.{index}{match[3]}"
        return None

    def call(self, method: str, element: str, value: str) -> str:
        """Call a method of the API by the name the cases use; returns its result as text."""
        if method == "doGetLastError":
            return self.code
        if method == "doGetErrorString":
            return ERRORS.get(element, "")
        if method == "doGetDiagnostic":
            return ERRORS.get(element or self.code, "")
        if method == "doGetValue":
            return self.get_value(element)
        if method == "doSetValue":
            return self.set_value(element, value)
        session = {"doInitialize": self.initialize, "doTerminate": self.terminate, "doCommit": self.commit}
        return session[method](element)

    def initialize(self, argument: str) -> str:
        """Initialize (RTE 3.1.3.1)."""
        if argument:
            return self._false("201")
        if self._state != "new":
            return self._false("103" if self._state == "running" else "104")
        self._state = "running"
        return self._true()

    def terminate(self, argument: str = "") -> str:
        """Terminate (RTE 3.1.3.2)."""
        if argument:
            return self._false("201")
        if self._state != "running":
            return self._false("112" if self._state == "new" else "113")
        self._state = "terminated"
        return self._true()

    def commit(self, argument: str) -> str:
        """Commit (RTE 3.1.4.3)."""
        if argument:
            return self._false("201")
        if self._state != "running":
            return self._false("142" if self._state == "new" else "143")
        return self._true()

    def get_value(self, element: str) -> str:
        """GetValue (RTE 3.1.4.1)."""
        if self._state != "running":
            return self._fail("122" if self._state == "new" else "123")
        if not element:
            return self._fail("301")
        self.code = "0"
        if element.startswith("adl.nav."):
            return self._get_navigation(element)
        return self._get(element)

    def set_value(self, element: str, value: str) -> str:
        """SetValue (RTE 3.1.4.2)."""
        if self._state != "running":
            return self._false("132" if self._state == "new" else "133")
        if not element:
            return self._false("351")
        code = self._refusal(element, value)
        if code is not None:
            return self._false(code)
        self.values[element] = value
        self.set_values[element] = value
        return self._true()

    def _refusal(self, element: str, value: str) -> str | None:
        if element == "adl.nav.request":
            return None if _REQUEST.fullmatch(value) else "406"
        if element.startswith("adl.nav.request_valid"):
            return "404"
        store = re.fullmatch(r"adl\.data\.(\d+)\.store", element)
        if store is not None:
            if int(store[1]) not in self._stores:
                return "351"
            if not self._stores[int(store[1])][1]:
                return "404"
        misplaced = self._misplaced(element)
        if misplaced is not None:
            return misplaced
        found = violations(SCORM_2004, self.values, {element: value})
        return found[0].requirement.rpartition(" ")[2] if found else None

    def _misplaced(self, element: str) -> str | None:
        """What stands against the entries that the name goes through, the outermost first.

        A gap in a collection, a second one of a correct response of which there may be one, an entry without its id.
        """
        for match in re.finditer(r"\.(\d+)(?=\.)", element):
            collection, index = element[: match.start()], int(match[1])
            general = general_name(collection + ".")[:-1]
            if general not in SCORM_2004.collections:
                continue
            kind = self.values.get(collection.removesuffix(".correct_responses") + ".type")
            if index > len(entries(self.values, collection)) or (
                collection.endswith(".correct_responses") and index > 0 and kind in SCORM_2004.single
            ):
                return "351"
            key = f"{collection}.{index}.{SCORM_2004.keys.get(general)}"
            needs_key = general in SCORM_2004.keys and general_name(element) in SCORM_2004.elements
            if needs_key and key not in (element, *self.values):
                return "408"
        return None

    def _get_navigation(self, element: str) -> str:
        if element == "adl.nav.request":
            return self.values.get(element, _DEFAULTS[element])
        targeted = _TARGET.fullmatch(element)
        if targeted is not None:
            return str(self._valid(targeted[1], targeted[2])).lower()
        if element in ("adl.nav.request_valid.continue", "adl.nav.request_valid.previous"):
            return str(self._valid(element.rpartition(".")[2], None)).lower()
        return self._fail("401")

    def _get(self, element: str) -> str:
        parent, _, leaf = element.rpartition(".")
        general = general_name(element)
        if element == "cmi._version":
            return "1.0"
        if leaf == "_children":
            return self._children(element, parent)
        if leaf == "_version" and _is_there(general_name(parent + ".")[:-1]):
            return self._fail("301")
        missing = self._missing_entry(element)
        if leaf == "_count":
            general = general_name(parent + ".")[:-1]
            if general not in SCORM_2004.collections:
                return self._fail("301" if _is_there(general) else "401")
            return self._fail("301") if missing else str(len(entries(self.values, parent)))
        row = SCORM_2004.elements.get(general)
        if missing or row is None:
            return self._fail("301" if missing else "401")
        if row.access is Access.WRITE or self._is_unreadable(element):
            return self._fail("405")
        return self._known(element, general)

    def _children(self, element: str, parent: str) -> str:
        general = general_name(parent + ".")[:-1]
        if general in _CHILDREN:
            return self._fail("301") if self._missing_entry(element) else _CHILDREN[general]
        return self._fail("301" if _is_there(general) else "401")

    def _known(self, element: str, general: str) -> str:
        judged = self._judged(element)
        if judged is not None:
            return judged
        found = self.values.get(element, _DEFAULTS.get(general))
        is_empty_store = general == "adl.data.n.store" and not found
        return self._fail("403") if found is None or is_empty_store else found

    def _judged(self, element: str) -> str | None:
        """Completion by threshold and success by passing score (RTE 4.2.4, 4.2.22)."""
        for status, limit, measure, words in (
            ("cmi.completion_status", "cmi.completion_threshold", "cmi.progress_measure", ("completed", "incomplete")),
            ("cmi.success_status", "cmi.scaled_passing_score", "cmi.score.scaled", ("passed", "failed")),
        ):
            if element == status and limit in self.values:
                known = self.values.get(measure)
                if known is None:
                    return "unknown"
                return words[0] if Decimal(known) >= Decimal(self.values[limit]) else words[1]
        return None

    def _missing_entry(self, element: str) -> bool:
        """Whether the name goes through an entry that its collection does not have."""
        for match in re.finditer(r"\.(0|[1-9]\d*)(?=\.)", element):
            collection = element[: match.start()]
            if general_name(collection + ".")[:-1] in SCORM_2004.collections and int(match[1]) >= len(
                entries(self.values, collection)
            ):
                return True
        return False

    def _is_unreadable(self, element: str) -> bool:
        store = re.fullmatch(r"adl\.data\.(\d+)\.store", element)
        return store is not None and not self._stores.get(int(store[1]), (True, True))[0]

    def _true(self) -> str:
        self.code = "0"
        return "true"

    def _false(self, code: str) -> str:
        self.code = code
        return "false"

    def _fail(self, code: str) -> str:
        self.code = code
        return ""


def _is_there(general: str) -> bool:
    """Whether the data model has an element of this name, or elements below it."""
    return "." in general and any(name == general or name.startswith(general + ".") for name in SCORM_2004.elements)
