"""The files of a package: pages, scripts and style sheets; and documents and videos without a manifest."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import CAM, ERROR, HINT, WARNING

CONTENT_RULES: dict[str, Rule] = {
    "file.large": Rule(
        HINT,
        "“{file}” has {size} MB; learners with a slow line wait long for it.",
        "Make videos smaller (H.264, 2 Mbit/s does for most) or split the file.",
    ),
    "file.captions": Rule(
        HINT,
        "Videos have no captions beside them ({count}; “{file}” for one).",
        "Add captions (WebVTT) in the authoring tool.",
        "WCAG 2.2, 1.2.2",
    ),
    "file.flash": Rule(
        HINT,
        "Flash films are in the package ({count}; “{file}” for one); no browser plays them any more.",
        "Publish the course as HTML5.",
    ),
    "file.unlisted": Rule(
        HINT,
        "Files of the zip are not in the manifest ({count}; “{file}” for one).",
        "Remove them if the course does not need them.",
        f"{CAM}, <file>",
    ),
    "page.language": Rule(
        HINT, "The page does not say its language.", "Set the attribute lang of html.", "WCAG 2.2, 3.1.1"
    ),
    "page.title": Rule(HINT, "The page has no title.", "Give it a title element.", "WCAG 2.2, 2.4.2"),
    "page.image-text": Rule(
        HINT,
        "Pictures of the page have no alternative text ({count}).",
        "Describe them in alt, or leave alt empty for mere decoration.",
        "WCAG 2.2, 1.1.1",
    ),
    "page.insecure": Rule(
        WARNING,
        "“{address}” is loaded by http; browsers refuse that in a course that is served by https.",
        "Put the file into the package, or load it by https.",
        "Mixed Content",
    ),
    "script.insecure": Rule(
        HINT,
        "A script seems to load “{address}” by http; browsers refuse that in a course that is served by https.",
        "Put the file into the package, or load it by https.",
        "Mixed Content",
    ),
    "page.http-link": Rule(
        HINT,
        "Links lead to http inside the course's own frame ({count}; “{address}” for one); browsers refuse to show that "
        "in a course that is served by https.",
        "Link to https, or let the link open in a new window.",
        "Mixed Content",
    ),
    "page.elsewhere": Rule(
        HINT,
        "The page loads “{address}” from another server; without that server the course does not work.",
        "Put the file into the package.",
    ),
    "page.missing-file": Rule(
        WARNING,
        "The page loads “{address}”, which is not in the package{guess}.",
        "Add the file, or remove it from the page.",
        "RFC 3986 5",
    ),
    "page.blocked": Rule(
        HINT,
        "Scripts seem to use {what}, which browsers block or are about to block in a frame (files: {count}; “{file}” "
        "for one).",
        "Publish with a newer version of the authoring tool, or let the script use {instead}.",
    ),
}

MEDIA_RULES: dict[str, Rule] = {
    "media.truncated": Rule(
        ERROR, "The {kind} is cut off, so it cannot be shown.", "Save or export it again and upload it whole."
    ),
    "media.not-what-it-says": Rule(
        ERROR, "“{file}” is called a {kind} but is none.", "Save or export it again in that format."
    ),
    "media.protected": Rule(
        WARNING,
        "The PDF is protected; if it asks for a password, learners cannot read it here.",
        "Save it without protection.",
        "ISO 32000-2 7.6",
    ),
    "media.codec": Rule(
        WARNING,
        "The video uses {codec}, which not every browser plays.",
        "Export it with H.264 and AAC.",
    ),
    "media.slow-start": Rule(
        HINT,
        "The index of the video stands at its end, so that it starts late on slow lines.",
        "Export it for streaming (“fast start”, “web optimised”).",
        "ISO/IEC 14496-12 8.1",
    ),
    "media.captions": Rule(
        WARNING,
        "“{file}” is neither WebVTT nor SubRip, as its name says, so its captions are not shown.",
        "Save the captions as WebVTT (.vtt, begins with the word WEBVTT) or as SubRip (.srt).",
        "WebVTT 4.1",
    ),
    "media.web": Rule(
        HINT,
        "There is no manifest, so this was taken for a web site that begins with “{file}”. It is completed when nine "
        "tenths of its pages have been seen; it reports no score.",
        "If it was meant to report more, publish it for an LMS (SCORM 2004 or SCORM 1.2).",
    ),
    "media.tool": Rule(
        WARNING,
        "{tool} made these pages for the web and not for a learning platform: results of quizzes are not reported.",
        "Publish for an LMS instead (SCORM 2004 or SCORM 1.2).",
    ),
}
