"""Every query is an ordered walk through an index, whatever the statistics say: it costs a page, not the store."""

import itertools

import pytest

from hub.xapi_lrs.storage.search import _query

SHAPES = [(), (1,), (2,), (3,), (1, 1), (1, 3, 2), (1, 1, 2, 1)]


@pytest.mark.parametrize(
    ("groups", "has_verb", "ascending"), [*itertools.product(SHAPES, (False, True), (False, True))]
)
def test_a_query_reads_no_more_than_its_page(hub, tenant, groups, has_verb, ascending):
    has_verb = has_verb and bool(groups)
    sql = _query(groups, has_verb, ascending)._sql.decode()
    parameters = ",".join(["1", "0", "9", "51", *["5"] * (sum(groups) + has_verb)])
    with hub.db.connection(tenant.id, 1) as connection:
        connection.execute("PREPARE shape AS " + sql)
        rows = connection.execute(f"EXPLAIN EXECUTE shape ({parameters})").fetchall()
        connection.execute("DEALLOCATE shape")
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    assert plan.count("->  Sort  ") == (1 if groups else 0), "of the pages at most, not of all that is found"
    assert "Hash" not in plan
    assert "Bitmap" not in plan
    assert len(groups) > 1 or "Join Filter" not in plan
