"""Settings: read once at start, checked as a whole, never changed afterwards.

This is the only reader of the environment. Each setting is one field with its default, its parser and what it means;
docs/settings.md is the same table for people, and a test keeps the two in step. Where `HUB_DATABASE_URL` is not in the
environment, the file `var/hub.env` of the running demo is read, so that commands typed in its folder act on it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from email.utils import formataddr, parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from hub.errors import ConfigurationError

DEMO_SETTINGS = Path("var/hub.env")

MB = 1024 * 1024


def _flag(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise ValueError("must be true or false")
    return words[text.lower()]


#: The audit log is never kept for less than this many days.
SHORTEST_AUDIT_DAYS = 90


def _count(text: str) -> int:
    number = int(text) if text.strip().isdigit() else 0
    if number < 1:
        raise ValueError("must be a whole number above 0")
    return number


def _count_or_none(text: str) -> int:
    if not text.strip().isdigit():
        raise ValueError("must be a whole number, or 0")
    return int(text)


def _audit_days(text: str) -> int:
    number = _count(text)
    if number < SHORTEST_AUDIT_DAYS:
        raise ValueError(f"must be at least {SHORTEST_AUDIT_DAYS}")
    return number


def _origin(text: str) -> str:
    """An origin (RFC 6454): scheme and host, no path."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be http(s)://HOST[:PORT]")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an origin without path, query or user")
    if "*" in parts.netloc:
        raise ValueError("must name one host, without *")
    default = {"http": ":80", "https": ":443"}[parts.scheme]  # Browsers leave it out.
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


def _content_origin(text: str) -> str:
    """An origin, or one with `*.` before its host: an origin for each package version."""
    scheme, wildcard, host = text.partition("://*.")
    if not wildcard:
        return _origin(text)
    return _origin(f"{scheme}://{host}").replace("://", "://*.", 1)


def _frame_ancestors(text: str) -> str:
    """Origins with blanks between; `*.` before a host stands for all below it."""
    return " ".join(_content_origin(origin) for origin in text.split())


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must be redis://[:PASSWORD@]HOST:PORT/NUMBER")
    return text


def _object_store(text: str) -> str:
    kind, _, rest = text.partition(":")
    if kind not in {"folder", "s3"} or not rest.strip("/"):
        raise ValueError("must be folder:PATH or s3://BUCKET[/PREFIX]")
    return text


def _content_sender(text: str) -> str:
    if text not in {"hub", "store", "nginx"}:
        raise ValueError("must be hub, store or nginx")
    return text


def _networks(text: str) -> str:
    try:
        return " ".join(str(ip_network(part)) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise ValueError("must be addresses or networks, such as 127.0.0.1 10.0.0.0/8") from error


def _mail(text: str) -> str:
    kind, _, place = text.partition(":")
    if text not in {"off", "smtp"} and (kind != "folder" or not place):
        raise ValueError("must be off, smtp or folder:PATH")
    return text


def _mail_address(text: str) -> str:
    """An address, or NAME <ADDRESS> (RFC 5322 section 3.4)."""
    name, address = parseaddr(text)
    if "@" not in address or not text.isprintable():
        raise ValueError("must be ADDRESS or NAME <ADDRESS>")
    return formataddr((name, address))


def _smtp_tls(text: str) -> str:
    if text not in {"starttls", "tls", "none"}:
        raise ValueError("must be starttls, tls or none")
    return text


def _log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError("must be text or json")
    return text


def setting(
    variable: str,
    meaning: str,
    parse: Callable[[str], Any] = str,
    *,
    default: Any = None,
    secret: bool = False,
) -> Any:
    """A field of `Settings`: its environment variable, what it means, and how its text is read. A secret one is left
    out where settings are printed."""
    metadata = {"variable": variable, "meaning": meaning, "parse": parse, "secret": secret}
    if default is None:
        return field(metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set. Fields without a default must be given."""

    database_url: str = setting(
        "HUB_DATABASE_URL", "PostgreSQL 15 or later; the one source of truth", _database_url, secret=True
    )
    redis_url: str = setting(
        "HUB_REDIS_URL", "Redis 6.2 or later: task queue, sessions, launch state", _redis_url, secret=True
    )
    public_url: str = setting(
        "HUB_PUBLIC_URL",
        "Origin of the Hub: console, API, LTI, LRS",
        _origin,
        default="http://localhost:8000",
    )
    content_url: str = setting(
        "HUB_CONTENT_URL",
        "Origin of the player and of uploaded content, other than the Hub's; https://*.HOST for one of each version",
        _content_origin,
        default="http://content.localhost:8000",
    )
    frame_ancestors: str = setting(
        "HUB_FRAME_ANCESTORS",
        "Origins that may frame what is launched, besides the platform of the launch; blanks between",
        _frame_ancestors,
        default="",
    )
    object_store: str = setting(
        "HUB_OBJECT_STORE",
        "Where packages are kept: folder:PATH or s3://BUCKET[/PREFIX]",
        _object_store,
        default="folder:packages",
    )
    s3_endpoint_url: str = setting(
        "HUB_S3_ENDPOINT_URL", "Address of an S3-compatible server; empty for AWS", default=""
    )
    s3_region: str = setting("HUB_S3_REGION", "S3 region", default="us-east-1")
    s3_access_key_id: str = setting(
        "HUB_S3_ACCESS_KEY_ID", "S3 key; empty for the environment's own AWS credentials", default=""
    )
    s3_secret_access_key: str = setting("HUB_S3_SECRET_ACCESS_KEY", "S3 secret", default="", secret=True)
    content_sender: Literal["hub", "store", "nginx"] = setting(
        "HUB_CONTENT_SENDER",
        "Who sends large course files: hub, store (S3, by a redirect) or nginx (by X-Accel-Redirect)",
        _content_sender,
        default="hub",
    )
    content_cache_mb: int = setting(
        "HUB_CONTENT_CACHE_MB",
        "Memory of each web server process for small and packed course files, in MB",
        _count,
        default=32,
    )
    keys_dir: str = setting("HUB_KEYS_DIR", "Folder of the Hub's own keys", default="keys")
    port: int = setting("HUB_PORT", "Port that the web server listens on", _count, default=8000)
    bind: str = setting("HUB_BIND", "Address that the web server listens on", default="127.0.0.1")
    web_workers: int = setting("HUB_WEB_WORKERS", "Web server processes", _count, default=2)
    web_threads: int = setting(
        "HUB_WEB_THREADS",
        "Threads of each web server process; a slow client holds one while it sends",
        _count,
        default=128,
    )
    worker_threads: int = setting(
        "HUB_WORKER_THREADS", "Threads of the worker for grades and whatever else is short", _count, default=4
    )
    import_threads: int = setting(
        "HUB_IMPORT_THREADS", "Imports that a worker does at the same time, at low priority", _count, default=2
    )
    database_pool: int = setting(
        "HUB_DATABASE_POOL", "Database connections of each process; half as many again for the LRS", _count, default=16
    )
    demo_lms_port: int = setting("HUB_DEMO_LMS_PORT", "Port of the Demo LMS (`hub demo` only)", _count, default=8100)
    allow_private_networks: bool = setting(
        "HUB_ALLOW_PRIVATE_NETWORKS",
        "Let the Hub call platforms at private or loopback addresses (demo, tests, closed networks)",
        _flag,
        default=False,
    )
    upload_limit_mb: int = setting("HUB_UPLOAD_LIMIT_MB", "Largest package upload, in MB", _count, default=2048)
    package_files_limit: int = setting(
        "HUB_PACKAGE_FILES_LIMIT", "Most files a package may hold", _count, default=20_000
    )
    package_size_limit_mb: int = setting(
        "HUB_PACKAGE_SIZE_LIMIT_MB", "Most that a package may hold when unpacked, in MB", _count, default=2048
    )
    package_ratio_limit: int = setting(
        "HUB_PACKAGE_RATIO_LIMIT", "Highest compression ratio of a file in a package", _count, default=200
    )
    statement_limit_mb: int = setting(
        "HUB_STATEMENT_LIMIT_MB", "Largest single xAPI statement, in MB", _count, default=1
    )
    batch_limit_mb: int = setting(
        "HUB_BATCH_LIMIT_MB", "Largest batch of statements, and largest document, in MB", _count, default=16
    )
    batch_limit: int = setting("HUB_BATCH_LIMIT", "Most statements in one batch", _count, default=10_000)
    attachment_limit_mb: int = setting(
        "HUB_ATTACHMENT_LIMIT_MB", "Largest statement attachment, in MB", _count, default=100
    )
    replay_days: int = setting(
        "HUB_REPLAY_DAYS",
        "Days for which the calls of content and the steps of sequencing are kept for replay; 0 keeps none",
        _count_or_none,
        default=30,
    )
    replay_limit_kb: int = setting(
        "HUB_REPLAY_LIMIT_KB",
        "Most that a replay keeps of one activity in one attempt, in kB",
        _count,
        default=512,
    )
    export_days: int = setting(
        "HUB_EXPORT_DAYS", "Days for which an export of personal data can be downloaded", _count, default=7
    )
    audit_days: int = setting(
        "HUB_AUDIT_DAYS",
        "Days for which the audit log is kept before its months are detached, at least 90",
        _audit_days,
        default=365,
    )
    session_idle_minutes: int = setting(
        "HUB_SESSION_IDLE_MINUTES", "A console session ends when unused for so long", _count, default=120
    )
    session_hours: int = setting(
        "HUB_SESSION_HOURS", "A console session ends after so long in any case", _count, default=12
    )
    requests_per_minute: int = setting(
        "HUB_REQUESTS_PER_MINUTE", "Requests that one user or program may send in a minute", _count, default=100
    )
    sign_ins_per_minute: int = setting(
        "HUB_SIGN_INS_PER_MINUTE", "Attempts to sign in from one network address in a minute", _count, default=10
    )
    mail: str = setting(
        "HUB_MAIL",
        "How e-mail is sent: off, smtp, or folder:PATH, which writes a file for each message instead",
        _mail,
        default="off",
    )
    mail_from: str = setting(
        "HUB_MAIL_FROM", "Sender of e-mail, such as Hub <hub@school.example>", _mail_address, default=""
    )
    smtp_host: str = setting("HUB_SMTP_HOST", "Mail server that takes what is sent", default="localhost")
    smtp_port: int = setting("HUB_SMTP_PORT", "Its port; 465 is usual for tls, 25 for none", _count, default=587)
    smtp_tls: Literal["starttls", "tls", "none"] = setting(
        "HUB_SMTP_TLS",
        "starttls (asked for after connecting, and required), tls (from the first byte) or none",
        _smtp_tls,
        default="starttls",
    )
    smtp_user: str = setting("HUB_SMTP_USER", "User at the mail server; empty for none", default="")
    smtp_password: str = setting("HUB_SMTP_PASSWORD", "Password at the mail server", default="", secret=True)
    log_format: str = setting(
        "HUB_LOG_FORMAT", "Log lines for people (text) or programs (json)", _log_format, default="text"
    )
    access_log: bool = setting("HUB_ACCESS_LOG", "Write a log line for each request", _flag, default=False)
    trusted_proxies: str = setting(
        "HUB_TRUSTED_PROXIES",
        "Addresses or networks of the proxies in front, whose X-Forwarded-* headers count; blanks between",
        _networks,
        default="",
    )

    def __post_init__(self) -> None:
        faults = []
        if self.public_url == self.content_url:
            faults.append(
                "HUB_CONTENT_URL must differ from HUB_PUBLIC_URL: uploaded content never runs on the Hub's origin"
            )
        if self.mail != "off" and not self.mail_from:
            faults.append("HUB_MAIL_FROM is not set, and HUB_MAIL needs a sender")
        if self.smtp_password and self.smtp_tls == "none" and self.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
            faults.append("HUB_SMTP_TLS is none: HUB_SMTP_PASSWORD would cross the network in the clear")
        if faults:
            raise ConfigurationError(faults)

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with SQLAlchemy's name for psycopg 3."""
        return "postgresql+psycopg://" + self.database_url.partition("://")[2]

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read and check the environment; every fault is reported in one `ConfigurationError`."""
        values = dict(os.environ if environment is None else environment)
        if environment is None and "HUB_DATABASE_URL" not in values and DEMO_SETTINGS.is_file():
            values = read_env_file(DEMO_SETTINGS) | values
        read, faults = _read_fields(values)
        faults += _unknown_variables(values)
        if faults:
            raise ConfigurationError(faults)
        return cls(**read)


def _read_fields(values: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    read: dict[str, Any] = {}
    faults: list[str] = []
    for item in fields(Settings):
        variable = item.metadata["variable"]
        try:
            text = _text_of(item, values)
            if text:
                read[item.name] = item.metadata["parse"](text)
            elif not _has_default(item.name):
                faults.append(f"{variable} is not set: {item.metadata['meaning']}")
        except ValueError as fault:
            shown = "its value" if item.metadata["secret"] else repr(values.get(variable, ""))
            faults.append(f"{variable} {fault}; {shown} does not fit")
        except OSError as fault:
            faults.append(f"{variable}_FILE: {fault.strerror}: {fault.filename}")
    return read, faults


def _text_of(item: Field[Any], values: Mapping[str, str]) -> str:
    """The text of a setting. That of a secret may stand in the file that `<its name>_FILE` names, one line."""
    variable = item.metadata["variable"]
    file = values.get(f"{variable}_FILE", "") if item.metadata["secret"] else ""
    if not file:
        return values.get(variable, "")
    if values.get(variable):
        raise ValueError(f"and {variable}_FILE are both set")
    return Path(file).read_text(encoding="utf-8").strip()


def _has_default(name: str) -> bool:
    return hasattr(Settings, name)


def _unknown_variables(values: Mapping[str, str]) -> list[str]:
    known = {item.metadata["variable"] for item in fields(Settings)}
    known |= {f"{item.metadata['variable']}_FILE" for item in fields(Settings) if item.metadata["secret"]}
    return [
        f"{name} is not a setting; see docs/settings.md"
        for name in sorted(values)
        if name.startswith("HUB_") and name not in known
    ]


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines of a file; blank lines and lines that begin with # are passed over."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}
