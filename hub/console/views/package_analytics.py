"""A package's analytics tab: the report with its charts and tables."""

from datetime import timedelta

from flask import Response, render_template, request

from hub.console.blueprint import console
from hub.console.query import moment
from hub.http import action, principal, service
from hub.scorm.services.analytics import TABLES, Analytics, Wanted
from hub.scorm.services.packages import Packages
from hub.scorm.views.analytics import report_csv


@console.get("/packages/<package_id>/analytics")
@action("registrations.read")
def packages_analytics(package_id: str) -> str:
    packages = service(Packages)
    return render_template(
        "console/package_analytics.html",
        package=packages.get(principal(), package_id),
        versions=packages.versions(principal(), package_id),
        report=service(Analytics).get(principal(), package_id, _wanted()),
        tab="analytics",
    )


@console.get("/packages/<package_id>/analytics/<table>.csv")
@action("registrations.read")
def packages_analytics_table(package_id: str, table: str) -> Response:
    """A table of the report, as the page shows it."""
    shown = table if table in TABLES else "items"
    return report_csv(service(Analytics).get(principal(), package_id, _wanted()), shown, package_id)


def _wanted() -> Wanted:
    """The filters of the page; a day until which counts as a whole."""
    until = moment("until")
    if until is not None and len(request.args["until"].strip()) == len("2026-11-20"):
        until += timedelta(days=1)
    return Wanted(request.args.get("version", type=int), moment("since"), until)
