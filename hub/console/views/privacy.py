"""Privacy: what there is about a person, exports and erasures, and how long things are kept."""

from datetime import datetime
from uuid import UUID

import orjson
from flask import Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.listing import listing
from hub.errors import Invalid, NotFound, Violation
from hub.http import action, principal, service
from hub.oauth.services.users import Users
from hub.personal_data import Identity, Person
from hub.privacy.services.jobs import JobView, PrivacyJobs
from hub.privacy.services.retention import Retentions, RetentionView
from hub.privacy.views.api import archive_response
from hub.scorm.services.consents import Consents


@console.get("/privacy")
@action("privacy.read")
def privacy() -> str:
    words = request.args.get("q", "").strip()
    found = [(each, _held([each])) for each in service(PrivacyJobs).look_up(principal(), words)] if words else None
    jobs = listing(
        lambda before, limit: service(PrivacyJobs).page(principal(), before, limit),
        key=lambda job: [job.created_at.isoformat(), str(job.id)],
    )
    return render_template("console/privacy.html", identities=found, found=jobs, form=Form.empty())


def _held(identities: list[Identity]) -> dict[str, int]:
    """What there is of these identities, by kind."""
    counts: dict[str, int] = {}
    for each in service(PrivacyJobs).holdings(principal(), identities):
        counts[each.kind] = counts.get(each.kind, 0) + each.count
    return counts


@console.post("/privacy/person")
@action("privacy.read")
def privacy_person() -> tuple[str, int]:
    """What there is of the person of the chosen identities. Nothing is done yet."""
    return _person_page(_chosen(), Form.empty())


def _chosen() -> list[Identity]:
    return service(PrivacyJobs).chosen(principal(), request.form.getlist("identity"))


def _person_page(identities: list[Identity], form: Form) -> tuple[str, int]:
    g.console_section = "privacy"
    page = render_template(
        "console/privacy_person.html",
        identities=identities,
        counts=_held(identities),
        consents=service(Consents).of_learners(principal(), Person.of(principal().tenant_id, identities).learners),
        form=form,
        confirmation=identities[0].label,
    )
    return page, form.status


@console.post("/privacy/export")
@action("privacy.write")
def privacy_export() -> AnyResponse:
    job = service(PrivacyJobs).export(principal(), _chosen())
    return redirect(url_for("console.privacy_one", job_id=job.id), 303)


@console.post("/privacy/erase")
@action("privacy.write")
def privacy_erase() -> AnyResponse | tuple[str, int]:
    """Only with the label of the person typed in: the second confirmation."""
    identities, form = _chosen(), Form()
    job = form.attempt(lambda: _erase(identities, form))
    if job is None:
        return _person_page(identities, form)
    return redirect(url_for("console.privacy_one", job_id=job.id), 303)


def _erase(identities: list[Identity], form: Form) -> JobView:
    if form["confirmation"].strip() != identities[0].label.strip():
        fault = Violation("form", "confirmation", "is not what it says above")
        raise Invalid("Nothing was erased.", code="not_confirmed", violations=[fault])
    return service(PrivacyJobs).erase(principal(), identities, form["treatment"])


@console.get("/privacy/jobs/<uuid:job_id>")
@action("privacy.read")
def privacy_one(job_id: UUID) -> str:
    return _job_page(job_id, "console.privacy")


@console.get("/privacy/jobs/<uuid:job_id>/archive")
@action("privacy.read")
def privacy_archive(job_id: UUID) -> Response:
    return archive_response(job_id)


@console.get("/privacy/jobs/<uuid:job_id>/certificate")
@action("privacy.read")
def privacy_certificate(job_id: UUID) -> Response:
    job = service(PrivacyJobs).get(principal(), job_id)
    if job.certificate is None:
        raise NotFound("There is no certificate (yet).", code="job_not_found")
    body = orjson.dumps({"certificate": job.certificate, "jws": job.signature}, option=orjson.OPT_INDENT_2)
    response = Response(body, content_type="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"erasure-{job.id}.json")
    return response


@console.route("/privacy/retention", methods=["GET", "POST"])
@action("privacy.write")
def privacy_retention() -> AnyResponse | tuple[str, int]:
    g.console_section = "privacy"
    known = service(Retentions).get(principal())
    form = Form(**{kind: str(days) for kind, days in known.days.items()})
    if form.is_sent:
        given = {name: value.strip() for name, value in form.values.items() if name not in ("csrf_token", "revision")}
        if form.attempt(lambda: _change_retention(given, form["revision"])) is not None:
            return redirect(url_for("console.privacy_retention", done="retention-changed"), 303)
    return render_template("console/privacy_retention.html", form=form, revision=known.revision), form.status


def _change_retention(given: dict[str, str], revision: str) -> RetentionView:
    return service(Retentions).change(principal(), given, int(revision) if revision.isdigit() else None)


@console.route("/privacy/consent", methods=["GET", "POST"])
@action("privacy.write")
def privacy_consent() -> AnyResponse | tuple[str, int]:
    g.console_section = "privacy"
    consents = service(Consents)
    known = consents.notice(principal())
    form = Form(text=known.text, is_asked="yes" if known.is_asked else "")
    if form.is_sent:
        version = int(form["version"]) if form["version"].isdigit() else None
        is_asked = "is_asked" in form.values
        if form.attempt(lambda: consents.change(principal(), form["text"], is_asked, version)) is not None:
            return redirect(url_for("console.privacy_consent", done="consent-changed"), 303)
    versions = consents.notices(principal())
    page = render_template("console/privacy_consent.html", form=form, version=known.version, versions=versions)
    return page, form.status


@console.post("/privacy/consent/<uuid:learner_id>/withdraw")
@action("privacy.write")
def privacy_withdraw(learner_id: UUID) -> AnyResponse:
    service(Consents).withdraw(principal(), learner_id)
    return redirect(url_for("console.privacy", q=learner_id, done="consent-withdrawn"), 303)


# --- what everybody may have of themselves


@console.get("/account/data")
@action("console.use")
def account_data() -> str:
    found = listing(
        lambda before, limit: service(PrivacyJobs).page(principal(), before, limit, own=True),
        key=lambda job: [job.created_at.isoformat(), str(job.id)],
    )
    return render_template("console/account_data.html", found=found, consents=service(Consents).own(principal()))


@console.post("/account/data/consent/<uuid:learner_id>/withdraw")
@action("console.use")
def account_data_withdraw(learner_id: UUID) -> AnyResponse:
    service(Consents).withdraw_own(principal(), learner_id)
    return redirect(url_for("console.account_data", done="consent-withdrawn"), 303)


@console.post("/account/data")
@action("console.use")
def account_data_export() -> AnyResponse:
    known = service(Users).own(principal())
    job = service(PrivacyJobs).export_own(principal(), known.email if known.email_verified_at else None)
    return redirect(url_for("console.account_data_one", job_id=job.id), 303)


@console.get("/account/data/<uuid:job_id>")
@action("console.use")
def account_data_one(job_id: UUID) -> str:
    return _job_page(job_id, "console.account_data")


@console.get("/account/data/<uuid:job_id>/archive")
@action("console.use")
def account_data_archive(job_id: UUID) -> Response:
    return archive_response(job_id)


def _job_page(job_id: UUID, back: str) -> str:
    g.console_section = back.partition(".")[2]
    job = service(PrivacyJobs).get(principal(), job_id)
    name = "privacy_job_state.html" if request.headers.get("HX-Request") else "privacy_job.html"
    is_over = job.expires_at is not None and job.expires_at < datetime.now(job.expires_at.tzinfo)
    return render_template(f"console/{name}", job=job, back=back, is_over=is_over or job.state == "expired")
