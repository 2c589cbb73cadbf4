"""What runs here: version, whether all parts are there, settings without secrets, the Hub's own keys and their ages."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields
from typing import Any

from hub import __version__
from hub.config import Settings
from hub.health import Health, PartHealth
from hub.identity import Principal
from hub.ports import KeyInfo, KeyRing


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting by its environment variable. The value of a secret is left out: `value` is None then."""

    name: str
    meaning: str
    value: Any
    is_secret: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class InstallationView:
    """What somebody is told of the installation; `settings` and `keys` are None for who does not run it."""

    version: str
    python: str
    public_url: str
    content_url: str
    parts: Sequence[PartHealth]
    settings: Sequence[SettingView] | None
    keys: Sequence[KeyInfo] | None


class Installation:
    """Tells of the installation that it is part of. `has_several_tenants` is asked each time."""

    def __init__(
        self, settings: Settings, health: Health, keys: KeyRing, has_several_tenants: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._health = health
        self._keys = keys
        self._has_several_tenants = has_several_tenants

    def told_to(self, principal: Principal) -> InstallationView:
        """The installation as `principal` may know it; its parts are asked just now.

        Settings and keys are for who runs the Hub: super administrators, and administrators of the only tenant.
        """
        principal.require("system.read")
        runs_it = principal.may("tenants.read") or not self._has_several_tenants()
        return InstallationView(
            version=__version__,
            python=platform.python_version(),
            public_url=self._settings.public_url,
            content_url=self._settings.content_url,
            parts=self._health.of_all(),
            settings=[self._view(each) for each in fields(self._settings)] if runs_it else None,
            keys=self._keys.known() if runs_it else None,
        )

    def _view(self, setting: Field[Any]) -> SettingView:
        value, is_secret = getattr(self._settings, setting.name), bool(setting.metadata["secret"])
        return SettingView(
            name=setting.metadata["variable"],
            meaning=setting.metadata["meaning"],
            value=None if is_secret else value,
            is_secret=is_secret,
            is_default=value == setting.default,
        )
