"""/api/v1/consent, and what learners answered at /api/v1/learners/ID/consents."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask.views import MethodView
from marshmallow import fields

from hub.http import action, principal, service
from hub.http.api import PREFIX, ApiBlueprint
from hub.http.fields import Moment
from hub.http.revisions import etag, wanted_revision
from hub.scorm.services.consents import Consents, ConsentView, NoticeView

consent_api = ApiBlueprint(
    "consent", __name__, url_prefix=PREFIX, description="What learners agree to before they are recorded"
)


class NoticeSchema(ma.Schema):
    """What learners are asked to agree to; each text is a version."""

    version = fields.Integer(dump_only=True, metadata={"example": 2})
    text = fields.String(
        required=True,
        metadata={"example": "Your answers and results are kept for two years.", "description": "Plain text"},
    )
    is_asked = fields.Boolean(required=True, metadata={"description": "Whether learners are asked at all"})
    created_at = Moment(dump_only=True, allow_none=True)


class ConsentSchema(ma.Schema):
    """That a learner agreed to a version, and when they took it back."""

    version = fields.Integer(metadata={"example": 2})
    given_at = Moment()
    withdrawn_at = Moment(allow_none=True)


@consent_api.route("/consent")
class NoticeOfTenant(MethodView):
    """What is asked."""

    @action("privacy.read")
    @consent_api.response(200, NoticeSchema)
    def get(self) -> Any:
        """Read what learners agree to"""
        return _with_etag(service(Consents).notice(principal()))

    @action("privacy.write")
    @consent_api.arguments(NoticeSchema)
    @consent_api.response(200, NoticeSchema)
    def put(self, wanted: dict[str, Any]) -> Any:
        """Set what learners agree to

        Another text is another version, to which every learner is asked anew before content begins.
        """
        return _with_etag(service(Consents).change(principal(), wanted["text"], wanted["is_asked"], wanted_revision()))


def _with_etag(notice: NoticeView) -> Any:
    return notice, 200, etag(notice.version)


@consent_api.route("/consent/versions")
class Versions(MethodView):
    """What was ever asked."""

    @action("privacy.read")
    @consent_api.response(200, NoticeSchema(many=True))
    def get(self) -> Sequence[NoticeView]:
        """List every version of what learners agree to

        Newest first.
        """
        return service(Consents).notices(principal())


@consent_api.route("/learners/<uuid:learner_id>/consents")
class ConsentsOfLearner(MethodView):
    """What a learner answered."""

    @action("privacy.read")
    @consent_api.response(200, ConsentSchema(many=True))
    def get(self, learner_id: UUID) -> Sequence[ConsentView]:
        """List what a learner agreed to

        Newest first, with what they took back.
        """
        return service(Consents).of_learner(principal(), learner_id)

    @action("privacy.write")
    @consent_api.response(204)
    def delete(self, learner_id: UUID) -> None:
        """Withdraw a learner's consent

        Windows that are open can record nothing any more; the learner is asked again when they open a course.
        """
        service(Consents).withdraw(principal(), learner_id)
