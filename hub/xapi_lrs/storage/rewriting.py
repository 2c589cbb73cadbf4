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

from hub.xapi_lrs.spec import actors, filing
from hub.xapi_lrs.storage.references import Reference, pointing_to, sources_of, targets_of_id, via_of
from hub.xapi_lrs.storage.terms import term_bytes, term_number

Terms = frozenset[int]

#: An entry of the index: term, `stored`, and through which statement (`Term`).
_Entry = tuple[int, int, int]


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


def found_under(connection: Connection[Any], terms: Sequence[int], store: int, after: int, limit: int) -> list[Kept]:
    """Up to `limit` statements that have one of these terms themselves, voided ones too, in the order of `stored`, from
    those after a time on."""
    if not terms:
        return []
    ranges = " UNION ALL ".join(
        "(SELECT stored FROM lrs_term WHERE term = %s AND stored > %s AND via = 0 ORDER BY stored LIMIT %s)"
        for _ in terms
    )
    query = f"""
    SELECT s.stored, s.id, s.body
      FROM (SELECT DISTINCT stored FROM ({ranges}) r ORDER BY stored LIMIT %s) f
      JOIN lrs_statement s ON s.store = %s AND s.stored = f.stored
     ORDER BY s.stored
    """
    given = [value for term in terms for value in (term, after, limit)]
    return [Kept(*row) for row in connection.execute(query, [*given, limit, store], binary=True).fetchall()]


def count_under(connection: Connection[Any], terms: Sequence[int]) -> int:
    """How many statements have one of these terms themselves."""
    query = "SELECT count(DISTINCT stored) FROM lrs_term WHERE term = ANY(%s) AND via = 0"
    return int(connection.execute(query, (list(terms),)).fetchone()[0])  # type: ignore[index]


def stored_before(connection: Connection[Any], store: int, before: int, limit: int) -> list[Kept]:
    """The oldest statements of the store that were stored before a time (microseconds), voided ones too."""
    query = """
    SELECT stored, id, body FROM lrs_statement WHERE store = %s AND stored < %s ORDER BY stored LIMIT %s
    """
    return [Kept(*row) for row in connection.execute(query, (store, before, limit), binary=True).fetchall()]


def with_attachments(connection: Connection[Any], store: int) -> Iterator[bytes]:
    """Every statement of the store that may have attachments, read a few at a time."""
    query = "SELECT body FROM lrs_statement WHERE store = %s AND position('\"attachments\"'::bytea IN body) > 0"
    with connection.cursor("with_attachments", binary=True) as cursor:
        cursor.execute(query, (store,))
        for (body,) in cursor:
            yield body


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
    gone: list[_Entry] = []
    come: list[tuple[int, int, int, int]] = []
    for change in changes:
        old, new = terms_of(change.before, key), terms_of(change.after, key) if change.after else frozenset()
        verb = term_number(key, (filing.VERB, change.before["verb"]["id"]))
        for stored, via in [(change.stored, 0), *((source.stored, via_of(change.id)) for source in sources)]:
            gone += [(term, stored, via) for term in old - new]
            come += [(term, stored, verb, via) for term in new - old]
        if change.after is None:
            gone += _found_through(connection, store, key, change, sources)
    _remove_terms(connection, gone)
    _add_terms(connection, come)
    _replace(connection, store, [change for change in changes if change.after is not None])
    _remove(connection, store, [change for change in changes if change.after is None])


def terms_of(statement: dict[str, Any], key: bytes) -> Terms:
    """The numbers of everything that a stored statement is found under by itself."""
    authority = actors.key_of(statement["authority"])
    hashes = (term_bytes(key, *term) for term in filing.terms_of(statement, authority))
    return frozenset(int.from_bytes(each, "big", signed=True) for each in hashes)


def _found_through(
    connection: Connection[Any], store: int, key: bytes, gone: Change, sources: Sequence[Reference]
) -> Iterator[_Entry]:
    """What the one that goes, and those that target it, are found under because it leads further."""
    if filing.target_of(gone.before) is None:
        return
    for filed in targets_of_id(connection, store, gone.id):
        for stored in (gone.stored, *(source.stored for source in sources)):
            yield from ((term, stored, via_of(filed.id)) for term in terms_of(filed.statement, key))


def _remove_terms(connection: Connection[Any], gone: Sequence[_Entry]) -> None:
    if gone:
        terms, times, vias = (list(column) for column in zip(*gone, strict=True))
        connection.execute(
            """
            DELETE FROM lrs_term t
             USING unnest(%s::bigint[], %s::bigint[], %s::smallint[]) AS g(term, stored, via)
             WHERE t.term = g.term AND t.stored = g.stored AND t.via = g.via AND t.stored BETWEEN %s AND %s
            """,
            (terms, times, vias, min(times), max(times)),
        )


def _add_terms(connection: Connection[Any], come: Sequence[tuple[int, int, int, int]]) -> None:
    if come:
        connection.execute(
            "INSERT INTO lrs_term (term, stored, verb, via)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[])",
            [list(column) for column in zip(*come, strict=True)],
        )


def _replace(connection: Connection[Any], store: int, changes: Sequence[Change]) -> None:
    if changes:
        connection.execute(
            """
            UPDATE lrs_statement s SET body = g.body
              FROM unnest(%s::bigint[], %s::bytea[]) AS g(stored, body)
             WHERE s.store = %s AND s.stored = g.stored
            """,
            ([each.stored for each in changes], [each.body for each in changes], store),
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
    names = [
        (term_number(key, (filing.ACTIVITY, each)), term_number(key, (filing.RELATED_ACTIVITY, each)))
        for each in activity_ids
    ]
    if not names:
        return 0
    query = """
    DELETE FROM lrs_activity a USING unnest(%s::bigint[], %s::bigint[]) AS g(term, related)
     WHERE a.store = %s AND a.term = g.term
       AND NOT EXISTS (SELECT FROM lrs_term t WHERE t.term = g.term)
       AND NOT EXISTS (SELECT FROM lrs_term t WHERE t.term = g.related)
    """
    columns = [list(column) for column in zip(*names, strict=True)]
    return connection.execute(query, (*columns, store)).rowcount


def forget_agents(connection: Connection[Any], store: int, key: bytes, agent_keys: Iterable[str]) -> int:
    """Remove the names that the store learned of those agents; returns of how many."""
    terms = [term_number(key, (filing.AGENT, each)) for each in agent_keys]
    query = "DELETE FROM lrs_agent WHERE store = %s AND term = ANY(%s)"
    return connection.execute(query, (store, terms)).rowcount
