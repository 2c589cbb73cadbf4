"""Learners: who takes courses, and what each has taken."""

import json
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import Surroundings, console
from hub.console.forms import Form
from hub.console.listing import Listing, listing, place
from hub.console.views.statements import sentences
from hub.http import action, principal, service
from hub.http.paging import time_and_id
from hub.scorm.services.learner_statements import LearnerStatements
from hub.scorm.services.learners import Learners, agent_of
from hub.scorm.services.mentors import Mentors
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
    return _page(learner_id)


def _page(learner_id: UUID, *, mentor: Form | None = None, account: Form | None = None) -> str:
    """The page with the form that was sent, and the others as new."""
    learner = service(Learners).get(principal(), learner_id)
    taken: Listing[RegistrationView] | None = None
    if principal().may("registrations.read"):
        taken = listing(
            lambda after, limit: service(Registrations).page(
                principal(),
                Filters(learner_id=learner_id),
                time_and_id(after),
                limit,
            ),
            key=lambda row: [row.created_at.isoformat(), str(row.id)],
        )
    return render_template(
        "console/learner.html",
        learner=learner,
        found=taken,
        agent=json.dumps(agent_of(learner, service(Surroundings).public_url)),
        mentors=service(Mentors).of_learner(principal(), learner_id),
        account=service(Mentors).account_of(principal(), learner_id),
        mentor_form=mentor or Form.unsent(),
        account_form=account or Form.unsent(),
    )


@console.get("/learners/<uuid:learner_id>/statements")
@action("learners.follow")
def learners_statements(learner_id: UUID) -> str:
    """What the LRS holds about one learner, for those who may not read the whole store."""
    learner = service(Learners).get(principal(), learner_id)
    here = place()
    page = service(LearnerStatements).page(principal(), learner_id, here.after[0] if here.after else None)
    older = None if page.boundary is None else here.older([page.boundary])
    found = Listing(sentences(page.bodies), older, here.newer, False)
    return render_template("console/learner_statements.html", learner=learner, found=found)


@console.post("/learners/<uuid:learner_id>/mentors")
@action("learners.write")
def learners_assign(learner_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    form.attempt(lambda: service(Mentors).assign(principal(), learner_id, form["user"]))
    if form.refusal is not None:
        return _page(learner_id, mentor=form), form.status
    return redirect(url_for("console.learners_one", learner_id=learner_id, done="mentor-assigned"), 303)


@console.post("/learners/<uuid:learner_id>/mentors/<uuid:user_id>/remove")
@action("learners.write")
def learners_release(learner_id: UUID, user_id: UUID) -> Response:
    service(Mentors).release(principal(), learner_id, user_id)
    return redirect(url_for("console.learners_one", learner_id=learner_id, done="mentor-released"), 303)


@console.post("/learners/<uuid:learner_id>/account")
@action("learners.write")
def learners_account(learner_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    form.attempt(lambda: service(Mentors).connect_account(principal(), learner_id, form["account"].strip() or None))
    if form.refusal is not None:
        return _page(learner_id, account=form), form.status
    return redirect(url_for("console.learners_one", learner_id=learner_id, done="account-connected"), 303)
