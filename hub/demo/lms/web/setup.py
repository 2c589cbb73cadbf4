"""Setting up the platform: the tools that it knows, how they register themselves, and its switches."""

import hashlib
import secrets
import sqlite3
import time
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from .. import courses, exchanges, switches
from .. import registration as dynamic
from ..settings import SettingsFault, Tool
from ..switches import Switches
from ..tools import Refused
from .answers import problem
from .context import lms, require_administrator, switched, transaction

blueprint = Blueprint("setup", __name__)
registration = Blueprint("registration", __name__)

TOKEN_LIFETIME = 3600
"""Seconds that an administrator and a tool may take to register."""


# Tools --------------------------------------------------------------------------------------------------------------


@blueprint.get("/tools")
def tools() -> str:
    """The tools that are registered, and a form for another."""
    return _setup_page("tools.html", tools=_known_tools(), issuer=lms().settings.issuer)


@blueprint.post("/tools/register")
def register() -> WerkzeugResponse:
    """Send the frame or window that posted this to a tool's registration address (step 1)."""
    url = request.form.get("url", "").strip()
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise Refused("A registration address begins with http:// or https://.")
    with transaction() as db:
        require_administrator(db)
        parameters = {
            "openid_configuration": f"{lms().settings.issuer}/.well-known/openid-configuration",
            "registration_token": _new_token(db),
        }
        exchanges.note(db, exchanges.TO_TOOL, "Registration begun", urlsplit(url).netloc)
    return redirect(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}", 303)


@blueprint.post("/tools/<deployment_id>/remove")
def remove(deployment_id: str) -> WerkzeugResponse:
    """Forget a tool that registered itself; its activities stay, and say that it is gone."""
    with transaction() as db:
        require_administrator(db)
    tool = lms().tools.deployed(deployment_id)
    if not lms().tools.may_remove(tool):
        abort(409, "This tool was registered by hand, in its file.")
    lms().tools.remove(tool)
    return redirect(url_for("setup.tools"), 303)


@registration.get("/.well-known/openid-configuration")
def configuration() -> Response:
    """What the platform tells of itself (step 2)."""
    return jsonify(dynamic.configuration(lms().settings.issuer))


@registration.post("/lti/registrations")
def add_tool() -> Response:
    """Take a tool's description (step 3); the token in its request is good for one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    body: Any = request.get_json(force=True, silent=True)
    with transaction() as db:
        if kind.lower() != "bearer" or not _is_token(db, token.strip()):
            return problem(401, "A registration token is needed that was not used yet.", WWW_Authenticate="Bearer")
        try:
            tool = dynamic.read_tool(body, lms().tools.next_deployment())
        except Refused as refusal:
            return problem(400, str(refusal))
        _use_token(db, token.strip())
        lms().tools.add(tool)
        exchanges.note(db, exchanges.FROM_TOOL, "Registration", tool.name)
    return jsonify(dynamic.answer(body, tool))


def _known_tools() -> list[tuple[Tool, bool]]:
    """The tools, with whether they may be removed; none when none is registered."""
    try:
        return [(tool, lms().tools.may_remove(tool)) for tool in lms().tools.all()]
    except SettingsFault:
        return []


def _new_token(db: sqlite3.Connection) -> str:
    token = secrets.token_urlsafe(32)
    db.execute("DELETE FROM registration_token WHERE expires_at < ?", (time.time(),))
    db.execute("INSERT INTO registration_token VALUES (?, ?)", (_digest(token), time.time() + TOKEN_LIFETIME))
    return token


def _is_token(db: sqlite3.Connection, token: str) -> bool:
    found = "SELECT 1 FROM registration_token WHERE digest = ? AND expires_at > ?"
    return db.execute(found, (_digest(token), time.time())).fetchone() is not None


def _use_token(db: sqlite3.Connection, token: str) -> None:
    db.execute("DELETE FROM registration_token WHERE digest = ?", (_digest(token),))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# Switches -----------------------------------------------------------------------------------------------------------


@blueprint.get("/switches")
def show_switches() -> str:
    """What can be switched, and how it stands."""
    return _setup_page("switches.html", **_switch_values(switched()))


@blueprint.post("/switches")
def set_switches() -> WerkzeugResponse | tuple[str, int]:
    """Set every switch as the form says; `reset` puts all back."""
    with transaction() as db:
        require_administrator(db)
        try:
            wanted = Switches() if "reset" in request.form else switches.from_form(request.form.to_dict())
            switches.save(db, wanted)
        except Refused as refusal:
            fault = str(refusal)
        else:
            return redirect(url_for("setup.show_switches", done="saved"), 303)
    return _setup_page("switches.html", fault=fault, **_switch_values(switched())), 400


@blueprint.post("/switches/rotate")
def rotate() -> WerkzeugResponse:
    """Sign with a new key from now on; the old one stays in the JWKS or goes."""
    with transaction() as db:
        require_administrator(db)
        is_kept = request.form.get("old") == "keep"
        lms().keys.rotate(keep=is_kept)
        exchanges.note(db, exchanges.TO_TOOL, "Key rotated", f"the old key {'stays' if is_kept else 'is withdrawn'}")
    return redirect(url_for("setup.show_switches", done="rotated"), 303)


def _switch_values(now: Switches) -> dict[str, object]:
    changed = [one.name for one in fields(Switches) if getattr(now, one.name) != one.default]
    return {
        "switches": now,
        "changed": changed,
        "services": switches.SERVICES,
        "faults": switches.FAULTS,
        "links": switches.LINKS,
    }


def _setup_page(name: str, **values: object) -> str:
    with transaction() as db:
        person = require_administrator(db)
        people = courses.people(db)
    return render_template(name, person=person, people=people, administers=True, **values)
