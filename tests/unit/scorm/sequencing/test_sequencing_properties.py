"""From any tree and any requests the engine ends in a legal state or a named exception, and never loops."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.scorm.spec.manifest.course import (
    CompletionThreshold,
    Condition,
    ConstrainChoice,
    ControlMode,
    DeliveryControls,
    Item,
    LimitConditions,
    Objective,
    ObjectiveMap,
    Organization,
    Randomization,
    RollupConsiderations,
    RollupRule,
    Sequencing,
    SequencingRule,
)
from hub.scorm.spec.sequencing import state
from hub.scorm.spec.sequencing.exceptions import EXCEPTIONS
from tests.support.sequenced import Walk

_RULE_CONDITIONS = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "objectiveMeasureGreaterThan",
    "objectiveMeasureLessThan",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
    "always",
    "never",
)
_TIMINGS = st.sampled_from(["never", "once", "onEachNewAttempt"])
_CONSIDERED = st.sampled_from(["always", "ifAttempted", "ifNotSkipped", "ifNotSuspended"])
_MOSTLY = st.sampled_from([True, True, True, False])
_SELDOM = st.sampled_from([False, False, False, True])
_MEASURES = st.sampled_from([-1.0, 0.0, 0.5, 1.0])

conditions = st.builds(
    Condition,
    condition=st.sampled_from(_RULE_CONDITIONS),
    operator=st.sampled_from(["noOp", "not"]),
    referenced_objective=st.sampled_from([None, "own", "other", "nowhere"]),
    measure_threshold=_MEASURES,
)


def rules(*actions):
    one = st.builds(
        SequencingRule,
        action=st.sampled_from(actions),
        conditions=st.lists(conditions, min_size=1, max_size=2).map(tuple),
        combination=st.sampled_from(["all", "any"]),
    )
    return st.lists(one, max_size=2).map(tuple)


rollup_rules = st.lists(
    st.builds(
        RollupRule,
        action=st.sampled_from(["satisfied", "notSatisfied", "completed", "incomplete"]),
        conditions=st.lists(conditions, min_size=1, max_size=2).map(tuple),
        combination=st.sampled_from(["all", "any"]),
        child_activity_set=st.sampled_from(["all", "any", "none", "atLeastCount", "atLeastPercent"]),
        minimum_count=st.integers(0, 3),
        minimum_percent=st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=2,
).map(tuple)
maps = st.lists(
    st.builds(
        ObjectiveMap,
        target=st.sampled_from(["G1", "G2"]),
        read_satisfied_status=st.booleans(),
        read_normalized_measure=st.booleans(),
        write_satisfied_status=st.booleans(),
        write_normalized_measure=st.booleans(),
        read_completion_status=st.booleans(),
        write_completion_status=st.booleans(),
        read_progress_measure=_SELDOM,
        write_progress_measure=st.booleans(),
        read_raw_score=_SELDOM,
        write_raw_score=_SELDOM,
        read_min_score=_SELDOM,
        write_max_score=_SELDOM,
    ),
    max_size=2,
).map(tuple)


def objectives_of(names):
    def build(parts):
        return tuple(
            Objective(name, at == 0, by_measure, threshold, found)
            for at, (name, (by_measure, threshold, found)) in enumerate(zip(names, parts, strict=True))
        )

    part = st.tuples(_SELDOM, _MEASURES, maps)
    return st.tuples(*[part for _ in names]).map(build)


objectives = st.one_of(st.just(()), objectives_of(["own"]), objectives_of(["own", "other"]))
definitions = st.builds(
    Sequencing,
    control_mode=st.builds(ControlMode, _MOSTLY, _MOSTLY, _MOSTLY, _SELDOM, st.booleans(), st.booleans()),
    constrain_choice=st.builds(ConstrainChoice, _SELDOM, _SELDOM),
    pre_condition_rules=rules("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"),
    exit_condition_rules=rules("exit"),
    post_condition_rules=rules("exitParent", "exitAll", "retry", "retryAll", "continue", "previous"),
    limit_conditions=st.builds(
        LimitConditions,
        attempt_limit=st.sampled_from([None, None, 0, 1, 2]),
        activity_absolute_duration_limit=st.sampled_from([None, None, "PT0S", "PT1H", "nonsense"]),
        activity_experienced_duration_limit=st.sampled_from([None, None, "PT5S", "PT1H"]),
        begin_time_limit=st.sampled_from([None, None, None, "2000-01-01T00:00:00Z", "2100-01-01"]),
        end_time_limit=st.sampled_from([None, None, None, "2000-01-01T00:00:00Z", "2100-01-01"]),
    ),
    rollup_rules=rollup_rules,
    rollup_objective_satisfied=_MOSTLY,
    rollup_progress_completion=_MOSTLY,
    objective_measure_weight=st.sampled_from([0.0, 0.5, 1.0]),
    rollup_considerations=st.builds(
        RollupConsiderations, _CONSIDERED, _CONSIDERED, _CONSIDERED, _CONSIDERED, st.booleans()
    ),
    objectives=objectives,
    randomization=st.builds(Randomization, _TIMINGS, st.sampled_from([None, 0, 1, 2]), st.booleans(), _TIMINGS),
    delivery_controls=st.builds(DeliveryControls, _MOSTLY, st.booleans(), st.booleans()),
)
#: Flow and choice and nothing else, so that learners get somewhere before they meet something odd.
plain = st.builds(Sequencing, control_mode=st.builds(ControlMode, flow=st.just(True)))
thresholds = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(CompletionThreshold, st.booleans(), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0])),
)
#: The shape of a tree: a leaf, or a list of shapes.
shapes = st.lists(
    st.recursive(st.none(), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=6), min_size=1, max_size=4
)


@st.composite
def organizations(draw):
    numbers = iter(range(1000))

    def build(shape):
        name = f"a{next(numbers)}"
        children = tuple(build(part) for part in shape or ())
        sequencing = draw(st.one_of(st.none(), plain, plain, definitions))
        return Item(name, name, children, completion_threshold=draw(thresholds), sequencing=sequencing)

    items = tuple(build(shape) for shape in draw(shapes))
    return Organization("root", "Course", items, draw(_MOSTLY), sequencing=draw(st.one_of(plain, definitions)))


_KINDS = ("continue", "continue", "choice", "choice", "jump", "previous", "exit", "exitAll", "suspendAll", "abandon")
_KINDS += ("abandonAll", "start", "resumeAll")
steps = st.lists(
    st.tuples(
        st.sampled_from(_KINDS),
        st.integers(0, 20),
        st.fixed_dictionaries(
            {},
            optional={
                "success_status": st.sampled_from(["passed", "failed", "unknown"]),
                "completion_status": st.sampled_from(["completed", "incomplete", "not attempted", "unknown"]),
                "score__scaled": st.sampled_from(["-1", "0", "0.5", "1"]),
                "progress_measure": st.sampled_from(["0", "0.5", "1"]),
                "score__raw": st.sampled_from(["-5", "70"]),
                "session_time": st.sampled_from(["PT0S", "PT6S", "PT2H"]),
                "exit": st.sampled_from(["suspend", "normal", ""]),
            },
        ),
    ),
    max_size=12,
)


def go(walk, kind, number, values):
    """One step of a learner; the content that runs reports first, and a session that is over begins anew."""
    if walk.current is None and kind not in ("start", "resumeAll", "choice"):
        kind = "start" if number % 4 else "choice"
    if walk.current is not None and walk.of(walk.current).active:
        walk.report(**values)
    before = walk.state
    walk.request(kind, walk.tree.activities[number % len(walk.tree.activities)].identifier)
    return before


def check_legal(walk):
    found = walk.state
    active = {index for index, one in enumerate(found.activities) if one.active}
    path = set() if found.current is None else set(walk.tree.path(found.current))
    assert active <= path, "only the way to the Current Activity is active"
    for activity, one in zip(walk.tree.activities, found.activities, strict=True):
        assert one.children is None or set(one.children) <= set(activity.children)
        assert len(one.objectives) == len(activity.objectives)
        assert one.attempts >= 0
        for objective in one.objectives:
            assert objective.measure is None or -1 <= objective.measure <= 1
            assert objective.progress is None or 0 <= objective.progress <= 1


@settings(max_examples=300)
@given(organizations(), steps, st.integers(0, 5))
def test_any_requests_on_any_tree_end_in_a_legal_state_or_a_named_exception(organization, requests, seed):
    walk = Walk(organization, seed)
    for kind, number, values in requests:
        before = go(walk, kind, number, values)
        outcome = walk.outcome
        assert outcome.exception is None or outcome.exception in EXCEPTIONS
        assert outcome.delivery is None or outcome.exception is None
        if outcome.exception is not None and outcome.exception.startswith("NB."):
            assert walk.state == before
        if outcome.delivery is not None:
            assert walk.current == outcome.delivery
            assert walk.of(outcome.delivery).active
        if outcome.session_ended:
            assert walk.current is None
        check_legal(walk)
        stored = orjson.loads(orjson.dumps(state.as_data(walk.tree, walk.state)))
        assert state.from_data(walk.tree, stored) == walk.state


@settings(max_examples=150)
@given(organizations(), steps, st.integers(0, 5))
def test_what_is_said_to_be_valid_is_what_then_leads_to_content(organization, requests, seed):
    """Exact wherever nothing has to be terminated first, so that no rule of the running activity interferes.

    But for ancestors of the Current Activity that choice exit or constrained choice keeps from being offered.
    """
    walk = Walk(organization, seed)
    for kind, number, values in requests:
        go(walk, kind, number, values)
    if walk.current is not None and walk.of(walk.current).active:
        walk.request("abandon")
    if not walk.state.prepared or not walk.tree.objectives_global_to_system:
        return
    before, valid = walk.state, walk.valid()

    def leads_somewhere(kind, target=None):
        walk.state = before
        walk.request(kind, target)
        return walk.outcome.delivery is not None

    names = [activity.identifier for activity in walk.tree.activities]
    above = [] if walk.state.current is None else walk.tree.path(walk.state.current)[1:]
    refused = {*valid.refusals.get("NB.2.1-8", ()), *valid.refusals.get("SB.2.9-8", ())}
    not_offered = refused & {walk.tree.activities[step].identifier for step in above}
    assert {name for name in names if leads_somewhere("choice", name)} - not_offered == valid.choices
    assert {name for name in names if leads_somewhere("jump", name)} == valid.jumps
    assert leads_somewhere("previous") == valid.previous
    assert leads_somewhere("start") == valid.start
    assert valid.continue_ or not leads_somewhere("continue")
