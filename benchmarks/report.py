"""Time of a package's report over many attempts: `python -m benchmarks.report [ATTEMPTS]`.

Starts a PostgreSQL of its own, writes attempts (by default 100,000) on a course of three SCOs, the last of them with
ten items, as the rows that the player leaves, and prints the milliseconds of each part of the report: the median of
five runs.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.adapters.embedded import PostgresServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import system_principal
from hub.oauth.services.tenants import Tenants
from hub.scorm.services.analytics import Analytics
from hub.scorm.storage import analytics
from hub.scorm.storage.analytics import Chosen
from tests.support.playing import Sco, add_played_course

ATTEMPTS = 100_000
RUNS = 5

_PARAMETERS = ["tenant", "package", "version", "attempts"]
#: The learner's ability decides how likely an answer is right; items are of growing difficulty.
_FILL = [
    """INSERT INTO learner (id, tenant_id, source, subject, name)
       SELECT md5('l' || n)::uuid, :tenant, 'hub', n::text, 'Learner ' || n FROM generate_series(1, :attempts) n""",
    """INSERT INTO registration (id, tenant_id, external_id, learner_id, package_id, package_version_id, began_at,
                                 changed_at)
       SELECT md5('r' || n)::uuid, :tenant, n::text, md5('l' || n)::uuid, :package, :version, now(), now()
       FROM generate_series(1, :attempts) n""",
    """INSERT INTO attempt (id, tenant_id, registration_id, number, package_version_id, activity_id, completion,
                            success, score_scaled, duration_seconds, began_at, completed_at, changed_at)
       SELECT md5('a' || n)::uuid, :tenant, md5('r' || n)::uuid, 1, :version,
              (SELECT id FROM activity WHERE package_version_id = :version AND position = 1 + n % 3),
              CASE WHEN n % 4 = 0 THEN 'incomplete' ELSE 'completed' END,
              CASE WHEN n % 4 = 0 THEN 'unknown' WHEN n % 10 < 8 THEN 'passed' ELSE 'failed' END,
              (n % 101) / 100.0, 60 + n % 3000, now() - (n % 90) * interval '1 day',
              CASE WHEN n % 4 <> 0 THEN now() - (n % 90) * interval '1 day' END, now()
       FROM generate_series(1, :attempts) n""",
    """INSERT INTO runtime_state (attempt_id, activity_id, tenant_id, launch_id, values, session_began_at, changed_at,
                                  completion, duration_seconds)
       SELECT md5('a' || n)::uuid, activity.id, :tenant, md5('x')::uuid, repeat('v', 1500), now(), now(),
              CASE WHEN n % 4 = 0 THEN 'incomplete' ELSE 'completed' END, n % 900
       FROM generate_series(1, :attempts) n, activity
       WHERE activity.package_version_id = :version AND activity.position BETWEEN 1 AND 3""",
    """INSERT INTO answer (attempt_id, activity_id, item, tenant_id, package_version_id, position, kind, response,
                           is_correct, seconds, answered_at)
       SELECT md5('a' || n)::uuid, activity.id, 'question-' || item, :tenant, :version, item, 'choice',
              CASE WHEN random() < 0.3 + ((n * 7919) % 100) / 200.0 THEN 'a' ELSE chr(98 + (n + item) % 3) END,
              random() < 0.3 + ((n * 7919) % 100) / 200.0, random() * 60, now()
       FROM generate_series(1, :attempts) n, activity, generate_series(1, 10) item
       WHERE activity.package_version_id = :version AND activity.position = 3""",
    "ANALYZE",
]


def main(attempts: int) -> None:
    """Fill, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder) / "postgres")
        try:
            _measure(server.start(), Path(folder), attempts)
        finally:
            server.stop()


def _measure(url: str, folder: Path, attempts: int) -> None:
    create_keys(folder / "keys")
    settings = Settings(
        database_url=url,
        redis_url="redis://localhost:1/0",
        keys_dir=str(folder / "keys"),
        object_store=f"folder:{folder / 'packages'}",
    )
    Migrations(settings.sqlalchemy_url).upgrade()
    hub = build(settings)
    tenant = hub.service(Tenants).create("benchmark", "Benchmark").id
    package = add_played_course(hub, tenant, "scorm_1_2", Sco("one"), Sco("two"), Sco("three"))
    chosen = _fill(hub, tenant, package, attempts)
    print(f"{attempts} attempts, {attempts * 10} answers; milliseconds, median of {RUNS}")
    with hub.db.read(tenant) as session:
        analytics.plan_for_sets(session)
        parts: dict[str, Callable[[Session, Chosen], object]] = {
            "overview": analytics.overview,
            "scores": analytics.scores,
            "days": analytics.days,
            "activities": analytics.activities,
            "items": lambda session, chosen: analytics.items(session, chosen, 12),
            "item_seconds": analytics.item_seconds,
        }
        for part, read in parts.items():
            print(f"  {part:<12} {_median(lambda read=read: read(session, chosen)):8.0f}")
    report, principal = hub.service(Analytics), system_principal(tenant)
    print(f"  {'report':<12} {_median(lambda: report.get(principal, str(package))):8.0f}")
    hub.close()


def _fill(hub: Hub, tenant: UUID, package: UUID, attempts: int) -> Chosen:
    with hub.db.unit_of_work(tenant) as work:
        (version,) = analytics.versions_of(work.session, tenant, str(package), None) or []
        facts = {"tenant": tenant, "package": package, "version": version, "attempts": attempts}
        for statement in _FILL:
            used = {name: facts[name] for name in _PARAMETERS if f":{name}" in statement}
            work.session.execute(text(statement.replace("::", "\\:\\:")), used)
    return Chosen(tenant, [version])


def _median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        run()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ATTEMPTS)
