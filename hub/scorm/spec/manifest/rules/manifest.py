"""The manifest: XML, and what content packaging says of organizations, items and resources."""

from hub.scorm.spec.manifest.findings import Rule
from hub.scorm.spec.manifest.rules.terms import CAM, CP, DANGER, ERROR, EXPORT, HINT, WARNING

XML_RULES: dict[str, Rule] = {
    "xml.malformed": Rule(
        ERROR, "The XML is malformed: {what}.", "Mend the XML at this place, or export again.", "XML 1.0 2.1"
    ),
    "xml.doctype": Rule(
        DANGER,
        "The XML has a document type declaration (DTD), which can be used for attacks.",
        "Remove the DOCTYPE.",
        "XML 1.0 2.8",
    ),
    "xml.too-deep": Rule(DANGER, "Elements are nested more than {limit} deep.", EXPORT),
    "xml.too-large": Rule(DANGER, "The file has {found} bytes; at most {limit} are read.", EXPORT),
    "xml.too-many-tags": Rule(DANGER, "The file has {found} tags; at most {limit} are read.", EXPORT),
    "xml.too-many-attributes": Rule(
        DANGER, "The element “{name}” has {found} attributes; at most {limit} are read.", EXPORT
    ),
    "xml.encoding": Rule(
        ERROR,
        "The text cannot be read as {encoding}.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.encoding-unknown": Rule(
        ERROR,
        "The encoding “{encoding}” is not known.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.encoding-other": Rule(
        HINT,
        "The file is in {encoding}; it was read so.",
        "Nothing, here. Save it as UTF-8 where other systems are to take the package too.",
        "XML 1.0 4.3.3",
    ),
    "xml.byte-order-mark": Rule(
        HINT,
        "The file begins with a byte order mark; it was passed over.",
        "Nothing, here. Save it as UTF-8 without the mark where other systems are to take the package too.",
        "XML 1.0 4.3.3 and appendix F",
    ),
    "xml.encoding-mended": Rule(
        WARNING,
        "The file says {declared} but is not; it was read as {encoding}.",
        "Save the file as UTF-8 and declare that encoding.",
        "XML 1.0 4.3.3",
    ),
    "xml.prefix-mended": Rule(
        WARNING,
        "The prefix “{prefix}” is not declared; it was taken for {namespace}.",
        'Declare it: xmlns:{prefix}="{namespace}".',
        "Namespaces in XML 1.0, 5",
    ),
}

MANIFEST_RULES: dict[str, Rule] = {
    "package.no-manifest": Rule(
        ERROR,
        "There is no imsmanifest.xml in the zip, nor a cmi5.xml, tincan.xml or AICC course{guess}.",
        "Upload the zip that the tool's “publish for LMS” makes, not the project's own file.",
        f"{CAM}, package interchange file",
    ),
    "package.several-manifests": Rule(
        ERROR,
        "There are several packages in this zip: {files}.",
        "Upload each package by itself.",
        f"{CAM}, package interchange file",
    ),
    "package.manifest-in-folder": Rule(
        WARNING,
        "The manifest is in the folder “{folder}” and not at the top of the zip; it was read from there.",
        "Zip the content of the folder, not the folder.",
        f"{CAM}, package interchange file",
    ),
    "package.manifest-name": Rule(
        WARNING,
        "The manifest is called “{name}”; it was read as {kind}.",
        "Rename it.",
        f"{CAM}, package interchange file",
    ),
    "manifest.root": Rule(ERROR, "The root element is “{name}” and not “manifest”.", EXPORT, f"{CAM}, <manifest>"),
    "manifest.version-unknown": Rule(
        WARNING,
        "The schemaversion “{found}” is not known; the package was taken for {standard} by its namespaces.",
        "Write the version as the standard has it: 1.2, 2004 3rd Edition or 2004 4th Edition.",
        f"{CAM}, <schemaversion>",
    ),
    "manifest.version-missing": Rule(
        WARNING,
        "The manifest does not say its version; the package was taken for {standard} by its namespaces.",
        "Add metadata/schema and metadata/schemaversion.",
        f"{CAM}, <schemaversion>",
    ),
    "manifest.version-contradicts": Rule(
        WARNING,
        "The schemaversion says {declared}, but the namespaces are those of {used}; {declared} was taken.",
        "Make schemaversion and namespaces agree.",
        f"{CAM}, <schemaversion>",
    ),
    "manifest.schema-files": Rule(
        HINT,
        "The manifest names schema files that are not in the zip ({count}; “{file}” for one); here nobody needs them.",
        "Nothing, here. Add the schema files of the standard where another system asks for them.",
        f"{CAM}, content package, XML schema files",
    ),
    "manifest.namespace": Rule(
        HINT,
        "The namespace “{found}” is not that of any standard; its elements were read as {family}.",
        "Use the namespace of the standard.",
        f"{CAM}, <manifest>",
    ),
    "manifest.submanifest": Rule(
        WARNING,
        "The manifest holds another manifest, which is passed over.",
        "Put everything into one manifest.",
        f"{CAM}, <manifest>",
    ),
    "organization.none": Rule(
        ERROR,
        "The manifest has no organization, so there is nothing to launch.",
        "Export the course for an LMS (a “content aggregation package”), not a bare resource package.",
        f"{CAM}, <organizations>",
    ),
    "organization.default-missing": Rule(
        HINT,
        "The manifest does not say which organization is the default; the first was taken.",
        "Add the attribute default to organizations.",
        f"{CAM}, <organizations>",
    ),
    "organization.default-unknown": Rule(
        WARNING,
        "The default organization “{found}” does not exist; the first was taken.",
        "Let default name an organization of the manifest.",
        f"{CAM}, <organizations>",
    ),
    "organization.several": Rule(
        HINT,
        "There are {count} organizations; learners get “{title}”.",
        "Upload the others as packages of their own if they are wanted.",
        f"{CAM}, <organizations>",
    ),
    "organization.many-parts": Rule(
        HINT,
        "The course has {count} parts to launch, so its outline is long, and other systems may be slow with it.",
        "Make several courses of it where learners are to find their way.",
        f"{CAM}, <organization>",
    ),
    "organization.nothing-to-launch": Rule(
        ERROR,
        "The organization “{identifier}” has no item that can be launched.",
        "Give at least one item an identifierref.",
        f"{CAM}, <item>",
    ),
    "identifier.duplicate": Rule(
        ERROR,
        "The identifier “{identifier}” is used more than once; first at line {line_of_first}.",
        "Give each item and resource an identifier of its own.",
        f"{CP}, identifier",
    ),
    "identifier.too-long": Rule(
        ERROR,
        "{name} “{identifier}” has {found} bytes; at most {limit} are kept.",
        "Give it a shorter identifier.",
        f"{CP}, identifier",
    ),
    "item.long-titles": Rule(
        WARNING,
        "Titles are longer than {limit} characters ({count}); they are shown cut.",
        "Shorten the titles, and put long texts into the description.",
        f"{CP}, title",
    ),
    "identifier.missing": Rule(
        WARNING,
        "The element {kind} has no identifier; it was named “{identifier}”.",
        "Add the attribute.",
        f"{CP}, identifier",
    ),
    "item.too-deep": Rule(ERROR, "Items are nested more than {limit} deep.", "Make the course's outline flatter."),
    "item.resource-missing": Rule(
        ERROR,
        "The item “{identifier}” refers to the resource “{reference}”, which does not exist{guess}.",
        "Correct the item's identifierref or add the resource.",
        f"{CAM}, <item>",
    ),
    "item.resource-without-file": Rule(
        ERROR,
        "The item “{identifier}” launches the resource “{reference}”, which names no file.",
        "Add the attribute href to the resource.",
        f"{CAM}, <resource>",
    ),
    "item.without-title": Rule(
        WARNING,
        "The item “{identifier}” has no title; learners see “{title}”.",
        "Give every item a title.",
        f"{CAM}, <item>",
    ),
    "item.empty-leaf": Rule(
        WARNING,
        "The item “{identifier}” neither launches anything nor holds other items.",
        "Give it an identifierref or remove it.",
        f"{CAM}, <item>",
    ),
    "item.cluster-with-resource": Rule(
        WARNING,
        "The item “{identifier}” holds other items and a resource; SCORM 2004 launches only items without children, "
        "so the resource is not used.",
        "Move the resource to an item of its own.",
        f"{CAM}, <item>",
    ),
    "item.value": Rule(
        WARNING,
        "{name} is “{found}”, which is not {allowed}; it was passed over.",
        "Write it as the standard has it.",
        f"{CAM}, <item>",
    ),
    "item.parameters": Rule(
        HINT,
        "The parameters “{found}” have characters that do not belong into a URL; they were encoded.",
        "Encode them in the manifest.",
        "RFC 3986 3.4",
    ),
    "resource.launch-missing": Rule(
        ERROR,
        "“{path}” is launched by the manifest but is not in the zip{guess}.",
        "Add the file, or correct the resource's href.",
        f"{CAM}, <resource>",
    ),
    "resource.file-missing": Rule(
        WARNING,
        "“{path}” is listed in the manifest but is not in the zip.",
        "Add the file, or remove it from the manifest.",
        f"{CAM}, <file>",
    ),
    "resource.case": Rule(
        WARNING,
        "The manifest says “{path}”, the zip has “{found}”; that file was taken.",
        "Write names in the manifest exactly as the files are called.",
        f"{CAM}, <resource>",
    ),
    "resource.backslash": Rule(
        WARNING, "“{path}” uses “\\” between folders; it was read as “/”.", "Use “/” in the manifest.", "RFC 3986 3.3"
    ),
    "resource.escapes": Rule(
        ERROR, "“{path}” leads out of the package.", "Refer to files inside the package only.", "RFC 3986 5.2.4"
    ),
    "resource.scheme": Rule(
        ERROR,
        "“{path}” cannot be launched: only http, https and files of the package can.",
        "Correct the href.",
    ),
    "resource.external": Rule(
        WARNING,
        "“{path}” lives on another server; whether it can report its progress depends on that server.",
        "Put the content into the package.",
        f"{CAM}, <resource>",
    ),
    "resource.scorm-type-missing": Rule(
        WARNING,
        "The resource “{identifier}” does not say whether it is a SCO or an asset; it was taken for a SCO.",
        "Add adlcp:{attribute}.",
        f"{CAM}, <resource>",
    ),
    "resource.scorm-type-unknown": Rule(
        WARNING,
        "The SCORM type “{found}” of the resource “{identifier}” is not known; it was taken for a SCO.",
        "Use sco or asset.",
        f"{CAM}, <resource>",
    ),
    "resource.dependency-missing": Rule(
        WARNING,
        "The resource “{identifier}” depends on “{reference}”, which does not exist.",
        "Remove the dependency or add the resource.",
        f"{CAM}, <dependency>",
    ),
    "resource.unused": Rule(
        HINT,
        "No item and no resource refers to the resource “{identifier}”.",
        "Remove it if it is not needed.",
        f"{CAM}, <resource>",
    ),
}
