"""Rewriting or removing statements that are stored, with everything that they are found under.

The one place that changes statements after they were stored; immutability (Data 2.3.1) yields only to erasure and to
the end of what is kept. Whoever writes here has the store's order (`intake.take_order`), as every writer has: so no
reference is followed to a statement while it changes, and two erasures never write over each other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.storage import postings
from hub.xapi_lrs.storage.references import Reference, pointing_to, sources_of, targets_of_id
from hub.xapi_lrs.storage.terms import term_number


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement as it is stored."""

    stored: int
    id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a statement: `before` as it was, read; `after` as it will be, None when it goes; `body` the
    latter as bytes."""

    stored: int
    id: UUID
    before: dict[str, Any]
    after: dict[str, Any] | None
    body: bytes | None


#: When statements were stored that may have one of the terms, voided ones too: of what is filed by the postings, block
#: by block (what they only inherit from a target is among it), of what is not by looking at each.
_MAYBE_UNDER = """
SELECT e.stored
  FROM lrs_posting p, unnest(p.stored) AS e(stored)
 WHERE p.term = ANY(%(terms)s) AND p.last > %(after)s AND e.stored > %(after)s
 UNION
SELECT stored
  FROM lrs_statement
 WHERE store = %(store)s AND terms && %(terms)s
   AND stored > greatest(%(after)s, (SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = %(store)s))
"""


def times_under(connection: Connection[Any], terms: Sequence[int], store: int, after: int, limit: int) -> list[int]:
    """When the statements were stored that may have one of these terms, voided ones too: the first `limit` after a
    time, in order. Every list of the terms is read for it, so ask for many at once."""
    given = {"terms": list(terms), "store": store, "after": after, "limit": limit}
    query = f"{_MAYBE_UNDER} ORDER BY stored LIMIT %(limit)s"
    return [row[0] for row in connection.execute(query, given, binary=True).fetchall()]


def found_under(connection: Connection[Any], terms: Sequence[int], store: int, times: Sequence[int]) -> list[Kept]:
    """Of the statements stored at these times those that have one of the terms themselves, in order."""
    query = """
    SELECT stored, id, body FROM lrs_statement
     WHERE store = %s AND stored = ANY(%s) AND terms && %s
     ORDER BY stored
    """
    given = (store, list(times), list(terms))
    return [Kept(*row) for row in connection.execute(query, given, binary=True).fetchall()]


def count_under(connection: Connection[Any], terms: Sequence[int], store: int) -> int:
    """How many statements have one of these terms themselves."""
    given = {"terms": list(terms), "store": store, "after": -1}
    query = f"""
    SELECT count(*) FROM ({_MAYBE_UNDER}) u
      JOIN lrs_statement s ON s.store = %(store)s AND s.stored = u.stored AND s.terms && %(terms)s
    """
    return int(connection.execute(query, given).fetchone()[0])  # type: ignore[index]


def stored_before(connection: Connection[Any], store: int, before: int, limit: int) -> list[Kept]:
    """The oldest statements of the store that were stored before a time (microseconds), voided ones too."""
    query = """
    SELECT stored, id, body FROM lrs_statement WHERE store = %s AND stored < %s ORDER BY stored LIMIT %s
    """
    return [Kept(*row) for row in connection.execute(query, (store, before, limit), binary=True).fetchall()]


def newest(connection: Connection[Any], store: int) -> int:
    """When the newest statement of the store was stored (microseconds): -1 without any."""
    query = "SELECT coalesce(max(stored), -1) FROM lrs_statement WHERE store = %s"
    return int(connection.execute(query, (store,)).fetchone()[0])  # type: ignore[index]


def with_attachments(connection: Connection[Any], store: int, after: int = -1) -> Iterator[Kept]:
    """Every statement of the store that may have attachments and was stored after a time, read a few at a time."""
    query = """
    SELECT stored, id, body FROM lrs_statement
     WHERE store = %s AND stored > %s AND position('"attachments"'::bytea IN body) > 0
    """
    with connection.cursor("with_attachments", binary=True) as cursor:
        cursor.execute(query, (store, after))
        for row in cursor:
            yield Kept(*row)


def rewrite(connection: Connection[Any], store: int, key: bytes, changes: Sequence[Change]) -> None:
    """Make the changes, in the open transaction of who has the store's order.

    Each statement is found under what it says now and nothing else; so are those that target it, directly or through
    others. A removed statement's id is free again; references to it lead nowhere.
    """
    targeted = {each.target_id for each in pointing_to(connection, store, [change.id for change in changes])}
    linked = [each for each in changes if each.id in targeted or filing.target_of(each.before)]
    alone = [each for each in changes if each.id not in targeted and not filing.target_of(each.before)]
    _apply(connection, store, key, alone, [])
    for change in linked:  # One by one: what one is found under may follow from another.
        _apply(connection, store, key, [change], sources_of(connection, store, change.id))


def _apply(
    connection: Connection[Any], store: int, key: bytes, changes: Sequence[Change], sources: Sequence[Reference]
) -> None:
    """Make changes that have nothing to do with each other; `sources` target the only one of them."""
    gone: list[postings.Entry] = []
    come: list[postings.Entry] = []
    for change in changes:
        old = postings.terms_of(change.before, key)
        new = postings.terms_of(change.after, key) if change.after is not None else []
        times = [change.stored, *(source.stored for source in sources)]
        gone += [(term, stored, old[0]) for term in old if term not in new for stored in times]
        come += [(term, stored, new[0]) for term in new if term not in old for stored in times]
        if change.after is None and (sources or filing.target_of(change.before)):
            gone += _disinherit(connection, store, key, change, times)
    postings.begin_changing(connection, store)
    _replace(connection, store, key, changes, sources)
    _remove(connection, store, [change for change in changes if change.after is None])
    postings.post(connection, store, come)
    postings.drop(connection, store, gone)


def _disinherit(
    connection: Connection[Any], store: int, key: bytes, gone: Change, times: Sequence[int]
) -> Iterator[postings.Entry]:
    """What the one that goes, and those that target it, were found under because it leads further."""
    further = targets_of_id(connection, store, gone.id) if filing.target_of(gone.before) else []
    connection.execute(
        "DELETE FROM lrs_inherited WHERE store = %s AND stored = ANY(%s) AND target_id = ANY(%s)",
        (store, list(times), [gone.id, *(filed.id for filed in further)]),
    )
    for filed in further:
        terms = postings.terms_of(filed.statement, key)
        yield from ((term, stored, terms[0]) for term in terms for stored in times)


def _replace(
    connection: Connection[Any], store: int, key: bytes, changes: Sequence[Change], sources: Sequence[Reference]
) -> None:
    rows = [(postings.terms_of(each.after, key), each) for each in changes if each.after is not None]
    connection.execute(
        """
        UPDATE lrs_statement s SET body = n.body, terms = n.terms::bigint[]
          FROM unnest(%(times)s::bigint[], %(bodies)s::bytea[], %(terms)s::text[]) AS n(stored, body, terms)
         WHERE s.store = %(store)s AND s.stored = ANY(%(times)s) AND s.stored = n.stored
        """,
        {
            "store": store,
            "times": [change.stored for _, change in rows],
            "bodies": [change.body for _, change in rows],
            # As text: in an array of arrays all have the same length.
            "terms": [f"{{{','.join(map(str, terms))}}}" for terms, _ in rows],
        },
    )
    times = [source.stored for source in sources]
    for terms, change in rows if times else ():
        connection.execute(
            "UPDATE lrs_inherited SET terms = %s WHERE store = %s AND stored = ANY(%s) AND target_id = %s",
            (terms, store, times, change.id),
        )


def _remove(connection: Connection[Any], store: int, changes: Sequence[Change]) -> None:
    if not changes:
        return
    ids, times = [each.id for each in changes], [each.stored for each in changes]
    connection.execute("DELETE FROM lrs_statement WHERE store = %s AND stored = ANY(%s)", (store, times))
    connection.execute("DELETE FROM lrs_statement_id WHERE store = %s AND id = ANY(%s)", (store, ids))
    _forget_references(connection, store, [each for each in changes if filing.target_of(each.before)])
    connection.execute("DELETE FROM lrs_reference WHERE store = %s AND target_id = ANY(%s)", (store, ids))


def _forget_references(connection: Connection[Any], store: int, sources: Sequence[Change]) -> None:
    """A reference that waited for its target waits no more."""
    for source in sources:
        target = UUID(filing.target_of(source.before))
        gone = connection.execute(
            "DELETE FROM lrs_reference WHERE store = %s AND target_id = %s AND source_id = %s",
            (store, target, source.id),
        ).rowcount
        waited = connection.execute(
            "SELECT NOT EXISTS (SELECT FROM lrs_statement_id WHERE store = %s AND id = %s)", (store, target)
        ).fetchone()
        if gone and waited and waited[0]:
            connection.execute("UPDATE lrs_store SET dangling = greatest(dangling - 1, 0) WHERE number = %s", (store,))


def forget_definitions(connection: Connection[Any], store: int, key: bytes, activity_ids: Iterable[str]) -> int:
    """Remove what the store learned of those activities that no statement names any more; returns of how many."""
    return _forget_unnamed(connection, store, key, "lrs_activity", _ACTIVITIES, activity_ids)


def forget_unnamed_agents(connection: Connection[Any], store: int, key: bytes, agent_keys: Iterable[str]) -> int:
    """Remove the names of those agents that no statement names any more; returns of how many."""
    return _forget_unnamed(connection, store, key, "lrs_agent", _AGENTS, agent_keys)


#: What activities and agents are filed under; the first is what they are learned under.
_ACTIVITIES = (filing.ACTIVITY, filing.RELATED_ACTIVITY)
_AGENTS = (filing.AGENT, filing.RELATED_AGENT)


def _forget_unnamed(
    connection: Connection[Any], store: int, key: bytes, table: str, kinds: tuple[str, str], values: Iterable[str]
) -> int:
    pairs = [[term_number(key, (kind, each)) for kind in kinds] for each in values]
    if not pairs:
        return 0
    query = f"""
    WITH unfiled AS MATERIALIZED (
        SELECT unnest(terms) AS term
          FROM lrs_statement
         WHERE store = %(store)s
           AND stored > (SELECT coalesce(max(last), 0) FROM lrs_block WHERE store = %(store)s)
    )
    DELETE FROM {table} a USING unnest(%(terms)s::bigint[], %(related)s::bigint[]) AS g(term, related)
     WHERE a.store = %(store)s AND a.term = g.term
       AND (SELECT true FROM lrs_posting p WHERE p.term = g.term LIMIT 1) IS NULL
       AND (SELECT true FROM lrs_posting p WHERE p.term = g.related LIMIT 1) IS NULL
       AND NOT EXISTS (SELECT FROM unfiled u WHERE u.term IN (g.term, g.related))
    """  # LIMIT: each is looked up, where NOT EXISTS might be planned as reading all postings.
    terms, related = (list(column) for column in zip(*pairs, strict=True))
    return connection.execute(query, {"store": store, "terms": terms, "related": related}).rowcount


def forget_agents(connection: Connection[Any], store: int, key: bytes, agent_keys: Iterable[str]) -> int:
    """Remove the names that the store learned of those agents; returns of how many."""
    terms = [term_number(key, (filing.AGENT, each)) for each in agent_keys]
    query = "DELETE FROM lrs_agent WHERE store = %s AND term = ANY(%s)"
    return connection.execute(query, (store, terms)).rowcount
