"""Statements of a release that kept an index of single entries: they lack their terms, and are given them here.

What they are found under is worked out anew from the statements themselves. This can go once no database comes from
before the migration 0018.
"""

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
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE lrs_statement SET terms = %s WHERE store = %s AND stored = %s",
            [(postings.terms_of(statement, key), store, stored) for stored, _, statement in statements],
        )
    made = [
        Reference(UUID(target_id), statement_id, stored, filing.is_voiding(statement))
        for stored, statement_id, statement in statements
        if (target_id := filing.target_of(statement))
    ]
    waiting = references.pointing_to(connection, store, [statement_id for _, statement_id, _ in statements])
    references.follow(connection, store, key, [*made, *waiting])
