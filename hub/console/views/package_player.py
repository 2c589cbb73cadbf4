"""A package's player tab: how it is played, with where each value comes from."""

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.console.blueprint import console
from hub.console.forms import Form
from hub.console.setting_words import SECTIONS, Asked, setting_of
from hub.http import action, principal, service
from hub.scorm.services.package_settings import SettingsOfPackages, SettingsView
from hub.scorm.services.packages import Packages


@console.get("/packages/<package_id>/player")
@action("packages.read")
def packages_player(package_id: str) -> str:
    return _page(package_id, _version(), Form())


@console.post("/packages/<package_id>/player")
@action("packages.write")
def packages_player_change(package_id: str) -> AnyResponse | tuple[str, int]:
    form, version = Form(), _version()
    changed = form.attempt(lambda: _change(package_id, version, form))
    if changed is None:
        return _page(package_id, version, form), form.status
    shown = url_for("console.packages_player", package_id=package_id, version=version, done="settings-changed")
    return redirect(shown, 303)


def _version() -> int | None:
    """Which version is shown; None for the package itself."""
    return request.args.get("version", type=int)


def _change(package_id: str, version: int | None, form: Form) -> SettingsView:
    """What the form says. An empty field takes the value away, so that it is inherited."""
    asked = [one for section in SECTIONS for one in section.settings]
    changes = {one.name: _value(one, form[one.name].strip()) for one in asked}
    revision = int(form["revision"]) if form["revision"].isdigit() else None
    return service(SettingsOfPackages).change(principal(), package_id, changes, version, revision)


def _value(asked: Asked, text: str) -> Any:
    """A field's text as the setting's value; what is none is left for the service to refuse by name."""
    rule = setting_of(asked.name)
    if text == "":
        return None
    if "flag" in rule:
        return {"true": True, "false": False}.get(text, text)
    if "least" not in rule:
        return text
    try:
        return int(text) if rule["whole"] else float(text.replace(",", "."))
    except ValueError:
        return text


def _page(package_id: str, version: int | None, form: Form) -> str:
    packages = service(Packages)
    package = packages.get(principal(), package_id)
    found = service(SettingsOfPackages).get(principal(), package_id, version)
    return render_template(
        "console/package_player.html",
        package=package,
        versions=packages.versions(principal(), package_id),
        found=found,
        form=form,
        sections=SECTIONS,
        rule_of=setting_of,
        tab="player",
    )
