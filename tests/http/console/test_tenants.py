"""Who runs the Hub: tenants listed, made, suspended, entered; and how each looks."""

import io
import re
from uuid import uuid4

import pytest

from hub.errors import Forbidden, TooLarge, Unprocessable
from hub.identity import Principal, actions_of_roles, system_principal
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.branding import Branding
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.xapi_lrs.services.credentials import Credentials
from tests.support.media import picture
from tests.support.people import PASSWORD, form_token, make_account, sign_in
from tests.support.playing import Sco, Window, add_played_course, enrol
from tests.support.two_tenants import new_tenant

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z" fill="#a00"/>{}</svg>'


def send(client, path, **form):
    return client.post(path, data={"csrf_token": form_token(client, "/roles")} | form)


def administrator(tenant_id, user_id):
    """The principal of somebody with that role."""
    role = "administrator"
    return Principal(tenant_id, "user", str(user_id), "Admin", actions_of_roles([role]), roles=frozenset([role]))


@pytest.fixture
def other(hub):
    """A tenant of somebody else."""
    return new_tenant(hub, "Hillside School")


class TestSuperAdministrators:
    def test_they_act_in_a_tenant_as_its_administrator_and_are_seen_to(self, client, enter, hub, other):
        account = enter("super_administrator", name="Olga Perator")
        make_account(hub, system_principal(other.id), "author", name="Hilda Hillside")
        assert "Hilda Hillside" not in client.get("/people").text
        assert send(client, f"/tenants/{other.id}/enter").status_code == 303
        page = client.get("/people").text
        assert "Hilda Hillside" in page
        assert "You are at work in the tenant Hillside School" in page
        assert send(client, "/cohorts", name="Made by a visitor").status_code == 303
        told = {event.action: event for event in hub.service(AuditLog).list(system_principal(other.id))}
        for deed in ("tenant.entered", "cohort.created"):
            assert (told[deed].actor_kind, told[deed].actor_id) == ("super_administrator", str(account.person.id))
        assert send(client, "/tenants/leave").status_code == 303
        assert "Hilda Hillside" not in client.get("/people").text
        assert "tenant.left" in {event.action for event in hub.service(AuditLog).list(system_principal(other.id))}

    def test_their_own_account_is_out_of_reach_meanwhile(self, client, enter, other):
        enter("super_administrator")
        send(client, f"/tenants/{other.id}/enter")
        assert client.get("/account").status_code == 403
        assert client.get("/courses").status_code == 200

    def test_the_visit_ends_with_the_role(self, client, enter, hub, system, other):
        account = enter("super_administrator", "administrator")
        make_account(hub, system, "administrator")
        send(client, f"/tenants/{other.id}/enter")
        hub.service(Users).change(system, account.person.id, roles=["administrator"])
        assert "You are at work in the tenant" not in client.get("/people").text
        assert client.get("/tenants").status_code == 403

    @pytest.mark.parametrize("path", ["/tenants", "/tenants/{id}/enter", "/tenants/{id}/suspend"])
    def test_nobody_else_may(self, client, admin, other, path):
        assert send(client, path.format(id=other.id), slug="mine", name="Mine").status_code == 403

    def test_an_administrator_neither_gives_nor_takes_the_role(self, hub, system, tenant):
        boss = make_account(hub, system, "super_administrator").person
        person = make_account(hub, system, "administrator").person
        admin = administrator(tenant.id, person.id)
        users = hub.service(Users)
        for change in (
            lambda: users.change(admin, person.id, roles=["administrator", "super_administrator"]),
            lambda: users.change(admin, boss.id, roles=["learner"]),
            lambda: users.change(admin, boss.id, is_active=False),
            lambda: users.reset_password(admin, boss.id),
        ):
            with pytest.raises(Forbidden):
                change()

    def test_tenants_are_made_and_found(self, client, enter, hub):
        enter("super_administrator")
        slug = f"t{uuid4().hex[:12]}"
        assert send(client, "/tenants", slug=slug, name="Made Here").status_code == 303
        assert "Made Here" in client.get(f"/tenants?q={slug}").text
        assert hub.service(Tenants).resolve(slug).name == "Made Here"
        for fault in ({"slug": slug, "name": "Twice"}, {"slug": "Not A Name", "name": "x"}):
            answer = send(client, "/tenants", **fault)
            assert answer.status_code in {400, 409}
            assert "Short name" in answer.text

    def test_they_rename_and_suspend_on_its_page(self, client, enter, other, tenant):
        enter("super_administrator")
        assert "Hillside School" in client.get(f"/tenants/{other.id}").text
        done = send(client, f"/tenants/{other.id}", name="Hillside <b>Academy</b>")
        assert done.status_code == 303
        assert "Hillside &lt;b&gt;Academy&lt;/b&gt;" in client.get(done.headers["Location"]).text
        refused = send(client, f"/tenants/{other.id}", name=" ")
        assert refused.status_code == 400
        assert "must have 1 to 200 characters" in refused.text
        assert send(client, f"/tenants/{other.id}/suspend").status_code == 303
        assert "Open again" in client.get(f"/tenants/{other.id}").text
        own = send(client, f"/tenants/{tenant.id}/suspend")
        assert own.status_code == 422
        assert "they would lock themselves out" in own.text
        assert f'value="{tenant.name}"' in own.text

    def test_no_page_of_another_tenant_leads_to_their_own_account(self, client, enter, other):
        enter("super_administrator", name="Olga Perator")
        assert 'href="/account"' in client.get("/people").text
        send(client, f"/tenants/{other.id}/enter")
        page = client.get("/people").text
        assert "Olga Perator" in page
        assert 'href="/account"' not in page

    def test_the_system_page_tells_them_settings_and_keys(self, client, enter, other):
        enter("super_administrator")
        page = client.get("/system").text
        assert "HUB_SESSION_HOURS" in page
        assert "signing-" in page

    def test_and_nobody_else_where_there_are_several_tenants(self, client, admin, other):
        page = client.get("/system").text
        assert "ready" in page
        assert "HUB_SESSION_HOURS" not in page
        assert "signing-" not in page


def test_one_person_in_two_tenants_enters_the_one_whose_page_it_is(client, hub, system, tenant, other):
    address = make_account(hub, system, "author").person.email
    hub.service(Users).create(system_principal(other.id), NewPerson(address, "Ada Elsewhere", ("author",), PASSWORD))
    for here in (tenant, other, tenant):
        door = client.get(f"/t/{here.slug}").headers["Location"]
        form = {"csrf_token": form_token(client, door), "email": address, "password": PASSWORD}
        assert client.post(door, data=form).status_code == 303
        assert f"<dd>{here.name}</dd>" in client.get("/account").text
        client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})


class TestSuspension:
    def test_nobody_gets_in_until_it_is_opened_again(self, client, enter, hub, system, tenant, content_client):
        account = enter("administrator")
        person = administrator(tenant.id, account.person.id)
        token = hub.service(PersonalTokens).create(person, "Script", ["packages:read"], 1)[1]
        bearer = {"Authorization": f"Bearer {token}"}
        key = hub.service(Credentials).create(system, "default", ["all"], "Key")
        basic = {"auth": (key.credential.key, key.secret), "headers": {"X-Experience-API-Version": "2.0.0"}}
        course = add_played_course(hub, tenant.id, "scorm_1_2", Sco("one"))
        registration = enrol(hub, system, course)
        running = Window(hub, system, registration.id)
        ways = (
            lambda: client.get("/api/v1/packages", headers=bearer).status_code,
            lambda: client.get("/xapi/statements", **basic).status_code,
            lambda: client.get("/packages").status_code,
        )
        assert [way() for way in ways] == [200, 200, 200]
        hub.service(Tenants).suspend(system, tenant.id)
        assert [way() for way in ways] == [403, 403, 303]
        refused = sign_in(client, account)
        assert refused.status_code == 403
        assert "suspended" in refused.text
        with pytest.raises(Forbidden, match="suspended"):
            Window(hub, system, registration.id)
        running.play({"cmi.core.lesson_status": "completed"}, "one")  # What is open may be finished.
        hub.service(Tenants).reopen(system, tenant.id)
        assert [way() for way in ways] == [200, 200, 200]

    def test_those_who_run_the_hub_do_not_lock_themselves_out(self, hub, system, tenant):
        make_account(hub, system, "super_administrator")
        with pytest.raises(Unprocessable):
            hub.service(Tenants).suspend(system, tenant.id)


class TestBranding:
    def test_pages_show_it_before_and_after_signing_in(self, client, admin, hub, tenant):
        token = form_token(client, "/branding")
        form = {"csrf_token": token, "name": "Hillside School", "colour": "#E6A800"}
        sent = form | {"logo": (io.BytesIO(picture(600, 100)), "logo.png")}
        assert client.post("/branding", data=sent).status_code == 303
        page = client.get("/packages").text
        logo = re.search(r'<img src="(/branding/[^"]+/logo)" alt="Hillside School">', page)[1]
        style = re.search(r'href="(/branding/[^"]+\.css)"', page)[1]
        shown = client.get(logo)
        assert (shown.mimetype, shown.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        assert "--accent: #8f6800" in client.get(style).text
        client.post("/sign-out", data={"csrf_token": form_token(client, "/roles")})
        assert logo in client.get("/sign-in").text, "this browser signed in there before"
        stranger = client.application.test_client()
        door = stranger.get(f"http://localhost:8000/t/{tenant.slug}")
        assert door.headers["Location"] == f"/sign-in?tenant={tenant.slug}"
        assert logo in stranger.get(f"http://localhost:8000/sign-in?tenant={tenant.slug}").text
        assert logo not in client.application.test_client().get("http://localhost:8000/sign-in").text

    @pytest.mark.parametrize("address", ["/t/nobody-of-this-name", "/branding/{id}/0/logo", "/branding/{id}/0.css"])
    def test_what_is_not_there_is_not_found(self, client, tenant, address):
        assert client.get(address.format(id=tenant.id)).status_code == 404

    @pytest.mark.parametrize(
        "active",
        [
            "<script>alert(1)</script>",
            '<path onload="alert(1)"/>',
            '<image href="https://evil.example/a.png"/>',
            '<use href="https://evil.example/a.svg#x"/>',
            '<a href="javascript:alert(1)"><path/></a>',
            "<foreignObject><p/></foreignObject>",
            "<style>@import url(https://evil.example/a.css)</style>",
            '<path style="fill:url(https://evil.example/a)"/>',
            '<path fill="url(https://evil.example/a)"/>',
            '<animate attributeName="href" to="javascript:alert(1)"/>',
            "<?xml-stylesheet href='https://evil.example/a.css'?>",
        ],
    )
    def test_an_svg_that_does_more_than_draw_is_refused(self, client, admin, hub, tenant, active):
        token = form_token(client, "/branding")
        sent = {"csrf_token": token, "name": "N", "logo": (io.BytesIO(SVG.format(active).encode()), "logo.svg")}
        answer = client.post("/branding", data=sent)
        assert answer.status_code == 400
        assert "This SVG cannot be the logo" in answer.text
        assert hub.service(Branding).look(tenant.id).logo is None

    def test_an_svg_that_draws_is_shown_and_runs_nothing_by_itself(self, client, admin):
        token = form_token(client, "/branding")
        sent = {"csrf_token": token, "name": "N", "logo": (io.BytesIO(SVG.format("").encode()), "logo.svg")}
        assert client.post("/branding", data=sent).status_code == 303
        logo = re.search(r'<img src="(/branding/[^"]+/logo)"', client.get("/packages").text)[1]
        shown = client.get(logo)
        assert shown.mimetype == "image/svg+xml"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
        assert shown.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"colour": "red"}, 400),
            ({"colour": "#12345"}, 400),
            ({"name": ""}, 400),
            ({"logo": b"GIF89a"}, 400),
        ],
    )
    def test_what_cannot_be_is_refused_by_name(self, client, admin, form, status):
        logo = {"logo": (io.BytesIO(form["logo"]), "logo")} if "logo" in form else {}
        sent = {"csrf_token": form_token(client, "/branding"), "name": "N"} | form | logo
        assert client.post("/branding", data=sent).status_code == status

    def test_a_logo_is_small(self, hub, system):
        with pytest.raises(TooLarge):
            hub.service(Branding).change(system, logo=io.BytesIO(b"x" * (512 * 1024 + 1)))
