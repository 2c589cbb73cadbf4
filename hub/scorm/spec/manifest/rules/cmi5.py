"""cmi5 course structures, and the packages of xAPI and AICC."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import DANGER, ERROR, EXPORT, HINT, WARNING

_TINCAN = "Experience API packages: tincan.xml"

CMI5_RULES: dict[str, Rule] = {
    "cmi5.root": Rule(
        ERROR,
        "The root element is “{name}” and not “courseStructure” of cmi5.",
        "Use the namespace https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd.",
        "cmi5 14.0",
    ),
    "cmi5.element": Rule(
        ERROR, "“{parent}” {what}.", "Write the elements in the order of the cmi5 schema.", "cmi5 14.0"
    ),
    "cmi5.attribute": Rule(
        ERROR, "“{element}” {what} “{name}”.", "Call the attributes as the cmi5 schema has them.", "cmi5 14.0"
    ),
    "cmi5.iri": Rule(
        ERROR,
        "The id “{found}” of this {kind} is not an absolute IRI.",
        "Use an IRI with a scheme, such as https://example.org/course/1.",
        "cmi5 3.0, 13.1",
    ),
    "cmi5.duplicate": Rule(
        ERROR,
        "The id “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each block, AU and objective an id of its own.",
        "cmi5 13.1.2, 13.1.3, 13.1.4",
    ),
    "cmi5.value": Rule(
        ERROR, "{name} is “{found}”, which is not {allowed}.", "Write it as the standard has it.", "cmi5 13.1.4"
    ),
    "cmi5.url": Rule(
        ERROR,
        "The URL “{url}” of the AU is not valid.",
        "Write a relative path of the package or a whole URL, with blanks encoded.",
        "cmi5 13.1.4",
    ),
    "cmi5.url-relative": Rule(
        ERROR,
        "The URL “{url}” is relative, but the course structure came without a package.",
        "Use whole URLs, or put the course structure and its files into a zip.",
        "cmi5 14.2",
    ),
    "cmi5.query": Rule(
        ERROR,
        "The URL “{url}” has the query parameter “{name}”, which belongs to the launch.",
        "Rename the parameter.",
        "cmi5 8.1",
    ),
    "cmi5.objective-missing": Rule(
        ERROR,
        "The objective “{reference}” is referred to but not defined.",
        "Define it under objectives of the course structure.",
        "cmi5 13.1.3",
    ),
    "cmi5.no-language": Rule(
        HINT, "A text does not say its language.", "Add the attribute lang to langstring.", "cmi5 13.1"
    ),
    "xapi.no-launch": Rule(
        ERROR,
        "No activity of tincan.xml has a launch file.",
        "Add the element launch to the course's activity.",
        _TINCAN,
    ),
    "xapi.no-id": Rule(
        ERROR, "An activity with a launch file has no id.", "Add the attribute id.", "xAPI 1.0.3 Data 2.4.4.1"
    ),
    "xapi.iri": Rule(
        WARNING,
        "The id “{found}” of the activity is not an absolute IRI; statements about it are refused by an LRS.",
        "Use an IRI with a scheme, such as https://example.org/course/1.",
        "xAPI 1.0.3 Data 2.4.4.1",
    ),
    "xapi.duplicate": Rule(
        WARNING,
        "The id “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each activity an id of its own.",
        "xAPI 1.0.3 Data 2.4.4.1",
    ),
    "xapi.element": Rule(
        HINT, "“{element}” {what}.", "Write the elements as the schema of tincan.xml has them.", _TINCAN
    ),
    "xapi.attribute": Rule(
        HINT, "“{element}” {what} “{name}”.", "Write the attributes as the schema of tincan.xml has them.", _TINCAN
    ),
    "xapi.value": Rule(
        HINT, "{name} of “{element}” is {what}.", "Write the value as the schema of tincan.xml has it.", _TINCAN
    ),
    "aicc.file-missing": Rule(
        ERROR,
        "The AICC package has no {kind} file beside “{file}”.",
        "Export the package again: the course, AU, descriptor and structure files belong together.",
        "AICC CMI001 6",
    ),
    "aicc.too-large": Rule(DANGER, "“{file}” has more than {limit} fields.", EXPORT, "AICC CMI001 6"),
    "aicc.encoding": Rule(ERROR, "The text of “{file}” cannot be read.", "Save it as UTF-8.", "AICC CMI001 6"),
    "aicc.column-missing": Rule(
        ERROR, "“{file}” has no column “{name}”.", "Write the column names in the first line.", "AICC CMI001 6"
    ),
    "aicc.no-unit": Rule(
        ERROR,
        "The course structure leads to no assignable unit.",
        "List the AUs in the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.member-unknown": Rule(
        WARNING,
        "The structure names “{member}”, which is neither an AU nor a block; it was passed over.",
        "Correct the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.member-repeated": Rule(
        WARNING,
        "The structure names “{member}” more than once; only the first place counts.",
        "Correct the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.no-file-name": Rule(
        ERROR, "The AU “{identifier}” has no file name.", "Fill the column file_name.", "AICC CMI001 6.2"
    ),
    "package.not-playable": Rule(
        HINT,
        "{standard} packages are checked and kept, but not played yet.",
        "Export for SCORM 2004 or SCORM 1.2 if learners need the course now.",
    ),
}
