"""What protects the pages of the Hub."""

from flask import Flask, Response

from hub.http.headers import content_security_policy, install_headers


def app_answering(response: Response) -> Flask:
    app = Flask("test")
    app.add_url_rule("/", view_func=lambda: response)
    install_headers(app)
    return app


def test_a_page_runs_nothing_from_elsewhere_and_is_framed_by_nobody():
    answer = app_answering(Response("<p>hello", mimetype="text/html")).test_client().get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in answer.headers


def test_a_view_may_let_a_platform_frame_it():
    policy = content_security_policy(frame_ancestors="https://lms.example")
    page = Response("<p>hello", mimetype="text/html", headers={"Content-Security-Policy": policy})
    answer = app_answering(page).test_client().get("/", base_url="https://hub.example")
    assert answer.headers.getlist("Content-Security-Policy") == [policy]
    assert "frame-ancestors https://lms.example" in policy
    assert answer.headers["Strict-Transport-Security"]


def test_every_answer_of_the_hub_is_protected(client):
    assert client.get("/healthz").headers["X-Content-Type-Options"] == "nosniff"
