"""People: accounts of the tenant and their roles."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub.console.blueprint import console, language
from hub.console.forms import Form
from hub.console.listing import listing
from hub.console.words import ROLE_NAMES
from hub.http import action, principal, service
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.users import NewPerson, Person, Users, may_give


@console.get("/people")
@action("users.read")
def people() -> str:
    search = request.args.get("q", "").strip()
    found = listing(
        lambda after, limit: service(Users).list(principal(), search, after[0] if after else None, limit),
        key=lambda person: [person.email],
    )
    return render_template("console/people.html", found=found, roles=ROLE_NAMES)


@console.get("/people/new")
@action("users.write")
def people_new() -> str:
    return render_template("console/person_new.html", form=Form(), roles=roles_to_give())


@console.post("/people/new")
@action("users.write")
def people_create() -> Response | str | tuple[str, int]:
    form = Form()
    invite_in = language() if form["invite"] else None
    wanted = NewPerson(form["email"], form["name"], form.all("roles"), invite_in=invite_in)
    made = form.attempt(lambda: service(Users).create(principal(), wanted))
    if made is None:
        return render_template("console/person_new.html", form=form, roles=roles_to_give()), form.status
    person, password = made
    if password is None:
        return redirect(url_for("console.people_one", user_id=person.id, done="link-sent"), 303)
    return render_template("console/person_made.html", person=person, password=password, is_new=True)


@console.get("/people/<uuid:user_id>")
@action("users.read")
def people_one(user_id: UUID) -> str:
    person = service(Users).get(principal(), user_id)
    return _person_page(person, Form())


@console.post("/people/<uuid:user_id>")
@action("users.write")
def people_change(user_id: UUID) -> Response | tuple[str, int]:
    form = Form()
    changed = form.attempt(
        lambda: service(Users).change(
            principal(), user_id, name=form["name"], roles=form.all("roles"), is_active="is_active" in form.values
        )
    )
    if changed is None:
        return _person_page(service(Users).get(principal(), user_id), form), form.status
    return redirect(url_for("console.people_one", user_id=user_id, done="person-changed"), 303)


@console.post("/people/<uuid:user_id>/password")
@action("users.write")
def people_reset_password(user_id: UUID) -> str:
    person = service(Users).get(principal(), user_id)
    password = service(Users).reset_password(principal(), user_id, language=language())
    return render_template("console/person_made.html", person=person, password=password, is_new=False)


@console.post("/people/<uuid:user_id>/second-step/remove")
@action("users.write")
def people_remove_second_step(user_id: UUID) -> Response:
    service(Users).require_over(principal(), user_id)
    service(SecondFactors).remove(principal(), user_id)
    return redirect(url_for("console.people_one", user_id=user_id, done="person-changed"), 303)


@console.post("/people/<uuid:user_id>/tokens/<uuid:token_id>/revoke")
@action("users.write")
def people_revoke_token(user_id: UUID, token_id: UUID) -> Response:
    service(PersonalTokens).revoke_of_person(principal(), user_id, token_id)
    return redirect(url_for("console.people_one", user_id=user_id, done="token-revoked"), 303)


def _person_page(person: Person, form: Form) -> str:
    has_authenticator, has_passkey = service(SecondFactors).factors(principal().tenant_id, person.id)
    return render_template(
        "console/person.html",
        person=person,
        form=form,
        roles=roles_to_give(),
        may_change=principal().may("users.write") and may_give(principal(), person.roles),
        has_authenticator=has_authenticator,
        has_passkey=has_passkey,
        tokens=service(PersonalTokens).of_person(principal(), person.id),
    )


def roles_to_give() -> dict[str, tuple[Any, Any]]:
    """The roles that this person may give others, with their names and meanings."""
    return {role: words for role, words in ROLE_NAMES.items() if may_give(principal(), [role])}
