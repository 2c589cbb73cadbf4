"""Limit conditions, and that every named process of the pseudo-code has its function."""

import importlib
import inspect
import pkgutil
import re
from datetime import timedelta

import pytest

from hub.scorm.spec import sequencing as package
from hub.scorm.spec.manifest.course import LimitConditions
from hub.scorm.spec.sequencing import overall, report
from hub.scorm.spec.sequencing.limits import moment_of, seconds_of
from hub.scorm.spec.sequencing.results import Request
from tests.support.sequenced import NOW, Walk, course, item, rule

_PROCESSES = (
    "OP.1 NB.2.1 TB.2.1 TB.2.2 TB.2.3 RB.1.1 RB.1.2 RB.1.3 RB.1.4 RB.1.4.1 RB.1.4.2 RB.1.5 SR.1 SR.2 SB.2.1 SB.2.2 "
    "SB.2.3 SB.2.4 SB.2.5 SB.2.6 SB.2.7 SB.2.8 SB.2.9 SB.2.9.1 SB.2.9.2 SB.2.10 SB.2.11 SB.2.12 SB.2.13 DB.1.1 DB.2 "
    "DB.2.1 UP.1 UP.2 UP.2.1 UP.3 UP.4 UP.5"
)


def test_every_process_of_the_pseudo_code_has_its_function():
    found = set()
    for module in pkgutil.iter_modules(package.__path__):
        for _, function in inspect.getmembers(
            importlib.import_module(f"{package.__name__}.{module.name}"), inspect.isfunction
        ):
            first_line = (function.__doc__ or "").partition("\n")[0]
            found |= set(re.findall(r"rocess \[([A-Z]{2}\.[\d.]*\d)", first_line))
    assert set(_PROCESSES.split()) - found == set()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1M30S", 90.0),
        ("P1DT2H", 93600.0),
        ("PT0.5S", 0.5),
        ("P1Y", 31_556_952.0),
        ("", None),
        ("soon", None),
        ("P", None),
    ],
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


def test_moments_without_a_zone_are_in_utc():
    assert moment_of("2026-01-01T00:00:00") == moment_of("2026-01-01T01:00:00+01:00") == NOW.timestamp()
    assert moment_of("some day") is None
    assert moment_of(None) is None


@pytest.mark.parametrize(
    ("limits", "delivered"),
    [
        ({}, "b"),
        ({"begin_time_limit": "2025-01-01T00:00:00Z"}, "b"),
        ({"begin_time_limit": "2027-01-01T00:00:00Z"}, "SB.2.2-2"),
        ({"end_time_limit": "2027-01-01T00:00:00Z"}, "b"),
        ({"end_time_limit": "2025-01-01T00:00:00Z"}, "SB.2.2-2"),
        ({"attempt_limit": 0}, "SB.2.2-2"),
        ({"attempt_absolute_duration_limit": "PT0S"}, "b"),
    ],
)
def test_the_time_range_of_an_activity(limits, delivered):
    walk = Walk(course(item("a"), item("b", limit_conditions=LimitConditions(**limits))))
    walk.request("start")
    assert walk.request("continue") == delivered


@pytest.mark.parametrize(("minutes", "delivered"), [("PT9M", "a"), ("PT10M", "SB.2.2-2")])
def test_experienced_duration_is_what_content_reported(minutes, delivered):
    limits = LimitConditions(activity_experienced_duration_limit="PT10M")
    walk = Walk(course(item("a", limit_conditions=limits), item("b")))
    walk.request("start")
    walk.report(session_time=minutes)
    walk.request("continue")
    assert walk.request("previous") == delivered


def test_absolute_duration_runs_by_the_clock():
    limits = LimitConditions(activity_absolute_duration_limit="PT1H")
    walk = Walk(course(item("a", limit_conditions=limits), item("b")))
    walk.request("start")
    walk.request("continue")
    for later, delivered in ((timedelta(minutes=59), "a"), (timedelta(minutes=60), None)):
        outcome = overall.process(walk.tree, walk.state, Request("previous"), NOW + later, walk.rng)
        assert outcome.delivery == delivered


def test_conditions_over_time():
    limits = LimitConditions(activity_experienced_duration_limit="PT10M", end_time_limit="2027-01-01T00:00:00Z")
    rules = [rule("retry", "not timeLimitExceeded", "not outsideAvailableTimeRange")]
    walk = Walk(course(item("a", limit_conditions=limits, post=rules), item("b")))
    walk.request("start")
    assert walk.request("continue") == "a"
    walk.report(session_time="PT11M")
    assert walk.request("continue") == "b"


def test_a_report_for_an_activity_that_is_not_running_changes_nothing():
    walk = Walk(course(item("a"), item("b")))
    walk.request("start")
    late = report.of_values({"cmi.success_status": "passed"})
    assert report.record(walk.tree, walk.state, "b", late, NOW) == walk.state
    assert report.record(walk.tree, walk.state, "a", late, NOW) != walk.state
