"""Counts over the attempts on a package, made by sets in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from hub.identity import EVERYTHING, Reached
from hub.scorm.storage.reach import REGISTRATIONS, parameters
from hub.scorm.storage.tables import Package, PackageVersion


@dataclass(frozen=True, slots=True)
class Chosen:
    """The attempts that are counted: of these versions, begun from `since` on and before `until`, in one context,
    within `reach`."""

    tenant_id: UUID
    versions: Sequence[UUID]
    since: datetime | None = None
    until: datetime | None = None
    context_key: str | None = None
    reach: Reached = EVERYTHING

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the queries below are given."""
        return {
            "tenant": self.tenant_id,
            "versions": list(self.versions),
            "since": self.since,
            "until": self.until,
            "context": self.context_key,
            **parameters(self.reach),
        }


def versions_of(session: Session, tenant_id: UUID, package_id: str, number: int | None) -> list[UUID] | None:
    """The versions of a package (or the one of that number), newest first; None when there is no such package."""
    package = session.scalars(
        select(Package.id).where(
            Package.tenant_id == tenant_id, Package.external_id == package_id, Package.deleted_at.is_(None)
        )
    ).one_or_none()
    if package is None:
        return None
    query = select(PackageVersion.id).where(PackageVersion.tenant_id == tenant_id, PackageVersion.package_id == package)
    if number is not None:
        query = query.where(PackageVersion.number == number)
    return list(session.scalars(query.order_by(PackageVersion.number.desc())))


_CHOSEN = f"""
    chosen AS MATERIALIZED (
        SELECT attempt.id, attempt.registration_id, attempt.activity_id, attempt.completion, attempt.success,
               attempt.score_scaled, attempt.duration_seconds, attempt.began_at, attempt.completed_at
        FROM attempt JOIN registration ON registration.id = attempt.registration_id
        WHERE attempt.tenant_id = :tenant AND attempt.package_version_id = ANY(CAST(:versions AS uuid[]))
          AND attempt.began_at IS NOT NULL
          AND (CAST(:since AS timestamptz) IS NULL OR attempt.began_at >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR attempt.began_at < :until)
          AND (CAST(:context AS text) IS NULL OR registration.context_key = :context)
          AND {REGISTRATIONS}
    )"""

_OVERVIEW = f"""
    WITH {_CHOSEN}
    SELECT count(*) AS attempts,
           count(DISTINCT registration_id) AS registrations,
           count(*) FILTER (WHERE completion = 'completed') AS completed,
           count(*) FILTER (WHERE success = 'passed') AS passed,
           count(*) FILTER (WHERE success = 'failed') AS failed,
           count(score_scaled) AS scored,
           avg(score_scaled) AS score_mean,
           stddev_samp(score_scaled) AS score_deviation,
           percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY score_scaled) AS score_quartiles,
           percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY duration_seconds) AS seconds_quartiles
    FROM chosen"""

_SCORES = f"""
    WITH {_CHOSEN}
    SELECT greatest(least(floor(round(score_scaled::numeric, 7) * 10), 9), -1)::int AS tenth, count(*) AS attempts
    FROM chosen WHERE score_scaled IS NOT NULL GROUP BY tenth ORDER BY tenth"""

_DAYS = f"""
    WITH {_CHOSEN}
    SELECT day, sum(begun)::int AS begun, sum(completed)::int AS completed FROM (
        SELECT (began_at AT TIME ZONE 'UTC')::date AS day, 1 AS begun, 0 AS completed FROM chosen
        UNION ALL
        SELECT (completed_at AT TIME ZONE 'UTC')::date, 0, 1 FROM chosen WHERE completed_at IS NOT NULL
    ) AS events GROUP BY day ORDER BY day"""

#: An attempt is left at an activity when it was the last one shown and the course was never finished.
_ACTIVITIES = f"""
    WITH {_CHOSEN},
    seen AS (
        SELECT activity.identifier, count(*) AS opened,
               count(*) FILTER (WHERE state.completion = 'completed') AS completed,
               count(*) FILTER (WHERE state.success = 'passed') AS passed,
               count(*) FILTER (WHERE state.success = 'failed') AS failed,
               avg(state.score_scaled) AS score_mean, max(state.suspend_length) AS suspend_length,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY state.duration_seconds) AS seconds_median,
               count(*) FILTER (WHERE chosen.activity_id = state.activity_id AND chosen.completion <> 'completed'
                                  AND chosen.success = 'unknown') AS left_here
        FROM chosen
        JOIN runtime_state AS state ON state.attempt_id = chosen.id AND state.tenant_id = :tenant
        JOIN activity ON activity.id = state.activity_id
        GROUP BY activity.identifier
    ),
    named AS (
        SELECT DISTINCT ON (activity.identifier) activity.identifier, activity.title, activity.position,
               version.standard,
               array_position(CAST(:versions AS uuid[]), activity.package_version_id) AS age
        FROM activity JOIN package_version AS version ON version.id = activity.package_version_id
        WHERE activity.tenant_id = :tenant AND activity.package_version_id = ANY(CAST(:versions AS uuid[]))
          AND activity.organization = version.default_organization AND activity.href IS NOT NULL
        ORDER BY activity.identifier, age
    )
    SELECT named.identifier, named.title, coalesce(seen.opened, 0) AS opened, coalesce(seen.completed, 0) AS completed,
           coalesce(seen.passed, 0) AS passed, coalesce(seen.failed, 0) AS failed,
           coalesce(seen.left_here, 0) AS left_here, seen.score_mean, seen.seconds_median,
           coalesce(seen.suspend_length, 0) AS suspend_length, named.standard
    FROM named LEFT JOIN seen USING (identifier) ORDER BY named.age, named.position"""

#: Each answer with the share of the attempt's other items that was right, `rest`: what discrimination is measured by.
#: Items are summed up from their different responses, which are far fewer than the answers; they are the windows over
#: those. The correlation is Pearson's, from sums over the answers that were judged and have others beside them.
_ITEMS = f"""
    WITH {_CHOSEN},
    totals AS (
        SELECT answer.attempt_id, sum(is_correct::int) AS correct, count(is_correct) AS judged
        FROM answer JOIN chosen ON chosen.id = answer.attempt_id
        WHERE answer.tenant_id = :tenant AND answer.package_version_id = ANY(CAST(:versions AS uuid[]))
        GROUP BY answer.attempt_id
    ),
    rated AS (
        SELECT answer.activity_id, item, response, kind, description, pattern, position, points, tries,
               is_correct::int AS correct,
               (totals.correct - is_correct::int)::float8 / nullif(totals.judged - 1, 0) AS rest
        FROM answer JOIN totals ON totals.attempt_id = answer.attempt_id
        WHERE answer.tenant_id = :tenant AND answer.package_version_id = ANY(CAST(:versions AS uuid[]))
    ),
    counted AS (
        SELECT activity_id, item, response, count(*) AS answers, count(correct) AS judged, sum(correct) AS correct,
               count(rest) AS n, sum(correct) FILTER (WHERE rest IS NOT NULL) AS x, sum(rest) AS y,
               sum(rest * rest) AS yy, sum(correct * rest) AS xy, sum(points) AS points, count(points) AS pointed,
               sum(tries) AS tries, min(position) AS position, max(kind COLLATE "C") AS kind,
               max(description COLLATE "C") AS description, max(pattern COLLATE "C") AS pattern
        FROM rated GROUP BY activity_id, item, response
    ),
    responses AS (
        SELECT activity.identifier AS activity, item, response, sum(answers) AS answers, sum(judged) AS judged,
               sum(correct) AS correct, sum(n) AS n, sum(x) AS x, sum(y) AS y, sum(yy) AS yy, sum(xy) AS xy,
               sum(points) AS points, sum(pointed) AS pointed, sum(tries) AS tries,
               min(counted.position) AS position, max(counted.kind) AS kind, max(description) AS description,
               max(pattern) AS pattern
        FROM counted JOIN activity ON activity.id = counted.activity_id
        GROUP BY activity.identifier, item, response
    ),
    ranked AS (
        SELECT activity, item, response, answers, judged, correct, y / nullif(n, 0) AS rest_mean,
               row_number() OVER (whole ORDER BY answers DESC, response) AS place,
               sum(answers) OVER whole AS all_answers, sum(judged) OVER whole AS all_judged,
               sum(correct) OVER whole AS all_correct, sum(n) OVER whole AS n, sum(x) OVER whole AS x,
               sum(y) OVER whole AS y, sum(yy) OVER whole AS yy, sum(xy) OVER whole AS xy,
               sum(points) OVER whole AS points, sum(pointed) OVER whole AS pointed, sum(tries) OVER whole AS tries,
               min(position) OVER whole AS position, max(kind) OVER whole AS kind,
               max(description) OVER whole AS description, max(pattern) OVER whole AS pattern
        FROM responses WINDOW whole AS (PARTITION BY activity, item)
    )
    SELECT activity, item, response, answers::int, judged::int, correct::int, rest_mean::float8, kind, description,
           pattern, position, all_answers::int, all_judged::int, all_correct::int,
           (points / nullif(pointed, 0))::float8 AS points_mean, (tries / all_answers)::float8 AS tries_mean,
           CASE WHEN n > 1 AND x > 0 AND x < n AND n * yy - y * y > 1e-9
                THEN (n * xy - x * y) / sqrt((n * x - x * x)::float8 * (n * yy - y * y)::float8) END::float8
               AS discrimination
    FROM ranked WHERE place <= :most ORDER BY activity, item, place"""

_ITEM_SECONDS = f"""
    WITH {_CHOSEN}
    SELECT activity.identifier AS activity, answer.item,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY answer.seconds) AS seconds_median
    FROM answer JOIN chosen ON chosen.id = answer.attempt_id JOIN activity ON activity.id = answer.activity_id
    WHERE answer.tenant_id = :tenant AND answer.package_version_id = ANY(CAST(:versions AS uuid[]))
      AND answer.seconds IS NOT NULL
    GROUP BY activity.identifier, answer.item"""


_RECENT = f"""
    WITH days AS (
        SELECT day::date FROM generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') AS day
    ),
    launched AS (
        SELECT (launch.opened_at AT TIME ZONE 'UTC')::date AS day, count(*) AS launches,
               count(DISTINCT registration.learner_id) AS learners
        FROM launch JOIN registration ON registration.id = launch.registration_id
        WHERE launch.tenant_id = :tenant AND launch.opened_at >= CAST(:first AS date) AND {REGISTRATIONS}
        GROUP BY 1
    ),
    completed AS (
        SELECT (attempt.completed_at AT TIME ZONE 'UTC')::date AS day, count(*) AS completions
        FROM attempt JOIN registration ON registration.id = attempt.registration_id
        WHERE attempt.tenant_id = :tenant AND attempt.completed_at >= CAST(:first AS date) AND {REGISTRATIONS}
        GROUP BY 1
    )
    SELECT day, coalesce(launches, 0) AS launches, coalesce(learners, 0) AS learners,
           coalesce(completions, 0) AS completions
    FROM days LEFT JOIN launched USING (day) LEFT JOIN completed USING (day) ORDER BY day"""


def recent(session: Session, tenant_id: UUID, first: date, last: date, reach: Reached) -> Sequence[RowMapping]:
    """Launches, learners who launched, and completed attempts of each day (UTC) from `first` to `last`."""
    given = {"tenant": tenant_id, "first": first, "last": last, **parameters(reach)}
    return session.execute(text(_RECENT), given).mappings().all()


def plan_for_sets(session: Session) -> None:
    """Have this transaction's queries planned for many rows.

    The planner cannot know how many attempts are chosen, takes them for few, and would look each answer up by itself:
    36 seconds instead of half a one for 50,000 answers.
    """
    session.execute(text("SET LOCAL enable_nestloop = off"))
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    session.execute(text("SET LOCAL jit = off"))


def overview(session: Session, chosen: Chosen) -> RowMapping:
    """Counts, scores and times over all attempts that have begun."""
    return session.execute(text(_OVERVIEW), chosen.parameters).mappings().one()


def scores(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """How many attempts have a scaled score in which tenth (0 to 9; -1 for scores below 0)."""
    return session.execute(text(_SCORES), chosen.parameters).mappings().all()


def days(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """How many attempts were begun and completed on which day (UTC); days without any are left out."""
    return session.execute(text(_DAYS), chosen.parameters).mappings().all()


def activities(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """What became of each activity with content, in the order of the newest version's course."""
    return session.execute(text(_ACTIVITIES), chosen.parameters).mappings().all()


def items(session: Session, chosen: Chosen, most: int) -> Sequence[RowMapping]:
    """Up to `most` responses to each item, the most frequent first, each with the sums over the whole item."""
    return session.execute(text(_ITEMS), {**chosen.parameters, "most": most}).mappings().all()


def item_seconds(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """The median time that each item took, where content told it."""
    return session.execute(text(_ITEM_SECONDS), chosen.parameters).mappings().all()
