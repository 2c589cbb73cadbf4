"""What content finds when it starts."""

import pytest

from hub.scorm.spec.runtime.model import violations
from hub.scorm.spec.runtime.sessions import (
    MODELS,
    Kept,
    Learner,
    Settings,
    TimeLimit,
    initial_values,
    start,
    time_limit,
)

ADA = Learner("ada", "Lovelace, Ada", {})


@pytest.mark.parametrize(
    ("standard", "exit_", "entry", "keeps"),
    [
        ("scorm_1_2", "suspend", "resume", True),
        ("scorm_1_2", None, "resume", True),
        ("scorm_1_2", "", "", True),
        ("scorm_1_2", "logout", "", True),
        ("scorm_1_2", "time-out", "", True),
        ("scorm_2004", "suspend", "resume", True),
        ("scorm_2004", None, "resume", True),
        ("scorm_2004", "", "ab-initio", False),
        ("scorm_2004", "normal", "ab-initio", False),
        ("scorm_2004", "logout", "ab-initio", False),
        ("scorm_2004", "time-out", "ab-initio", False),
    ],
)
def test_how_a_session_ended_says_how_the_next_begins(
    standard: str, exit_: str | None, entry: str, keeps: bool
) -> None:
    begin = start(standard, Kept({"cmi.suspend_data": "x"}, exit_, 60.0))
    assert begin.entry == entry
    assert bool(begin.values) is keeps
    assert begin.total_seconds == (60.0 if keeps else 0.0)


@pytest.mark.parametrize("standard", ["scorm_1_2", "scorm_2004"])
def test_the_first_session_begins_at_the_beginning(standard: str) -> None:
    assert start(standard, None).entry == "ab-initio"


def test_exit_and_session_time_belong_to_one_session() -> None:
    kept = Kept({"cmi.exit": "suspend", "cmi.session_time": "PT1M", "cmi.location": "3"}, "suspend", 60.0)
    assert start("scorm_2004", kept).values == {"cmi.location": "3"}


def test_all_that_the_manifest_says_is_there() -> None:
    settings = Settings(
        launch_data="begin",
        max_time_allowed="PT1H",
        time_limit_action="exit,message",
        completion_threshold=0.75,
        scaled_passing_score=0.8,
        objectives=("a", "b"),
    )
    values = initial_values("scorm_2004", start("scorm_2004", None), ADA, "normal", settings)
    assert values == {
        "cmi.learner_id": "ada",
        "cmi.learner_name": "Lovelace, Ada",
        "cmi.credit": "credit",
        "cmi.entry": "ab-initio",
        "cmi.mode": "normal",
        "cmi.total_time": "PT0H0M0S",
        "cmi.launch_data": "begin",
        "cmi.max_time_allowed": "PT1H",
        "cmi.time_limit_action": "exit,message",
        "cmi.completion_threshold": "0.75",
        "cmi.scaled_passing_score": "0.8",
        "cmi.objectives.0.id": "a",
        "cmi.objectives.1.id": "b",
    }


def test_stored_objectives_come_first_and_missing_ones_after_them() -> None:
    kept = Kept({"cmi.objectives.0.id": "own", "cmi.objectives.1.id": "b"}, "suspend", 0.0)
    begin = start("scorm_2004", kept)
    values = initial_values("scorm_2004", begin, ADA, "normal", Settings(objectives=("a", "b")))
    assert [values[f"cmi.objectives.{place}.id"] for place in range(3)] == ["own", "b", "a"]


@pytest.mark.parametrize("mode", ["browse", "review"])
def test_there_is_no_credit_outside_normal_mode(mode: str) -> None:
    begin = start("scorm_1_2", None)
    values = initial_values("scorm_1_2", begin, ADA, mode, Settings())  # type: ignore[arg-type]
    assert (values["cmi.core.credit"], values["cmi.core.lesson_mode"]) == ("no-credit", mode)


def test_nothing_stored_stands_in_the_place_of_what_the_lms_sets() -> None:
    kept = Kept({"cmi.core.student_id": "somebody else", "cmi.core.total_time": "99:00:00"}, "suspend", 0.0)
    values = initial_values("scorm_1_2", start("scorm_1_2", kept), ADA, "normal", Settings())
    assert values["cmi.core.student_id"] == "ada"
    assert values["cmi.core.total_time"] == "0000:00:00"


def test_preferences_are_the_learners() -> None:
    learner = Learner("ada", "Ada", {"audio_level": "0.5", "language": "fr", "audio": "20"})
    values = initial_values("scorm_2004", start("scorm_2004", None), learner, "normal", Settings())
    assert values["cmi.learner_preference.audio_level"] == "0.5"
    assert values["cmi.learner_preference.language"] == "fr"


@pytest.mark.parametrize("standard", ["scorm_1_2", "scorm_2004"])
def test_the_lms_keeps_its_own_rules(standard: str) -> None:
    settings = Settings("x", 80.0, None, "exit,message", 0.5, 0.5, ("o1",))
    values = initial_values(standard, start(standard, None), Learner("ada", "Ada", {}), "normal", settings)
    model = MODELS[standard]
    faults = violations(model, {}, values)
    lms_only = [fault for fault in faults if fault.requirement.endswith(str(model.codes.read_only))]
    others = [fault for fault in faults if fault not in lms_only]
    # "not attempted" is the LMS's own word for a status that content has not set (SCORM 1.2 RTE 3.4.4).
    assert [fault.where for fault in others] == (["cmi.core.lesson_status"] if standard == "scorm_1_2" else [])


@pytest.mark.parametrize(
    ("standard", "allowed", "action", "before", "expected"),
    [
        ("scorm_1_2", "00:30:00", "exit,message", 60.0, TimeLimit(1740, exits=True, tells=True)),
        ("scorm_1_2", "00:00:30", "exit,no message", 60.0, TimeLimit(0, exits=True, tells=False)),
        ("scorm_2004", "PT1H", "continue,message", 0.0, TimeLimit(3600, exits=False, tells=True)),
        ("scorm_2004", "PT1H", "continue,no message", 0.0, None),
        ("scorm_2004", "PT1H", None, 0.0, None),
        ("scorm_2004", None, "exit,message", 0.0, None),
        ("scorm_2004", "P5Y", "exit,message", 0.0, None),
    ],
)
def test_time_limits(
    standard: str, allowed: str | None, action: str | None, before: float, expected: TimeLimit | None
) -> None:
    begin = start(standard, Kept({}, "suspend", before))
    settings = Settings(max_time_allowed=allowed, time_limit_action=action)
    assert time_limit(standard, initial_values(standard, begin, ADA, "normal", settings)) == expected
