"""The REST API: strict arguments, problem documents, and an OpenAPI 3.1 document that cannot drift from the code.

Areas make their blueprints with `ApiBlueprint` and `hub.bootstrap` registers them. An operation's summary and
description are its docstring, its schemas those that check its arguments, its scopes those of the action that it
declares.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import marshmallow as ma
import orjson
from flask import Flask, Request, Response, g, jsonify, request
from flask_smorest import Api, Blueprint
from flask_smorest.spec import APISpecMixin
from webargs import missing
from webargs.flaskparser import FlaskParser, is_json_request

from hub.errors import Invalid, Unprocessable, Unsupported, Violation
from hub.http.access import PUBLIC, declared_action, public
from hub.http.context import service
from hub.http.idempotency import DOCUMENTED, HEADER, Idempotency

PREFIX = "/api/v1"


class _StrictParser(FlaskParser):
    """Refuses what nobody declared, wherever it stands."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        "json": ma.RAISE,
        "form": ma.RAISE,
        "json_or_form": ma.RAISE,
        "query": ma.RAISE,
        "files": ma.RAISE,
        # A browser sends headers and cookies that no view asked for.
        "headers": ma.EXCLUDE,
        "cookies": ma.EXCLUDE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body, read strictly: no lone surrogates, no endless nesting (RFC 8259, RFC 7493).

        A body of another kind is refused rather than taken for none (RFC 9110 section 15.5.16), and so is a change
        without a body: an empty PUT would reset everything.
        """
        body = req.get_data(cache=True)
        if body and not is_json_request(req):
            raise Unsupported("The body must be application/json, or of a type that ends in +json.")
        if not body and req.method in {"PUT", "PATCH"}:
            raise Invalid("The body is missing.", violations=[Violation("request", "json", "is missing")])
        try:
            document = orjson.loads(body) if body else missing
        except orjson.JSONDecodeError as error:
            fault = Violation("request", "json", f"is not JSON: {error.msg}")
            raise Invalid("The body cannot be read.", violations=[fault]) from error
        if b"\\u0000" in body:  # As it is, JSON does not take it.
            _refuse_zero(_texts_in(document))
        return document

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """The fields of a form."""
        _refuse_zero(req.form.items(multi=True))
        return super().load_form(req, schema)


def _refuse_zero(texts: Iterable[tuple[str, str]]) -> None:
    """`Invalid` for texts with a zero character, which JSON may hold and PostgreSQL may not, by their places."""
    faults = [Violation("request", place, "has a zero character") for place, text in texts if "\0" in text]
    if faults:
        raise Invalid("The body cannot be read.", violations=faults)


def _texts_in(document: Any) -> Iterator[tuple[str, str]]:
    """Every text and every name in a JSON document, however deep, with its place; a name's is that of its object."""
    waiting = [("", document)]
    while waiting:
        place, each = waiting.pop()
        if isinstance(each, str):
            yield place or "json", each
        elif isinstance(each, dict):
            yield from ((place or "json", name) for name in each)
            waiting += [(f"{place}.{name}".lstrip("."), value) for name, value in each.items()]
        elif isinstance(each, list):
            waiting += [(f"{place}[{index}]", value) for index, value in enumerate(each)]


def made(document: Mapping[str, Any], location: str) -> Response:
    """201 with the address of what was made. It may hold a secret, so no cache keeps it."""
    response = jsonify(document)
    response.status_code = 201
    response.headers["Location"] = location
    response.headers["Cache-Control"] = "no-store"
    return response


class _ViolationSchema(ma.Schema):
    requirement = ma.fields.String(metadata={"description": "The rule that is broken"})
    where = ma.fields.String(metadata={"description": "The field, path or place"})
    message = ma.fields.String(metadata={"description": "What is wrong, for people"})
    found = ma.fields.Raw(metadata={"description": "What was there"})
    allowed = ma.fields.Raw(metadata={"description": "What may be there"})


class ProblemSchema(ma.Schema):
    """An RFC 9457 problem document."""

    type = ma.fields.String(metadata={"example": "about:blank"})
    title = ma.fields.String(metadata={"example": "Not Found"})
    status = ma.fields.Integer(metadata={"example": 404})
    detail = ma.fields.String(metadata={"example": "There is no such package."})
    code = ma.fields.String(metadata={"example": "not_found", "description": "Stable; programs may switch on it"})
    request_id = ma.fields.String(metadata={"example": "5f2b8c0e9d3a4b71"})
    violations = ma.fields.List(ma.fields.Nested(_ViolationSchema))


class ApiBlueprint(Blueprint):
    """A part of the API: one noun. Unknown parameters are refused, scopes are documented from the actions."""

    ARGUMENTS_PARSER = _StrictParser()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.before_request(self._refuse_undeclared)
        self.before_request(self._answer_again)
        self.after_request(self._keep_answer)

    def _operation(self) -> dict[str, Any]:
        """What was declared of the operation that is asked for."""
        declared: dict[str, Any] = self._docs.get(str(request.endpoint).rpartition(".")[2], {})
        operation: dict[str, Any] = declared.get(request.method.lower(), {})
        return operation

    def _answer_again(self) -> Response | None:
        """The first answer to a POST that is sent again with its Idempotency-Key."""
        if HEADER not in request.headers or not _may_repeat(request.method, self._operation()):
            return None
        if request.mimetype not in {"", "application/json"} or g.principal is None:
            return None
        first = service(Idempotency).first_answer(request, g.principal)
        g.is_first_answer = first is None
        return first

    def _keep_answer(self, response: Response) -> Response:
        if g.pop("is_first_answer", False):
            service(Idempotency).keep(request, g.principal, response)
        return response

    def _refuse_undeclared(self) -> None:
        """Parameters in the address of an operation that declares none; where it declares some, its schema judges."""
        operation = self._operation()
        if not operation or not request.args:
            return
        declared = operation.get("arguments", {}).get("parameters", [])
        if not any(one["in"] == "query" for one in declared):
            faults = [Violation("request", f"query.{name}", "Unknown field.") for name in request.args]
            raise Unprocessable("The request breaks the rules listed.", violations=faults)

    def register_views_in_doc(
        self, api: "HubApi", app: Flask, spec: Any, *, name: str, parameters: Sequence[Any] | None
    ) -> None:
        """Add to each operation the security that its action asks for, then document it as flask-smorest does."""
        for endpoint, methods in self._docs.items():
            for method, info in methods.items():
                if method != "parameters":
                    needed = declared_action(app, f"{name}.{endpoint}", method.upper())
                    said = info.setdefault("manual_doc", {})
                    said.update(api.security_of(needed))
                    if _may_repeat(method, info):
                        said["parameters"] = [DOCUMENTED]
        super().register_views_in_doc(api, app, spec, name=name, parameters=parameters)

    def _prepare_arguments_doc(self, doc: dict[str, Any], doc_info: dict[str, Any], **context: Any) -> dict[str, Any]:
        """Document fields and files of one form as one request body; flask-smorest takes them for two."""
        parameters = doc_info.get("arguments", {}).get("parameters", [])
        form = next((one for one in parameters if one.get("in") == "form"), None)
        files = next((one for one in parameters if one.get("in") == "files"), None)
        if form is not None and files is not None:
            parameters.remove(form)
            files["schema"] = _joined(files["schema"], form["schema"])
        documented: dict[str, Any] = super()._prepare_arguments_doc(doc, doc_info, **context)
        return documented


def _may_repeat(method: str, operation: Mapping[str, Any]) -> bool:
    """Whether an operation heeds an Idempotency-Key here: a POST of JSON, or of nothing, that has no way of its own."""
    declared = operation.get("arguments", {}).get("parameters", [])
    described = operation.get("manual_doc", {}).get("parameters", [])
    is_plain = all(one["in"] == "json" for one in declared) and described in ([], [DOCUMENTED])
    return method.upper() == "POST" and bool(operation) and is_plain


def _joined(first: Any, second: Any) -> ma.Schema:
    """One schema with the fields of two, under the name of the first."""
    first, second = (one() if isinstance(one, type) else one for one in (first, second))
    name = type(first).__name__.removesuffix("Schema")
    joined: type[ma.Schema] = ma.Schema.from_dict({**first.fields, **second.fields}, name=name)
    return joined()


class HubApi(Api):
    """flask-smorest's API with our problem documents for errors."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask, scopes_allowing: Callable[[str], Sequence[str]], **options: Any) -> None:
        self._scopes_allowing = scopes_allowing
        super().__init__(app, **options)

    def security_of(self, action: str | None) -> dict[str, Any]:
        """The `security` of an operation: a token with any one of the scopes. A session opens the console only."""
        if action in {None, PUBLIC}:
            return {"security": []}
        return {"security": [{"token": [scope]} for scope in self._scopes_allowing(str(action))]}

    def _register_error_handlers(self) -> None:
        """Errors are answered by `hub.http.problem`, for the API as for everything else."""

    @public
    def _openapi_json(self) -> Any:
        return APISpecMixin._openapi_json(self)


def create_api(
    app: Flask, version: str, scopes: Mapping[str, str], scopes_allowing: Callable[[str], Sequence[str]]
) -> HubApi:
    """The API of an app, its document at /api/v1/openapi.json.

    `scopes` are the names and meanings of all scopes; `scopes_allowing` gives those that allow an action.
    """
    app.config.update(
        API_TITLE="Standards Hub",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = HubApi(app, scopes_allowing, spec_kwargs={"info": {"description": _DESCRIPTION}})
    api.spec.components.security_scheme("token", _token_scheme(scopes))
    return api


def _token_scheme(scopes: Mapping[str, str]) -> dict[str, Any]:
    flow = {"tokenUrl": "/oauth/token", "scopes": dict(scopes)}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}


_DESCRIPTION = """\
The same things that the console shows, for programs. Times are RFC 3339 in UTC. Listings take `limit` and `cursor`; the
`Link` header names the next page. A POST that is sent again with its `Idempotency-Key`, for want of an answer, gets the
first answer and does nothing twice. Errors are RFC 9457 problem documents with a stable `code`. Statements themselves
are at `/xapi`.
"""
