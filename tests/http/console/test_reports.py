"""Pages of how packages are played and used: settings, analytics, replays, learners, and the first page."""

import json
import re
from typing import Any

import pytest

from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.registrations import Registrations
from hub.scorm.spec.replay import Call
from tests.support.playing import Sco, Window, add_played_course, enrol


@pytest.fixture
def package(hub, tenant):
    return add_played_course(hub, tenant.id, "scorm_2004", Sco("one", "Wind & <waves>"), Sco("two", "Sails"))


@pytest.fixture
def played(hub, system, package):
    """A registration of which there is something to see; what content sets tries to be markup."""
    registration = enrol(hub, system, package, "Grace <Hopper>")
    window = Window(hub, system, registration.id)
    window.go()
    answer = {"id": "q1", "type": "choice", "learner_response": "a", "result": "correct", "description": "Which <1>?"}
    values = {f"cmi.interactions.0.{name}": value for name, value in answer.items()} | {"cmi.score.scaled": "0.9"}
    calls = [Call(2, "Initialize", "", "", "true", 0), Call(1, "SetValue", "cmi.x<b>", "<script>", "false", 401)]
    window.commit(values, calls=calls)
    window.go("choice", "nowhere")
    return registration


def form_of(client: Any, address: str, **changes: str) -> dict[str, str]:
    """The hidden fields of a page's last form, with other values."""
    page = client.get(address).text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)) | changes


class TestPlayerSettings:
    def test_values_are_set_inherited_and_told_where_they_are_from(self, client, admin, hub, system, package):
        address = f"/packages/{package}/player"
        answer = client.post(address, data=form_of(client, address, score="best", window_width="800"))
        assert answer.status_code == 303
        page = client.get(answer.headers["Location"]).text
        assert "The settings were changed." in page
        assert page.count("set for the package") == 2
        found = hub.service(SettingsOfPackages).get(system, str(package))
        assert found.own == {"score": "best", "window_width": 800}
        of_version = f"{address}?version=1"
        client.post(of_version, data=form_of(client, of_version, score="sum"))
        page = client.get(of_version).text
        assert (page.count("set for this version"), page.count("set for the package")) == (1, 1)
        client.post(address, data=form_of(client, address))
        assert hub.service(SettingsOfPackages).get(system, str(package)).own == {}

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [("window_width", "wide", "whole number"), ("pass_score", "80", "0 to 1"), ("score", "worst", "is one of")],
    )
    def test_a_fault_is_told_beside_its_field_and_nothing_is_lost(self, client, admin, package, field, value, told):
        address = f"/packages/{package}/player"
        answer = client.post(address, data=form_of(client, address, buttons="hidden", **{field: value}))
        assert answer.status_code == 422
        assert re.search(f'id="fault-{field}"[^<]*{told}', answer.text)
        assert '<option value="hidden" selected>' in answer.text

    def test_somebody_else_was_faster(self, client, admin, package):
        address = f"/packages/{package}/player"
        sent = form_of(client, address, score="best")
        assert client.post(address, data=sent).status_code == 303
        assert client.post(address, data=sent | {"score": "sum"}).status_code == 412

    def test_who_may_only_read_sees_no_button(self, client, enter, package):
        enter("reporting")
        page = client.get(f"/packages/{package}/player").text
        assert "disabled" in page
        assert ">Save<" not in page
        assert client.post(f"/packages/{package}/player", data={}).status_code in (400, 403)


class TestAnalytics:
    def test_the_report_and_its_tables(self, client, admin, package, played):
        page = client.get(f"/packages/{package}/analytics").text
        assert "Wind &amp; &lt;waves&gt;" in page
        assert "Which &lt;1&gt;?" in page
        assert 'data-chart="days"' in page
        assert client.get(f"/packages/{package}/analytics/items.csv").text.count("\r\n") == 2
        assert "Nothing matches" in client.get(f"/packages/{package}/analytics?since=2120-01-01").text

    def test_nobody_yet(self, client, admin, package):
        assert "Nobody has begun yet" in client.get(f"/packages/{package}/analytics").text

    @pytest.mark.parametrize("query", ["version=7", "since=soon", "since=2026-02-01&until=2026-01-01", "version=x"])
    def test_odd_filters_are_told(self, client, admin, package, query):
        assert client.get(f"/packages/{package}/analytics?{query}").status_code in (200, 400, 404)

    def test_a_day_until_which_counts_as_a_whole(self, client, admin, package, played, hub):
        today = hub.ports.clock.now().date().isoformat()
        assert "Attempts begun" in client.get(f"/packages/{package}/analytics?since={today}&until={today}").text


class TestReplay:
    def test_it_tells_calls_and_reasons(self, client, admin, played):
        page = client.get(f"/registrations/{played.id}/attempts/1/replay").text
        assert "cmi.x&lt;b&gt;" in page
        assert "&lt;script&gt;" in page
        assert "Undefined data model element" in page
        assert "There is no such activity in the course." in page
        assert "Content Delivery Environment Process" in page
        only = client.get(f"/registrations/{played.id}/attempts/1/replay?errors=yes").text
        assert "Undefined data model element" in only
        assert "<code>Initialize</code>" not in only

    def test_the_whole_as_json(self, client, admin, played):
        answer = client.get(f"/registrations/{played.id}/attempts/1/replay.json")
        found = json.loads(answer.data)
        assert [record["kind"] for record in found["records"]] == ["navigation", "calls", "navigation"]
        assert "attachment" in answer.headers["Content-Disposition"]

    def test_it_is_not_for_instructors(self, client, enter, played):
        enter("reporting")
        assert client.get(f"/registrations/{played.id}/attempts/1/replay").status_code == 403
        assert "Replay this attempt" not in client.get(f"/registrations/{played.id}").text


class TestRegistration:
    def test_actions(self, client, enter, hub, system, played):
        enter("administrator")
        address = f"/registrations/{played.id}"
        token = form_of(client, address)
        assert client.post(f"{address}/mode", data=token | {"mode": "review"}).status_code == 303
        assert client.post(f"{address}/mode", data=token | {"mode": "exam"}).status_code == 400
        assert client.post(f"{address}/attempts", data=token).status_code == 303
        detail = hub.service(Registrations).get(system, played.id)
        assert (detail.registration.mode, len(detail.attempts)) == ("review", 2)
        answer = client.post(f"{address}/reset", data=token)
        assert "was reset" in client.get(answer.headers["Location"]).text
        assert hub.service(Registrations).get(system, played.id).attempts == []

    def test_a_reporter_may_not(self, client, enter, played):
        enter("reporting")
        page = client.get(f"/registrations/{played.id}").text
        assert "Reset this registration" not in page
        token = form_of(client, f"/registrations/{played.id}")
        assert client.post(f"/registrations/{played.id}/reset", data=token).status_code == 403


class TestLearners:
    def test_one_is_found_with_registrations_and_statements(self, client, admin, played):
        page = client.get("/learners?q=hopper").text
        assert "Grace &lt;Hopper&gt;" in page
        address = re.search(r'href="(/learners/[0-9a-f-]+)"', page).group(1)
        page = client.get(address).text
        assert f"/registrations/{played.id}" in page
        statements = re.search(r'href="(/statements\?actor=[^"]+)"', page).group(1).replace("&amp;", "&")
        assert "initialized" in client.get(statements).text
        assert "Nothing matches" in client.get("/learners?q=nobody").text

    def test_a_listing_leads_there_and_back(self, client, admin, hub, system, package, monkeypatch):
        monkeypatch.setattr("hub.console.listing.ROWS", 2)
        for number in range(5):
            enrol(hub, system, package, f"Learner {number}")

        def shown(page: str) -> list[str]:
            return re.findall(r">(Learner \d)<", page)

        def follow(page: str, rel: str) -> str:
            return client.get(re.search(rf'href="([^"]+)" rel="{rel}"', page).group(1).replace("&amp;", "&")).text

        pages = [client.get("/learners?q=learner").text]
        for _ in range(2):
            pages.append(follow(pages[-1], "next"))
        assert [shown(page) for page in pages] == [
            ["Learner 4", "Learner 3"],
            ["Learner 2", "Learner 1"],
            ["Learner 0"],
        ]
        assert 'rel="next"' not in pages[2]
        back = follow(pages[2], "prev")
        assert shown(back) == shown(pages[1])
        assert shown(follow(back, "prev")) == shown(pages[0])
        assert 'rel="prev"' not in follow(back, "prev")

    def test_a_cursor_of_the_api_is_none_of_a_page(self, client, admin, hub):
        from hub.http.paging import Cursors

        for key in (["2026-01-01", "x"], [["a"]], [1, 2, 3]):
            with client.application.test_request_context("/learners"):
                cursor = hub.service(Cursors).encode(key)
            assert client.get(f"/learners?cursor={cursor}").status_code == 400


def test_the_first_page_tells_what_goes_on(client, admin, played):
    page = client.get("/").text
    assert "1 launch, 0 completed attempts; 1 learner today" in page
    assert page.count('data-chart="days"') == 1
