"""Sequencing, objectives, scores and prerequisites: whether a course can be gone through as it is meant."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import CAM, CAM_1_2, DANGER, ERROR, HINT, SN, WARNING

SEQUENCING_RULES: dict[str, Rule] = {
    "sequencing.reference-missing": Rule(
        ERROR,
        "The sequencing of “{identifier}” refers to “{reference}”, which is not in the sequencing collection.",
        "Correct IDRef or add the definition.",
        f"{CAM}, <sequencing>",
    ),
    "sequencing.too-large": Rule(
        DANGER,
        "The items have more than {limit} objectives and rules together.",
        "Give items only the sequencing that they need.",
        f"{CAM}, <sequencing>",
    ),
    "sequencing.value": Rule(
        WARNING,
        "{name} is “{found}”, which is not {allowed}; the default “{default}” was taken.",
        "Write it as the standard has it.",
        f"{CAM}, <sequencing>",
    ),
    "sequencing.objective-unknown": Rule(
        WARNING,
        "A rule of “{identifier}” looks at the objective “{reference}”, which this item does not have.",
        "Correct referencedObjective or add the objective.",
        f"{CAM}, <sequencingRules>",
    ),
    "sequencing.objective-without-id": Rule(
        WARNING,
        "An objective of “{identifier}” has no objectiveID and was passed over.",
        "Only the primary objective without map infos may lack an id.",
        f"{CAM}, <objectives>",
    ),
    "sequencing.unreachable": Rule(
        WARNING,
        "What is below “{identifier}” can neither be chosen nor reached in order; only a jump gets there.",
        "Allow choice or flow in its control mode.",
        f"{SN} 3.2",
    ),
    "sequencing.no-attempts": Rule(
        WARNING,
        "“{identifier}” allows no attempt at all.",
        "Raise attemptLimit or remove it.",
        f"{SN} 3.5.1",
    ),
    "sequencing.always-disabled": Rule(
        WARNING,
        "“{identifier}” is always disabled, so learners never get it.",
        "Correct the condition of the rule, or remove the item.",
        f"{SN} 3.4",
    ),
    "sequencing.endless": Rule(
        WARNING,
        "After “{identifier}” the action {action} always follows, so learners go round in circles.",
        "Give the rule a condition, or the item an attempt limit.",
        f"{SN} 3.4",
    ),
    "sequencing.never-true": Rule(
        WARNING,
        "A rule of “{identifier}” ({action}) wants a condition and its opposite; it never applies.",
        "Correct its conditions, or combine them by any.",
        f"{SN} 3.4",
    ),
    "sequencing.count-too-high": Rule(
        WARNING,
        "A rollup rule of “{identifier}” wants {count} items, but there are {children}; it never applies.",
        "Lower minimumCount.",
        f"{SN} 3.7",
    ),
    "sequencing.selects-too-many": Rule(
        HINT,
        "“{identifier}” selects {count} of its {children} items; all are taken.",
        "Lower selectCount.",
        f"{SN} 3.11",
    ),
    "sequencing.cannot-start": Rule(
        WARNING,
        "“{title}” can neither be started nor chosen from: its sequencing delivers nothing.",
        "Allow flow or choice in the control mode of the organization, and see that no rule hides every item.",
        f"{SN} 3.2, SB.2.5",
    ),
    "sequencing.never-delivered": Rule(
        WARNING,
        "Learners never get “{identifier}”: of all ways through the course none leads there, unless content itself "
        "jumps.",
        "Look at the control modes above it and at the rules that skip, disable or hide it.",
        f"{SN} 3.2, 3.4",
    ),
    "sequencing.dead-end": Rule(
        WARNING,
        "After “{identifier}” learners can get stuck: the course is not completed, and there is no way on, back or in.",
        "Allow choice or flow from there, raise the attempt limit, or let a rule end the course.",
        f"{SN} 3.2, 3.5",
    ),
    "sequencing.never-satisfied": Rule(
        WARNING,
        "“{identifier}” says when it is satisfied, and can never be, even when learners pass everything.",
        "Look at its rollup rules, the measure that it wants, and the weights of its items.",
        f"{SN} 3.7, RB.1.2",
    ),
    "sequencing.never-completed": Rule(
        WARNING,
        "“{title}” is never completed, whichever way learners take through it and whatever they achieve.",
        "Look at the rollup rules for completion, and at items that are not tracked.",
        f"{SN} 3.7, RB.1.3",
    ),
    "objective.never-written": Rule(
        WARNING,
        "A rule of “{identifier}” depends on the global objective “{target}”, which nothing in the course ever sets.",
        "Let an item write it (writeSatisfiedStatus, writeNormalizedMeasure), or correct targetObjectiveID.",
        f"{SN} 3.10",
    ),
    "objective.elsewhere": Rule(
        HINT,
        "A rule of “{identifier}” depends on the global objective “{target}”, which only another course can set.",
        "Correct targetObjectiveID if an item of this course was meant to write it.",
        f"{SN} 3.10",
    ),
    "score.weightless": Rule(
        WARNING,
        "Every item of “{title}” has the weight 0 (objectiveMeasureWeight), so the course never has a score.",
        "Give the items that are graded a weight above 0.",
        f"{SN} 3.7.4",
    ),
    "score.untracked": Rule(
        WARNING,
        "“{identifier}” has objectives but is not tracked, so its score and status are never reported.",
        'Set tracked="true" in its deliveryControls.',
        f"{SN} 3.13.1",
    ),
    "score.threshold-unused": Rule(
        HINT,
        "“{identifier}” wants a measure of {measure} (minNormalizedMeasure), which counts only with "
        "satisfiedByMeasure: nobody passes or fails by it.",
        'Set satisfiedByMeasure="true" if learners are to pass by their score.',
        f"{SN} 3.10.2",
    ),
    "score.mastery-version": Rule(
        WARNING,
        "“{identifier}” has a masteryscore, which SCORM 2004 does not know; no system judges by it.",
        "Use minNormalizedMeasure of the primary objective, with satisfiedByMeasure.",
        f"{SN} 3.10.2",
    ),
    "score.mastery-unused": Rule(
        WARNING,
        "“{identifier}” has a masteryscore but launches no SCO, so no score is ever judged by it.",
        "Give the masteryscore to an item that launches a SCO.",
        f"{CAM_1_2}, adlcp:masteryscore",
    ),
    "score.mastery-zero": Rule(
        HINT,
        "The masteryscore of “{identifier}” is 0, so everyone who gets a score passes.",
        "Write the score that learners need, or remove it.",
        f"{CAM_1_2}, adlcp:masteryscore",
    ),
    "item.prerequisite-unknown": Rule(
        WARNING,
        "“{identifier}” waits for “{reference}”, which is no item of the course.",
        "Correct the prerequisites: they are made of items' identifiers with & for “and”, | for “or” and ~ for “not”.",
        f"{CAM_1_2}, adlcp:prerequisites",
    ),
    "item.prerequisite-circle": Rule(
        WARNING,
        "“{identifier}” can never be begun where prerequisites count: it waits for itself, or for what waits for it.",
        "Take the circle out of the prerequisites.",
        f"{CAM_1_2}, adlcp:prerequisites",
    ),
    "sequencing.version": Rule(
        HINT,
        "SCORM 1.2 knows no sequencing; the sequencing of “{identifier}” is not used.",
        "Export for SCORM 2004 if the sequencing is needed.",
        f"{CAM_1_2}, 2.3",
    ),
}
