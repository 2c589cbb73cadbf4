"""Counts over the attempts on a package, made by sets in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, select, text
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

    @property
    def is_narrowed(self) -> bool:
        """Whether not all attempts on the versions count: only then they have to be looked up one by one."""
        return self.is_of_some or self.since is not None or self.until is not None

    @property
    def is_of_some(self) -> bool:
        """Whether not all registrations count."""
        return self.context_key is not None or not self.reach.is_everything


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


_CHOSEN = """
    chosen AS MATERIALIZED (
        SELECT id, registration_id, activity_id, completion, success, score_scaled, duration_seconds, began_at,
               completed_at
        FROM attempt
        WHERE tenant_id = :tenant AND package_version_id = ANY(CAST(:versions AS uuid[])) AND began_at IS NOT NULL
          AND (CAST(:since AS timestamptz) IS NULL OR began_at >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR began_at < :until) {narrowed registrations}
    )"""

#: What answers and run-time states are narrowed by, where not all attempts count.
_OF_CHOSEN = "AND {0}.attempt_id IN (SELECT id FROM chosen)"

#: And attempts, where not all registrations count: by their context, and by whose they are.
_OF_REGISTRATIONS = f"""
          AND registration_id IN (
              SELECT registration.id FROM registration
              WHERE registration.tenant_id = :tenant
                AND (CAST(:context AS text) IS NULL OR registration.context_key = :context) AND {REGISTRATIONS})"""

_ANSWERS = """
    answer.tenant_id = :tenant AND answer.package_version_id = ANY(CAST(:versions AS uuid[])) {narrowed answer}"""

#: Times are counted in tenths of a second up to ten, and in seconds from there on: a median of a million needs no sort.
_BIN = "CASE WHEN {0} < 10 THEN round({0} * 10) / 10 ELSE round({0}) END"


def _median(of: str, by: str, value: str) -> str:
    """The median of binned values by the counts `answers` of the bins: of the one or two in the middle."""
    return f"""
        SELECT {by}, avg({value}) AS seconds_median FROM (
            SELECT {by}, {value}, counted, sum(counted) OVER (PARTITION BY {by} ORDER BY {value}) AS upto,
                   sum(counted) OVER (PARTITION BY {by}) AS whole
            FROM (SELECT {by}, {value}, sum(answers) AS counted FROM {of} GROUP BY {by}, {value}) AS bins
        ) AS ordered
        WHERE upto >= floor((whole + 1) / 2) AND upto - counted < floor((whole + 2) / 2)
        GROUP BY {by}"""


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
    states AS (
        SELECT activity.identifier, {_BIN.format("state.duration_seconds")} AS seconds, count(*) AS answers,
               count(*) FILTER (WHERE state.completion = 'completed') AS completed,
               count(*) FILTER (WHERE state.success = 'passed') AS passed,
               count(*) FILTER (WHERE state.success = 'failed') AS failed,
               sum(state.score_scaled) AS scores, count(state.score_scaled) AS scored,
               max(state.suspend_length) AS suspend_length
        FROM runtime_state AS state JOIN activity ON activity.id = state.activity_id
        WHERE state.tenant_id = :tenant AND activity.package_version_id = ANY(CAST(:versions AS uuid[]))
              {{narrowed state}}
        GROUP BY activity.identifier, seconds
    ),
    medians AS ({_median("states", "identifier", "seconds")}
    ),
    left_at AS (
        SELECT activity.identifier, count(*) AS left_here
        FROM chosen JOIN activity ON activity.id = chosen.activity_id
        WHERE chosen.completion <> 'completed' AND chosen.success = 'unknown' GROUP BY activity.identifier
    ),
    seen AS (
        SELECT identifier, sum(answers)::int AS opened, sum(completed)::int AS completed, sum(passed)::int AS passed,
               sum(failed)::int AS failed, sum(scores) / nullif(sum(scored), 0)::float8 AS score_mean,
               max(suspend_length) AS suspend_length
        FROM states GROUP BY identifier
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
           coalesce(left_at.left_here, 0) AS left_here, seen.score_mean, medians.seconds_median,
           coalesce(seen.suspend_length, 0) AS suspend_length, named.standard
    FROM named LEFT JOIN seen USING (identifier) LEFT JOIN medians USING (identifier)
         LEFT JOIN left_at USING (identifier)
    ORDER BY named.age, named.position"""

#: Each answer with the share of the attempt's other items that was right, `rest`: what discrimination is measured by.
#: Answers are summed up by item, response and how right the attempt was, which are far fewer than the answers; the
#: correlation is Pearson's, from sums over the answers that were judged and have others beside them.
_ITEMS = f"""
    WITH {_CHOSEN},
    totals AS (
        SELECT attempt_id, count(*) FILTER (WHERE is_correct) AS correct, count(is_correct) AS judged
        FROM answer WHERE {_ANSWERS} GROUP BY attempt_id
    ),
    counted AS (
        SELECT answer.activity_id, item, response, is_correct, totals.correct AS all_correct,
               totals.judged AS all_judged, kind, description, pattern, count(*) AS answers, sum(points) AS points,
               count(points) AS pointed, sum(tries) AS tries, min(position) AS position
        FROM answer JOIN totals ON totals.attempt_id = answer.attempt_id
        WHERE {_ANSWERS}
        GROUP BY answer.activity_id, item, response, is_correct, all_correct, all_judged, kind, description, pattern
    ),
    rated AS (
        SELECT *, is_correct::int AS correct,
               (all_correct - is_correct::int)::float8 / nullif(all_judged - 1, 0) AS rest
        FROM counted
    ),
    responses AS (
        SELECT activity.identifier AS activity, item, response, sum(answers) AS answers,
               coalesce(sum(answers) FILTER (WHERE correct IS NOT NULL), 0) AS judged,
               sum(answers * correct) AS correct,
               coalesce(sum(answers) FILTER (WHERE rest IS NOT NULL), 0) AS n,
               sum(answers * correct) FILTER (WHERE rest IS NOT NULL) AS x, sum(answers * rest) AS y,
               sum(answers * rest * rest) AS yy, sum(answers * correct * rest) AS xy,
               sum(points) AS points, sum(pointed) AS pointed, sum(tries) AS tries, min(rated.position) AS position,
               max(rated.kind COLLATE "C") AS kind, max(description COLLATE "C") AS description,
               max(pattern COLLATE "C") AS pattern
        FROM rated JOIN activity ON activity.id = rated.activity_id
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
    WITH {_CHOSEN},
    binned AS (
        SELECT answer.activity_id, item, {_BIN.format("answer.seconds")} AS seconds, count(*) AS counted_here
        FROM answer WHERE {_ANSWERS} AND answer.seconds IS NOT NULL GROUP BY answer.activity_id, item, 3
    ),
    times AS (
        SELECT activity.identifier AS activity, item, seconds, counted_here AS answers
        FROM binned JOIN activity ON activity.id = binned.activity_id
    )
    {_median("times", "activity, item", "seconds")}"""


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
    36 seconds instead of half a one for 50,000 answers. Where there are many, both cores of a small machine count.
    """
    session.execute(text("SET LOCAL enable_nestloop = off"))
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    session.execute(text("SET LOCAL jit = off"))
    session.execute(text("SET LOCAL max_parallel_workers_per_gather = 2"))
    session.execute(text("SET LOCAL parallel_setup_cost = 10"))
    session.execute(text("SET LOCAL parallel_tuple_cost = 0.001"))


def _narrowed(query: str, chosen: Chosen) -> TextClause:
    """The query, narrowed to the attempts that count."""
    for table in ("answer", "state"):
        narrowing = _OF_CHOSEN.format(table) if chosen.is_narrowed else ""
        query = query.replace(f"{{narrowed {table}}}", narrowing)
    return text(query.replace("{narrowed registrations}", _OF_REGISTRATIONS if chosen.is_of_some else ""))


def overview(session: Session, chosen: Chosen) -> RowMapping:
    """Counts, scores and times over all attempts that have begun."""
    return session.execute(_narrowed(_OVERVIEW, chosen), chosen.parameters).mappings().one()


def scores(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """How many attempts have a scaled score in which tenth (0 to 9; -1 for scores below 0)."""
    return session.execute(_narrowed(_SCORES, chosen), chosen.parameters).mappings().all()


def days(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """How many attempts were begun and completed on which day (UTC); days without any are left out."""
    return session.execute(_narrowed(_DAYS, chosen), chosen.parameters).mappings().all()


def activities(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """What became of each activity with content, in the order of the newest version's course."""
    return session.execute(_narrowed(_ACTIVITIES, chosen), chosen.parameters).mappings().all()


def items(session: Session, chosen: Chosen, most: int) -> Sequence[RowMapping]:
    """Up to `most` responses to each item, the most frequent first, each with the sums over the whole item."""
    return session.execute(_narrowed(_ITEMS, chosen), {**chosen.parameters, "most": most}).mappings().all()


def item_seconds(session: Session, chosen: Chosen) -> Sequence[RowMapping]:
    """The median time that each item took, where content told it."""
    return session.execute(_narrowed(_ITEM_SECONDS, chosen), chosen.parameters).mappings().all()
