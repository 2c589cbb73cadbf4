"""Assignment and Grade Services 2.0 of a platform, by pylti1p3."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from pylti1p3.service_connector import TServiceConnectorResponse

from hub.errors import Invalid, NotFound
from hub.lti.pylti_bridge.connector import MOST_PAGES, Connector, PlatformRefused, faults_refused
from hub.lti.spec import scores
from hub.lti.spec import vocabulary as v
from hub.lti.spec.urls import origin_of, url_fault


class Grades(AssignmentsGradesService):
    """Scores and line items of one platform, as far as the scopes allow."""

    def __init__(self, connector: Connector, scopes: Sequence[str]) -> None:
        known = (v.SCOPE_SCORE, v.SCOPE_LINE_ITEM, v.SCOPE_LINE_ITEM_READ, v.SCOPE_RESULT_READ)
        granted: Any = [scope for scope in known if scope in scopes]
        super().__init__(connector, {"scope": granted})

    def send(self, line_item_url: str, user_id: str, score: scores.Score, timestamp: str) -> None:
        """Post one score. Raises `PlatformRefused` for any answer but success, `Unavailable` for none."""
        grade = Grade().set_user_id(user_id).set_timestamp(timestamp)
        grade.set_activity_progress(score.activity_progress).set_grading_progress(score.grading_progress)
        grade.set_score_maximum(float(score.maximum))
        if score.given is not None:
            grade.set_score_given(float(score.given))
        if score.comment:
            grade.set_comment(score.comment)
        submission = scores.submission_of(score)
        if submission:
            grade.set_extra_claims({"submission": submission})
        with faults_refused():
            self.put_grade(grade, LineItem({"id": line_item_url}))

    def line_item(self, line_item_url: str) -> scores.Column | None:
        """One line item as the platform has it; None when it is gone. Needs one of the line item scopes."""
        try:
            answer = self._read(line_item_url, scores.LINE_ITEM_MEDIA_TYPE)
        except PlatformRefused as refusal:
            if refusal.response.status in {404, 410} and refusal.step == "service":
                return None
            raise
        return scores.read_column(answer, line_item_url)

    def find_or_create(self, container_url: str, wanted: scores.WantedColumn) -> scores.Column:
        """The line item of a resource link in the container, made when it is missing and may be made.

        The link's own comes first; else the one with our resourceId and tag that belongs to no other link (the teacher
        moved it, or the course was copied). Raises `PlatformRefused`, `Unavailable`, or `Invalid` for an answer that
        cannot be used: one of another origin would get the token that was given to us for this one.
        """
        own, by_resource = {"resource_link_id": wanted.link_id}, {"resource_id": wanted.resource_id, "tag": wanted.tag}
        with faults_refused():
            found = self._find(container_url, own, lambda items: scores.line_item_of(items, wanted.link_id))
            found = found or self._find(container_url, by_resource, lambda items: scores.stray_line_item(items, wanted))
            if found is None and v.SCOPE_LINE_ITEM in self._service_data["scope"]:
                found = self._create(container_url, wanted)
        if found is None:
            raise NotFound("The link has no column in the gradebook (any more).", code="lti_no_line_item")
        if url_fault(found.url, allow_private=True) or origin_of(found.url) != origin_of(container_url):
            raise Invalid("The platform's line item has no address that can be used.", code="lti_line_item_refused")
        return found

    def _find(
        self, container_url: str, filters: Mapping[str, str], choose: Callable[[object], scores.Column | None]
    ) -> scores.Column | None:
        """pylti1p3 reads every page of the container, without end where the platform's pages go in a circle; we ask for
        what we look for (AGS section 3.2.9) and look at a few pages."""
        page: str | None = container_url + ("&" if "?" in container_url else "?") + urlencode(filters)
        for _ in range(MOST_PAGES):
            if page is None:
                return None
            items, page = self.get_lineitems_page(page)
            found = choose(items)
            if found:
                return found
        return None

    def count(self, container_url: str) -> int:
        """How many line items are on the first page of a container."""
        with faults_refused():
            items, _ = self.get_lineitems_page(container_url)
        return len(items)

    def results(self, line_item_url: str) -> dict[str, Any]:
        """What the gradebook shows, by user (AGS section 3.3): score, maximum and comment of each."""
        page: str | None = scores.path_extended(line_item_url, "results")
        found: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            if page is None:
                break
            answer = self._request(page, scores.RESULTS_MEDIA_TYPE)
            found.update(scores.read_results(answer["body"]))
            page = answer["next_page_url"]
        return found

    def _read(self, url: str, media_type: str) -> Any:
        return self._request(url, media_type)["body"]

    def _request(self, url: str, media_type: str) -> TServiceConnectorResponse:
        return self._service_connector.make_service_request(self._service_data["scope"], url, accept=media_type)

    def _create(self, container_url: str, wanted: scores.WantedColumn) -> scores.Column | None:
        answer = self._service_connector.make_service_request(
            self._service_data["scope"],
            container_url,
            is_post=True,
            data=orjson.dumps(wanted.as_line_item()).decode(),
            content_type=scores.LINE_ITEM_MEDIA_TYPE,
            accept=scores.LINE_ITEM_MEDIA_TYPE,
        )
        return scores.line_item_of([answer["body"]], wanted.link_id)

    @staticmethod
    def _add_url_path_ending(url: str, url_path_ending: str) -> str:
        """pylti1p3 loses what follows a second question mark."""
        return scores.path_extended(url, url_path_ending)
