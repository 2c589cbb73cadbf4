"""The rules for metadata as tables (see `schema`): IMS Meta-Data 1.2, which SCORM 1.2 uses, and IEEE 1484.12.3 (LOM in
XML), which SCORM 2004 uses; and those of tincan.xml.

LOM lets its elements come in any order, and says by its vocabularies which words may be values where the source is
LOMv1.0.
"""

from hub.scorm.spec.manifest.schema import Table, Type


def _md(children: str) -> Type:
    """An element that may be extended, and may hold text beside its elements."""
    return Type(f"{children} other*", is_mixed=True)


_TEXTS, _WORD, _PLAIN = Type("langstring+"), Type("source value"), Type(text="text")

IMS_METADATA: Table = {
    "md:lom": Type(
        "general? lifecycle? metametadata? technical? educational? rights? relation* annotation* classification*"
    ),
    "md:general": _md(
        "identifier? title? catalogentry* language* description* keyword* coverage* structure? aggregationlevel?"
    ),
    "md:lifecycle": _md("version? status? contribute*"),
    "md:metametadata": _md("identifier? catalogentry* contribute* metadatascheme* language?"),
    "md:technical": _md(
        "format* size? location* requirement* installationremarks? otherplatformrequirements? duration?"
    ),
    "md:educational": _md(
        "interactivitytype? learningresourcetype* interactivitylevel? semanticdensity? intendedenduserrole* context* "
        "typicalagerange* difficulty? typicallearningtime? description? language*"
    ),
    "md:rights": _md("cost? copyrightandotherrestrictions? description?"),
    "md:relation": _md("kind? resource?"),
    "md:annotation": _md("person? date? description?"),
    "md:classification": _md("purpose? taxonpath* description? keyword*"),
    "md:catalogentry": _md("catalog entry"),
    "md:contribute": _md("role centity* date?"),
    "md:requirement": _md("type? name? minimumversion? maximumversion?"),
    "md:resource": _md("identifier? description? catalogentry*"),
    "md:centity": Type("vcard"),
    "md:person": Type("vcard"),
    "md:date": Type("datetime? description?"),
    "md:duration": Type("datetime? description?"),
    "md:typicallearningtime": Type("datetime? description?"),
    "md:taxonpath": Type("source? taxon?"),
    "md:taxon": Type("id? entry? taxon?"),
    "md:source": Type("langstring"),
    "md:value": Type("langstring"),
    "md:langstring": Type(text="text"),
    "md:location": Type(attributes={"type": "URI|TEXT"}, text="text"),
    "md:size": Type(text="integer"),
    **dict.fromkeys(
        (
            *("md:title", "md:description", "md:keyword", "md:coverage", "md:entry", "md:version"),
            *("md:installationremarks", "md:otherplatformrequirements", "md:typicalagerange"),
        ),
        _TEXTS,
    ),
    **dict.fromkeys(
        (
            *("md:structure", "md:aggregationlevel", "md:status", "md:role", "md:type", "md:name", "md:purpose"),
            *("md:interactivitytype", "md:learningresourcetype", "md:interactivitylevel", "md:semanticdensity"),
            *("md:intendedenduserrole", "md:context", "md:difficulty", "md:cost", "md:kind"),
            "md:copyrightandotherrestrictions",
        ),
        _WORD,
    ),
    **dict.fromkeys(
        (
            *("md:identifier", "md:catalog", "md:language", "md:vcard", "md:datetime", "md:id", "md:format"),
            *("md:metadatascheme", "md:minimumversion", "md:maximumversion"),
        ),
        _PLAIN,
    ),
}


def _lom(children: str) -> Type:
    return Type(f"{children} other*", is_unordered=True)


#: The words of each LOM vocabulary, by the element whose value they are; there are two kinds of roles.
VOCABULARIES = {
    "structure": "atomic|collection|networked|hierarchical|linear",
    "aggregationLevel": "1|2|3|4",
    "status": "draft|final|revised|unavailable",
    "lifeCycle role": "author|publisher|unknown|initiator|terminator|validator|editor|graphical designer|technical "
    "implementer|content provider|technical validator|educational validator|script writer|instructional designer|"
    "subject matter expert",
    "metaMetadata role": "creator|validator",
    "type": "operating system|browser",
    "name": "pc-dos|ms-windows|macos|unix|multi-os|none|any|netscape communicator|ms-internet explorer|opera|amaya",
    "interactivityType": "active|expositive|mixed",
    "learningResourceType": "exercise|simulation|questionnaire|diagram|figure|graph|index|slide|table|narrative text|"
    "exam|experiment|problem statement|self assessment|lecture",
    "interactivityLevel": "very low|low|medium|high|very high",
    "semanticDensity": "very low|low|medium|high|very high",
    "intendedEndUserRole": "teacher|author|learner|manager",
    "context": "school|higher education|training|other",
    "difficulty": "very easy|easy|medium|difficult|very difficult",
    "cost": "yes|no",
    "copyrightAndOtherRestrictions": "yes|no",
    "kind": "ispartof|haspart|isversionof|hasversion|isformatof|hasformat|references|isreferencedby|isbasedon|"
    "isbasisfor|requires|isrequiredby",
    "purpose": "discipline|idea|prerequisite|educational objective|accessibility restrictions|educational level|"
    "skill level|security level|competency",
}

_STRINGS, _VOCABULARY = _lom("string*"), _lom("source? value?")

LOM: Table = {
    # By this attribute the schema counts elements that may come once only.
    "@uniqueElementName": Type(text="text"),
    "lom:lom": _lom(
        "general? lifeCycle? metaMetadata? technical? educational* rights? relation* annotation* classification*"
    ),
    "lom:general": _lom("identifier* title? language* description* keyword* coverage* structure? aggregationLevel?"),
    "lom:lifeCycle": _lom("version? status? contribute*"),
    "lom:metaMetadata": _lom("identifier* contribute* metadataSchema* language?"),
    "lom:technical": _lom(
        "format* size? location* requirement* installationRemarks? otherPlatformRequirements? duration?"
    ),
    "lom:educational": _lom(
        "interactivityType? learningResourceType* interactivityLevel? semanticDensity? intendedEndUserRole* context* "
        "typicalAgeRange* difficulty? typicalLearningTime? description* language*"
    ),
    "lom:rights": _lom("cost? copyrightAndOtherRestrictions? description?"),
    "lom:relation": _lom("kind? resource?"),
    "lom:annotation": _lom("entity? date? description?"),
    "lom:classification": _lom("purpose? taxonPath* description? keyword*"),
    "lom:identifier": _lom("catalog? entry?"),
    "lom:contribute": _lom("role? entity* date?"),
    "lom:requirement": _lom("orComposite*"),
    "lom:orComposite": _lom("type? name? minimumVersion? maximumVersion?"),
    "lom:resource": _lom("identifier* description*"),
    "lom:taxonPath": _lom("source? taxon*"),
    "lom:taxonPath/lom:source": _STRINGS,
    "lom:taxon": _lom("id? entry?"),
    "lom:taxon/lom:entry": _STRINGS,
    "lom:date": _lom("dateTime? description?"),
    "lom:dateTime": Type(text="lom time"),
    "lom:typicalLearningTime": _lom("duration? description?"),
    "lom:technical/lom:duration": _lom("duration? description?"),
    "lom:duration": Type(text="lom duration"),
    "lom:string": Type(attributes={"language": "language"}, text="text"),
    "lom:size": Type(text="count"),
    "lom:general/lom:language": Type(text="language or none"),
    "lom:language": Type(text="language"),
    **dict.fromkeys(
        (
            *("lom:title", "lom:description", "lom:keyword", "lom:coverage", "lom:version"),
            *("lom:installationRemarks", "lom:otherPlatformRequirements", "lom:typicalAgeRange"),
        ),
        _STRINGS,
    ),
    **dict.fromkeys((f"lom:{name.rpartition(' ')[2]}" for name in VOCABULARIES), _VOCABULARY),
    **dict.fromkeys(
        (
            *("lom:catalog", "lom:entry", "lom:entity", "lom:metadataSchema", "lom:format", "lom:location"),
            *("lom:minimumVersion", "lom:maximumVersion", "lom:id", "lom:source", "lom:value"),
        ),
        _PLAIN,
    ),
}

_LANGUAGE = {"lang": "language"}

TINCAN: Table = {
    "tincan:tincan": Type("activities other*"),
    "tincan:activities": Type("activity+ other*"),
    "tincan:activity": Type(
        "name* description* launch* resource* interactionType? correctResponsePatterns? choices? scale? source? "
        "target? steps? extensions? other*",
        {"id!": "address", "type": "uri"},
        is_unordered=True,
    ),
    "tincan:name": Type(attributes=_LANGUAGE, text="text"),
    "tincan:description": Type(attributes=_LANGUAGE, text="text"),
    "tincan:launch": Type(attributes=_LANGUAGE, text="uri"),
    "tincan:resource": Type(attributes=_LANGUAGE, text="uri"),
    "tincan:interactionType": Type(
        text="true-false|choice|fill-in|long-fill-in|likert|matching|performance|sequencing|numeric|other"
    ),
    "tincan:correctResponsePatterns": Type("correctResponsePattern+"),
    "tincan:correctResponsePattern": Type(text="text"),
    **dict.fromkeys(
        ("tincan:choices", "tincan:scale", "tincan:source", "tincan:target", "tincan:steps"), Type("component+")
    ),
    "tincan:component": Type("id description*", is_unordered=True),
    "tincan:id": Type(text="text"),
    "tincan:extensions": Type("extension*"),
    "tincan:extension": Type(attributes={"key!": "address"}, text="anything"),
}
