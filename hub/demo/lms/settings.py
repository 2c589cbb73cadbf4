"""Where the Demo LMS runs and what it is told about the tool."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class SettingsFault(ValueError):
    """A setting is missing or cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class LmsSettings:
    """How one Demo LMS is set up.

    `issuer` is the platform's identity and the base of all its URLs. `state` is the folder with its database,
    keys and password. `tool_file` is a JSON file with the registered tool, read again whenever it changes, so
    the tool may be registered before or after the platform starts.
    """

    issuer: str
    state: Path
    tool_file: Path

    @property
    def host(self) -> str:
        """The only Host header answered: a page of another name must not reach us by DNS rebinding."""
        return urlsplit(self.issuer).netloc


@dataclass(frozen=True)
class Tool:
    """What a platform knows of a tool after registration (LTI 1.3 section 3.1.3)."""

    client_id: str
    deployment_id: str
    login_url: str
    launch_url: str
    deep_link_url: str
    jwks_url: str
    name: str = "Standards Hub"

    @property
    def redirect_uris(self) -> frozenset[str]:
        """The addresses an id_token may be posted to: registered ones, compared exactly."""
        return frozenset({self.launch_url, self.deep_link_url})

    @property
    def origins(self) -> frozenset[str]:
        """The origins of the tool's own pages: who may use the platform's storage."""
        return frozenset("://".join(urlsplit(url)[:2]) for url in (self.login_url, self.launch_url))


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
    known = {name: values[name] for name in Tool.__dataclass_fields__ if isinstance(values.get(name), str)}
    try:
        return Tool(**known)
    except TypeError:
        missing = sorted(set(Tool.__dataclass_fields__) - {"name"} - set(known))
        raise SettingsFault(f"{path} lacks {', '.join(missing)}") from None


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
