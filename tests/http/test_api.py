"""The API's common ground: its document, strict arguments, problem documents."""

import marshmallow as ma
import pytest
from flask import Flask

from hub.http.access import action, install_authentication, install_authorization, public
from hub.http.api import ApiBlueprint, create_api
from hub.http.context import install_context
from hub.http.problem import install_problems
from hub.oauth.services.clients import Clients, NewClient


class Greeting(ma.Schema):
    name = ma.fields.String(required=True, validate=ma.validate.Length(max=5))


@pytest.fixture
def api_client():
    app = Flask("test")
    install_context(app, {})
    install_problems(app)
    install_authentication(app, [])
    install_authorization(app)
    api = create_api(app, "1", {"packages:read": "See packages"}, lambda name: ["packages:read"])
    blueprint = ApiBlueprint("greetings", __name__, url_prefix="/api/v1/greetings", description="Politeness")

    @blueprint.get("/")
    @blueprint.arguments(Greeting, location="query")
    @blueprint.response(200, Greeting)
    @public
    def greet(arguments):
        """Greet someone"""
        return arguments

    @blueprint.post("/")
    @blueprint.arguments(Greeting)
    @blueprint.response(201, Greeting)
    @action("packages.read")
    def keep(body):
        """Keep a greeting"""
        return body

    @blueprint.get("/weather")
    @blueprint.response(200, Greeting)
    @public
    def weather():
        """Talk about the weather"""
        return {"name": "rain"}

    @blueprint.put("/weather")
    @blueprint.arguments(Greeting)
    @blueprint.response(200, Greeting)
    @public
    def order(body):
        """Order weather"""
        return body

    api.register_blueprint(blueprint)
    return app.test_client()


def test_the_document_tells_schemas_and_scopes(api_client):
    document = api_client.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    operations = document["paths"]["/api/v1/greetings/"]
    assert operations["get"]["summary"] == "Greet someone"
    assert operations["get"]["security"] == []
    assert operations["post"]["security"] == [{"token": ["packages:read"]}]


def test_a_form_with_a_file_is_one_body(client):
    upload = client.get("/api/v1/openapi.json").json["paths"]["/api/v1/packages"]["post"]
    assert {parameter["in"] for parameter in upload["parameters"]} == {"header"}
    (media_type,) = upload["requestBody"]["content"]
    reference = upload["requestBody"]["content"][media_type]["schema"]["$ref"]
    schemas = client.get("/api/v1/openapi.json").json["components"]["schemas"]
    assert media_type == "multipart/form-data"
    assert set(schemas[reference.rpartition("/")[2]]["properties"]) == {"file", "package_id"}


def test_an_argument_that_nobody_declared_is_refused(api_client):
    assert api_client.get("/api/v1/greetings/?name=Ada").json == {"name": "Ada"}
    refused = api_client.get("/api/v1/greetings/?name=Ada&colour=blue")
    assert refused.status_code == 422
    assert refused.content_type == "application/problem+json"
    assert refused.json["violations"] == [
        {"requirement": "request", "where": "query.colour", "message": "Unknown field."}
    ]


def test_an_operation_without_parameters_takes_none(api_client):
    assert api_client.get("/api/v1/greetings/weather").json == {"name": "rain"}
    refused = api_client.get("/api/v1/greetings/weather?limit=5")
    assert refused.status_code == 422
    assert [violation["where"] for violation in refused.json["violations"]] == ["query.limit"]


def test_a_body_is_json_or_refused(api_client):
    def put(data, content_type):
        return api_client.put("/api/v1/greetings/weather", data=data, content_type=content_type)

    assert put('{"name": "sun"}', "application/json").json == {"name": "sun"}
    assert put('{"name": "sun"}', "application/merge-patch+json").json == {"name": "sun"}
    for content_type in ("application/xml", "text/plain", "application/x-www-form-urlencoded", None):
        refused = put('{"name": "sun"}', content_type)
        assert (refused.status_code, refused.json["code"]) == (415, "unsupported_media_type")
    for body in ("", "{", "[" * 100_000, b'{"name": "\xff"}', r'{"name": "\ud800"}', "NaN"):
        refused = put(body, "application/json")
        assert (refused.status_code, refused.json["violations"][0]["where"]) == (400, "json")


def test_every_fault_of_a_field_is_listed(api_client):
    refused = api_client.get("/api/v1/greetings/?name=Augusta")
    assert [violation["where"] for violation in refused.json["violations"]] == ["query.name"]


def test_an_action_needs_a_credential(api_client):
    refused = api_client.post("/api/v1/greetings/", json={"name": "Ada"})
    assert refused.status_code == 401
    assert refused.json["code"] == "unauthenticated"
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("body", [{"name": "a\0b"}, {"name\0": "x"}, {"name": [["\0"]]}])
def test_a_zero_character_is_refused_by_name(strict_client, body):
    """PostgreSQL knows no text that has one: it must not become a failure of ours further down."""
    answer = strict_client.post("/api/v1/cohorts", json=body)
    assert answer.status_code == 400
    assert answer.json["violations"][0]["message"] == "has a zero character"


def test_a_backslash_before_it_is_no_zero_character(strict_client):
    assert strict_client.post("/api/v1/cohorts", json={"name": "C:\\u0000"}).status_code == 201


@pytest.fixture
def strict_client(hub, system, client):
    """The API, asked with a token for cohorts."""
    made, secret = hub.service(Clients).create(system, NewClient("Cohorts", ("cohorts:write",)))
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {client.post('/oauth/token', data=form).json['access_token']}"
    return client
