"""The read path: a query walks the posting lists of a term block by block, newest or oldest first, until its page is
full, and asks each statement that they name whether it matches. Statements that are not filed yet are all asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any
from uuid import UUID

from psycopg import Connection

from hub.xapi_lrs.storage import wire
from hub.xapi_lrs.storage.intake import ORDER_LOCK
from hub.xapi_lrs.storage.wire import Prepared, int4, int8

Found = list[tuple[int, bytes]]

#: The parameters that every query has; those of its terms follow.
_STORE, _AFTER, _BEFORE, _LIMIT = "$1::int", "$2::bigint", "$3::bigint", "$4::int"
_FIXED = 4


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
    query = _query(tuple(len(group) for group in search.terms), search.verb is not None, search.ascending)
    parameters = [int4(store), int8(search.after), int8(search.before), int4(search.limit)]
    parameters += [int8(term) for group in search.terms for term in group]
    if search.verb is not None:
        parameters.append(int8(search.verb))
    value = query.run(connection, parameters).get_value
    times, lengths = wire.integers(value(0, 0)), wire.integers(value(0, 1))
    bodies, ends = value(0, 2) or b"", accumulate(lengths)
    return [(stored, bodies[end - length : end]) for stored, length, end in zip(times, lengths, ends, strict=True)]


@lru_cache(maxsize=256)
def _query(groups: tuple[int, ...], has_verb: bool, ascending: bool) -> Prepared:
    """The query for groups of so many terms."""
    order = "ASC" if ascending else "DESC"
    name = f"lrs_find_{'_'.join(map(str, groups))}_{'verb' if has_verb else 'any'}_{order.lower()}"
    if not groups:
        return Prepared(name, _as_one_row(_by_time(order)))
    numbers = iter(range(_FIXED + 1, _FIXED + 1 + sum(groups)))
    terms = [[f"${next(numbers)}::bigint" for _ in range(count)] for count in groups]
    verb = f"${_FIXED + 1 + sum(groups)}::bigint" if has_verb else None
    return Prepared(name, _as_one_row(_by_terms(terms, verb, order)))


def _as_one_row(page: str) -> str:
    """A page as one row: to receive fifty costs several times as much, and wakes the receiver in between."""
    return f"SELECT array_agg(stored), array_agg(octet_length(body)), string_agg(body, ''::bytea) FROM ({page}) page"


def _by_time(order: str) -> str:
    return f"""
    SELECT stored, body FROM lrs_statement
     WHERE store = {_STORE} AND stored > {_AFTER} AND stored < {_BEFORE} AND NOT is_voided
     ORDER BY stored {order} LIMIT {_LIMIT}
    """


#: Up to where the statements of the store are filed, and the end of the block that holds the last time before `before`.
_FILED = f"(SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = {_STORE})"
_LAST = f"(SELECT min(last) FROM lrs_block WHERE store = {_STORE} AND last >= least({_BEFORE} - 1, {_FILED}))"


#: Whether there are StatementRefs in the store at all, asked once.
_INHERITS = f"(SELECT EXISTS (SELECT FROM lrs_inherited WHERE store = {_STORE}))"


def _by_terms(groups: list[list[str]], verb: str | None, order: str) -> str:
    """A page of what is not filed and a page of what is, and of both the first page."""
    return f"""
    SELECT stored, body
      FROM (({_unfiled(groups, verb, order)}) UNION ALL ({_filed(groups, verb, order)})) f
     ORDER BY stored {order} LIMIT {_LIMIT}
    """


def _unfiled(groups: list[list[str]], verb: str | None, order: str) -> str:
    """The statements after the last block, each asked for its terms."""
    return f"""
    SELECT s.stored, s.body
      FROM lrs_statement s
     WHERE s.store = {_STORE} AND s.stored > greatest({_AFTER}, {_FILED}) AND s.stored < {_BEFORE} AND NOT s.is_voided
       AND ({_match("s", groups, verb)} OR s.stored = ANY (ARRAY(
               SELECT i.stored FROM lrs_inherited i
                WHERE i.store = {_STORE} AND i.stored > greatest({_AFTER}, {_FILED}) AND {_match("i", groups, verb)})))
     ORDER BY s.stored {order} LIMIT {_LIMIT}
    """


def _filed(groups: list[list[str]], verb: str | None, order: str) -> str:
    """The statements that the postings of the first group name, block by block, and those of the second name too."""
    walked = " UNION ALL ".join(
        f"(SELECT last, stored, verbs FROM lrs_posting WHERE term = {term} AND last > {_AFTER} AND last <= {_LAST}"
        f" ORDER BY last {order})"
        for term in groups[0]
    )
    did = f" AND verb = {verb}" if verb else ""
    beside = others = both = ""
    if len(groups) > 1:
        beside = f"JOIN lrs_posting o ON o.term IN ({', '.join(groups[1])}) AND o.last = p.last"
        others, both = ", o.stored AS others", " AND stored = ANY (others)"
    return f"""
    SELECT s.stored, s.body
      FROM (SELECT DISTINCT last, stored
              FROM (SELECT p.last, unnest(p.stored) AS stored, unnest(p.verbs) AS verb{others}
                      FROM ({walked}) p {beside}
                     ORDER BY p.last {order}) e
             WHERE stored > {_AFTER} AND stored < {_BEFORE}{did}{both}
             ORDER BY last {order}, stored {order}) c
      JOIN lrs_statement s ON s.store = {_STORE} AND s.stored = c.stored
     WHERE NOT s.is_voided
       AND ({_match("s", groups, verb)} OR {_INHERITS} AND EXISTS (
               SELECT FROM lrs_inherited i
                WHERE i.store = {_STORE} AND i.stored = s.stored AND {_match("i", groups, verb)}))
     ORDER BY c.last {order}, c.stored {order} LIMIT {_LIMIT}
    """


def _match(row: str, groups: list[list[str]], verb: str | None) -> str:
    """Whether the terms of a row have one of each group; of references all that is asked for holds for one target."""
    held = [f"({' OR '.join(f'{term} = ANY ({row}.terms)' for term in members)})" for members in groups]
    return "(" + " AND ".join([*held, *([f"{row}.terms[1] = {verb}"] if verb else [])]) + ")"


_FIND_ONE = Prepared(
    "lrs_find_one",
    """
    SELECT s.stored, s.is_voided, s.body
      FROM lrs_statement_id i JOIN lrs_statement s ON s.store = i.store AND s.stored = i.stored
     WHERE i.store = $1::int AND i.id = $2::uuid
    """,
)


def find_one(connection: Connection[Any], store: int, statement_id: UUID) -> tuple[int, bool, bytes] | None:
    """When a statement was stored, whether it is voided, and its body."""
    for stored, is_voided, body in wire.rows(_FIND_ONE.run(connection, [int4(store), statement_id.bytes])):
        return wire.integer(stored), is_voided == b"\x01", body
    return None


_HAS_TERM = Prepared(
    "lrs_has_term",
    "SELECT 1 FROM lrs_statement WHERE store = $1::int AND stored = $2::bigint AND $3::bigint = ANY (terms)",
)


def has_term(connection: Connection[Any], store: int, stored: int, term: int) -> bool:
    """Whether the statement itself has the term."""
    return _HAS_TERM.run(connection, [int4(store), int8(stored), int8(term)]).ntuples > 0


_THROUGH = Prepared(
    "lrs_through",
    """
    SELECT now_us, (SELECT last_stored FROM lrs_store WHERE number = $1::int),
           pg_try_advisory_xact_lock_shared($2::int, $1::int)
      FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us OFFSET 0) t
    """,
)


def consistent_through(connection: Connection[Any], store: int) -> int:
    """Microseconds up to which no statement can come any more: no transaction that will commit is before it.

    A writer holds the lock of its store; whoever takes it later gets a later time. So when it is free, that is the
    clock of before it was asked for; while it is held, it is the newest committed time. No transaction may be open:
    the lock that is taken to ask is given back at the end of this statement.
    """
    [(now, last, is_free)] = wire.rows(_THROUGH.run(connection, [int4(store), int4(ORDER_LOCK)]))
    newest = wire.integer(last)
    return max(wire.integer(now), newest) if is_free == b"\x01" else newest
