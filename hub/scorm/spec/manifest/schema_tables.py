"""The rules of the official schemas as tables: IMS Content Packaging 1.1.2 and 1.1.4, ADL's packaging, sequencing and
navigation extensions, IMS Simple Sequencing 1.0, and the course structure of cmi5.

A key is an element's family and name, with the key of its parent before it where one name has several types, or an
attribute (`@`) of a namespace of its own. Metadata (LOM) is not judged: it may hold what it likes.
"""

from hub.scorm.spec.manifest.schema import Table, Type

#: Prefixes of the tables for manifests, whose namespaces `namespaces.normalise` has reduced to these families.
MANIFEST_FAMILIES = {name: name for name in ("cp", "adlcp", "adlseq", "adlnav", "imsss")}

_SCO = "sco|asset"
_ACTIONS = "exit,message|exit,no message|continue,message|continue,no message"
_ONE, _TIMING = "all|any", "never|once|onEachNewAttempt"
_CONSIDERATION = "always|ifAttempted|ifNotSkipped|ifNotSuspended"
_STATES = "satisfied|objectiveStatusKnown|objectiveMeasureKnown|completed|activityProgressKnown|attempted"
_LIMITS = "attemptLimitExceeded|timeLimitExceeded|outsideAvailableTimeRange"
_HIDE = "abandon|continue|exit|previous|suspendAll|exitAll|abandonAll"


def _packaging(reference: str, title: str, href: str, more: dict[str, str], organization: str) -> dict[str, Type]:
    """IMS Content Packaging; 1.1.2 limits lengths, 1.1.4 does not."""
    identifier = {"identifier!": "ID"}
    return {
        "cp:manifest": Type(
            "metadata? organizations resources manifest* other*", identifier | {"version": more["version"]}
        ),
        "cp:metadata": Type("schema? schemaversion? other*"),
        "cp:schema": Type(text=more["schema"]),
        "cp:schemaversion": Type(text=more["version"]),
        "cp:organizations": Type("organization* other*", {"default": "IDREF"}),
        "cp:organization": Type(organization, identifier | {"structure": more["structure"]}),
        "cp:item": Type(
            "title? item* metadata? other*",
            identifier | {"identifierref": reference, "isvisible": "boolean", "parameters": more["parameters"]},
        ),
        "cp:title": Type(text=title),
        "cp:resources": Type("resource* other*"),
        "cp:resource": Type(
            "metadata? file* dependency* other*", identifier | {"type!": more["parameters"], "href": href}
        ),
        "cp:file": Type("metadata? other*", {"href!": href}),
        "cp:dependency": Type("other*", {"identifierref!": reference}),
    }


SCORM_1_2: Table = _packaging(
    "text2000",
    "text200",
    "uri2000",
    {"version": "text20", "schema": "text100", "structure": "text200", "parameters": "text1000"},
    "title? item* metadata? other*",
) | {
    "adlcp:location": Type(text="text2000"),
    "adlcp:prerequisites": Type(attributes={"type!": "aicc_script|"}, text="text200"),
    "adlcp:maxtimeallowed": Type(text="text13"),
    "adlcp:timelimitaction": Type(text=_ACTIONS),
    "adlcp:datafromlms": Type(text="text255"),
    "adlcp:masteryscore": Type(text="text200"),
    "@adlcp:scormtype": Type(text=_SCO),
}

_FLAG_MAPS = ("RawScore", "MinScore", "MaxScore", "CompletionStatus", "ProgressMeasure")
_OBJECTIVE = {"satisfiedByMeasure": "boolean"}

_ADL_2004 = {
    "adlcp:location": Type(text="uri"),
    "adlcp:dataFromLMS": Type(text="text"),
    "adlcp:timeLimitAction": Type(text=_ACTIONS),
    "adlcp:completionThreshold": Type(
        attributes={"completedByMeasure": "boolean", "minProgressMeasure": "fraction", "progressWeight": "fraction"},
        text="text",
    ),
    "adlcp:data": Type("map+"),
    "adlcp:map": Type(
        attributes={"targetID!": "uri", "readSharedData": "boolean", "writeSharedData": "boolean"},
    ),
    "@adlcp:scormType": Type(text=_SCO),
    "@adlcp:sharedDataGlobalToSystem": Type(text="boolean"),
    "adlseq:constrainedChoiceConsiderations": Type(
        attributes={"preventActivation": "boolean", "constrainChoice": "boolean"}
    ),
    "adlseq:rollupConsiderations": Type(
        attributes={
            "requiredForSatisfied": _CONSIDERATION,
            "requiredForNotSatisfied": _CONSIDERATION,
            "requiredForCompleted": _CONSIDERATION,
            "requiredForIncomplete": _CONSIDERATION,
            "measureSatisfactionIfActive": "boolean",
        }
    ),
    "adlseq:objectives": Type("objective+"),
    "adlseq:objective": Type("mapInfo+", {"objectiveID!": "uri"}),
    "adlseq:mapInfo": Type(
        attributes={"targetObjectiveID!": "uri"}
        | {f"{access}{what}": "boolean" for access in ("read", "write") for what in _FLAG_MAPS}
    ),
    "@adlseq:objectivesGlobalToSystem": Type(text="boolean"),
    "adlnav:presentation": Type("navigationInterface?"),
    "adlnav:navigationInterface": Type("hideLMSUI*"),
    "adlnav:hideLMSUI": Type(text=_HIDE),
}

_SEQUENCING = {
    "imsss:sequencingCollection": Type("sequencing+"),
    "imsss:sequencing": Type(
        "controlMode? sequencingRules? limitConditions? auxiliaryResources? rollupRules? objectives? "
        "randomizationControls? deliveryControls? other*",
        {"ID": "ID", "IDRef": "IDREF"},
    ),
    "imsss:controlMode": Type(
        attributes=dict.fromkeys(
            (
                "choice",
                "choiceExit",
                "flow",
                "forwardOnly",
                "useCurrentAttemptObjectiveInfo",
                "useCurrentAttemptProgressInfo",
            ),
            "boolean",
        )
    ),
    "imsss:sequencingRules": Type("preConditionRule* exitConditionRule* postConditionRule*"),
    "imsss:preConditionRule": Type("ruleConditions? ruleAction"),
    "imsss:exitConditionRule": Type("ruleConditions? ruleAction"),
    "imsss:postConditionRule": Type("ruleConditions? ruleAction"),
    "imsss:ruleConditions": Type("ruleCondition+", {"conditionCombination": _ONE}),
    "imsss:ruleCondition": Type(
        attributes={
            "referencedObjective": "uri",
            "measureThreshold": "measure",
            "operator": "not|noOp",
            "condition!": f"{_STATES}|{_LIMITS}|objectiveMeasureGreaterThan|objectiveMeasureLessThan|always",
        }
    ),
    "imsss:preConditionRule/imsss:ruleAction": Type(
        attributes={"action!": "skip|disabled|hiddenFromChoice|stopForwardTraversal"}
    ),
    "imsss:exitConditionRule/imsss:ruleAction": Type(attributes={"action!": "exit|"}),
    "imsss:postConditionRule/imsss:ruleAction": Type(
        attributes={"action!": "exitParent|exitAll|retry|retryAll|continue|previous"}
    ),
    "imsss:limitConditions": Type(
        attributes={
            "attemptLimit": "count",
            "attemptAbsoluteDurationLimit": "duration",
            "attemptExperiencedDurationLimit": "duration",
            "activityAbsoluteDurationLimit": "duration",
            "activityExperiencedDurationLimit": "duration",
            "beginTimeLimit": "dateTime",
            "endTimeLimit": "dateTime",
        }
    ),
    "imsss:auxiliaryResources": Type("auxiliaryResource*"),
    "imsss:auxiliaryResource": Type(attributes={"auxiliaryResourceID!": "uri", "purpose!": "text"}),
    "imsss:rollupRules": Type(
        "rollupRule*",
        {
            "rollupObjectiveSatisfied": "boolean",
            "rollupProgressCompletion": "boolean",
            "objectiveMeasureWeight": "fraction",
        },
    ),
    "imsss:rollupRule": Type(
        "rollupConditions rollupAction",
        {
            "childActivitySet": "all|any|none|atLeastCount|atLeastPercent",
            "minimumCount": "count",
            "minimumPercent": "fraction",
        },
    ),
    "imsss:rollupConditions": Type("rollupCondition+", {"conditionCombination": _ONE}),
    "imsss:rollupCondition": Type(attributes={"operator": "not|noOp", "condition!": f"{_STATES}|{_LIMITS}"}),
    "imsss:rollupAction": Type(attributes={"action!": "satisfied|notSatisfied|completed|incomplete"}),
    "imsss:objectives": Type("primaryObjective objective*"),
    "imsss:primaryObjective": Type("minNormalizedMeasure? mapInfo*", _OBJECTIVE | {"objectiveID": "uri"}),
    "imsss:objective": Type("minNormalizedMeasure? mapInfo*", _OBJECTIVE | {"objectiveID!": "uri"}),
    "imsss:minNormalizedMeasure": Type(text="measure or nothing"),
    "imsss:mapInfo": Type(
        attributes={"targetObjectiveID!": "uri"}
        | dict.fromkeys(
            ("readSatisfiedStatus", "readNormalizedMeasure", "writeSatisfiedStatus", "writeNormalizedMeasure"),
            "boolean",
        )
    ),
    "imsss:randomizationControls": Type(
        attributes={
            "randomizationTiming": _TIMING,
            "selectCount": "count",
            "reorderChildren": "boolean",
            "selectionTiming": _TIMING,
        }
    ),
    "imsss:deliveryControls": Type(
        attributes=dict.fromkeys(("tracked", "completionSetByContent", "objectiveSetByContent"), "boolean")
    ),
}

SCORM_2004: Table = (
    _packaging(
        "text",
        "text",
        "uri",
        dict.fromkeys(("version", "schema", "structure", "parameters"), "text"),
        "title? item+ metadata? other*",
    )
    | _ADL_2004
    | _SEQUENCING
)

BY_STANDARD: dict[str, Table] = {"scorm_1_2": SCORM_1_2, "scorm_2004": SCORM_2004}

_TEXTS = "title description"
CMI5: Table = {
    "cmi5:courseStructure": Type("course objectives? au|block+ other*"),
    "cmi5:course": Type(f"{_TEXTS} other*", {"id!": "uri"}),
    "cmi5:courseStructure/cmi5:objectives": Type("objective+ other*"),
    "cmi5:objective": Type(_TEXTS, {"id!": "uri"}, is_unordered=True),
    "cmi5:block": Type(f"{_TEXTS} objectives? au|block+ other*", {"id!": "uri"}),
    "cmi5:au": Type(
        f"{_TEXTS} objectives? url launchParameters? entitlementKey? other*",
        {
            "id!": "uri",
            "moveOn": "NotApplicable|Passed|Completed|CompletedAndPassed|CompletedOrPassed",
            "masteryScore": "fraction",
            "launchMethod": "AnyWindow|OwnWindow",
            "activityType": "text",
        },
    ),
    "cmi5:objectives": Type("objective+ other*"),
    "cmi5:objectives/cmi5:objective": Type(attributes={"idref": "uri"}),
    "cmi5:title": Type("langstring+ other*"),
    "cmi5:description": Type("langstring+ other*"),
    "cmi5:langstring": Type(attributes={"lang": "language"}, text="text"),
    "cmi5:url": Type(text="address"),
    "cmi5:launchParameters": Type(text="anything"),
    "cmi5:entitlementKey": Type(text="anything"),
}
