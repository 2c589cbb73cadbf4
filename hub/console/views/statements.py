"""Statements: a browser of the LRS."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from shlex import quote
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, render_template, request, url_for
from flask_babel import get_locale

from hub.console.blueprint import console
from hub.console.listing import Listing, place
from hub.console.query import last_moment, moment
from hub.console.sentences import Sentence, sentence_of
from hub.errors import Invalid, NotFound, Violation
from hub.http import action, principal, service
from hub.http.downloads import UTF_8_MARK, file_response
from hub.identity import Principal
from hub.xapi_lrs.services.attachments import Attachments
from hub.xapi_lrs.services.statements import LARGEST_PAGE, Statements, StoredStatement
from hub.xapi_lrs.services.stores import Stores, StoreView
from hub.xapi_lrs.spec import rows
from hub.xapi_lrs.spec.query import END_OF_TIME, StatementQuery, continued, parse
from hub.xapi_lrs.spec.values import is_sha1
from hub.xapi_lrs.spec.versions import HEADER, V2_0

ROWS = 50

#: The most rows of a live tail: what came at once, and what the page keeps. The rest is in the list.
MOST_FOLLOWED = LARGEST_PAGE

FILTERS = ("actor", "verb", "activity", "registration", "since", "until")

#: The verbs that the Hub itself writes, as suggestions.
VERBS = [
    f"http://adlnet.gov/expapi/verbs/{name}"
    for name in (
        "initialized",
        "completed",
        "passed",
        "failed",
        "scored",
        "responded",
        "suspended",
        "resumed",
        "terminated",
    )
]


@console.get("/statements")
@action("statements.read")
def statements() -> str | tuple[str, int]:
    if "after" in request.args:
        return _newer(min(request.args.get("after", 0, type=int), END_OF_TIME))
    store = _store()
    try:
        query = replace(_query(), limit=ROWS)
    except Invalid as refusal:
        return _page(store, Listing([], None, None, True), refusal=refusal), refusal.status
    here = place()
    wanted = continued(query, here.after[0]) if here.after else query
    page = service(Statements).find(principal(), wanted, store_name=store.name)
    found = Listing(
        sentences(page.bodies),
        None if page.boundary is None else here.older([page.boundary]),
        here.newer,
        any(request.args.get(name) for name in FILTERS),
    )
    return _page(store, found, as_command=_command_of_query())


def _page(store: StoreView, found: Listing[Sentence], **rest: Any) -> str:
    """The list with its filters, which stay as they are also when they are `refusal`'s cause."""
    return render_template(
        "console/statements.html",
        found=found,
        store=store,
        stores=_stores(),
        verbs=VERBS,
        after=found.rows[0].stored if found.rows else 0,
        is_live="live" in request.args,
        most=MOST_FOLLOWED,
        **rest,
    )


def _newer(after: int) -> str:
    """Rows for the live tail: what was stored after that moment (microseconds), and where to go on.

    As `stored` rises in the order of commits, nothing comes later that belongs before the newest row.
    """
    query = replace(_query(), limit=MOST_FOLLOWED, after=after)
    shown = sentences(service(Statements).find(principal(), query, store_name=_store().name).bodies)
    newest = shown[0].stored if shown else after
    return render_template("console/statement_tail.html", rows=shown, after=newest)


def sentences(bodies: Iterable[bytes]) -> list[Sentence]:
    """Statements as sentences in the reader's language."""
    languages = _languages()
    return [sentence_of(orjson.loads(body), languages) for body in bodies]


def _languages() -> tuple[str, ...]:
    return str(get_locale()).replace("_", "-"), "en"


@console.get("/statements/<uuid:statement_id>")
@action("statements.read")
def statements_one(statement_id: UUID) -> str:
    """One statement; htmx asks for its JSON alone."""
    reader = replace(principal(), store_id=_store().id)
    found, is_voided = _found(reader, str(statement_id))
    statement = orjson.loads(found.body)
    if request.args.get("part") == "json":
        return render_template("console/statement_json.html", statement=statement)
    (sentence,) = sentences([found.body])
    signatures = service(Attachments).signatures_of(reader, found.body)
    return render_template(
        "console/statement.html",
        statement=statement,
        sentence=sentence,
        signatures=signatures,
        is_voided=is_voided,
    )


def _found(reader: Principal, statement_id: str) -> tuple[StoredStatement, bool]:
    """The statement of an id, and whether it was voided: people may look at what counts no more."""
    try:
        return service(Statements).find_one(reader, StatementQuery(statement_id=statement_id)), False
    except NotFound:
        return service(Statements).find_one(reader, StatementQuery(voided_statement_id=statement_id)), True


@console.get("/statements/download")
@action("statements.read")
def statements_download() -> Response:
    """Every match as JSON Lines, or as the rows of a table (`as=csv`), like `GET /api/v1/stores/ID/statements`."""
    bodies = service(Statements).each(principal(), _query(), store_name=_store().name)
    if request.args.get("as") != "csv":
        return file_response(rows.json_lines(bodies), "application/jsonl; charset=utf-8", "statements.jsonl")
    table = chain([UTF_8_MARK], rows.csv_lines(bodies, _languages()))
    return file_response(table, "text/csv; charset=utf-8", "statements.csv")


def _stores() -> list[StoreView]:
    return service(Stores).list(principal()) if principal().may("stores.read") else []


def _store() -> StoreView:
    return service(Stores).of(principal(), request.args.get("store") or None)


def _query() -> StatementQuery:
    """The filters as the LRS knows them; `Invalid` names the fields that are not right, as the page calls them."""
    try:
        return parse(_parameters())
    except Invalid as refused:
        others = [each for each in refused.violations if not each.where.startswith("agent")]
        if len(others) < len(refused.violations):
            others.append(
                Violation("form", "actor", "must be an e-mail address, its SHA-1, an OpenID or an agent as JSON")
            )
        raise Invalid(refused.detail, code=refused.code, violations=others) from None


def _parameters() -> dict[str, str]:
    """The filters as parameters of GET statements (Communication 2.1.3)."""
    parameters = {name: request.args.get(name, "").strip() for name in ("verb", "activity", "registration")}
    parameters["agent"] = _agent(request.args.get("actor", "").strip())
    for name, given in (("since", moment("since")), ("until", last_moment("until"))):
        parameters[name] = given.isoformat() if given else ""
    if request.args.get("related"):
        parameters["related_activities" if parameters["activity"] else "related_agents"] = "true"
    return {name: value for name, value in parameters.items() if value}


def _command_of_query() -> str:
    """What to type at a shell to get the same statements of the LRS, with a credential of the store."""
    address = f"{url_for('xapi.get_statements', _external=True)}?{urlencode(_parameters())}".rstrip("?")
    return f'curl -u "$LRS_KEY:$LRS_SECRET" -H "{HEADER}: {V2_0.latest}" {quote(address)}'


def _agent(text: str) -> str:
    """An actor as people type one: an e-mail address or its SHA-1, an OpenID, or the JSON of an agent (which the links
    of this page carry)."""
    if not text or text.startswith("{"):
        return text
    if is_sha1(text):
        return json.dumps({"mbox_sha1sum": text})
    if text.startswith(("http://", "https://")):
        return json.dumps({"openid": text})
    return json.dumps({"mbox": f"mailto:{text.removeprefix('mailto:')}"})
