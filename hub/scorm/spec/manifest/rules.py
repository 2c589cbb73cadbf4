"""The rules that packages are judged by, as a table: code -> severity, words, remedy, section of the standard."""

from typing import Any

from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Rule, Severity

_DANGER, _ERROR, _WARNING, _HINT = Severity.DANGER, Severity.ERROR, Severity.WARNING, Severity.HINT

_REPACK = "Export the package again from the authoring tool, or zip its folder anew with an ordinary zip program."
_EXPORT = "Export the package again from the authoring tool."
_CP = "IMS Content Packaging 1.1.4 Information Model"
_CAM = "SCORM 2004 4th Ed. CAM"
_SN = "SCORM 2004 4th Ed. SN"
_CAM12 = "SCORM 1.2 CAM"

#: The container: PKWARE's APPNOTE describes the format, SCORM says only that a package is a zip.
ARCHIVE_RULES: dict[str, Rule] = {
    "archive.not-a-zip": Rule(
        _ERROR,
        "This is not a zip file{guess}.",
        "Upload the zip that the authoring tool exported, or a PDF, an MP4 or an HTML page.",
        f"{_CAM}, package interchange file",
    ),
    "archive.truncated": Rule(
        _ERROR,
        "The zip is cut off: its directory is missing.",
        "Upload it again; the copy here is incomplete.",
        "APPNOTE 4.3.16",
    ),
    "archive.damaged": Rule(_ERROR, "The zip is damaged: {what}.", _REPACK, "APPNOTE 4.3.6"),
    "archive.damaged-entry": Rule(_ERROR, "“{entry}” is damaged: {what}.", _REPACK, "APPNOTE 4.3.8"),
    "archive.empty": Rule(_ERROR, "The zip holds no files.", _REPACK),
    "archive.several-disks": Rule(
        _ERROR, "The zip is split over several files.", "Make one zip of the package.", "APPNOTE 4.4.19"
    ),
    "archive.prefixed": Rule(
        _ERROR,
        "{count} bytes that belong to no entry stand before the directory of the zip; programs would disagree "
        "about what it holds.",
        _REPACK,
        "APPNOTE 4.3.6",
    ),
    "archive.encrypted": Rule(
        _ERROR, "“{entry}” is encrypted.", "Zip the package without a password.", "APPNOTE 4.4.4, bit 0"
    ),
    "archive.method": Rule(
        _ERROR,
        "“{entry}” is packed with {method}, which browsers' and learning platforms' zip readers do not know.",
        "Zip the package with the ordinary method (Deflate).",
        "APPNOTE 4.4.5",
    ),
    "archive.too-large": Rule(
        _DANGER,
        "Unpacked, the package has {found} bytes; at most {limit} are allowed.",
        "Make videos and pictures smaller, or ask the administrator for a higher limit.",
    ),
    "archive.too-many-files": Rule(
        _DANGER,
        "The package has {found} files; at most {limit} are allowed.",
        "Remove files that the course does not need, or ask the administrator for a higher limit.",
    ),
    "archive.ratio": Rule(
        _DANGER,
        "“{entry}” grows to {ratio} times its packed size; at most {limit} times is allowed.",
        "Such files are made to fill disks. If this one is meant, ask the administrator for a higher limit.",
    ),
    "archive.entry-larger": Rule(
        _DANGER,
        "“{entry}” unpacks to more than the {size} bytes that the zip's directory says.",
        _REPACK,
        "APPNOTE 4.4.9",
    ),
    "archive.overlap": Rule(
        _DANGER, "“{entry}” and “{other}” use the same bytes of the zip.", _REPACK, "APPNOTE 4.3.6"
    ),
    "archive.offset": Rule(_DANGER, "“{entry}” points outside the zip's data.", _REPACK, "APPNOTE 4.4.16"),
    "archive.local-mismatch": Rule(
        _DANGER,
        "“{entry}” says one thing in the zip's directory and another at its data ({what}); programs would disagree "
        "about what it is.",
        _REPACK,
        "APPNOTE 4.3.7, 4.3.12",
    ),
    "archive.ambiguous": Rule(_DANGER, "The zip contradicts itself: {what}.", _REPACK, "APPNOTE 4.3.6"),
    "archive.escapes": Rule(
        _DANGER,
        "The name “{entry}” leads out of the package.",
        "Remove “..” from the names in the zip.",
    ),
    "archive.absolute": Rule(
        _DANGER, "The name “{entry}” is absolute.", "Zip the folder's content, not the disk.", "APPNOTE 4.4.17.1"
    ),
    "archive.drive": Rule(
        _DANGER,
        "The name “{entry}” begins with a drive.",
        "Zip the folder's content, not the disk.",
        "APPNOTE 4.4.17.1",
    ),
    "archive.control": Rule(_DANGER, "The name “{entry}” has a control character (U+{codepoint}).", "Rename the file."),
    "archive.segment": Rule(
        _DANGER,
        "The name “{entry}” has an empty part or one of dots and blanks only.",
        "Rename the file.",
    ),
    "archive.name-too-long": Rule(
        _ERROR,
        "The name “{entry}” is too long: {found} bytes, {limit} are allowed {what}.",
        "Shorten the names of files and folders.",
    ),
    "archive.no-name": Rule(_DANGER, "An entry has no name.", _REPACK),
    "archive.link": Rule(
        _DANGER, "“{entry}” is a link to another file.", "Zip the files themselves (zip without --symlinks)."
    ),
    "archive.device": Rule(_DANGER, "“{entry}” is a device, pipe or socket.", "Remove it from the package."),
    "archive.duplicate": Rule(_DANGER, "“{entry}” is in the zip more than once.", _REPACK),
    "archive.collision": Rule(
        _DANGER,
        "“{entry}” and “{other}” differ only by upper and lower case or by Unicode form; on many systems one would "
        "overwrite the other.",
        "Rename one of them and the links to it.",
    ),
    "archive.file-and-folder": Rule(_DANGER, "“{entry}” is a file and also a folder.", "Rename one of them."),
    "archive.folder-with-data": Rule(_DANGER, "The folder “{entry}” carries data.", _REPACK),
    "archive.utf-8": Rule(
        _HINT,
        "Names in the zip are in UTF-8 and do not say so ({count}); other systems may read them otherwise.",
        "Zip with a program that marks UTF-8 names, or use plain letters in file names.",
        "APPNOTE 4.4.4, bit 11, and appendix D",
    ),
    "archive.zip64": Rule(
        _HINT,
        "The zip is in the form for very large files (zip64); it was read so.",
        "Nothing, here. Zip without it where older systems are to take the package too; only more than 4 GB or 65,535 "
        "files need it.",
        "APPNOTE 4.3.14, 4.5.3",
    ),
    "archive.empty-folder": Rule(
        _HINT,
        "Folders of the zip are empty ({count}; “{entry}” for one); they are not kept.",
        "Nothing, unless a file of the course is missing there.",
        "APPNOTE 4.3.8",
    ),
    "archive.windows": Rule(
        _HINT,
        "Names in the zip cannot exist on Windows ({count}; “{entry}” for one); other systems may not take the "
        "package.",
        'Rename the files: no device names (con, aux, nul), none of : < > " | ? *, no dot or blank at the end.',
    ),
    "archive.backslash": Rule(
        _HINT,
        "Names in the zip use “\\” between folders ({count}); they were read as “/”.",
        "Zip with a program that follows the zip format, so that other systems take the package too.",
        "APPNOTE 4.4.17.1",
    ),
    "archive.name-encoding": Rule(
        _HINT,
        "Names in the zip do not say their encoding ({count}); they were read as {encoding}.",
        "Zip with UTF-8 names, or use plain letters in file names.",
        "APPNOTE appendix D",
    ),
}

XML_RULES: dict[str, Rule] = {
    "xml.malformed": Rule(
        _ERROR, "The XML is malformed: {what}.", "Mend the XML at this place, or export again.", "XML 1.0 2.1"
    ),
    "xml.doctype": Rule(
        _DANGER,
        "The XML has a document type declaration (DTD), which can be used for attacks.",
        "Remove the DOCTYPE.",
        "XML 1.0 2.8",
    ),
    "xml.too-deep": Rule(_DANGER, "Elements are nested more than {limit} deep.", _EXPORT),
    "xml.too-large": Rule(_DANGER, "The file has {found} bytes; at most {limit} are read.", _EXPORT),
    "xml.too-many-tags": Rule(_DANGER, "The file has {found} tags; at most {limit} are read.", _EXPORT),
    "xml.too-many-attributes": Rule(
        _DANGER, "The element “{name}” has {found} attributes; at most {limit} are read.", _EXPORT
    ),
    "xml.encoding": Rule(
        _ERROR,
        "The text cannot be read as {encoding}.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.encoding-unknown": Rule(
        _ERROR,
        "The encoding “{encoding}” is not known.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.encoding-other": Rule(
        _HINT,
        "The file is in {encoding}; it was read so.",
        "Nothing, here. Save it as UTF-8 where other systems are to take the package too.",
        "XML 1.0 4.3.3",
    ),
    "xml.byte-order-mark": Rule(
        _HINT,
        "The file begins with a byte order mark; it was passed over.",
        "Nothing, here. Save it as UTF-8 without the mark where other systems are to take the package too.",
        "XML 1.0 4.3.3 and appendix F",
    ),
    "xml.encoding-mended": Rule(
        _WARNING,
        "The file says {declared} but is not; it was read as {encoding}.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.prefix-mended": Rule(
        _WARNING,
        "The prefix “{prefix}” is not declared; it was taken for {namespace}.",
        'Declare it: xmlns:{prefix}="{namespace}".',
        "Namespaces in XML 1.0, 5",
    ),
}

MANIFEST_RULES: dict[str, Rule] = {
    "package.no-manifest": Rule(
        _ERROR,
        "There is no imsmanifest.xml in the zip, nor a cmi5.xml, tincan.xml or AICC course{guess}.",
        "Upload the zip that the tool's “publish for LMS” makes, not the project's own file.",
        f"{_CAM}, package interchange file",
    ),
    "package.several-manifests": Rule(
        _ERROR,
        "There are several packages in this zip: {files}.",
        "Upload each package by itself.",
        f"{_CAM}, package interchange file",
    ),
    "package.manifest-in-folder": Rule(
        _WARNING,
        "The manifest is in the folder “{folder}” and not at the top of the zip; it was read from there.",
        "Zip the content of the folder, not the folder.",
        f"{_CAM}, package interchange file",
    ),
    "package.manifest-name": Rule(
        _WARNING,
        "The manifest is called “{name}”; it was read as {kind}.",
        "Rename it.",
        f"{_CAM}, package interchange file",
    ),
    "manifest.root": Rule(_ERROR, "The root element is “{name}” and not “manifest”.", _EXPORT, f"{_CAM}, <manifest>"),
    "manifest.version-unknown": Rule(
        _WARNING,
        "The schemaversion “{found}” is not known; the package was taken for {standard} by its namespaces.",
        "Write the version as the standard has it: 1.2, 2004 3rd Edition or 2004 4th Edition.",
        f"{_CAM}, <schemaversion>",
    ),
    "manifest.version-missing": Rule(
        _WARNING,
        "The manifest does not say its version; the package was taken for {standard} by its namespaces.",
        "Add metadata/schema and metadata/schemaversion.",
        f"{_CAM}, <schemaversion>",
    ),
    "manifest.version-contradicts": Rule(
        _WARNING,
        "The schemaversion says {declared}, but the namespaces are those of {used}; {declared} was taken.",
        "Make schemaversion and namespaces agree.",
        f"{_CAM}, <schemaversion>",
    ),
    "manifest.schema-files": Rule(
        _HINT,
        "The manifest names schema files that are not in the zip ({count}; “{file}” for one); here nobody needs them.",
        "Nothing, here. Add the schema files of the standard where another system asks for them.",
        f"{_CAM}, content package, XML schema files",
    ),
    "manifest.namespace": Rule(
        _HINT,
        "The namespace “{found}” is not that of any standard; its elements were read as {family}.",
        "Use the namespace of the standard.",
        f"{_CAM}, <manifest>",
    ),
    "manifest.submanifest": Rule(
        _WARNING,
        "The manifest holds another manifest, which is passed over.",
        "Put everything into one manifest.",
        f"{_CAM}, <manifest>",
    ),
    "organization.none": Rule(
        _ERROR,
        "The manifest has no organization, so there is nothing to launch.",
        "Export the course for an LMS (a “content aggregation package”), not a bare resource package.",
        f"{_CAM}, <organizations>",
    ),
    "organization.default-missing": Rule(
        _HINT,
        "The manifest does not say which organization is the default; the first was taken.",
        "Add the attribute default to organizations.",
        f"{_CAM}, <organizations>",
    ),
    "organization.default-unknown": Rule(
        _WARNING,
        "The default organization “{found}” does not exist; the first was taken.",
        "Let default name an organization of the manifest.",
        f"{_CAM}, <organizations>",
    ),
    "organization.several": Rule(
        _HINT,
        "There are {count} organizations; learners get “{title}”.",
        "Upload the others as packages of their own if they are wanted.",
        f"{_CAM}, <organizations>",
    ),
    "organization.many-parts": Rule(
        _HINT,
        "The course has {count} parts to launch, so its outline is long, and other systems may be slow with it.",
        "Make several courses of it where learners are to find their way.",
        f"{_CAM}, <organization>",
    ),
    "organization.nothing-to-launch": Rule(
        _ERROR,
        "The organization “{identifier}” has no item that can be launched.",
        "Give at least one item an identifierref.",
        f"{_CAM}, <item>",
    ),
    "identifier.duplicate": Rule(
        _ERROR,
        "The identifier “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each item and resource an identifier of its own.",
        f"{_CP}, identifier",
    ),
    "identifier.too-long": Rule(
        _ERROR,
        "{name} “{identifier}” has {found} bytes; at most {limit} are kept.",
        "Give it a shorter identifier.",
        f"{_CP}, identifier",
    ),
    "item.long-titles": Rule(
        _WARNING,
        "Titles are longer than {limit} characters ({count}); they are shown cut.",
        "Shorten the titles, and put long texts into the description.",
        f"{_CP}, title",
    ),
    "identifier.missing": Rule(
        _WARNING,
        "The element {kind} has no identifier; it was named “{identifier}”.",
        "Add the attribute.",
        f"{_CP}, identifier",
    ),
    "item.too-deep": Rule(_ERROR, "Items are nested more than {limit} deep.", "Make the course's outline flatter."),
    "item.resource-missing": Rule(
        _ERROR,
        "The item “{identifier}” refers to the resource “{reference}”, which does not exist{guess}.",
        "Correct the item's identifierref or add the resource.",
        f"{_CAM}, <item>",
    ),
    "item.resource-without-file": Rule(
        _ERROR,
        "The item “{identifier}” launches the resource “{reference}”, which names no file.",
        "Add the attribute href to the resource.",
        f"{_CAM}, <resource>",
    ),
    "item.without-title": Rule(
        _WARNING,
        "The item “{identifier}” has no title; learners see “{title}”.",
        "Give every item a title.",
        f"{_CAM}, <item>",
    ),
    "item.empty-leaf": Rule(
        _WARNING,
        "The item “{identifier}” neither launches anything nor holds other items.",
        "Give it an identifierref or remove it.",
        f"{_CAM}, <item>",
    ),
    "item.cluster-with-resource": Rule(
        _WARNING,
        "The item “{identifier}” holds other items and a resource; SCORM 2004 launches only items without children, "
        "so the resource is not used.",
        "Move the resource to an item of its own.",
        f"{_CAM}, <item>",
    ),
    "item.value": Rule(
        _WARNING,
        "{name} is “{found}”, which is not {allowed}; it was passed over.",
        "Write it as the standard has it.",
        f"{_CAM}, <item>",
    ),
    "item.parameters": Rule(
        _HINT,
        "The parameters “{found}” have characters that do not belong into a URL; they were encoded.",
        "Encode them in the manifest.",
        "RFC 3986 3.4",
    ),
    "resource.launch-missing": Rule(
        _ERROR,
        "“{path}” is launched by the manifest but is not in the zip{guess}.",
        "Add the file, or correct the resource's href.",
        f"{_CAM}, <resource>",
    ),
    "resource.file-missing": Rule(
        _WARNING,
        "“{path}” is listed in the manifest but is not in the zip.",
        "Add the file, or remove it from the manifest.",
        f"{_CAM}, <file>",
    ),
    "resource.case": Rule(
        _WARNING,
        "The manifest says “{path}”, the zip has “{found}”; that file was taken.",
        "Write names in the manifest exactly as the files are called.",
        f"{_CAM}, <resource>",
    ),
    "resource.backslash": Rule(
        _WARNING, "“{path}” uses “\\” between folders; it was read as “/”.", "Use “/” in the manifest.", "RFC 3986 3.3"
    ),
    "resource.escapes": Rule(
        _ERROR, "“{path}” leads out of the package.", "Refer to files inside the package only.", "RFC 3986 5.2.4"
    ),
    "resource.scheme": Rule(
        _ERROR,
        "“{path}” cannot be launched: only http, https and files of the package can.",
        "Correct the href.",
    ),
    "resource.external": Rule(
        _WARNING,
        "“{path}” lives on another server; whether it can report its progress depends on that server.",
        "Put the content into the package.",
        f"{_CAM}, <resource>",
    ),
    "resource.scorm-type-missing": Rule(
        _WARNING,
        "The resource “{identifier}” does not say whether it is a SCO or an asset; it was taken for a SCO.",
        "Add adlcp:{attribute}.",
        f"{_CAM}, <resource>",
    ),
    "resource.scorm-type-unknown": Rule(
        _WARNING,
        "The SCORM type “{found}” of the resource “{identifier}” is not known; it was taken for a SCO.",
        "Use sco or asset.",
        f"{_CAM}, <resource>",
    ),
    "resource.dependency-missing": Rule(
        _WARNING,
        "The resource “{identifier}” depends on “{reference}”, which does not exist.",
        "Remove the dependency or add the resource.",
        f"{_CAM}, <dependency>",
    ),
    "resource.unused": Rule(
        _HINT,
        "No item and no resource refers to the resource “{identifier}”.",
        "Remove it if it is not needed.",
        f"{_CAM}, <resource>",
    ),
    "sequencing.reference-missing": Rule(
        _ERROR,
        "The sequencing of “{identifier}” refers to “{reference}”, which is not in the sequencing collection.",
        "Correct IDRef or add the definition.",
        f"{_CAM}, <sequencing>",
    ),
    "sequencing.too-large": Rule(
        _DANGER,
        "The items have more than {limit} objectives and rules together.",
        "Give items only the sequencing that they need.",
        f"{_CAM}, <sequencing>",
    ),
    "sequencing.value": Rule(
        _WARNING,
        "{name} is “{found}”, which is not {allowed}; the default “{default}” was taken.",
        "Write it as the standard has it.",
        f"{_CAM}, <sequencing>",
    ),
    "sequencing.objective-unknown": Rule(
        _WARNING,
        "A rule of “{identifier}” looks at the objective “{reference}”, which this item does not have.",
        "Correct referencedObjective or add the objective.",
        f"{_CAM}, <sequencingRules>",
    ),
    "sequencing.objective-without-id": Rule(
        _WARNING,
        "An objective of “{identifier}” has no objectiveID and was passed over.",
        "Only the primary objective without map infos may lack an id.",
        f"{_CAM}, <objectives>",
    ),
    "sequencing.unreachable": Rule(
        _WARNING,
        "What is below “{identifier}” can neither be chosen nor reached in order; only a jump gets there.",
        "Allow choice or flow in its control mode.",
        f"{_SN} 3.2",
    ),
    "sequencing.no-attempts": Rule(
        _WARNING,
        "“{identifier}” allows no attempt at all.",
        "Raise attemptLimit or remove it.",
        f"{_SN} 3.5.1",
    ),
    "sequencing.always-disabled": Rule(
        _WARNING,
        "“{identifier}” is always disabled, so learners never get it.",
        "Correct the condition of the rule, or remove the item.",
        f"{_SN} 3.4",
    ),
    "sequencing.endless": Rule(
        _WARNING,
        "After “{identifier}” the action {action} always follows, so learners go round in circles.",
        "Give the rule a condition, or the item an attempt limit.",
        f"{_SN} 3.4",
    ),
    "sequencing.never-true": Rule(
        _WARNING,
        "A rule of “{identifier}” ({action}) wants a condition and its opposite; it never applies.",
        "Correct its conditions, or combine them by any.",
        f"{_SN} 3.4",
    ),
    "sequencing.count-too-high": Rule(
        _WARNING,
        "A rollup rule of “{identifier}” wants {count} items, but there are {children}; it never applies.",
        "Lower minimumCount.",
        f"{_SN} 3.7",
    ),
    "sequencing.selects-too-many": Rule(
        _HINT,
        "“{identifier}” selects {count} of its {children} items; all are taken.",
        "Lower selectCount.",
        f"{_SN} 3.11",
    ),
    "sequencing.cannot-start": Rule(
        _WARNING,
        "“{title}” can neither be started nor chosen from: its sequencing delivers nothing.",
        "Allow flow or choice in the control mode of the organization, and see that no rule hides every item.",
        f"{_SN} 3.2, SB.2.5",
    ),
    "sequencing.never-delivered": Rule(
        _WARNING,
        "Learners never get “{identifier}”: of all ways through the course none leads there, unless content itself "
        "jumps.",
        "Look at the control modes above it and at the rules that skip, disable or hide it.",
        f"{_SN} 3.2, 3.4",
    ),
    "sequencing.dead-end": Rule(
        _WARNING,
        "After “{identifier}” learners can get stuck: the course is not completed, and there is no way on, back or in.",
        "Allow choice or flow from there, raise the attempt limit, or let a rule end the course.",
        f"{_SN} 3.2, 3.5",
    ),
    "sequencing.never-satisfied": Rule(
        _WARNING,
        "“{identifier}” says when it is satisfied, and can never be, even when learners pass everything.",
        "Look at its rollup rules, the measure that it wants, and the weights of its items.",
        f"{_SN} 3.7, RB.1.2",
    ),
    "sequencing.never-completed": Rule(
        _WARNING,
        "“{title}” is never completed, whichever way learners take through it and whatever they achieve.",
        "Look at the rollup rules for completion, and at items that are not tracked.",
        f"{_SN} 3.7, RB.1.3",
    ),
    "objective.never-written": Rule(
        _WARNING,
        "A rule of “{identifier}” depends on the global objective “{target}”, which nothing in the course ever sets.",
        "Let an item write it (writeSatisfiedStatus, writeNormalizedMeasure), or correct targetObjectiveID.",
        f"{_SN} 3.10",
    ),
    "objective.elsewhere": Rule(
        _HINT,
        "A rule of “{identifier}” depends on the global objective “{target}”, which only another course can set.",
        "Correct targetObjectiveID if an item of this course was meant to write it.",
        f"{_SN} 3.10",
    ),
    "score.weightless": Rule(
        _WARNING,
        "Every item of “{title}” has the weight 0 (objectiveMeasureWeight), so the course never has a score.",
        "Give the items that are graded a weight above 0.",
        f"{_SN} 3.7.4",
    ),
    "score.untracked": Rule(
        _WARNING,
        "“{identifier}” has objectives but is not tracked, so its score and status are never reported.",
        'Set tracked="true" in its deliveryControls.',
        f"{_SN} 3.13.1",
    ),
    "score.threshold-unused": Rule(
        _HINT,
        "“{identifier}” wants a measure of {measure} (minNormalizedMeasure), which counts only with "
        "satisfiedByMeasure: nobody passes or fails by it.",
        'Set satisfiedByMeasure="true" if learners are to pass by their score.',
        f"{_SN} 3.10.2",
    ),
    "score.mastery-version": Rule(
        _WARNING,
        "“{identifier}” has a masteryscore, which SCORM 2004 does not know; no system judges by it.",
        "Use minNormalizedMeasure of the primary objective, with satisfiedByMeasure.",
        f"{_SN} 3.10.2",
    ),
    "score.mastery-unused": Rule(
        _WARNING,
        "“{identifier}” has a masteryscore but launches no SCO, so no score is ever judged by it.",
        "Give the masteryscore to an item that launches a SCO.",
        f"{_CAM12}, adlcp:masteryscore",
    ),
    "score.mastery-zero": Rule(
        _HINT,
        "The masteryscore of “{identifier}” is 0, so everyone who gets a score passes.",
        "Write the score that learners need, or remove it.",
        f"{_CAM12}, adlcp:masteryscore",
    ),
    "item.prerequisite-unknown": Rule(
        _WARNING,
        "“{identifier}” waits for “{reference}”, which is no item of the course.",
        "Correct the prerequisites: they are made of items' identifiers with & for “and”, | for “or” and ~ for “not”.",
        f"{_CAM12}, adlcp:prerequisites",
    ),
    "item.prerequisite-circle": Rule(
        _WARNING,
        "“{identifier}” can never be begun where prerequisites count: it waits for itself, or for what waits for it.",
        "Take the circle out of the prerequisites.",
        f"{_CAM12}, adlcp:prerequisites",
    ),
    "sequencing.version": Rule(
        _HINT,
        "SCORM 1.2 knows no sequencing; the sequencing of “{identifier}” is not used.",
        "Export for SCORM 2004 if the sequencing is needed.",
        f"{_CAM12}, 2.3",
    ),
}

_XSD = "the schemas of IMS Content Packaging, ADL and IMS Simple Sequencing"

SCHEMA_RULES: dict[str, Rule] = {
    "schema.element": Rule(
        _WARNING,
        "“{element}” {what}; other systems that check the schema may refuse the package.",
        "Write the elements as the standard's schema has them, in its order.",
        _XSD,
    ),
    "schema.attribute": Rule(
        _WARNING,
        "“{element}” {what} “{name}”.",
        "Mind upper and lower case: attributes are called as the standard's schema has them.",
        _XSD,
    ),
    "schema.value": Rule(
        _WARNING,
        "{name} of “{element}” is {what}.",
        "Write the value as the standard's schema has it.",
        _XSD,
    ),
    "schema.identifier": Rule(
        _HINT,
        "{name} of “{element}” is {what}. Most systems take it all the same.",
        "Begin identifiers with a letter and use no blanks, brackets or commas in the course's title, from which many "
        "tools make them.",
        _XSD,
    ),
}

_MD = "IMS Meta-Data 1.2 (SCORM 1.2); IEEE 1484.12.3 (SCORM 2004)"

METADATA_RULES: dict[str, Rule] = {
    "metadata.element": Rule(
        _HINT,
        "In the metadata, “{element}” {what}.",
        "Write the metadata as their schema has them; what learners see does not depend on it.",
        _MD,
    ),
    "metadata.attribute": Rule(
        _HINT,
        "In the metadata, “{element}” {what} “{name}”.",
        "Write the metadata as their schema has them; what learners see does not depend on it.",
        _MD,
    ),
    "metadata.value": Rule(
        _HINT,
        "In the metadata, {name} of “{element}” is {what}.",
        "Write the value as the schema of the metadata has it.",
        _MD,
    ),
    "metadata.unreadable": Rule(
        _HINT,
        "The metadata in “{file}” cannot be read: the XML is malformed, or holds what is not taken (a DTD).",
        "Mend the file, or remove it and adlcp:location from the manifest.",
        f"{_CAM}, adlcp:location",
    ),
}

CONTENT_RULES: dict[str, Rule] = {
    "file.large": Rule(
        _HINT,
        "“{file}” has {size} MB; learners with a slow line wait long for it.",
        "Make videos smaller (H.264, 2 Mbit/s does for most) or split the file.",
    ),
    "file.captions": Rule(
        _HINT,
        "Videos have no captions beside them ({count}; “{file}” for one).",
        "Add captions (WebVTT) in the authoring tool.",
        "WCAG 2.2, 1.2.2",
    ),
    "file.flash": Rule(
        _HINT,
        "Flash films are in the package ({count}; “{file}” for one); no browser plays them any more.",
        "Publish the course as HTML5.",
    ),
    "file.unlisted": Rule(
        _HINT,
        "Files of the zip are not in the manifest ({count}; “{file}” for one).",
        "Remove them if the course does not need them.",
        f"{_CAM}, <file>",
    ),
    "page.language": Rule(
        _HINT, "The page does not say its language.", "Set the attribute lang of html.", "WCAG 2.2, 3.1.1"
    ),
    "page.title": Rule(_HINT, "The page has no title.", "Give it a title element.", "WCAG 2.2, 2.4.2"),
    "page.image-text": Rule(
        _HINT,
        "Pictures of the page have no alternative text ({count}).",
        "Describe them in alt, or leave alt empty for mere decoration.",
        "WCAG 2.2, 1.1.1",
    ),
    "page.insecure": Rule(
        _WARNING,
        "“{address}” is loaded by http; browsers refuse that in a course that is served by https.",
        "Put the file into the package, or load it by https.",
        "Mixed Content",
    ),
    "script.insecure": Rule(
        _HINT,
        "A script seems to load “{address}” by http; browsers refuse that in a course that is served by https.",
        "Put the file into the package, or load it by https.",
        "Mixed Content",
    ),
    "page.http-link": Rule(
        _HINT,
        "Links lead to http inside the course's own frame ({count}; “{address}” for one); browsers refuse to show that "
        "in a course that is served by https.",
        "Link to https, or let the link open in a new window.",
        "Mixed Content",
    ),
    "page.elsewhere": Rule(
        _HINT,
        "The page loads “{address}” from another server; without that server the course does not work.",
        "Put the file into the package.",
    ),
    "page.missing-file": Rule(
        _WARNING,
        "The page loads “{address}”, which is not in the package{guess}.",
        "Add the file, or remove it from the page.",
        "RFC 3986 5",
    ),
    "page.blocked": Rule(
        _HINT,
        "Scripts seem to use {what}, which browsers block or are about to block in a frame (files: {count}; “{file}” "
        "for one).",
        "Publish with a newer version of the authoring tool, or let the script use {instead}.",
    ),
}

_TINCAN = "Experience API packages: tincan.xml"

CMI5_RULES: dict[str, Rule] = {
    "cmi5.root": Rule(
        _ERROR,
        "The root element is “{name}” and not “courseStructure” of cmi5.",
        "Use the namespace https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd.",
        "cmi5 14.0",
    ),
    "cmi5.element": Rule(
        _ERROR, "“{parent}” {what}.", "Write the elements in the order of the cmi5 schema.", "cmi5 14.0"
    ),
    "cmi5.attribute": Rule(
        _ERROR, "“{element}” {what} “{name}”.", "Call the attributes as the cmi5 schema has them.", "cmi5 14.0"
    ),
    "cmi5.iri": Rule(
        _ERROR,
        "The id “{found}” of this {kind} is not an absolute IRI.",
        "Use an IRI with a scheme, such as https://example.org/course/1.",
        "cmi5 3.0, 13.1",
    ),
    "cmi5.duplicate": Rule(
        _ERROR,
        "The id “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each block, AU and objective an id of its own.",
        "cmi5 13.1.2, 13.1.3, 13.1.4",
    ),
    "cmi5.value": Rule(
        _ERROR, "{name} is “{found}”, which is not {allowed}.", "Write it as the standard has it.", "cmi5 13.1.4"
    ),
    "cmi5.url": Rule(
        _ERROR,
        "The URL “{url}” of the AU is not valid.",
        "Write a relative path of the package or a whole URL, with blanks encoded.",
        "cmi5 13.1.4",
    ),
    "cmi5.url-relative": Rule(
        _ERROR,
        "The URL “{url}” is relative, but the course structure came without a package.",
        "Use whole URLs, or put the course structure and its files into a zip.",
        "cmi5 14.2",
    ),
    "cmi5.query": Rule(
        _ERROR,
        "The URL “{url}” has the query parameter “{name}”, which belongs to the launch.",
        "Rename the parameter.",
        "cmi5 8.1",
    ),
    "cmi5.objective-missing": Rule(
        _ERROR,
        "The objective “{reference}” is referred to but not defined.",
        "Define it under objectives of the course structure.",
        "cmi5 13.1.3",
    ),
    "cmi5.no-language": Rule(
        _HINT, "A text does not say its language.", "Add the attribute lang to langstring.", "cmi5 13.1"
    ),
    "xapi.no-launch": Rule(
        _ERROR,
        "No activity of tincan.xml has a launch file.",
        "Add the element launch to the course's activity.",
        _TINCAN,
    ),
    "xapi.no-id": Rule(
        _ERROR, "An activity with a launch file has no id.", "Add the attribute id.", "xAPI 1.0.3 Data 2.4.4.1"
    ),
    "xapi.iri": Rule(
        _WARNING,
        "The id “{found}” of the activity is not an absolute IRI; statements about it are refused by an LRS.",
        "Use an IRI with a scheme, such as https://example.org/course/1.",
        "xAPI 1.0.3 Data 2.4.4.1",
    ),
    "xapi.duplicate": Rule(
        _WARNING,
        "The id “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each activity an id of its own.",
        "xAPI 1.0.3 Data 2.4.4.1",
    ),
    "xapi.element": Rule(
        _HINT, "“{element}” {what}.", "Write the elements as the schema of tincan.xml has them.", _TINCAN
    ),
    "xapi.attribute": Rule(
        _HINT, "“{element}” {what} “{name}”.", "Write the attributes as the schema of tincan.xml has them.", _TINCAN
    ),
    "xapi.value": Rule(
        _HINT, "{name} of “{element}” is {what}.", "Write the value as the schema of tincan.xml has it.", _TINCAN
    ),
    "aicc.file-missing": Rule(
        _ERROR,
        "The AICC package has no {kind} file beside “{file}”.",
        "Export the package again: the course, AU, descriptor and structure files belong together.",
        "AICC CMI001 6",
    ),
    "aicc.too-large": Rule(_DANGER, "“{file}” has more than {limit} fields.", _EXPORT, "AICC CMI001 6"),
    "aicc.encoding": Rule(_ERROR, "The text of “{file}” cannot be read.", "Save it as UTF-8.", "AICC CMI001 6"),
    "aicc.column-missing": Rule(
        _ERROR, "“{file}” has no column “{name}”.", "Write the column names in the first line.", "AICC CMI001 6"
    ),
    "aicc.no-unit": Rule(
        _ERROR,
        "The course structure leads to no assignable unit.",
        "List the AUs in the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.member-unknown": Rule(
        _WARNING,
        "The structure names “{member}”, which is neither an AU nor a block; it was passed over.",
        "Correct the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.member-repeated": Rule(
        _WARNING,
        "The structure names “{member}” more than once; only the first place counts.",
        "Correct the structure file.",
        "AICC CMI001 6.4",
    ),
    "aicc.no-file-name": Rule(
        _ERROR, "The AU “{identifier}” has no file name.", "Fill the column file_name.", "AICC CMI001 6.2"
    ),
    "package.not-playable": Rule(
        _HINT,
        "{standard} packages are checked and kept, but not played yet.",
        "Export for SCORM 2004 or SCORM 1.2 if learners need the course now.",
    ),
}

MEDIA_RULES: dict[str, Rule] = {
    "media.truncated": Rule(
        _ERROR, "The {kind} is cut off, so it cannot be shown.", "Save or export it again and upload it whole."
    ),
    "media.not-what-it-says": Rule(
        _ERROR, "“{file}” is called a {kind} but is none.", "Save or export it again in that format."
    ),
    "media.protected": Rule(
        _WARNING,
        "The PDF is protected; if it asks for a password, learners cannot read it here.",
        "Save it without protection.",
        "ISO 32000-2 7.6",
    ),
    "media.codec": Rule(
        _WARNING,
        "The video uses {codec}, which not every browser plays.",
        "Export it with H.264 and AAC.",
    ),
    "media.slow-start": Rule(
        _HINT,
        "The index of the video stands at its end, so that it starts late on slow lines.",
        "Export it for streaming (“fast start”, “web optimised”).",
        "ISO/IEC 14496-12 8.1",
    ),
    "media.captions": Rule(
        _WARNING,
        "“{file}” is neither WebVTT nor SubRip, as its name says, so its captions are not shown.",
        "Save the captions as WebVTT (.vtt, begins with the word WEBVTT) or as SubRip (.srt).",
        "WebVTT 4.1",
    ),
    "media.web": Rule(
        _HINT,
        "There is no manifest, so this was taken for a web site that begins with “{file}”. It is completed when nine "
        "tenths of its pages have been seen; it reports no score.",
        "If it was meant to report more, publish it for an LMS (SCORM 2004 or SCORM 1.2).",
    ),
    "media.tool": Rule(
        _WARNING,
        "{tool} made these pages for the web and not for a learning platform: results of quizzes are not reported.",
        "Publish for an LMS instead (SCORM 2004 or SCORM 1.2).",
    ),
}

IMPORT_RULES: dict[str, Rule] = {
    "import.unchanged": Rule(
        _HINT,
        "The file is the same as that of version {number}, so no new version was made.",
        "Upload it as a package of its own if that was meant.",
    ),
    "import.not-fetched": Rule(
        _ERROR,
        "The file could not be fetched: {reason}.",
        "Open the address in a browser: it must give the zip itself, to anybody who knows it.",
    ),
    "import.gave-up": Rule(
        _ERROR,
        "The import was tried several times and did not come to an end: {reason}.",
        "Try again later; if it fails again, ask the administrator to look into the log.",
    ),
}

#: What only shows when learners play the course.
RUNTIME_RULES: dict[str, Rule] = {
    "runtime.suspend-data-long": Rule(
        _HINT,
        "“{identifier}” stored {length} characters of suspend_data; SCORM 1.2 allows {allowed}. They were kept.",
        "Have it store less, or publish as SCORM 2004: other platforms may cut this off and lose learners' places.",
        "SCORM 1.2 RTE 3.4.4, cmi.suspend_data",
    ),
}

_GROUPS = (
    *(ARCHIVE_RULES, XML_RULES, MANIFEST_RULES, SCHEMA_RULES, METADATA_RULES, CONTENT_RULES, CMI5_RULES, MEDIA_RULES),
    *(IMPORT_RULES, RUNTIME_RULES),
)
RULES: dict[str, Rule] = {code: rule for group in _GROUPS for code, rule in group.items()}


def finding(code: str, place: Place | None = None, **facts: Any) -> Finding:
    """The finding of rule `code` at `place`, its words filled with `facts`."""
    rule = RULES[code]
    where = place or Place()
    words = {name: shown(value) for name, value in facts.items()}
    return Finding(
        code,
        rule.severity,
        rule.message.format(**words),
        rule.fix.format(**words),
        rule.section,
        shown(where.file),
        where.line,
        where.column,
        facts=words,
    )


def found_elsewhere(other: str | None) -> str:
    """The guess that a missing file is meant to be one of the same name; empty without one."""
    return Phrase("; “{file}” is", file=other) if other else ""


def shown(value: Any) -> Any:
    """Facts come from hostile files: long texts are cut, characters that do not print are shown by their code."""
    if isinstance(value, Phrase):
        return Phrase(value.template, **{name: shown(fact) for name, fact in value.facts.items()})
    if not isinstance(value, str):
        return value
    printable = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in value[:300])
    return printable + ("…" if len(value) > 300 else "")
