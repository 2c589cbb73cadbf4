"""The index of statements: an inverted index whose posting lists are written many statements at a time.

An index entry for each term of each statement, written with the statement, would cost three times as much as the
statement. So a statement only bears its terms (`lrs_statement.terms`), and once a few thousand have come they are filed
together as a block: one row of `lrs_posting` for each term among them. The few that are not filed yet are read one by
one (`storage.search`), so what was just stored is found at once.

A block and its postings are one transaction: after a crash it is there as a whole, or it is made again. `stored` rises
in the order of commits, so a block that was seen whole stays whole. Of each store one block is made at a time
(`FILING_LOCK`); writers do not wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from hub.xapi_lrs.spec import actors, filing
from hub.xapi_lrs.storage.terms import term_number

#: The first number of the advisory locks of those who change the index of what is stored. Whoever takes it and the
#: store's order (`storage.intake`) takes the order first.
FILING_LOCK = 4_711_132

#: The most statements of a block.
LARGEST_BLOCK = 8_000

_FILE = """
WITH taken AS MATERIALIZED (
    SELECT stored, terms
      FROM lrs_statement
     WHERE store = %(store)s AND stored > (SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = %(store)s)
     ORDER BY stored
     LIMIT %(most)s
), block AS (
    INSERT INTO lrs_block (store, last)
    SELECT %(store)s, max(stored) FROM taken HAVING count(*) >= %(least)s AND count(terms) = count(*)
    RETURNING last
), filed AS (
    SELECT stored, terms FROM taken
     UNION ALL
    SELECT i.stored, i.terms
      FROM lrs_inherited i, block
     WHERE i.store = %(store)s AND i.stored >= (SELECT min(stored) FROM taken) AND i.stored <= block.last
), posted AS (
    INSERT INTO lrs_posting (term, last, stored, verbs)
    SELECT term, (SELECT last FROM block), array_agg(stored), array_agg(verb)
      FROM (SELECT unnest(terms) AS term, stored, terms[1] AS verb FROM filed WHERE EXISTS (SELECT FROM block)) e
     GROUP BY term
     ORDER BY term
)
SELECT (SELECT count(*) FROM taken), (SELECT count(terms) FROM taken), EXISTS (SELECT FROM block)
"""


#: A term, the `stored` time of a statement that is found under it, and the term of the verb of who says so.
Entry = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Filing:
    """What came of an attempt: how many statements were filed, and whether some still lack their terms."""

    count: int
    lacks_terms: bool = False


def file_block(connection: Connection[Any], store: int, least: int) -> Filing:
    """File the oldest statements of the store that are not filed, in the open transaction; none when they are fewer
    than `least`, when one lacks its terms, or when somebody else is filing."""
    locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (FILING_LOCK, store)).fetchone()
    if locked is None or not locked[0]:
        return Filing(0)
    # Sorting is cheaper than a table of thousands of groups, each with lists of its own.
    connection.execute("SET LOCAL work_mem = '32MB'; SET LOCAL enable_hashagg = off")
    given = {"store": store, "least": least, "most": LARGEST_BLOCK}
    row = connection.execute(_FILE, given).fetchone()
    assert row is not None
    taken, with_terms, is_filed = row
    return Filing(taken if is_filed else 0, lacks_terms=with_terms < taken)


def begin_changing(connection: Connection[Any], store: int) -> None:
    """Let no block be made until the end of the transaction, which changes what is found under what."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (FILING_LOCK, store))


def inherit(connection: Connection[Any], store: int, stored: int, target_id: UUID, terms: Sequence[int]) -> None:
    """Let the statement at `stored` be found under the terms of a statement that it targets too."""
    begin_changing(connection, store)
    connection.execute(
        "INSERT INTO lrs_inherited (store, stored, target_id, terms) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (store, stored, target_id, list(terms)),
    )
    post(connection, store, [(term, stored, terms[0]) for term in terms])


def terms_of(statement: dict[str, Any], key: bytes) -> list[int]:
    """The hashes of all that a stored statement is found under by itself, the verb's first."""
    authority = actors.authority_keys(statement["authority"])
    return [term_number(key, term) for term in filing.terms_of(statement, authority)]


def post(connection: Connection[Any], store: int, come: Sequence[Entry]) -> None:
    """Add entries to the postings of their blocks; of statements that are in no block yet there is nothing to add."""
    if not come:
        return
    connection.execute(
        """
        INSERT INTO lrs_posting (term, last, stored, verbs)
        SELECT term, last, array_agg(stored), array_agg(verb)
          FROM (SELECT c.*, (SELECT min(last) FROM lrs_block WHERE store = %s AND last >= c.stored) AS last
                  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS c(term, stored, verb)) e
         WHERE last IS NOT NULL
         GROUP BY term, last
        """,
        (store, *_columns(come)),
    )


def drop(connection: Connection[Any], store: int, gone: Sequence[Entry]) -> None:
    """Take out of the postings those of the entries that hold no more, by the statements as they are now."""
    if not gone:
        return
    terms, times, _ = _columns(gone)
    given = {"store": store, "terms": terms, "times": times, "statements": sorted(set(times))}
    emptied = [row[:2] for row in connection.execute(_DROP, given).fetchall() if row[2]]
    if emptied:
        connection.execute(
            """
            DELETE FROM lrs_posting p USING unnest(%s::bigint[], %s::bigint[]) AS e(term, last)
             WHERE p.term = e.term AND p.last = e.last AND p.stored = '{}'
            """,
            _columns(emptied),
        )


#: The times are given twice: joined to the pairs alone, statements would be read as a whole to be hashed.
_DROP = """
WITH gone AS (
    SELECT g.term, min(b.last) AS last, g.stored
      FROM (SELECT DISTINCT * FROM unnest(%(terms)s::bigint[], %(times)s::bigint[]) AS u(term, stored)) g
      JOIN lrs_block b ON b.store = %(store)s AND b.last >= g.stored
     WHERE NOT EXISTS (SELECT FROM lrs_statement s
                        WHERE s.store = %(store)s AND s.stored = ANY(%(statements)s)
                          AND s.stored = g.stored AND g.term = ANY(s.terms))
       AND NOT EXISTS (SELECT FROM lrs_inherited i
                        WHERE i.store = %(store)s AND i.stored = ANY(%(statements)s)
                          AND i.stored = g.stored AND g.term = ANY(i.terms))
     GROUP BY g.term, g.stored
), lists AS (
    SELECT term, last, array_agg(stored) AS times FROM gone GROUP BY term, last
)
UPDATE lrs_posting p
   SET (stored, verbs) = (SELECT coalesce(array_agg(e.stored), '{}'), coalesce(array_agg(e.verb), '{}')
                            FROM unnest(p.stored, p.verbs) AS e(stored, verb)
                           WHERE NOT EXISTS (SELECT FROM unnest(lists.times) AS t(stored) WHERE t.stored = e.stored))
  FROM lists
 WHERE p.term = lists.term AND p.last = lists.last
RETURNING p.term, p.last, p.stored = '{}'
"""


def _columns(entries: Sequence[tuple[int, ...]]) -> list[list[int]]:
    return [list(column) for column in zip(*entries, strict=True)]
