"""The read path: each query is one range of an index, newest or oldest first, and the bodies of what it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from hub.xapi_lrs.storage.intake import ORDER_LOCK

Found = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: every group of `terms` must match, by any one of its members.

    The first group is the one that is walked through, so it should be the rarest. `verb` is the hash of a verb that
    must hold as well. `after` and `before` bound `stored`, both exclusively.
    """

    terms: Sequence[Sequence[int]]
    verb: int | None
    after: int
    before: int
    ascending: bool
    limit: int


def find(connection: Connection[Any], store: int, search: Search) -> Found:
    """The `stored` time and body of each match in order, no more than the limit, voided ones left out."""
    query = _by_terms(search) if search.terms else _by_time(search)
    parameters: dict[str, Any] = {
        "store": store,
        "after": search.after,
        "before": search.before,
        "verb": search.verb,
        "limit": search.limit,
    }
    for group, members in enumerate(search.terms):
        parameters |= {f"t{group}_{n}": term for n, term in enumerate(members)}
    return connection.execute(query.encode(), parameters, binary=True).fetchall()


def _by_time(search: Search) -> str:
    return f"""
    SELECT stored, body FROM lrs_statement
     WHERE store = %(store)s AND stored > %(after)s AND stored < %(before)s AND NOT is_voided
     ORDER BY stored {_order(search)} LIMIT %(limit)s
    """


def _by_terms(search: Search) -> str:
    """Walk the first group's range of the index; ask the other groups and the statement about each entry."""
    others = "".join(_also(search, group) for group in range(1, len(search.terms)))
    return f"""
    SELECT s.stored, s.body
      FROM (SELECT DISTINCT d.stored FROM ({_range(search)}) d WHERE true {others} ORDER BY d.stored {_order(search)}) f
      JOIN lrs_statement s ON s.store = %(store)s AND s.stored = f.stored
     WHERE s.stored > %(after)s AND s.stored < %(before)s AND NOT s.is_voided
     ORDER BY f.stored {_order(search)} LIMIT %(limit)s
    """


def _range(search: Search) -> str:
    """One ordered index range for each member of the first group, merged."""
    verb = " AND verb = %(verb)s" if search.verb is not None else ""
    via = ", via" if len(search.terms) > 1 else ""
    return " UNION ALL ".join(
        f"(SELECT stored{via} FROM lrs_term WHERE term = %(t0_{n})s"
        f" AND stored > %(after)s AND stored < %(before)s{verb} ORDER BY stored {_order(search)})"
        for n in range(len(search.terms[0]))
    )


def _also(search: Search, group: int) -> str:
    """The entry has a term of this group too, from the same statement (`via`)."""
    members = ", ".join(f"%(t{group}_{n})s" for n in range(len(search.terms[group])))
    return f" AND EXISTS (SELECT FROM lrs_term o WHERE o.term IN ({members}) AND o.stored = d.stored AND o.via = d.via)"


def _order(search: Search) -> str:
    return "ASC" if search.ascending else "DESC"


def find_one(connection: Connection[Any], store: int, statement_id: UUID) -> tuple[int, bool, bytes] | None:
    """When a statement was stored, whether it is voided, and its body."""
    query = """
    SELECT s.stored, s.is_voided, s.body
      FROM lrs_statement_id i JOIN lrs_statement s ON s.store = i.store AND s.stored = i.stored
     WHERE i.store = %s AND i.id = %s
    """
    return connection.execute(query, (store, statement_id), binary=True).fetchone()


def is_filed_under(connection: Connection[Any], term: int, stored: int) -> bool:
    """Whether the statement itself has the term."""
    query = "SELECT 1 FROM lrs_term WHERE term = %s AND stored = %s AND via = 0"
    return connection.execute(query, (term, stored)).fetchone() is not None


def consistent_through(connection: Connection[Any], store: int) -> int:
    """Microseconds up to which no statement can come any more: no transaction that will commit is before it.

    A writer holds the lock of its store; whoever takes it later gets a later time. So when it is free, that is the
    clock of before it was asked for; while it is held, it is the newest committed time. The connection must commit by
    itself: the lock that is taken to ask is given back at the end of this statement.
    """
    query = """
    SELECT now_us, (SELECT last_stored FROM lrs_store WHERE number = %(store)s),
           pg_try_advisory_xact_lock_shared(%(space)s, %(store)s)
      FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us) t
    """
    row = connection.execute(query, {"store": store, "space": ORDER_LOCK}).fetchone()
    assert row is not None
    now, last, is_free = row
    return max(now, last) if is_free else last
