"""The container: zips that cannot be read, are dangerous, or odd.

PKWARE's APPNOTE describes the format; SCORM says only that a package is a zip.
"""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import CAM, DANGER, ERROR, HINT, REPACK

ARCHIVE_RULES: dict[str, Rule] = {
    "archive.not-a-zip": Rule(
        ERROR,
        "This is not a zip file{guess}.",
        "Upload the zip that the authoring tool exported, or a PDF, an MP4 or an HTML page.",
        f"{CAM}, package interchange file",
    ),
    "archive.truncated": Rule(
        ERROR,
        "The zip is cut off: its directory is missing.",
        "Upload it again; the copy here is incomplete.",
        "APPNOTE 4.3.16",
    ),
    "archive.damaged": Rule(ERROR, "The zip is damaged: {what}.", REPACK, "APPNOTE 4.3.6"),
    "archive.damaged-entry": Rule(ERROR, "“{entry}” is damaged: {what}.", REPACK, "APPNOTE 4.3.8"),
    "archive.empty": Rule(ERROR, "The zip holds no files.", REPACK),
    "archive.several-disks": Rule(
        ERROR, "The zip is split over several files.", "Make one zip of the package.", "APPNOTE 4.4.19"
    ),
    "archive.prefixed": Rule(
        ERROR,
        "{count} bytes that belong to no entry stand before the directory of the zip; programs would disagree "
        "about what it holds.",
        REPACK,
        "APPNOTE 4.3.6",
    ),
    "archive.encrypted": Rule(
        ERROR, "“{entry}” is encrypted.", "Zip the package without a password.", "APPNOTE 4.4.4, bit 0"
    ),
    "archive.method": Rule(
        ERROR,
        "“{entry}” is packed with {method}, which browsers' and learning platforms' zip readers do not know.",
        "Zip the package with the ordinary method (Deflate).",
        "APPNOTE 4.4.5",
    ),
    "archive.too-large": Rule(
        DANGER,
        "Unpacked, the package has {found} bytes; at most {limit} are allowed.",
        "Make videos and pictures smaller, or ask the administrator for a higher limit.",
    ),
    "archive.too-many-files": Rule(
        DANGER,
        "The package has {found} files; at most {limit} are allowed.",
        "Remove files that the course does not need, or ask the administrator for a higher limit.",
    ),
    "archive.ratio": Rule(
        DANGER,
        "“{entry}” grows to {ratio} times its packed size; at most {limit} times is allowed.",
        "Such files are made to fill disks. If this one is meant, ask the administrator for a higher limit.",
    ),
    "archive.entry-larger": Rule(
        DANGER,
        "“{entry}” unpacks to more than the {size} bytes that the zip's directory says.",
        REPACK,
        "APPNOTE 4.4.9",
    ),
    "archive.overlap": Rule(DANGER, "“{entry}” and “{other}” use the same bytes of the zip.", REPACK, "APPNOTE 4.3.6"),
    "archive.offset": Rule(DANGER, "“{entry}” points outside the zip's data.", REPACK, "APPNOTE 4.4.16"),
    "archive.local-mismatch": Rule(
        DANGER,
        "“{entry}” says one thing in the zip's directory and another at its data ({what}); programs would disagree "
        "about what it is.",
        REPACK,
        "APPNOTE 4.3.7, 4.3.12",
    ),
    "archive.ambiguous": Rule(DANGER, "The zip contradicts itself: {what}.", REPACK, "APPNOTE 4.3.6"),
    "archive.escapes": Rule(
        DANGER,
        "The name “{entry}” leads out of the package.",
        "Remove “..” from the names in the zip.",
    ),
    "archive.absolute": Rule(
        DANGER, "The name “{entry}” is absolute.", "Zip the folder's content, not the disk.", "APPNOTE 4.4.17.1"
    ),
    "archive.drive": Rule(
        DANGER,
        "The name “{entry}” begins with a drive.",
        "Zip the folder's content, not the disk.",
        "APPNOTE 4.4.17.1",
    ),
    "archive.control": Rule(DANGER, "The name “{entry}” has a control character (U+{codepoint}).", "Rename the file."),
    "archive.segment": Rule(
        DANGER,
        "The name “{entry}” has an empty part or one of dots and blanks only.",
        "Rename the file.",
    ),
    "archive.name-too-long": Rule(
        ERROR,
        "The name “{entry}” is too long: {found} bytes, {limit} are allowed {what}.",
        "Shorten the names of files and folders.",
    ),
    "archive.no-name": Rule(DANGER, "An entry has no name.", REPACK),
    "archive.link": Rule(
        DANGER, "“{entry}” is a link to another file.", "Zip the files themselves (zip without --symlinks)."
    ),
    "archive.device": Rule(DANGER, "“{entry}” is a device, pipe or socket.", "Remove it from the package."),
    "archive.duplicate": Rule(DANGER, "“{entry}” is in the zip more than once.", REPACK),
    "archive.collision": Rule(
        DANGER,
        "“{entry}” and “{other}” differ only by upper and lower case or by Unicode form; on many systems one would "
        "overwrite the other.",
        "Rename one of them and the links to it.",
    ),
    "archive.file-and-folder": Rule(DANGER, "“{entry}” is a file and also a folder.", "Rename one of them."),
    "archive.folder-with-data": Rule(DANGER, "The folder “{entry}” carries data.", REPACK),
    "archive.utf-8": Rule(
        HINT,
        "Names in the zip are in UTF-8 and do not say so ({count}); other systems may read them otherwise.",
        "Zip with a program that marks UTF-8 names, or use plain letters in file names.",
        "APPNOTE 4.4.4, bit 11, and appendix D",
    ),
    "archive.zip64": Rule(
        HINT,
        "The zip is in the form for very large files (zip64); it was read so.",
        "Nothing, here. Zip without it where older systems are to take the package too; only more than 4 GB or 65,535 "
        "files need it.",
        "APPNOTE 4.3.14, 4.5.3",
    ),
    "archive.empty-folder": Rule(
        HINT,
        "Folders of the zip are empty ({count}; “{entry}” for one); they are not kept.",
        "Nothing, unless a file of the course is missing there.",
        "APPNOTE 4.3.8",
    ),
    "archive.windows": Rule(
        HINT,
        "Names in the zip cannot exist on Windows ({count}; “{entry}” for one); other systems may not take the "
        "package.",
        'Rename the files: no device names (con, aux, nul), none of : < > " | ? *, no dot or blank at the end.',
    ),
    "archive.backslash": Rule(
        HINT,
        "Names in the zip use “\\” between folders ({count}); they were read as “/”.",
        "Zip with a program that follows the zip format, so that other systems take the package too.",
        "APPNOTE 4.4.17.1",
    ),
    "archive.name-encoding": Rule(
        HINT,
        "Names in the zip do not say their encoding ({count}); they were read as {encoding}.",
        "Zip with UTF-8 names, or use plain letters in file names.",
        "APPNOTE appendix D",
    ),
}
