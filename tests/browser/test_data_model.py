"""The data model in the browser and at the Hub: what content is told, and that both judge alike."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.oauth.services.tenants import TenantView
from hub.scorm.services.launches import Launches
from hub.scorm.spec.runtime.interactions import TYPES
from hub.scorm.spec.runtime.languages import PRIMARY
from hub.scorm.spec.runtime.model import DataModel, violations
from hub.scorm.spec.runtime.sessions import MODELS
from tests.adl2004.api import Api
from tests.support.console_browser import frame_at
from tests.support.playing import Sco, add_played_course, enrol

pytestmark = pytest.mark.browser

#: A page whose content finds the API and leaves it alone.
QUIET = "<!doctype html><title>Quiet</title><script>api = parent.API || parent.API_1484_11</script>"

#: Values that tell data types apart, those of the other types and those at the edges.
VALUES = [
    *(
        "",
        "a",
        "0",
        "1",
        "-1",
        "0.5",
        "1.5",
        "-0.5",
        "100",
        "100.1",
        "-100",
        "101",
        ".5",
        "1.",
        "+1",
        "1e1",
        "01",
        "\u0661",
    ),
    *("1.0000000000000001", "99999999999", "0.1234567890123456789", "NaN", "-", " 1", "1 ", "Infinity", "-0", "0.0"),
    *("passed", "failed", "completed", "incomplete", "not attempted", "unknown", "browsed", "Passed", "passed "),
    *("suspend", "logout", "time-out", "normal", "correct", "incorrect", "wrong", "unanticipated", "neutral", *TYPES),
    *("true", "false", "t", "f", "True", "credit", "browse", "exit,message", "_none_"),
    *("00:00:00", "0000:00:00.00", "23:59:59.99", "24:00:00", "12:60:00", "1:2:3", "9999:99:99.99", "00:00:00.123"),
    *("P", "PT", "P1D", "PT1H", "P1Y2M3DT4H5M6.78S", "PT1.234S", "P1W", "PT0S", "1D", "P1DT", "PT1S1M", "pt1s"),
    *("2026", "2026-11", "2026-11-20", "2026-11-20T09", "2026-11-20T09:30:00.5Z", "2026-11-20T09:30:00Z", "1969"),
    *("2038", "2039", "2026-13", "2026-02-31", "2026-11-20T24:00", "2026-11-20T09:30:00.55+01:00", "2026-11-20 09:30"),
    *("{lang=en}hi", "{lang=}hi", "{lang=xx-XX}hi", "{lang=zz}hi", "{lang=de-DE-1996}", "{lang=en", "{lang=e n}x"),
    *("en", "en-US", "zh-xiang", "x-klingon", "i-default", "eng", "xyz", "e", "en_US", "en-", "EN", "de-1"),
    *(
        "urn:a:b",
        "urn:",
        "urn:x",
        "urn:adl:a b",
        "urn:-x:1",
        "urn:a:\u00e9",
        "http://x/y?z#q",
        "a b",
        "a{b}",
        "a\u00a0b",
    ),
    *("\u00e9", "\u2028", "\U0001f600", "\ud800", "\x00", "\x85", "\ufeff", "a\nb", "tab\t", '"', "<", "\\", "^"),
    *("a[,]b", "a[,]a", "[,]", "a[.]b", "a[.]b[,]c[.]d", "a[.]", "[.]b", "[.]", "a[.]b[.]c", "1[:]2", "2[:]1", "[:]"),
    *(
        "1[:]",
        "[:]1",
        "1[:]2[:]3",
        "a[:]b",
        "1",
        "{case_matters=true}a",
        "{order_matters=maybe}a[,]b",
        "{case_matters=}",
    ),
    *("{order_matters=false}{case_matters=true}{lang=fr}a[,]{lang=de}b", "{order_matters=true}s[.]1[,]t[.]2"),
    *("x" * 250, "x" * 251, "x" * 255, "x" * 256, "x" * 1000, "x" * 1001, "x" * 4000, "x" * 4001, "\U0001f600" * 250),
    *("\U0001f600" * 251, "x" * 64_000, "x" * 64_001),
]
#: Names that no table has, or that are written as they must not be.
ODD_NAMES = [
    *("", "cmi", "cmi.", ".", "x", "cmi.x", "cmi.core", "cmi.objectives", "cmi.objectives.0", "cmi.objectives.00.id"),
    *(
        "cmi.objectives.-1.id",
        "cmi.objectives.x.id",
        "cmi.objectives.1000000.id",
        "cmi.interactions.0",
        "adl",
        "adl.data",
    ),
    *(
        "cmi.objectives.n.id",
        "cmi._version",
        "cmi._children",
        "cmi.objectives._count",
        "cmi.core._children",
        "_version",
    ),
    *(
        "cmi.score._children",
        "cmi.interactions.0.objectives._count",
        "adl.data._count",
        "cmi.location._children",
        "CMI.location",
    ),
    *("cmi.objectives.0.score", "cmi.objectives.0.score._children", "cmi.suspend_data._count", "toString", "__proto__"),
]


def _steps(model: DataModel, rng: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """What content might set, one after the other: mostly elements of the table, in entries that mostly follow."""
    names = list(model.elements)
    for _ in range(count):
        name = rng.choice(ODD_NAMES) if rng.random() < 0.05 else rng.choice(names)
        while ".n." in name:
            name = name.replace(".n.", f".{rng.choice((0, 0, 0, 1, 1, 2, 3))}.", 1)
        is_key = name.endswith((".id", ".type"))
        likely = TYPES if name.endswith(".type") else ("a", "b", "c", "d")
        yield name, rng.choice(likely) if is_key and rng.random() < 0.7 else rng.choice(VALUES)


_JUDGE = """
async ([model, languages, stores, sequences]) => {
  const { RuntimeData, Tables } = await import("/player/model.js");
  const tables = new Tables(model, languages);
  const moves = { forward: true, backward: false, choices: ["a"], jumps: ["b"] };
  return sequences.map((steps) => {
    const ids = Object.fromEntries(stores.map((_, at) => [`adl.data.${at}.id`, `store-${at}`]));
    const data = new RuntimeData(tables, ids, moves, stores);
    return steps.map(([name, value]) => {
      const code = data.set(name, value);
      const found = data.get(name);
      return [String(code), found.value, String(found.code)];
    });
  });
}
"""
STORES = [(True, True), (True, False), (False, True), (False, False)]


@pytest.fixture
def judged(page: Page, live_hub: Hub) -> Any:
    """What the browser says of sequences of steps: error code, then value and code of asking for the element."""
    page.goto(f"{live_hub.settings.content_url}/play/nothing")

    def judge(standard: str, sequences: list[list[tuple[str, str]]]) -> Any:
        stores = [{"read": read, "write": write} for read, write in STORES] if standard == "scorm_2004" else []
        return page.evaluate(_JUDGE, [MODELS[standard].as_data(), " ".join(PRIMARY), stores, sequences])

    return judge


@pytest.mark.parametrize("standard", ["scorm_1_2", "scorm_2004"])
def test_browser_and_hub_judge_alike(judged: Any, standard: str) -> None:
    """Each step has the same verdict, and what the browser took of all of them is taken by the Hub at once."""
    model = MODELS[standard]
    rng = random.Random(20261120)
    sequences = [list(_steps(model, rng, 60)) for _ in range(100)]
    wrong, taken = [], 0
    for steps, answers in zip(sequences, judged(standard, sequences), strict=True):
        stored = {f"adl.data.{at}.id": f"store-{at}" for at in range(len(STORES))} if standard == "scorm_2004" else {}
        kept = dict(stored)
        for (name, value), (code, _, _) in zip(steps, answers, strict=True):
            if name == "" or name.startswith("adl.data"):  # Stores and nothing at all are judged elsewhere.
                continue
            found = violations(model, kept, {name: value})
            expected = found[0].requirement.rpartition(" ")[2] if found else "0"
            if (expected == "0") != (code == "0"):
                wrong.append((name, value[:60], expected, code))
            if code == "0":
                kept[name] = value
                taken += 1
        sent = {name: value for name, value in kept.items() if name not in stored}
        wrong += [(fault.where, fault.message, "together", "0") for fault in violations(model, stored, sent)]
    assert wrong == [], wrong[:12]
    assert taken > 500


def test_codes_and_values_are_those_of_the_reference(judged: Any) -> None:
    """The simulated API that ADL's cases run on in-process says the same, code by code."""
    rng = random.Random(7)
    sequences = [list(_steps(MODELS["scorm_2004"], rng, 80)) for _ in range(60)]
    wrong = []
    for steps, answers in zip(sequences, judged("scorm_2004", sequences), strict=True):
        ids = {f"adl.data.{at}.id": f"store-{at}" for at in range(len(STORES))}
        api = Api(ids, lambda kind, target: False, dict(enumerate(STORES)))
        api.initialize("")
        for (name, value), answer in zip(steps, answers, strict=True):
            api.set_value(name, value)
            code = api.code
            expected = [code, api.get_value(name), api.code]
            if expected != answer:
                wrong.append((name, value[:60], [each[:60] for each in expected], [each[:60] for each in answer]))
    assert wrong == [], wrong[:12]


Opened = Any


@pytest.fixture
def opened(page: Page, live_hub: Hub, tenant: TenantView, system: Principal) -> Opened:
    """A frame of content of this edition, with `api` and nothing said yet."""

    def open_(standard: str) -> Frame:
        package = add_played_course(live_hub, tenant.id, standard, Sco("one", page=QUIET))
        registration = enrol(live_hub, system, package)
        page.goto(live_hub.service(Launches).create(system, registration.id).url)
        frame = frame_at(page, "/content/")
        frame.wait_for_function("() => window.api")
        return frame

    return open_


#: Calls one after the other with what each returns and the error then (SCORM 1.2 RTE 3.3, 3.5; 2004 RTE 3.1).
SESSION_12 = [
    ("LMSGetValue('cmi.core.lesson_status')", "", "301"),
    ("LMSSetValue('cmi.core.lesson_status', 'passed')", "false", "301"),
    ("LMSCommit('')", "false", "301"),
    ("LMSFinish('')", "false", "301"),
    ("LMSInitialize('x')", "false", "201"),
    ("LMSInitialize('')", "true", "0"),
    ("LMSInitialize('')", "false", "101"),
    ("LMSGetValue('cmi.core.lesson_status')", "not attempted", "0"),
    ("LMSGetValue('cmi.core.lesson_location')", "", "0"),
    ("LMSGetValue('cmi.core.session_time')", "", "404"),
    ("LMSGetValue('cmi.core.nonsense')", "", "401"),
    ("LMSGetValue('')", "", "201"),
    ("LMSGetValue('cmi.core.score._children')", "raw,min,max", "0"),
    ("LMSGetValue('cmi.core.lesson_status._children')", "", "202"),
    ("LMSGetValue('cmi.core._count')", "", "203"),
    ("LMSGetValue('cmi.objectives._count')", "0", "0"),
    ("LMSGetValue('cmi.objectives.0.id')", "", "201"),
    ("LMSGetValue('cmi._version')", "3.4", "0"),
    ("LMSSetValue('cmi.core._children', 'x')", "false", "402"),
    ("LMSSetValue('cmi.core.student_id', 'x')", "false", "403"),
    ("LMSSetValue('cmi.core.lesson_status', 'done')", "false", "405"),
    ("LMSSetValue('cmi.core.score.raw', 101)", "false", "405"),
    ("LMSSetValue('cmi.core.score.raw', 88.5)", "true", "0"),
    ("LMSGetValue('cmi.core.score.raw')", "88.5", "0"),
    ("LMSSetValue('cmi.objectives.1.id', 'o')", "false", "201"),
    ("LMSSetValue('cmi.objectives.0.id', 'o')", "true", "0"),
    ("LMSGetValue('cmi.objectives._count')", "1", "0"),
    ("LMSSetValue('cmi.interactions.0.id', 'i')", "true", "0"),
    ("LMSGetValue('cmi.interactions.0.id')", "", "404"),
    ("LMSSetValue('cmi.suspend_data', 's'.repeat(5000))", "true", "0"),
    ("LMSCommit('x')", "false", "201"),
    ("LMSCommit('')", "true", "0"),
    ("LMSFinish('x')", "false", "201"),
    ("LMSFinish('')", "true", "0"),
    ("LMSGetValue('cmi.core.lesson_status')", "", "301"),
    ("LMSSetValue('cmi.core.lesson_status', 'passed')", "false", "301"),
    ("LMSCommit('')", "false", "301"),
    ("LMSFinish('')", "false", "301"),
]
SESSION_2004 = [
    ("GetValue('cmi.location')", "", "122"),
    ("SetValue('cmi.location', 'x')", "false", "132"),
    ("Commit('')", "false", "142"),
    ("Terminate('')", "false", "112"),
    ("Initialize('x')", "false", "201"),
    ("Initialize('')", "true", "0"),
    ("Initialize('')", "false", "103"),
    ("GetValue('cmi.completion_status')", "unknown", "0"),
    ("GetValue('cmi.location')", "", "403"),
    ("GetValue('cmi.exit')", "", "405"),
    ("GetValue('cmi.nonsense')", "", "401"),
    ("GetValue('')", "", "301"),
    ("GetValue('cmi.location._children')", "", "301"),
    ("GetValue('cmi.location._count')", "", "301"),
    ("GetValue('cmi.objectives.0.id')", "", "301"),
    ("SetValue('', 'x')", "false", "351"),
    ("SetValue('cmi.learner_id', 'x')", "false", "404"),
    ("SetValue('cmi.completion_status', 'done')", "false", "406"),
    ("SetValue('cmi.score.scaled', 2)", "false", "407"),
    ("GetValue('cmi.time_limit_action')", "continue,no message", "0"),
    ("GetValue('cmi.objectives._version')", "", "301"),
    ("GetValue('cmi.objectives.0.nonsense')", "", "301"),
    ("SetValue('cmi.objectives.0.nonsense', 'x')", "false", "401"),
    ("SetValue('cmi.objectives.0.success_status', 'passed')", "false", "408"),
    ("SetValue('cmi.objectives.0.success_status', 'nonsense')", "false", "408"),
    ("SetValue('cmi.interactions.0.objectives.0.id', 'o')", "false", "408"),
    ("SetValue('cmi.interactions.0.correct_responses.1.pattern', 'x')", "false", "408"),
    ("SetValue('cmi.score.raw', '-.5')", "true", "0"),
    ("SetValue('cmi.score.max', '12345678901.')", "true", "0"),
    ("SetValue('cmi.objectives.1.id', 'o')", "false", "351"),
    ("SetValue('cmi.objectives.0.id', 'o')", "true", "0"),
    ("SetValue('cmi.objectives.0.id', 'p')", "false", "351"),
    ("SetValue('cmi.suspend_data', 's'.repeat(64000))", "true", "0"),
    ("Commit('x')", "false", "201"),
    ("Commit('')", "true", "0"),
    ("Terminate('x')", "false", "201"),
    ("Terminate('')", "true", "0"),
    ("GetValue('cmi.location')", "", "123"),
    ("SetValue('cmi.location', 'x')", "false", "133"),
    ("Commit('')", "false", "143"),
    ("Terminate('')", "false", "113"),
    ("Initialize('')", "false", "104"),
]
ERRORS_12 = (0, 101, 201, 202, 203, 301, 401, 402, 403, 404, 405)
ERRORS_2004 = (
    *(0, 101, 102, 103, 104, 111, 112, 113, 122, 123, 132, 133, 142, 143, 201),
    *(301, 351, 391, 401, 402, 403, 404, 405, 406, 407, 408),
)


@pytest.mark.parametrize(
    ("standard", "calls", "prefix", "errors"),
    [("scorm_1_2", SESSION_12, "LMS", ERRORS_12), ("scorm_2004", SESSION_2004, "", ERRORS_2004)],
)
def test_session_states_and_errors(
    opened: Opened, standard: str, calls: list[tuple[str, str, str]], prefix: str, errors: tuple[int, ...]
) -> None:
    frame = opened(standard)
    ask = "() => [String(api.{}), String(api.{}GetLastError())]"
    found = [(call, *frame.evaluate(ask.format(call, prefix))) for call, _, _ in calls]
    assert found == calls
    said = frame.evaluate(f"codes => codes.map(code => api.{prefix}GetErrorString(String(code)))", list(errors))
    assert all(0 < len(text) < 255 for text in said)
    assert len(set(said)) == len(errors)
    unknown = frame.evaluate(f"() => [api.{prefix}GetErrorString('9999'), api.{prefix}GetDiagnostic('401')]")
    assert unknown[0] in ("", "No Error" if prefix else "")
    assert len(unknown[1]) < 255
