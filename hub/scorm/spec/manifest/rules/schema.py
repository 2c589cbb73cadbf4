"""What the official schemas call wrong, in manifests and in metadata."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import CAM, HINT, WARNING

_XSD = "the schemas of IMS Content Packaging, ADL and IMS Simple Sequencing"

SCHEMA_RULES: dict[str, Rule] = {
    "schema.element": Rule(
        WARNING,
        "“{element}” {what}; other systems that check the schema may refuse the package.",
        "Write the elements as the standard's schema has them, in its order.",
        _XSD,
    ),
    "schema.attribute": Rule(
        WARNING,
        "“{element}” {what} “{name}”.",
        "Mind upper and lower case: attributes are called as the standard's schema has them.",
        _XSD,
    ),
    "schema.value": Rule(
        WARNING,
        "{name} of “{element}” is {what}.",
        "Write the value as the standard's schema has it.",
        _XSD,
    ),
    "schema.identifier": Rule(
        HINT,
        "{name} of “{element}” is {what}. Most systems take it all the same.",
        "Begin identifiers with a letter and use no blanks, brackets or commas in the course's title, from which many "
        "tools make them.",
        _XSD,
    ),
}

_MD = "IMS Meta-Data 1.2 (SCORM 1.2); IEEE 1484.12.3 (SCORM 2004)"

METADATA_RULES: dict[str, Rule] = {
    "metadata.element": Rule(
        HINT,
        "In the metadata, “{element}” {what}.",
        "Write the metadata as their schema has them; what learners see does not depend on it.",
        _MD,
    ),
    "metadata.attribute": Rule(
        HINT,
        "In the metadata, “{element}” {what} “{name}”.",
        "Write the metadata as their schema has them; what learners see does not depend on it.",
        _MD,
    ),
    "metadata.value": Rule(
        HINT,
        "In the metadata, {name} of “{element}” is {what}.",
        "Write the value as the schema of the metadata has it.",
        _MD,
    ),
    "metadata.unreadable": Rule(
        HINT,
        "The metadata in “{file}” cannot be read: the XML is malformed, or holds what is not taken (a DTD).",
        "Mend the file, or remove it and adlcp:location from the manifest.",
        f"{CAM}, adlcp:location",
    ),
}
