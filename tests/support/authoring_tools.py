"""Packages in the shape that authoring tools export: folders, names, manifests and quirks; the words are our own."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.support.packages import package_of

TITLE = "Fire safety: doors & alarms"
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_NS_1_2 = (
    'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" '
    f'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2" {_XSI} '
    'xsi:schemaLocation="http://www.imsproject.org/xsd/imscp_rootv1p1p2 imscp_rootv1p1p2.xsd '
    'http://www.adlnet.org/xsd/adlcp_rootv1p2 adlcp_rootv1p2.xsd"'
)
_NS_2004 = (
    'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" '
    'xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3" '
    f'xmlns:imsss="http://www.imsglobal.org/xsd/imsss" {_XSI}'
)
_SCHEMAS_1_2 = ("adlcp_rootv1p2.xsd", "ims_xml.xsd", "imscp_rootv1p1p2.xsd", "imsmd_rootv1p2p1.xsd")
_SCHEMAS_2004 = ("adlcp_v1p3.xsd", "adlnav_v1p3.xsd", "adlseq_v1p3.xsd", "imscp_v1p1.xsd", "imsss_v1p0.xsd", "lom.xsd")
_VERSION = {"1.2": "1.2", "3rd": "2004 3rd Edition", "4th": "2004 4th Edition"}
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@dataclass(frozen=True)
class Export:
    """What a tool made: the zip's name, its files, and what is to be read out of it."""

    tool: str
    files: dict[str, bytes]
    launch: str
    standard: str = "scorm_1_2"
    edition: str | None = None
    items: int = 1

    @property
    def archive(self) -> bytes:
        """The zip."""
        return package_of(self.files)


def _page(body: str = "<p>Hello</p>", head: str = "") -> bytes:
    title = escape(TITLE)
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{title}</title>{head}</head><body>{body}</body></html>'.encode()
    )


def _schemas(names: Iterable[str]) -> dict[str, bytes]:
    return dict.fromkeys(names, b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')


def _files(names: Iterable[str]) -> str:
    return "".join(f'<file href="{escape(name)}"/>' for name in names)


def _ims_metadata(prefix: str = "") -> str:
    """The metadata of SCORM 1.2, as Storyline, iSpring and Adapt write them into the manifest."""
    p, xmlns = (f"{prefix}:", "") if prefix else ("", ' xmlns="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1"')
    return (
        f'<{p}lom{xmlns}><{p}general><{p}title><{p}langstring xml:lang="x-none">{escape(TITLE)}</{p}langstring>'
        f"</{p}title></{p}general><{p}metametadata><{p}metadatascheme>ADL SCORM 1.2</{p}metadatascheme>"
        f"</{p}metametadata><{p}educational><{p}typicallearningtime><{p}datetime>PT0H5M0S</{p}datetime>"
        f"</{p}typicallearningtime></{p}educational></{p}lom>"
    )


def _metadata(version: str, inner: str = "") -> str:
    return f"<metadata><schema>ADL SCORM</schema><schemaversion>{_VERSION[version]}</schemaversion>{inner}</metadata>"


def _single(version: str, names: tuple[str, str, str], launch: str, more: Iterable[str], inner: str = "") -> bytes:
    """A manifest of one item; `names` are the identifiers of manifest, organization and resource."""
    manifest, organization, resource = names
    namespaces, scorm_type = (_NS_1_2, "scormtype") if version == "1.2" else (_NS_2004, "scormType")
    title = escape(TITLE)
    text = (
        f'<manifest identifier="{manifest}" version="1" {namespaces}>{_metadata(version, inner)}'
        f'<organizations default="{organization}"><organization identifier="{organization}"><title>{title}</title>'
        f'<item identifier="item_1" identifierref="{resource}" isvisible="true"><title>{title}</title></item>'
        f'</organization></organizations><resources><resource identifier="{resource}" type="webcontent" '
        f'adlcp:{scorm_type}="sco" href="{launch}">{_files([launch, *more])}</resource></resources></manifest>'
    )
    return (_XML + text).encode()


def storyline() -> Export:
    """A byte order mark, metadata inside, the launcher beside the story, and content that the manifest leaves out."""
    content = {
        "story.html": _page(head='<script src="html5/lib/scripts/bootstrapper.min.js"></script>'),
        "html5/lib/scripts/bootstrapper.min.js": b"window.globals={};",
        "html5/data/js/data.js": b"window.globalProvideData('data','{}')",
        "html5/data/css/output.min.css": b".slide{background:url(../../../story_content/5abc.png)}",
        "story_content/5abc.png": _PNG,
        "story_content/thumbnail.jpg": _PNG,
        "lms/API.js": b"var winAPI=null;",
        "lms/SCORMFunctions.js": b"function SCORM_Initialize(){}",
        "meta.xml": b"<meta><project/></meta>",
    }
    launch = _page('<iframe title="Course" src="story.html"></iframe>', '<script src="lms/API.js"></script>')
    names = ("_6OlpCUai8Pb_course_id", "B0", "R1")
    manifest = _single("1.2", names, "index_lms.html", [*content], _ims_metadata())
    files = {"imsmanifest.xml": b"\xef\xbb\xbf" + manifest, "index_lms.html": launch, **content}
    return Export("Storyline", files | _schemas(_SCHEMAS_1_2), "index_lms.html")


def storyline_2004() -> Export:
    """With a sequencing of objectives that only says what is satisfied by measure."""
    base = storyline()
    manifest = _single("4th", ("_6OlpCUai8Pb_course_id", "B0", "R1"), "index_lms.html", [*base.files][2:8])
    sequencing = (
        b"<imsss:sequencing><imsss:controlMode choice='false' flow='true'/><imsss:objectives><imsss:primaryObjective "
        b"objectiveID='PRIMARYOBJ' satisfiedByMeasure='true'><imsss:minNormalizedMeasure>0.8"
        b"</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives><imsss:deliveryControls "
        b"tracked='true' completionSetByContent='true' objectiveSetByContent='true'/></imsss:sequencing></item>"
    )
    files = base.files | {"imsmanifest.xml": manifest.replace(b"</item>", sequencing)}
    files = {name: data for name, data in files.items() if not name.endswith(".xsd")} | _schemas(_SCHEMAS_2004)
    return Export("Storyline", files, "index_lms.html", "scorm_2004", "4th")


def rise() -> Export:
    """A driver that launches the content in a frame, metadata in a file, comments, data from the LMS."""
    driver = [f"scormdriver/{name}" for name in ("driverOptions.js", "scormdriver.js", "auto-scripts/AutoBookmark.js")]
    content = {
        "scormcontent/index.html": _page(head='<script src="lib/player-0.0.11.min.js"></script>'),
        "scormcontent/lib/player-0.0.11.min.js": b"window.player={};",
        "scormcontent/lib/rise/6989aec3.js": b"export default {};",
        "scormcontent/lib/icomoon.css": b"@font-face{font-family:icomoon;src:url(fonts/icomoon.woff)}",
        "scormcontent/lib/fonts/icomoon.woff": b"wOFF",
        "scormcontent/assets/Alarm plan (2)%20\u2713.png": _PNG,
        "scormcontent/locales/und.js": b"{}",
    }
    listed = [*driver, *(name for name in content if "\u2713" not in name)]
    manifest = _single("1.2", ("r5dDD_w1LLps-fNA6", "articulate_rise", "r1"), "scormdriver/indexAPI.html", listed)
    manifest = manifest.replace(b"</schemaversion>", b"</schemaversion><adlcp:location>metadata.xml</adlcp:location>")
    manifest = manifest.replace(b"</item>", b"<adlcp:datafromlms>eyJjcHYiOiJhYmMifQ==</adlcp:datafromlms></item>")
    manifest = manifest.replace(b"<resources>", b"<resources><!-- the driver -->")
    loaded = '<script src="driverOptions.js"></script><script src="scormdriver.js"></script>'
    files = {
        "imsmanifest.xml": manifest,
        "metadata.xml": f"{_XML}{_ims_metadata()}".encode(),
        "scormdriver/indexAPI.html": _page(
            '<iframe title="Content" src="../scormcontent/index.html"></iframe>', loaded
        ),
        **dict.fromkeys(driver, b"var strLMSStandard='SCORM';"),
        **content,
    }
    return Export("Rise", files | _schemas(_SCHEMAS_1_2), "scormdriver/indexAPI.html")


def captivate() -> Export:
    """SCORM 2004, LOM inside the item, the launch page in the top folder, everything else in assets and dr."""
    content = {
        "assets/js/CPM.js": b"window.cp={};",
        "assets/css/CPLibraryAll.css": b"body{margin:0}",
        "assets/htmlimages/360_slide_ON_normal.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "assets/playbar/playbarScript.js": b"cp.playbar={};",
        "ar/126666.mp3": b"ID3",
        "dr/Image1.png": _PNG,
        "scormdriver.js": b"var strLMSStandard='SCORM2004';",
        "Utilities.js": b"",
        "project.txt": b"{}",
    }
    lom = (
        '<metadata><lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><description><string language="en-us">'
        "Doors.</string></description></general></lom></metadata>"
    )
    manifest = _single("3rd", ("Course_ID1", "Course_ID1_ORG", "SCO_ID1_RES"), "index_scorm.html", [*content])
    manifest = manifest.replace(b"</item>", lom.encode() + b"<imsss:sequencing/></item>")
    manifest = manifest.replace(b"</schemaversion>", b"</schemaversion><adlcp:location>metadata.xml</adlcp:location>")
    files = {
        "imsmanifest.xml": manifest,
        "metadata.xml": (
            f'{_XML}<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><title><string>{escape(TITLE)}</string></title>'
            "</general></lom>"
        ).encode(),
        "index_scorm.html": _page(head='<script src="assets/js/CPM.js"></script>'),
        **content,
    }
    return Export("Captivate", files | _schemas(_SCHEMAS_2004), "index_scorm.html", "scorm_2004", "3rd")


def ispring() -> Export:
    """Everything below res, metadata with a prefix, an identifier that no XML ID may be (a GUID)."""
    content = {
        "res/lms.js": b"var LMS={};",
        "res/data/player.js": b"var ispring={};",
        "res/data/browsersupport.js": b"var support={};",
        "res/data/slide1.js": b"loadHandler(1)",
        "res/data/slide1.css": b"#spr0{color:#000}",
        "res/data/fnt0.woff": b"wOFF",
        "res/data/thmb1.png": _PNG,
        "res/data/html/unsupported.html": _page(),
    }
    names = ("SEtKlngKKMG5d", "fire_safety_organization", "resource")
    manifest = _single("1.2", names, "res/index.html", [*content], _ims_metadata("lom"))
    manifest = manifest.replace(
        b"<manifest ", b'<manifest xmlns:lom="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1" ', 1
    ).replace(b'"item_1"', b'"6508FA33-E363-40D7-9052-D9AF4062DF93"')
    loaded = '<script src="data/player.js"></script><script src="lms.js"></script>'
    files = {"imsmanifest.xml": manifest, "res/index.html": _page(head=loaded), **content}
    return Export("iSpring", files | _schemas(_SCHEMAS_1_2), "res/index.html")


def exelearning() -> Export:
    """A page for each item, clusters that launch, common files as a resource of their own, metadata in imslrm.xml."""
    pages = ("index.html", "html/doors.html", "html/alarms.html")
    common = {
        "common_i18n.js": b"$exe_i18n={};",
        "libs/jquery/jquery.min.js": b"window.jQuery=function(){};",
        "libs/SCORM_API_wrapper.js": b"var pipwerks={};",
        "libs/SCOFunctions.js": b"function loadPage(){}",
        "theme/content.css": b"body{font-family:sans-serif}",
        "content/resources/alarm.png": _PNG,
        "content.xml": b"<ode/>",
    }
    items = (
        f'<item identifier="ITEM-a57" identifierref="RES-a57" isvisible="true"><title>{escape(TITLE)}</title>'
        '<item identifier="ITEM-a58" identifierref="RES-a58" isvisible="true"><title>Doors</title></item>'
        '<item identifier="ITEM-a59" identifierref="RES-a59" isvisible="true"><title>Alarms</title></item></item>'
    )
    resources = "".join(
        f'<resource identifier="RES-a5{number}" type="webcontent" adlcp:scormtype="sco" href="{page}">'
        f'<file href="{page}"/><dependency identifierref="COMMON_FILES"/></resource>'
        for number, page in enumerate(pages, 7)
    )
    manifest = (
        f'{_XML}<!-- Generated by a tool --><manifest identifier="eXe-a55" {_NS_1_2} '
        f'xmlns:imsmd="http://www.imsglobal.org/xsd/imsmd_v1p2">'
        f"{_metadata('1.2', '<adlcp:location>imslrm.xml</adlcp:location>')}"
        f'<organizations default="eXe-a56"><organization identifier="eXe-a56" structure="hierarchical">'
        f"<title>{escape(TITLE)}</title>{items}</organization></organizations><resources>{resources}"
        f'<resource identifier="COMMON_FILES" type="webcontent" adlcp:scormtype="asset">{_files(common)}</resource>'
        "</resources></manifest>"
    )
    lom = (
        f'{_XML}<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general uniqueElementName="general"><title>'
        f'<string language="en">{escape(TITLE)}</string></title><language>en</language><aggregationLevel '
        'uniqueElementName="aggregationLevel"><source uniqueElementName="source">LOM-ESv1.0</source>'
        '<value uniqueElementName="value">2</value></aggregationLevel></general></lom>'
    )
    files = {
        "imsmanifest.xml": manifest.encode(),
        "imslrm.xml": lom.encode(),
        "index.html": _page(head='<script src="libs/jquery/jquery.min.js"></script>'),
        **{page: _page(head='<link rel="stylesheet" href="../theme/content.css">') for page in pages[1:]},
        **common,
    }
    return Export("eXeLearning", files | _schemas(_SCHEMAS_1_2), "index.html", items=3)


def adapt() -> Export:
    """Titles in CDATA, a launch page that loads scripts by scripts, content as JSON, nothing listed but the page."""
    title = f"<![CDATA[{TITLE}]]>"
    manifest = _single("1.2", ("adapt_manifest", "adapt_scorm", "res1"), "index_lms.html", [], _ims_metadata())
    files = {
        "imsmanifest.xml": manifest.replace(
            f"<title>{escape(TITLE)}</title>".encode(), f"<title>{title}</title>".encode()
        ),
        "index_lms.html": _page('<div id="wrapper"></div>', '<script src="adapt/js/scriptLoader.js"></script>'),
        "index.html": _page(),
        "adapt.css": b"@font-face{font-family:vanilla;src:url(fonts/vanilla.woff2)}",
        "fonts/vanilla.woff2": b"wOF2",
        "adapt/js/adapt.min.js": b"define('core/js/adapt',[],function(){});",
        "adapt/js/scriptLoader.js": b"window.ADAPT_BUILD_TYPE='production';",
        "libraries/jquery.min.js": b"window.jQuery=function(){};",
        "course/config.json": b'{"_defaultLanguage":"en"}',
        "course/en/course.json": b'{"title":"Fire safety"}',
        "course/en/assets/0c8a3118644de501209a438e52d80c6c49504258.jpg": _PNG,
    }
    return Export("Adapt", files | _schemas(_SCHEMAS_1_2), "index_lms.html")


def h5p() -> Export:
    """As Lumi packs an activity: one page, scripts beside it, the content as H5P has it."""
    content = {
        "h5p/h5p.json": b'{"title":"Fire safety","mainLibrary":"H5P.QuestionSet"}',
        "h5p/content/content.json": b'{"questions":[]}',
        "h5p/content/images/image-5f.png": _PNG,
        "h5p/H5P.QuestionSet-1.20/js/questionset.js": b"H5P.QuestionSet=function(){};",
        "h5p/H5P.QuestionSet-1.20/library.json": b'{"machineName":"H5P.QuestionSet"}',
        "scripts/h5p.js": b"var H5P=H5P||{};",
        "scripts/SCORM_API_wrapper.js": b"var pipwerks={};",
        "styles/h5p.css": b".h5p-content{position:relative}",
    }
    manifest = _single("1.2", ("fire-safety.lumi", "organization_1", "resource_1"), "index.html", [*content])
    loaded = '<script src="scripts/h5p.js"></script><link rel="stylesheet" href="styles/h5p.css">'
    files = {"imsmanifest.xml": manifest, "index.html": _page(head=loaded), **content}
    return Export("H5P", files | _schemas(_SCHEMAS_1_2), "index.html")


EXPORTS = {one.__name__: one for one in (storyline, storyline_2004, rise, captivate, ispring, exelearning, adapt, h5p)}
