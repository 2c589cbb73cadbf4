"""The replay of an attempt: what content and sequencing did, in order, with the reasons."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response, g, render_template, request

from hub.console.blueprint import console
from hub.console.listing import Listing, place
from hub.http import action, principal, service
from hub.http.downloads import json_response
from hub.scorm.services.registrations import Registrations
from hub.scorm.services.replays import KINDS, Replays, Wanted
from hub.scorm.views.registration_schemas import ReplayRecordSchema

#: A record holds the calls of one commit, so a page has room for fewer of them than of other rows.
ROWS = 40


@console.get("/registrations/<uuid:registration_id>/attempts/<int:number>/replay")
@action("replays.read")
def registrations_replay(registration_id: UUID, number: int) -> str:
    g.console_section = "registrations"
    here = place()
    after = UUID(here.after[0]) if here.after else None
    found = service(Replays).get(principal(), registration_id, number, _wanted(), after, ROWS)
    older = None if found.next_id is None else here.older([str(found.next_id)])
    filters = [request.args.get(name) for name in ("kind", "activity", "errors")]
    return render_template(
        "console/replay.html",
        registration=service(Registrations).get(principal(), registration_id).registration,
        replay=found,
        found=Listing(found.records, older, here.newer, any(filters)),
        kinds=KINDS,
    )


@console.get("/registrations/<uuid:registration_id>/attempts/<int:number>/replay.json")
@action("replays.read")
def registrations_replay_download(registration_id: UUID, number: int) -> Response:
    """The whole replay as one JSON document, written as it is read."""
    replays, reader = service(Replays), principal()
    shown = replays.get(reader, registration_id, number, limit=1)
    head = {"registration": str(registration_id), "attempt": number, "standard": shown.standard, "titles": shown.titles}
    return json_response(
        f"replay-{registration_id}-{number}", head, "records", _dumped(replays, registration_id, number)
    )


def _dumped(replays: Replays, registration_id: UUID, number: int) -> Iterator[dict[str, Any]]:
    schema = ReplayRecordSchema()
    for record in replays.all(principal(), registration_id, number):
        yield schema.dump(asdict(record))


def _wanted() -> Wanted:
    return Wanted(
        request.args.get("kind") or None, request.args.get("activity") or None, bool(request.args.get("errors"))
    )
