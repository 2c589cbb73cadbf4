"""The addresses that load balancers ask, the origins, and the form of errors."""

from dataclasses import replace

from hub.bootstrap import build, create_hub_app


def test_alive_and_ready(client):
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert set(ready.json["parts"].values()) == {"ok"}


def test_a_missing_part_is_named(settings):
    lost = build(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    answer = create_hub_app(lost).test_client().get("/readyz")
    lost.close()
    assert answer.status_code == 503
    assert answer.json["parts"] | {"redis": "Redis does not answer."} == answer.json["parts"]
    assert answer.json["parts"]["database"] == "ok"
    assert answer.headers["Retry-After"] == "5"


def test_an_unknown_host_is_told_so(wsgi):
    answer = wsgi.get("/", base_url="http://evil.example")
    assert answer.status_code == 421


def test_health_answers_on_any_host(wsgi):
    assert wsgi.get("/healthz", base_url="http://10.0.0.7").status_code == 200


def test_the_content_origin_has_no_hub_pages(wsgi):
    assert wsgi.get("/api/v1/packages", base_url="http://content.localhost:8000").status_code == 404


def test_errors_are_problem_documents_with_the_request_id(client):
    answer = client.get("/api/v1/nowhere", headers={"X-Request-Id": "from-the-client-1"})
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "not_found"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"] == "from-the-client-1"
