"""What packages, versions, findings and jobs look like in the API."""

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from hub.http.fields import Moment
from hub.http.paging import PageArguments
from hub.scorm.services.importing import LONGEST_ID
from hub.scorm.services.incoming import LONGEST_URL
from hub.scorm.services.packages import LONGEST_DESCRIPTION, LONGEST_TAG, LONGEST_TITLE, MOST_TAGS

_TIME = "2026-11-20T08:15:30.123Z"


class VersionSchema(ma.Schema):
    """One uploaded zip, never changed afterwards."""

    id = fields.UUID(metadata={"example": "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"})
    number = fields.Integer(metadata={"example": 2, "description": "1 for the first upload, then one more each time"})
    standard = fields.String(metadata={"example": "scorm_2004"})
    edition = fields.String(allow_none=True, metadata={"example": "4th"})
    title = fields.String(metadata={"example": "Fire safety"})
    file_count = fields.Integer(metadata={"example": 214})
    content_size = fields.Integer(metadata={"example": 48211034, "description": "Bytes, unpacked"})
    archive_name = fields.String(metadata={"example": "fire-safety.zip"})
    archive_size = fields.Integer(metadata={"example": 31044120, "description": "Bytes of the zip"})
    archive_sha256 = fields.String(
        metadata={"example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
    )
    created_by = fields.String(metadata={"example": "user:0199f3a2-5f7c-7d52-8c0e-3d1f6c2b7a55"})
    created_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z"})
    is_published = fields.Boolean(metadata={"description": "Whether new attempts begin with it"})


class PackageSchema(ma.Schema):
    """A course as its author knows it."""

    id = fields.String(metadata={"example": "fire-safety", "description": "Your own id, or a UUID of ours"})
    title = fields.String(metadata={"example": "Fire safety"})
    description = fields.String(metadata={"example": "For all staff, yearly"})
    tags = fields.List(fields.String(), metadata={"example": ["safety", "yearly"]})
    created_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z"})
    updated_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z"})
    version_count = fields.Integer(metadata={"example": 2})
    published = fields.Nested(VersionSchema, allow_none=True)
    thumbnail = fields.String(
        allow_none=True,
        metadata={
            "description": "Path of its picture (JPEG, 320 x 180), good without a token; null for none",
            "example": "/thumbnails/0199f3a2-5f7c-7d52-8c0e-3d1f6c2b7a55/0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55/"
            "9f86d081884c7d659a2feaa0c55ad015.jpg",
        },
    )


class PackageListArguments(PageArguments):
    """Which packages to list."""

    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Words that all occur in title, description, id or tags", "example": "fire"},
    )
    tag = fields.String(load_default="", metadata={"description": "Only packages with this tag", "example": "yearly"})


class PackageChangesSchema(ma.Schema):
    """A JSON Merge Patch (RFC 7396) of a package; null empties what may be empty."""

    title = fields.String(validate=validate.Length(1, LONGEST_TITLE), metadata={"example": "Fire safety 2027"})
    description = fields.String(allow_none=True, validate=validate.Length(max=LONGEST_DESCRIPTION))
    tags = fields.List(
        fields.String(validate=validate.Length(1, LONGEST_TAG)),
        allow_none=True,
        validate=validate.Length(max=MOST_TAGS),
        metadata={"example": ["safety"]},
    )
    published_version = fields.Integer(
        strict=True, metadata={"example": 1, "description": "The version that new attempts begin with"}
    )


class UploadFileSchema(ma.Schema):
    """The file of an upload."""

    file = Upload(required=True, metadata={"description": "The zip that the authoring tool exported"})


class PictureSchema(ma.Schema):
    """The picture of a package."""

    file = Upload(required=True, metadata={"description": "PNG, JPEG, GIF or WebP, at most 5 MB"})


class UploadFormSchema(ma.Schema):
    """What goes with the file."""

    package_id = fields.String(
        load_default=None,
        validate=validate.Length(max=LONGEST_ID),
        metadata={
            "description": "Your own id of the package; an upload to an id that exists becomes its next version",
            "example": "fire-safety",
        },
    )


class IdempotencySchema(ma.Schema):
    """The header that makes repeating a POST safe."""

    idempotency_key = fields.String(
        load_default=None,
        data_key="Idempotency-Key",
        validate=validate.Length(1, 255),
        metadata={"description": "The same key with the same file gives the first answer again"},
    )


class FindingSchema(ma.Schema):
    """One thing that was found in a package."""

    code = fields.String(
        metadata={"example": "resource.launch-missing", "description": "Stable; see the findings list"}
    )
    severity = fields.String(metadata={"example": "error", "enum": ["danger", "error", "warning", "hint"]})
    message = fields.String(metadata={"example": "“page.html” is launched by the manifest but is not in the zip."})
    fix = fields.String(metadata={"example": "Add the file, or correct the resource's href."})
    section = fields.String(metadata={"example": "SCORM 2004 4th Ed. CAM, <resource>"})
    file = fields.String(metadata={"example": "imsmanifest.xml"})
    line = fields.Integer(allow_none=True, metadata={"example": 26})
    column = fields.Integer(allow_none=True, metadata={"example": 5})
    quote = fields.String(
        metadata={"example": '<resource identifier="R1" href="page.html">', "description": "The line, or a part of it"}
    )
    mark = fields.Integer(
        allow_none=True, metadata={"example": 0, "description": "Where in the quote it is, counted from 0"}
    )
    facts = fields.Dict(
        keys=fields.String(),
        metadata={
            "example": {"path": "page.html", "guess": ""},
            "description": "What the words were filled with, to say them otherwise: message and fix are English. "
            "A fact that is words itself is an object of its template and facts",
        },
    )
    in_tools = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={
            "example": {"Storyline": "Publish > LMS, choose SCORM 2004 or SCORM 1.2."},
            "description": "Of a refusal: what to do in the common authoring tools",
        },
    )


class ReportSchema(ma.Schema):
    """Everything that was found in a version's package."""

    version = fields.Integer(metadata={"example": 1})
    standard = fields.String(metadata={"example": "scorm_1_2"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"example": {"warning": 2}})
    findings = fields.List(fields.Nested(FindingSchema))


class FileSchema(ma.Schema):
    """One file of a version."""

    path = fields.String(metadata={"example": "pages/index.html"})
    size = fields.Integer(metadata={"example": 2048})
    content_type = fields.String(metadata={"example": "text/html"})


class FileChangesSchema(ma.Schema):
    """Files that are new, gone, or have other bytes."""

    added = fields.List(fields.String(), metadata={"example": ["media/intro.mp4"]})
    removed = fields.List(fields.String(), metadata={"example": []})
    changed = fields.List(fields.String(), metadata={"example": ["index.html"]})


class ItemChangeSchema(ma.Schema):
    """An item with other facts than before."""

    identifier = fields.String(metadata={"example": "ITEM-1"})
    title = fields.String(metadata={"example": "Introduction"})
    what = fields.List(fields.String(), metadata={"example": ["title", "mastery score"]})


class OutlineChangesSchema(ma.Schema):
    """Items that are new, gone, or differ."""

    added = fields.List(fields.String(), metadata={"description": "Titles", "example": ["Quiz"]})
    removed = fields.List(fields.String(), metadata={"description": "Titles", "example": []})
    changed = fields.List(fields.Nested(ItemChangeSchema))
    is_reordered = fields.Boolean(metadata={"description": "Whether items that were there before have moved"})


class ComparisonSchema(ma.Schema):
    """What changed from one version to another."""

    before = fields.Integer(metadata={"example": 1})
    after = fields.Integer(metadata={"example": 2})
    files = fields.Nested(FileChangesSchema)
    outline = fields.Nested(OutlineChangesSchema)


class ComparisonArguments(ma.Schema):
    """With which version to compare."""

    since = fields.Integer(
        load_default=None, strict=False, metadata={"description": "The older version; the one before without it"}
    )


class JobSchema(ma.Schema):
    """An import on its way."""

    id = fields.UUID(metadata={"example": "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"})
    state = fields.String(metadata={"example": "storing", "enum": ["queued", "checking", "storing", "ready", "failed"]})
    progress = fields.Integer(metadata={"example": 40, "description": "Per cent"})
    verdict = fields.String(
        allow_none=True, metadata={"example": "accepted", "enum": ["accepted", "refused", "dangerous", None]}
    )
    package_id = fields.String(allow_none=True, metadata={"example": "fire-safety"})
    version = fields.Integer(allow_none=True, metadata={"example": 2, "description": "Known once it is ready"})
    archive_name = fields.String(metadata={"example": "fire-safety.zip"})
    archive_size = fields.Integer(metadata={"example": 31044120, "description": "Bytes of it that are here"})
    source_url = fields.String(
        allow_none=True,
        metadata={
            "example": "https://files.example.org/fire-safety.zip",
            "description": "Where it is fetched from, without password and query; null for uploads",
        },
    )
    findings = fields.List(fields.Nested(FindingSchema))
    created_by = fields.String(metadata={"example": "oauth_client:0199f3a2-5f7c-7d52-8c0e-3d1f6c2b7a55"})
    created_at = Moment(metadata={"example": "2026-11-20T08:15:30.123Z"})
    started_at = Moment(allow_none=True)
    finished_at = Moment(allow_none=True)


def _package_id_field() -> fields.String:
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=LONGEST_ID),
        metadata={
            "description": "Your own id of the package; one that exists gets a new version",
            "example": "fire-safety",
        },
    )


class FetchSchema(ma.Schema):
    """Where a package is to be fetched from."""

    url = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_URL),
        metadata={"description": "An https address", "example": "https://files.example.org/fire-safety.zip"},
    )
    package_id = _package_id_field()


class UploadSchema(ma.Schema):
    """An upload on its way; not yet an import."""

    id = fields.UUID(metadata={"example": "0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55"})
    name = fields.String(metadata={"example": "fire-safety.zip"})
    size = fields.Integer(metadata={"example": 31044120, "description": "Bytes that there will be"})
    received = fields.Integer(metadata={"example": 16777216, "description": "Bytes that are here"})
    package_id = fields.String(allow_none=True, metadata={"example": "fire-safety"})
    expires_at = Moment(metadata={"description": "When it is removed unless more bytes come", "example": _TIME})
    job_id = fields.UUID(allow_none=True, metadata={"description": "The import that it became", "example": None})


class DirectUploadArguments(ma.Schema):
    """What will be sent to the object store."""

    size = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=2**53),
        metadata={"description": "Exactly how many bytes the zip has", "example": 31044120},
    )
    name = fields.String(load_default="", validate=validate.Length(max=1000), metadata={"example": "fire-safety.zip"})
    package_id = _package_id_field()


class FormSchema(ma.Schema):
    """A signed form: send `fields`, then the file as `file`, to `url` as multipart/form-data."""

    url = fields.String(metadata={"example": "https://bucket.s3.eu-central-1.amazonaws.com/"})
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.String(), data_key="fields", attribute="fields", metadata={"example": {}}
    )


class DirectUploadSchema(ma.Schema):
    """A direct upload that waits for its bytes."""

    upload = fields.Nested(UploadSchema)
    form = fields.Nested(FormSchema)


class JobListArguments(PageArguments):
    """Which jobs to list."""

    state = fields.String(
        load_default="",
        validate=validate.OneOf(["", "queued", "checking", "storing", "ready", "failed"]),
        metadata={"description": "Only jobs in this state"},
    )
