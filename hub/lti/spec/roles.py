"""What a launch's roles say the person is in this course (LTI 1.3 section 5.3.7 and appendix A)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
_COURSE = _VOCABULARY + "membership#"
_COURSE_SUB_ROLE = _VOCABULARY + "membership/"

_TEACHING = {"Instructor", "ContentDeveloper", "Administrator", "Manager"}
_LEARNING = {"Learner"}
_ADMINISTRATION = {
    _VOCABULARY + "institution/person#Administrator",
    _VOCABULARY + "system/person#Administrator",
    _VOCABULARY + "system/person#SysAdmin",
}


@dataclass(frozen=True, slots=True)
class Roles:
    """`is_instructor`: may choose content and see everybody's results of this course. `is_learner`: takes
    part.
    """

    is_instructor: bool
    is_learner: bool


#: What may be done in the link or course of a launch, and nowhere else, by whom.
ACTIONS: Mapping[str, str] = {
    "report.read": "See how everybody in the course is doing",
    "report.read_mine": "See how one is doing oneself",
    "link.change": "Choose what a link opens and which attempt counts",
    "link.preview": "Look at the link's course without leaving a trace",
    "content.choose": "Add content to the course",
    "content.upload": "Upload a package",
}

_OF_LEARNERS = frozenset({"report.read_mine"})


def actions_of(roles: Roles) -> frozenset[str]:
    """What somebody with these roles may do in the course that they came from."""
    return frozenset(ACTIONS) if roles.is_instructor else _OF_LEARNERS


def judge_roles(roles: Iterable[str]) -> Roles:
    """Sort the role URIs of a launch.

    Only roles *in the course* make an instructor: someone on the staff of the institution may be a learner here.
    Teaching assistants, and administrators of the institution or system, count as instructors where they have no role
    as a learner (Open edX makes teaching assistants of learners who moderate discussions). Roles that are not known,
    and none at all, make a plain learner: the least that a launch can be.
    """
    listed = set(roles)
    course = {name for role in listed if (name := _course_role(role))}
    assisting = {_principal_role(role) for role in listed if role.startswith(_COURSE_SUB_ROLE)}
    is_learner = bool((course | assisting) & _LEARNING)
    also_teaches = bool(assisting & _TEACHING or listed & _ADMINISTRATION)
    is_instructor = bool(course & _TEACHING) or (also_teaches and not is_learner)
    return Roles(is_instructor=is_instructor, is_learner=is_learner or not is_instructor)


def _course_role(role: str) -> str | None:
    """The role in the course that `role` names, or None; a simple name such as `Learner` is one (appendix A.2.4)."""
    if role.startswith(_COURSE):
        return role.removeprefix(_COURSE)
    return role if role.isalpha() else None


def _principal_role(role: str) -> str:
    """The role of which this is a sub-role, as in `membership/Instructor#TeachingAssistant` (appendix A.2.3.1)."""
    return role.removeprefix(_COURSE_SUB_ROLE).partition("#")[0]
