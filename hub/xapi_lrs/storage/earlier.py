"""Statements of a release that kept an index of single entries: they lack their terms, and are given them here.

What they are found under is worked out anew from the statements themselves. This can go once no database comes from
before the migration 0022.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.storage import postings, references
from hub.xapi_lrs.storage.references import Reference

_WITHOUT_TERMS = """
SELECT stored, id, body
  FROM lrs_statement
 WHERE store = %(store)s AND stored > (SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = %(store)s)
   AND terms IS NULL
 ORDER BY stored
 LIMIT %(most)s
"""


def fill_in(connection: Connection[Any], store: int, key: bytes) -> None:
    """Give their terms, and those of what they target, to the next statements of the store that lack them.

    The caller has the store's order.
    """
    given = {"store": store, "most": postings.LARGEST_BLOCK}
    rows = connection.execute(_WITHOUT_TERMS, given, binary=True).fetchall()
    statements = [(stored, statement_id, orjson.loads(body)) for stored, statement_id, body in rows]
    _set_terms(connection, store, {stored: postings.terms_of(statement, key) for stored, _, statement in statements})
    made = [
        Reference(UUID(target_id), statement_id, stored, filing.is_voiding(statement))
        for stored, statement_id, statement in statements
        if (target_id := filing.target_of(statement))
    ]
    waiting = references.pointing_to(connection, store, [statement_id for _, statement_id, _ in statements])
    references.follow(connection, store, key, [*made, *waiting])


def _set_terms(connection: Connection[Any], store: int, terms: Mapping[int, Sequence[int]]) -> None:
    """Write all of them at once; a statement's terms are a slice of those of all."""
    ends = list(accumulate(len(each) for each in terms.values()))
    connection.execute(
        """
        UPDATE lrs_statement s SET terms = (%s::bigint[])[g.begun + 1 : g.ended]
          FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS g(stored, begun, ended)
         WHERE s.store = %s AND s.stored = g.stored
        """,
        ([*chain.from_iterable(terms.values())], list(terms), [0, *ends[:-1]], ends, store),
    )
