"""The consumer's own views where Open edX has them, and what a test says to the platform's people."""

import json
from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from lti_consumer import api
from lti_consumer.data import Lti1p3LaunchData
from lti_consumer.models import CourseAllowPIISharingInLTIFlag, LtiAgsLineItem, LtiAgsScore, LtiConfiguration

from campus.models import Profile
from campus.platform import COURSE, UNIT, UNIT_BLOCK, external_id


def taking_json(view: Callable[..., object]) -> Callable[[HttpRequest], HttpResponse]:
    """A page of the test's: a JSON object comes and goes."""
    return csrf_exempt(lambda request: JsonResponse(view(**json.loads(request.body or "{}"))))


def set_up(login_url: str, launch_url: str, keyset_url: str, ags_mode: str, people: list[list[object]]) -> object:
    """An author adds the tool to a unit; returns what Studio shows for the tool's administrator."""
    LtiConfiguration.objects.all().delete()
    User.objects.all().delete()
    UNIT_BLOCK.grades.clear()
    for number, name, is_staff in people:
        mail = f"{number}@school.example"
        user = User.objects.create(id=number, username=f"user{number}", email=mail, is_staff=is_staff)
        Profile.objects.create(user=user, name=name)
    CourseAllowPIISharingInLTIFlag.objects.create(course_id=COURSE, enabled=True)
    config = LtiConfiguration.objects.create(
        version=LtiConfiguration.LTI_1P3,
        config_store=LtiConfiguration.CONFIG_ON_DB,
        location=UNIT,
        lti_1p3_oidc_url=login_url,
        lti_1p3_launch_url=launch_url,
        lti_advantage_ags_mode=ags_mode,
        lti_advantage_deep_linking_enabled=True,
        lti_advantage_deep_linking_launch_url=launch_url,
        lti_advantage_enable_nrps=True,
    )
    config.lti_1p3_passport.lti_1p3_tool_keyset_url = keyset_url
    config.lti_1p3_passport.save()
    config.clean()
    return api.get_lti_1p3_launch_info(_launch_data(config, people[0][0]))


def start(user: int, deep_linking: bool = False) -> object:
    """A person opens the unit, or an author chooses its content; returns where the browser goes."""
    config = LtiConfiguration.objects.get()
    data = _launch_data(config, user)
    url = api.get_lti_1p3_launch_start_url(data, True) if deep_linking else api.get_lti_1p3_content_url(data)
    return {"url": url}


def _launch_data(config: LtiConfiguration, number: object) -> Lti1p3LaunchData:
    user = User.objects.get(id=number)
    return Lti1p3LaunchData(
        user_id=user.id,
        external_user_id=external_id(user),
        user_role="staff" if user.is_staff else "student",
        config_id=config.config_id,
        resource_link_id=str(UNIT),
        name=user.profile.name,
        email=user.email,
        launch_presentation_document_target="iframe",
        context_id=str(COURSE),
        context_type=["course_offering"],
        context_title="Golf",
    )


def records() -> object:
    """What the platform holds."""
    (config,) = LtiConfiguration.objects.all()
    return {
        "chosen": [item.attributes for item in config.ltidlcontentitem_set.order_by("id")],
        "columns": list(LtiAgsLineItem.objects.order_by("id").values("label", "tag", "resource_id", "score_maximum")),
        "scores": list(LtiAgsScore.objects.order_by("id").values()),
        "grades": UNIT_BLOCK.grades,
    }


urlpatterns = [
    path("api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
    path("test/set-up", taking_json(set_up)),
    path("test/start", taking_json(start)),
    path("test/records", taking_json(records)),
]
