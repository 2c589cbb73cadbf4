"""The platform's part of what the consumer asks for: it names these functions in `lti_consumer.plugin.compat`."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import User
from lti_consumer.plugin import compat
from opaque_keys.edx.keys import CourseKey, UsageKey

COURSE = CourseKey.from_string("course-v1:edX+Golf+2026")
UNIT = UsageKey.from_string("block-v1:edX+Golf+2026+type@lti_consumer+block@unit1")


@dataclass
class Unit:
    """The unit of the course that holds the tool, as far as the consumer looks at it."""

    display_name: str = "Unit 1"
    weight: int = 100
    has_score: bool = True
    accept_grades_past_due: bool = False
    lti_1p3_passport_id: str = ""
    context_id: str = str(COURSE)
    scope_ids: Any = field(default_factory=lambda: SimpleNamespace(usage_id=UNIT))
    grades: dict[str, list[Any]] = field(default_factory=dict)

    def is_past_due(self) -> bool:
        """The unit has no end."""
        return False

    def max_score(self) -> int:
        """The points of the unit."""
        return self.weight

    def set_user_module_score(self, user: User, score: float, maximum: float, comment: str | None) -> None:
        """Into the gradebook."""
        self.grades.setdefault(external_id(user), []).append([score, maximum, comment])


UNIT_BLOCK = Unit()


def external_id(user: User) -> str:
    """What tools know a person by."""
    return f"person-{user.id}"


def _people(_: CourseKey) -> dict[int, dict[str, Any]]:
    return {
        user.id: {
            "id": user.id,
            "username": user.username,
            "name": user.profile.name,
            "email": user.email,
            "roles": ["staff" if user.is_staff else "student"],
        }
        for user in User.objects.select_related("profile")
    }


def take_part() -> None:
    """Let the consumer find us where Open edX would be."""
    ours = {
        "load_enough_xblock": lambda _: UNIT_BLOCK,
        "load_block_as_user": lambda _: UNIT_BLOCK,
        "get_user_from_external_user_id": lambda known: User.objects.get(id=int(known.removeprefix("person-"))),
        "user_has_studio_write_access": lambda user, _: user.is_staff,
        "get_course_by_id": lambda key: key,
        "get_course_members": _people,
        "batch_get_or_create_externalids": lambda users: {
            user.id: SimpleNamespace(external_user_id=external_id(user)) for user in users
        },
        "merge_course_forum_roles": lambda _, members: members,
    }
    for name, function in ours.items():
        assert hasattr(compat, name), name
        setattr(compat, name, function)
