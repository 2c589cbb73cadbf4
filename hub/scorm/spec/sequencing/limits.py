"""Limit conditions (SN 3.5): attempts, durations and the time range in which an activity is available."""

import re
from datetime import UTC, datetime

from hub.scorm.spec.sequencing.run import Run

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
#: Seconds of a year, month, day, hour, minute and second; years and months at their mean length.
_SECONDS = (31_556_952.0, 2_629_746.0, 86_400.0, 3_600.0, 60.0, 1.0)


def limit_conditions_check(run: Run, activity: int) -> bool:
    """Limit Conditions Check Process [UP.1]: whether a limit keeps a new attempt on the activity from beginning.

    The time limits are optional for an LMS (SN 3.5, SCORM requires the attempt limit only); they are judged here by
    the durations that were tracked and by the moment of the request.
    """
    definition = run.tree.activities[activity]
    found = run.activities[activity]
    if not definition.tracked or found.active or found.suspended:
        return False
    limit = definition.sequencing.limit_conditions.attempt_limit
    if limit is not None and found.attempts >= limit:
        run.note("UP.1", "3.1", activity, f"{found.attempts} of {limit} attempts")
        return True
    if is_over_time(run, activity) is True:
        run.note("UP.1", "4.1", activity, "time limit")
        return True
    if is_outside_available_time(run, activity) is True:
        run.note("UP.1", "8.1", activity, "outside of the time range")
        return True
    return False


def is_over_time(run: Run, activity: int) -> bool | None:
    """Whether one of the activity's duration limits is used up; None where it has none (UP.1 4 and 5).

    The limits of an attempt (UP.1 6 and 7) end a running attempt and are told to content as cmi.max_time_allowed;
    they cannot keep the next attempt, which starts at zero, from beginning.
    """
    limits = run.tree.activities[activity].sequencing.limit_conditions
    found = run.activities[activity]
    absolute = seconds_of(limits.activity_absolute_duration_limit)
    experienced = seconds_of(limits.activity_experienced_duration_limit)
    if absolute is None and experienced is None:
        return None
    begun = found.activity_begun_at
    return (absolute is not None and begun is not None and run.now - begun >= absolute) or (
        experienced is not None and found.activity_seconds >= experienced
    )


def is_outside_available_time(run: Run, activity: int) -> bool | None:
    """Whether the moment is before the begin or after the end time limit; None where there is neither (UP.1 8, 9)."""
    limits = run.tree.activities[activity].sequencing.limit_conditions
    begin, end = moment_of(limits.begin_time_limit), moment_of(limits.end_time_limit)
    if begin is None and end is None:
        return None
    return (begin is not None and run.now < begin) or (end is not None and run.now > end)


def seconds_of(duration: str | None) -> float | None:
    """An ISO 8601 duration in seconds; None for none, or for one that cannot be read, which then limits nothing."""
    match = _DURATION.fullmatch(duration.strip()) if duration else None
    if match is None or not any(match.groups()):
        return None
    return sum(float(part) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True) if part)


def moment_of(text: str | None) -> float | None:
    """An ISO 8601 date and time as POSIX time; without a zone it is taken as UTC. None if it cannot be read."""
    try:
        found = datetime.fromisoformat(text.strip()) if text else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
