"""Names and Role Provisioning Services 2.0, and the group service: what a platform's lists of people say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.lti.spec.roles import judge_roles
from hub.lti.spec.shapes import identifier
from hub.lti.spec.urls import extended

MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
GROUPS_MEDIA_TYPE = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"

#: A course has at most so many members for us; a platform that lists more is cut off there.
MOST_MEMBERS = 20_000
LONGEST_NAME = 300
MOST_GROUPS = 50


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in a course (section 2.2). `is_gone`: not a member any more, or not allowed in at present."""

    user_id: str
    name: str | None
    email: str | None
    is_learner: bool
    is_gone: bool
    groups: tuple[str, ...]


def read_members(document: object, group_names: Mapping[str, str]) -> list[Member] | None:
    """The members on one page of a membership container; None for a document that is none.

    A member without an id that can be used is left out, and what else is odd about one is left out of them: one strange
    account must not hide a whole course.
    """
    listed = document.get("members") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    return [_member(one, group_names) for one in listed if isinstance(one, dict) and not identifier(one.get("user_id"))]


def _member(entry: Mapping[str, Any], group_names: Mapping[str, str]) -> Member:
    roles = entry.get("roles")
    judged = (
        judge_roles(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else judge_roles(())
    )
    parts = [name for key in ("given_name", "family_name") if (name := _words(entry.get(key)))]
    return Member(
        user_id=entry["user_id"],
        name=_words(entry.get("name")) or " ".join(parts) or None,
        email=_words(entry.get("email")),
        is_learner=judged.is_learner and not judged.is_instructor,
        is_gone=entry.get("status") in {"Inactive", "Deleted"},
        groups=_groups(entry.get("group_enrollments"), group_names),
    )


def _groups(enrollments: object, names: Mapping[str, str]) -> tuple[str, ...]:
    """Names of groups; a group without a name in the group service's list is called by its id."""
    listed = enrollments if isinstance(enrollments, list) else []
    ids = [one.get("group_id") for one in listed[:MOST_GROUPS] if isinstance(one, dict)]
    return tuple(sorted(names.get(str(group), str(group)) for group in ids if not identifier(str(group or ""))))


def read_groups(document: object) -> dict[str, str]:
    """The names of a course's groups by their ids (Course Groups Service 1.0); empty for a document that is none."""
    listed = document.get("groups") if isinstance(document, dict) else None
    found: dict[str, str] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and not identifier(str(one.get("id", ""))):
            found[str(one["id"])] = _words(one.get("name")) or str(one["id"])
    return found


def of_link(memberships_url: str, link_id: str) -> str:
    """Where those who may use one link are listed (section 2.4, resource link membership)."""
    return extended(memberships_url, {"rlid": link_id})


def _words(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value if letter.isprintable()).strip()[:LONGEST_NAME] or None
