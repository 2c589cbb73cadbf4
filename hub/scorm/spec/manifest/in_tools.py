"""What to do about a refusal in the common authoring tools, in the words of their menus."""

from collections.abc import Mapping

#: By what is wrong: how the package was published, its names, its manifest, and cmi5 courses.
ADVICE: dict[str, Mapping[str, str]] = {
    "publish": {
        "Storyline": "Publish > LMS, choose SCORM 2004 or SCORM 1.2, Publish, then “ZIP”; upload that zip as it is.",
        "Rise": "Publish > LMS, choose SCORM 2004 or SCORM 1.2; upload the downloaded zip without unpacking it.",
        "Captivate": "Preferences > Reporting: enable reporting for an LMS; Publish, with “Zip files” ticked.",
        "iSpring": "Publish > LMS, choose SCORM 2004 or SCORM 1.2, “Zip package”.",
        "eXeLearning": "File > Export (Download as) > SCORM 1.2 or 2004; the .elp or .elpx file is only the project.",
        "Adapt": "Enable the Spoor extension, then Publish (Download); with the framework, zip the content of build/.",
        "H5P": "An .h5p file is no package: in Lumi use File > Export > SCORM.",
    },
    "names": {
        "Storyline": "Publish into a new empty folder with a title of plain letters, and let it make the zip.",
        "Rise": "Give attachments plain names (letters, digits, hyphens), and publish again.",
        "Captivate": "Rename the entries of the Library, and publish with “Zip files” into a new folder.",
        "iSpring": "Rename attached files and the presentation, and publish again.",
        "eXeLearning": "Rename the files of the resource in its file manager, and export again.",
        "Adapt": "Rename the assets in the asset manager, and publish again.",
        "H5P": "Export again with a title of plain letters.",
    },
    "manifest": {
        "Storyline": "It writes the manifest itself: publish again for LMS, into an empty folder, and change nothing.",
        "Rise": "It writes the manifest itself: publish again for LMS, and change nothing in the zip.",
        "Captivate": "Preferences > Reporting > Configure sets identifiers and titles of the manifest; publish again.",
        "iSpring": "Publish > LMS > Course sets titles and identifiers; publish again.",
        "eXeLearning": "Properties > Package sets titles and identifiers; export again.",
        "Adapt": "The Spoor extension's template writes the manifest (required/imsmanifest.xml); build again.",
        "H5P": "Lumi writes the manifest itself: export again.",
    },
    "xapi": {
        "Storyline": "Publish > LMS > xAPI; the identifier must be a whole address such as https://example.org/course.",
        "Rise": "Publish > LMS > xAPI, and change nothing in tincan.xml.",
        "Captivate": "Preferences > Reporting > Standard: xAPI, with a whole address as identifier; publish again.",
        "iSpring": "Publish > LMS > xAPI, with a whole address as activity id.",
        "Adapt": "Choose SCORM, or add launch and ids to tincan.xml of the xAPI extension.",
        "H5P": "In Lumi use File > Export > SCORM.",
    },
    "cmi5": {
        "Storyline": "Publish > LMS > cmi5; ids must be whole addresses such as https://example.org/course.",
        "Rise": "Publish > LMS > cmi5, and change nothing in cmi5.xml.",
        "Captivate": "Choose SCORM 2004 where cmi5 is not offered.",
        "iSpring": "Publish > LMS > cmi5, with a whole address as activity id.",
        "Adapt": "Set the ids in the xAPI extension to whole addresses, and build again.",
    },
}
_BY_PREFIX = {
    "archive": "publish",
    "package": "publish",
    "organization": "publish",
    "xml": "manifest",
    "manifest": "manifest",
    "identifier": "manifest",
    "item": "manifest",
    "resource": "manifest",
    "sequencing": "manifest",
    "cmi5": "cmi5",
    "xapi": "xapi",
    "aicc": "publish",
}
_NAMES = frozenset(
    f"archive.{rule}"
    for rule in (
        "escapes",
        "absolute",
        "drive",
        "control",
        "segment",
        "name-too-long",
        "collision",
        "duplicate",
        "file-and-folder",
    )
)


def in_tools(code: str) -> Mapping[str, str]:
    """What to do in each tool about a finding that refuses; empty where no tool has a part in it."""
    topic = "names" if code in _NAMES else _BY_PREFIX.get(code.partition(".")[0], "")
    return ADVICE.get(topic, {})
