"""Which rows an action reaches: the object rules of `hub.identity.ROLES` as conditions on rows.

One text for each table, used by ORM queries and by plain SQL alike, so that a rule stands in one place. `:reach_user`
is the person, `:reach_kinds` how rows may be connected with them; without a user every row is reached.
"""

from typing import Any

from sqlalchemy import ColumnElement, TextClause, bindparam, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from hub.identity import Reached

#: The context of what a cohort is enrolled for.
COHORT_CONTEXT = "cohort:"

_USER = "CAST(:reach_user AS uuid)"
_KINDS = "CAST(:reach_kinds AS text[])"
_EDITED = f"SELECT package_id FROM package_editor WHERE user_id = {_USER}"
_LED = f"SELECT cohort_id FROM cohort_leader WHERE user_id = {_USER}"
_ASSIGNED = f"SELECT learner_id FROM mentoring WHERE user_id = {_USER}"

#: Of the table `registration`.
REGISTRATIONS = f"""(
    {_USER} IS NULL
    OR ('edited' = ANY({_KINDS}) AND registration.package_id IN ({_EDITED}))
    OR ('led' = ANY({_KINDS})
        AND registration.context_key IN (SELECT '{COHORT_CONTEXT}' || cohort_id FROM ({_LED}) AS led))
    OR ('assigned' = ANY({_KINDS}) AND registration.learner_id IN ({_ASSIGNED}))
    OR ('own' = ANY({_KINDS})
        AND registration.learner_id IN (SELECT own.id FROM learner AS own WHERE own.user_id = {_USER}))
)"""

_LEARNERS = f"""(
    {_USER} IS NULL
    OR ('edited' = ANY({_KINDS})
        AND learner.id IN (SELECT r.learner_id FROM registration AS r WHERE r.package_id IN ({_EDITED})))
    OR ('led' = ANY({_KINDS})
        AND learner.id IN (SELECT m.learner_id FROM cohort_member AS m WHERE m.cohort_id IN ({_LED})))
    OR ('assigned' = ANY({_KINDS}) AND learner.id IN ({_ASSIGNED}))
    OR ('own' = ANY({_KINDS}) AND learner.user_id = {_USER})
)"""

_COHORTS = f"({_USER} IS NULL OR ('led' = ANY({_KINDS}) AND cohort.id IN ({_LED})))"


def parameters(reach: Reached) -> dict[str, Any]:
    """What the texts are given."""
    return {"reach_user": reach.user_id, "reach_kinds": sorted(reach.kinds)}


def registrations_within(reach: Reached) -> ColumnElement[bool] | TextClause:
    """The registrations that are reached."""
    return _condition(REGISTRATIONS, reach)


def learners_within(reach: Reached) -> ColumnElement[bool] | TextClause:
    """The learners that are reached."""
    return _condition(_LEARNERS, reach)


def cohorts_within(reach: Reached) -> ColumnElement[bool] | TextClause:
    """The cohorts that are reached."""
    return _condition(_COHORTS, reach)


def _condition(rule: str, reach: Reached) -> ColumnElement[bool] | TextClause:
    if reach.is_everything:
        return true()
    given = parameters(reach)
    return text(rule).bindparams(
        bindparam("reach_user", given["reach_user"], Uuid()),
        bindparam("reach_kinds", given["reach_kinds"], ARRAY(Text())),
    )
