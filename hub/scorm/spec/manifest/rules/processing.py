"""What an import and the run-time tell of a package while they work with it."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import ERROR, HINT

IMPORT_RULES: dict[str, Rule] = {
    "import.unchanged": Rule(
        HINT,
        "The file is the same as that of version {number}, so no new version was made.",
        "Upload it as a package of its own if that was meant.",
    ),
    "import.not-fetched": Rule(
        ERROR,
        "The file could not be fetched: {reason}.",
        "Open the address in a browser: it must give the zip itself, to anybody who knows it.",
    ),
    "import.gave-up": Rule(
        ERROR,
        "The import was tried several times and did not come to an end: {reason}.",
        "Try again later; if it fails again, ask the administrator to look into the log.",
    ),
}

#: What only shows when learners play the course.
RUNTIME_RULES: dict[str, Rule] = {
    "runtime.suspend-data-long": Rule(
        HINT,
        "“{identifier}” stored {length} characters of suspend_data; SCORM 1.2 allows {allowed}. They were kept.",
        "Have it store less, or publish as SCORM 2004: other platforms may cut this off and lose learners' places.",
        "SCORM 1.2 RTE 3.4.4, cmi.suspend_data",
    ),
}
