"""StatementRefs: a statement is found under whatever the statements it targets are found under, and may void them.

"Statement a is a match when a targets b which targets c and the filter conditions match for c" (Communication 2.1.3,
"Filter Conditions for StatementRefs"). So when both ends of a reference are there, the source and all that target it
get the terms of the target and all that it targets. These statements are few; nothing here is on the common path.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.storage import intake, postings


@dataclass(frozen=True, slots=True)
class Reference:
    """A statement that targets another: `stored` is the time of `source_id`."""

    target_id: UUID
    source_id: UUID
    stored: int
    is_voiding: bool


@dataclass(frozen=True, slots=True)
class Filed:
    """A statement as far as references need it."""

    id: UUID
    stored: int
    statement: dict[str, Any]


def pointing_to(connection: Connection[Any], store: int, targets: Sequence[UUID]) -> list[Reference]:
    """The statements that target any of `targets`."""
    query = """
    SELECT target_id, source_id, stored, is_voiding FROM lrs_reference WHERE store = %s AND target_id = ANY(%s)
    """
    return [Reference(*row) for row in connection.execute(query, (store, list(targets))).fetchall()]


def connect(
    connection: Connection[Any], store: int, key: bytes, made: Sequence[Reference], waiting: Sequence[Reference]
) -> None:
    """Enter new references (`made`), and follow them and those whose target has just come (`waiting`)."""
    _insert(connection, store, made)
    dangling = follow(connection, store, key, [*made, *waiting]) - len(waiting)
    if dangling:
        connection.execute("UPDATE lrs_store SET dangling = dangling + %s WHERE number = %s", (dangling, store))


def follow(connection: Connection[Any], store: int, key: bytes, known: Iterable[Reference]) -> int:
    """Let the source of each reference be found under what its target is found under, and void what is to be voided.
    Returns how many of the targets are not there."""
    dangling = 0
    for reference in known:
        target = _load(connection, store, [reference.target_id])
        if target:
            _follow(connection, store, key, reference, target[0])
        else:
            dangling += 1
    return dangling


def _insert(connection: Connection[Any], store: int, made: Sequence[Reference]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO lrs_reference (store, target_id, source_id, stored, is_voiding) VALUES (%s, %s, %s, %s, %s)",
            [(store, each.target_id, each.source_id, each.stored, each.is_voiding) for each in made],
        )


def _follow(connection: Connection[Any], store: int, key: bytes, reference: Reference, target: Filed) -> None:
    if reference.is_voiding and not filing.is_voiding(target.statement):
        intake.mark_voided(connection, store, target.stored)
    sources = [reference, *sources_of(connection, store, reference.source_id)]
    for filed in [target, *_targets_of(connection, store, target)]:
        terms = postings.terms_of(filed.statement, key)
        for source in sources:
            if source.source_id != filed.id:
                postings.inherit(connection, store, source.stored, filed.id, terms)


def sources_of(connection: Connection[Any], store: int, statement_id: UUID) -> list[Reference]:
    """Every statement that targets this one, directly or through others."""
    found: dict[UUID, Reference] = {}
    level: Iterable[UUID] = [statement_id]
    while level := list(level):
        new = [each for each in pointing_to(connection, store, level) if each.source_id not in found]
        found.update({each.source_id: each for each in new})
        level = {each.source_id for each in new}
    return [each for each in found.values() if each.source_id != statement_id]


def _targets_of(connection: Connection[Any], store: int, source: Filed) -> list[Filed]:
    """Every statement that this one targets, directly or through others."""
    found: dict[UUID, Filed] = {source.id: source}
    at: Filed | None = source
    while at is not None:
        target_id = filing.target_of(at.statement)
        loaded = _load(connection, store, [UUID(target_id)]) if target_id and UUID(target_id) not in found else []
        at = loaded[0] if loaded else None
        if at is not None:
            found[at.id] = at
    return [each for each in found.values() if each is not source]


def targets_of_id(connection: Connection[Any], store: int, statement_id: UUID) -> list[Filed]:
    """Every statement that the one of this id targets, directly or through others."""
    sources = _load(connection, store, [statement_id])
    return [each for source in sources for each in _targets_of(connection, store, source)]


def _load(connection: Connection[Any], store: int, ids: Sequence[UUID]) -> list[Filed]:
    return [
        Filed(statement_id, stored, orjson.loads(body))
        for statement_id, (stored, body) in intake.bodies_of(connection, store, ids).items()
        if body is not None
    ]
