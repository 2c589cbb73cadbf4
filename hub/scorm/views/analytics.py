"""/api/v1/packages/{id}/analytics: the report on a package, as JSON and as tables in CSV."""

from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from marshmallow import fields, validate

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.downloads import csv_response
from hub.http.fields import Moment
from hub.scorm.services.analytics import TABLES, Analytics, PackageReport, Wanted, table_of

analytics_api = ApiBlueprint(
    "analytics", __name__, url_prefix=f"{PREFIX}/packages", description="How packages are used"
)


class AnalyticsArguments(ma.Schema):
    """Which attempts are counted."""

    version = fields.Integer(load_default=None, metadata={"description": "Only attempts on this version", "example": 2})
    since = fields.AwareDateTime(
        load_default=None,
        metadata={"description": "Only attempts begun from then on", "example": "2026-11-01T00:00:00Z"},
    )
    until = fields.AwareDateTime(
        load_default=None, metadata={"description": "Only attempts begun before", "example": "2026-12-01T00:00:00Z"}
    )
    context_key = fields.String(load_default=None, metadata={"description": "Only registrations of this context"})


def _share(description: str, example: float) -> fields.Float:
    return fields.Float(allow_none=True, metadata={"description": description, "example": example})


class OverviewSchema(ma.Schema):
    """Counts over all attempts that have begun."""

    attempts = fields.Integer(metadata={"example": 120})
    registrations = fields.Integer(metadata={"example": 110})
    completed = fields.Integer(metadata={"example": 96})
    passed = fields.Integer(metadata={"example": 81})
    failed = fields.Integer(metadata={"example": 12})
    scored = fields.Integer(metadata={"description": "Attempts with a scaled score", "example": 95})
    score_mean = _share("Mean of the scaled scores", 0.78)
    score_deviation = _share("Their sample standard deviation", 0.14)
    score_quartiles = fields.List(fields.Float(), allow_none=True, metadata={"example": [0.7, 0.8, 0.9]})
    seconds_quartiles = fields.List(fields.Float(), allow_none=True, metadata={"example": [300, 640, 1200]})


class ScoreBandSchema(ma.Schema):
    """Attempts with a scaled score from `least` to below `most`, in the last band up to 1."""

    least = fields.Float(metadata={"example": 0.7})
    most = fields.Float(metadata={"example": 0.8})
    attempts = fields.Integer(metadata={"example": 31})


class DaySchema(ma.Schema):
    """A day (UTC) with something in it."""

    day = fields.Date(metadata={"example": "2026-11-20"})
    begun = fields.Integer(metadata={"example": 14})
    completed = fields.Integer(metadata={"example": 9})


class ActivityReportSchema(ma.Schema):
    """One activity with content, in the order of the course."""

    identifier = fields.String(metadata={"example": "item-1"})
    title = fields.String(metadata={"example": "What burns"})
    opened = fields.Integer(metadata={"example": 120})
    completed = fields.Integer(metadata={"example": 101})
    passed = fields.Integer(metadata={"example": 88})
    failed = fields.Integer(metadata={"example": 9})
    left_here = fields.Integer(metadata={"description": "Unfinished attempts that show it last", "example": 11})
    score_mean = _share("Mean of its scaled scores", 0.81)
    seconds_median = fields.Float(allow_none=True, metadata={"example": 210})
    suspend_length = fields.Integer(
        metadata={"description": "Most characters of suspend data in an attempt", "example": 812}
    )
    standard = fields.String(metadata={"example": "scorm_1_2"})


class AnswerShareSchema(ma.Schema):
    """One answer to an item."""

    response = fields.String(metadata={"example": "water"})
    answers = fields.Integer(metadata={"example": 17})
    is_correct = fields.Boolean(allow_none=True, metadata={"example": False})
    rest_mean = _share("Mean share of their other items that was right", 0.55)


class ItemReportSchema(ma.Schema):
    """One interaction, by the last answer in each attempt."""

    activity = fields.String(metadata={"example": "item-3"})
    item = fields.String(metadata={"example": "question-7"})
    kind = fields.String(metadata={"example": "choice"})
    description = fields.String(metadata={"example": "What puts out burning fat?"})
    pattern = fields.String(metadata={"description": "Correct responses, one a line", "example": "blanket"})
    count = fields.Integer(metadata={"example": 104})
    judged = fields.Integer(metadata={"description": "Answers that were judged right or wrong", "example": 104})
    difficulty = _share("Share of the judged answers that is right: 1 is easy", 0.66)
    discrimination = _share("Item-rest correlation (point-biserial), -1 to 1", 0.42)
    points_mean = fields.Float(allow_none=True, metadata={"example": None})
    seconds_median = fields.Float(allow_none=True, metadata={"example": 12.5})
    tries_mean = fields.Float(metadata={"example": 1.1})
    answers = fields.List(fields.Nested(AnswerShareSchema))
    other_answers = fields.Integer(metadata={"example": 0})


class AnalyticsSchema(ma.Schema):
    """The report on a package."""

    counted_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z", "description": "Slow ones are kept a minute"})
    overview = fields.Nested(OverviewSchema)
    scores = fields.List(fields.Nested(ScoreBandSchema))
    days = fields.List(fields.Nested(DaySchema))
    activities = fields.List(fields.Nested(ActivityReportSchema))
    items = fields.List(fields.Nested(ItemReportSchema))


class TableArguments(AnalyticsArguments):
    """Which table, of which attempts."""

    table = fields.String(
        load_default="items", validate=validate.OneOf(TABLES), metadata={"description": "Which table"}
    )


def report_csv(found: PackageReport, table: str, package_id: str) -> Response:
    """One table of a report as CSV."""
    return csv_response(f"{package_id}-{table}", *table_of(found, table))


@analytics_api.route("/<string:package_id>/analytics")
class PackageAnalytics(MethodView):
    """The report."""

    @action("registrations.read")
    @analytics_api.arguments(AnalyticsArguments, location="query")
    @analytics_api.response(200, AnalyticsSchema)
    def get(self, wanted: dict[str, Any], package_id: str) -> PackageReport:
        """Read the report on a package

        Completion, success, scores and time; activities with where learners leave; interactions with difficulty,
        discrimination and the distribution of their answers. Attempts count from their first commit on.
        """
        return service(Analytics).get(principal(), package_id, Wanted(**wanted))


@analytics_api.route("/<string:package_id>/analytics.csv")
class PackageAnalyticsTable(MethodView):
    """A table of the report."""

    @action("registrations.read")
    @analytics_api.arguments(TableArguments, location="query")
    @analytics_api.response(200, {"type": "string"}, content_type="text/csv")
    def get(self, wanted: dict[str, Any], package_id: str) -> Response:
        """Download a table of the report

        `table` is one of items, answers, activities, scores and days. Text that a spreadsheet would take for a formula
        is marked as text.
        """
        table = wanted.pop("table")
        return report_csv(service(Analytics).get(principal(), package_id, Wanted(**wanted)), table, package_id)
