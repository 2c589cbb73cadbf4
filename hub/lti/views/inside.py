"""The pages inside an LMS that follow a launch: choose content, see how a link or a course is going.

What they may do is carried by a token in their forms (`services.visits`): a frame may keep no cookie.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from hub.errors import Invalid, Violation, say
from hub.http import public, service
from hub.lti.services.deep_linking import Chosen, DeepLinking
from hub.lti.services.links import Links
from hub.lti.services.reports import Reports
from hub.lti.services.rosters import Rosters
from hub.lti.services.visits import Visit, Visits
from hub.lti.spec.deep_linking import SCORE_MAXIMUM, Wishes
from hub.lti.spec.scores import COUNTING
from hub.lti.views.pages import framed, page


def add_rules(blueprint: Blueprint) -> None:
    """Put the pages below /lti/."""
    for path, view in (
        ("/picker", picker),
        ("/choice", choose),
        ("/upload", upload),
        ("/course", course),
        ("/counting", counting),
        ("/preview", preview),
        ("/report", report),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=["POST"])


# Choosing ------------------------------------------------------------------------------------------------------------


@public
def picker() -> WerkzeugResponse:
    """The choice of packages, searched or shown again, with what was filled in."""
    return picker_page(_token(), _uuid("job"), request.form)


@public
def upload() -> WerkzeugResponse:
    """A package that the teacher brought along."""
    # Before the form is read, which holds the file: the visit comes in it, so the size is what limits.
    request.max_content_length = service(DeepLinking).largest_upload
    visit = _visit()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file first.", code="lti_nothing_chosen")
    job = service(DeepLinking).upload(visit, cast(BinaryIO, file.stream), file.filename)
    return picker_page(_token(), job_id=job.id)


@public
def choose() -> WerkzeugResponse:
    """What the teacher chose: the answer to deep linking, or what this link opens from now on."""
    token, visit = _token(), _visit()
    chosen = request.form.getlist("package")
    if visit.deep_linking is None:
        if len(chosen) != 1:
            raise Invalid("Choose one package.", code="lti_nothing_chosen")
        service(Links).choose(visit, chosen[0])
        return course_page(token)
    try:
        named = [Chosen(name, _named("title", name), _named("label", name)) for name in chosen]
        answer = service(DeepLinking).answer(visit, named, _wishes())
    except Invalid as refusal:
        return picker_page(token, given=request.form, refusal=refusal)
    # No form-action: the platform may send the browser on to pages of its own, which the directive would stop.
    policy = framed(visit.origins, form_action=None)
    return page("lti/return.html", policy, visit.language, answer=answer)


def _named(field: str, package: str) -> str:
    """What a package is to be called, as its field of the form says."""
    return request.form.get(f"{field}-{package}", "")


def _wishes() -> Wishes:
    """How the links are to be, as the form says."""
    form = request.form
    return Wishes(
        is_graded="graded" in form,
        points=_points(form.get("points") or str(SCORE_MAXIMUM)),
        target=form.get("target") or None,
        available_from=_moment("from"),
        available_until=_moment("until"),
        due_at=_moment("due"),
        custom=_parameters(form.get("custom", "")),
    )


def _points(text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", ".")[:20])
    except InvalidOperation:
        return Decimal("NaN")  # Which `check_wishes` refuses by name.


def _parameters(text: str) -> dict[str, str]:
    """Custom parameters, one on a line, as `name=value`."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    for name, sign, _ in pairs:
        if not sign:
            fault = Violation("LTI 1.3, 5.4.6", "custom", "has a line without an equals sign", name[:100])
            raise Invalid(
                say("The field %(field)s %(fault)s.", field="custom", fault=fault.message),
                code="lti_bad_choice",
                violations=[fault],
            )
    return {name.strip(): value.strip() for name, _, value in pairs}


def _moment(field: str) -> datetime | None:
    """A time of the form: with its zone from the page's script, which knows the teacher's; without it in UTC."""
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text[:30])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        fault = Violation("Deep Linking 2.0, 3.2.4", field, "is not a time", text[:50])
        raise Invalid(
            say("The field %(field)s is not a time.", field=field), code="lti_bad_choice", violations=[fault]
        ) from None


def picker_page(
    token: str,
    job_id: UUID | None = None,
    given: Mapping[str, str] | None = None,
    refusal: Invalid | None = None,
) -> Response:
    """The page on which a teacher chooses, as it was filled in; with a refusal, what is wrong beside the fields."""
    visit = _framing(service(Visits).find(token))
    chosen = request.form.getlist("package") if given is not None else []
    search = (given or {}).get("search", "")[:200]
    offered = service(DeepLinking).picker(visit, search, job_id, chosen)
    faults = {fault.where: fault.message for fault in refusal.violations} if refusal else {}
    values = {"token": token, "picker": offered, "chosen": chosen, "given": given, "refusal": refusal, "faults": faults}
    response = page("lti/picker.html", framed(visit.origins), visit.language, **values)
    response.status_code = refusal.status if refusal else 200
    return response


# Reports -------------------------------------------------------------------------------------------------------------


@public
def course() -> WerkzeugResponse:
    """How the learners of the link are doing; with `refresh` the platform is asked who is in the course."""
    visit = _visit()
    if "refresh" in request.form:
        service(Rosters).refresh(visit)
    return course_page(_token())


@public
def counting() -> WerkzeugResponse:
    """Which attempt counts from now on."""
    service(Links).set_counting(_visit(), request.form.get("counting", ""))
    return course_page(_token())


@public
def preview() -> WerkzeugResponse:
    """Show the link's package to the teacher."""
    return redirect(service(Links).preview(_visit()), 303)


@public
def report() -> WerkzeugResponse:
    """How the course is going; with `link` how one link of it is."""
    visit, link_id = _visit(), _uuid("link")
    if link_id is not None:
        return _link_page(visit, link_id)
    if "refresh" in request.form:
        service(Rosters).refresh(replace(visit, resource_link_id=None))
    return report_page(_token())


def course_page(token: str) -> Response:
    """The report of one link."""
    visit = _framing(service(Visits).find(token))
    found = service(Reports).of_link(visit)
    # The preview's form is answered by a redirect to the content origin, which form-action has to allow as well.
    policy = framed(visit.origins, form_action=f"'self' {service(Links).player_origin}")
    return page("lti/course.html", policy, visit.language, token=token, report=found, ways=COUNTING)


def report_page(token: str) -> Response:
    """The report of a course."""
    visit = _framing(service(Visits).find(token))
    found = service(Reports).of_course(visit)
    return page("lti/report.html", framed(visit.origins), visit.language, token=token, report=found)


def _link_page(visit: Visit, link_id: UUID) -> Response:
    """The report of one link of the visit's course, as a visit of its own."""
    narrowed = replace(visit, resource_link_id=link_id)
    if service(Links).link_of(narrowed).context_row_id != visit.context_row_id:
        raise Invalid("This link belongs to another course.", code="lti_wrong_page")
    return course_page(service(Visits).begin(narrowed))


def _token() -> str:
    return request.form.get("visit", "")


def _uuid(field: str) -> UUID | None:
    text = request.form.get(field, "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(say("The field %(field)s is no id.", field=field), code="lti_wrong_page") from None


def _visit() -> Visit:
    return _framing(service(Visits).find(_token()))


def _framing(visit: Visit) -> Visit:
    """Even a refusal knows then whose page it is shown in."""
    g.frame_origins, g.lti_tenant = visit.origins, visit.tenant_id
    return visit
