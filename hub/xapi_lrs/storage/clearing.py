"""Removing the statements of a store with their entries in the index."""

from typing import Any

from psycopg import Connection

from hub.xapi_lrs.storage import postings

#: The statements after the newest block, which no posting tells of; so many at a time.
_UNFILED = """
DELETE FROM lrs_statement WHERE store = %(store)s AND stored IN (
    SELECT stored FROM lrs_statement
     WHERE store = %(store)s AND stored > (SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = %(store)s)
     LIMIT %(most)s)
"""

#: The newest block, its statements, and its postings. `last` is a time, which a block of another store may have too, so
#: postings are found by the terms of the statements: those are hashes by the store's own key.
_BLOCK = """
WITH block AS (
    DELETE FROM lrs_block
     WHERE store = %(store)s AND last = (SELECT max(last) FROM lrs_block WHERE store = %(store)s)
    RETURNING last
), span AS (
    SELECT last, coalesce((SELECT max(b.last) FROM lrs_block b WHERE b.store = %(store)s AND b.last < block.last), 0)
                 AS before
      FROM block
), statements AS (
    DELETE FROM lrs_statement s USING span
     WHERE s.store = %(store)s AND s.stored > span.before AND s.stored <= span.last
    RETURNING s.terms
), inherited AS (
    DELETE FROM lrs_inherited i USING span
     WHERE i.store = %(store)s AND i.stored > span.before AND i.stored <= span.last
    RETURNING i.terms
), posted AS (
    DELETE FROM lrs_posting
     WHERE last = (SELECT last FROM span) AND term = ANY(ARRAY(
        SELECT DISTINCT unnest(terms) FROM (SELECT terms FROM statements UNION ALL SELECT terms FROM inherited) t))
    RETURNING 1
)
SELECT (SELECT count(*) FROM block), (SELECT count(*) FROM statements), (SELECT count(*) FROM inherited),
       (SELECT count(*) FROM posted)
"""
_TABLES = ("lrs_block", "lrs_statement", "lrs_inherited", "lrs_posting")


def remove_newest(connection: Connection[Any], store: int) -> dict[str, int]:
    """Remove statements that are not filed yet, or else the newest block with all that it tells of, in the open
    transaction. Returns how many rows of which table that were: nothing when nothing is left."""
    postings.begin_changing(connection, store)
    given = {"store": store, "most": postings.LARGEST_BLOCK}
    unfiled = connection.execute(_UNFILED, given).rowcount
    if unfiled:
        return {"lrs_statement": unfiled}
    row = connection.execute(_BLOCK, given).fetchone()
    return {table: count for table, count in zip(_TABLES, row or (), strict=False) if count}
