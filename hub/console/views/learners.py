"""Learners: who takes courses, and what each has taken."""

import json
from datetime import datetime
from uuid import UUID

from flask import render_template, request

from hub.console.blueprint import Surroundings, console
from hub.console.listing import Listing, listing
from hub.http import action, principal, service
from hub.scorm.services.learners import Learners, agent_of
from hub.scorm.services.registrations import Filters, Registrations, RegistrationView


@console.get("/learners")
@action("learners.read")
def learners() -> str:
    search = request.args.get("q", "").strip()
    found = listing(
        lambda after, limit: service(Learners).page(principal(), search, after, limit),
        key=lambda row: [row.created_at.isoformat(), str(row.id)],
    )
    return render_template("console/learners.html", found=found)


@console.get("/learners/<uuid:learner_id>")
@action("learners.read")
def learners_one(learner_id: UUID) -> str:
    learner = service(Learners).get(principal(), learner_id)
    taken: Listing[RegistrationView] | None = None
    if principal().may("registrations.read"):
        taken = listing(
            lambda after, limit: service(Registrations).page(
                principal(),
                Filters(learner_id=learner_id),
                (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None,
                limit,
            ),
            key=lambda row: [row.created_at.isoformat(), str(row.id)],
        )
    agent = json.dumps(agent_of(learner, service(Surroundings).public_url))
    return render_template("console/learner.html", learner=learner, found=taken, agent=agent)
