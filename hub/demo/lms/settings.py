"""Where the Demo LMS runs and what it is told about a tool."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit


class SettingsFault(ValueError):
    """A setting is missing or cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class LmsSettings:
    """How one Demo LMS is set up.

    `issuer` is the platform's identity and the base of all its URLs. `state` is the folder with its database,
    keys and password. `tool_file` is a JSON file with the tool that was registered by hand, read again whenever it
    changes, so the tool may be registered before or after the platform starts.
    """

    issuer: str
    state: Path
    tool_file: Path

    @property
    def host(self) -> str:
        """The only Host header answered: a page of another name must not reach us by DNS rebinding."""
        return urlsplit(self.issuer).netloc

    @property
    def tools(self) -> Path:
        """The folder of the tools that registered themselves, a JSON file for each."""
        return self.state / "tools"


@dataclass(frozen=True)
class Tool:
    """What a platform knows of a tool after registration (LTI 1.3 section 3.1.3).

    `course_url` is what it shows for a course as a whole, if anything. `more_redirect_uris` are those beside the launch
    and deep linking addresses. `custom` goes with every launch. `scopes` is None for a tool that may have all of them.
    """

    client_id: str
    deployment_id: str
    login_url: str
    launch_url: str
    deep_link_url: str
    jwks_url: str
    name: str = "Standards Hub"
    review_url: str = ""
    course_url: str = ""
    more_redirect_uris: tuple[str, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] | None = None

    @property
    def redirect_uris(self) -> frozenset[str]:
        """The addresses an id_token may be posted to: registered ones, compared exactly."""
        return frozenset({self.launch_url, self.deep_link_url, *self.more_redirect_uris})

    @property
    def origins(self) -> frozenset[str]:
        """The origins of the tool's own pages: who may use the platform's storage."""
        return frozenset("://".join(urlsplit(url)[:2]) for url in (self.login_url, self.launch_url))

    @property
    def reviews_at(self) -> str:
        """Where submission reviews are launched, unless a line item says otherwise."""
        return self.review_url or self.launch_url


_REQUIRED = ("client_id", "deployment_id", "login_url", "launch_url", "deep_link_url", "jwks_url")


def read_tool(path: Path) -> Tool:
    """The tool in the JSON file `path`; `SettingsFault` says what is missing."""
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise SettingsFault(f"no tool is registered: {path} does not exist") from None
    except ValueError as fault:
        raise SettingsFault(f"{path} is not JSON: {fault}") from None
    if not isinstance(values, dict):
        raise SettingsFault(f"{path} must hold one JSON object")
    missing = sorted(name for name in _REQUIRED if not isinstance(values.get(name), str))
    if missing:
        raise SettingsFault(f"{path} lacks {', '.join(missing)}")
    known = {one.name: values[one.name] for one in fields(Tool) if one.name in values}
    for name in ("more_redirect_uris", "scopes"):
        if known.get(name) is not None:
            known[name] = tuple(known[name])
    return Tool(**known)


def write_tool(path: Path, tool: Tool) -> None:
    """Keep a tool as the JSON file that `read_tool` reads."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(tool), indent=2))


def secret(state: Path, name: str) -> str:
    """A random secret kept in `state`/`name`, made at first use and readable by its owner alone."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12) + "\n")
    return path.read_text().strip()


def password(state: Path) -> str:
    """The password of all the demo's people."""
    return secret(state, "password")
