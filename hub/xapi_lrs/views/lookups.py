"""The Agents and Activities resources (Communication 2.4 and 2.5)."""

import orjson
from flask import Blueprint, Response

from hub.http import action, principal, service
from hub.xapi_lrs.services.lookups import Lookups
from hub.xapi_lrs.spec import query, values
from hub.xapi_lrs.views.answers import tagged
from hub.xapi_lrs.views.parameters import refused, required


@action("statements.read_mine")
def get_activity() -> Response:
    """The canonical definition of an activity."""
    activity_id = required("activityId")
    if not values.is_iri(activity_id):
        raise refused("activityId", "must be an IRI with a scheme", activity_id)
    return tagged(orjson.dumps(service(Lookups).activity(principal(), activity_id)))


@action("statements.read_mine")
def get_person() -> Response:
    """The Person that an agent is."""
    return tagged(orjson.dumps(service(Lookups).person(principal(), query.agent(required("agent")))))


def add_to(blueprint: Blueprint) -> None:
    """Put both resources on the blueprint."""
    blueprint.add_url_rule("/activities", view_func=get_activity, methods=["GET"])
    blueprint.add_url_rule("/agents", view_func=get_person, methods=["GET"])
