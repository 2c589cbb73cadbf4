"""Media types of content files, by the extensions that authoring tools emit.

Not the system's table: that differs between machines. Text types carry no charset: the files say it themselves, and
old content is not all UTF-8.
"""

FALLBACK = "application/octet-stream"

_BY_EXTENSION = {
    "text/html": "html htm",
    "application/xhtml+xml": "xhtml xht",
    "text/css": "css",
    "text/javascript": "js mjs cjs",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/xml": "xml xsd xsl xslt dtd",
    "text/plain": "txt text log md",
    "text/csv": "csv",
    "text/vtt": "vtt",
    "application/ttml+xml": "ttml dfxp",
    "application/x-subrip": "srt",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/tiff": "tif tiff",
    "image/x-icon": "ico cur",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a m4b",
    "audio/aac": "aac",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "video/mp4": "mp4 m4v f4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov qt",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "wmv",
    "video/x-flv": "flv",
    "video/mpeg": "mpg mpeg",
    "video/mp2t": "ts",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "application/vnd.ms-fontobject": "eot",
    "application/wasm": "wasm",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/epub+zip": "epub",
    "application/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/x-shockwave-flash": "swf",
    "model/gltf-binary": "glb",
    "model/gltf+json": "gltf",
}
_TYPES = {extension: kind for kind, extensions in _BY_EXTENSION.items() for extension in extensions.split()}


def media_type(name: str) -> str:
    """The media type of a file by its name; octet-stream when the extension says nothing."""
    stem, dot, extension = name.rpartition("/")[2].rpartition(".")
    return _TYPES.get(extension.lower(), FALLBACK) if dot and stem else FALLBACK
