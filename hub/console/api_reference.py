"""The OpenAPI document as something to read: operations by noun, with their parameters, bodies and scopes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 3
#: What stands for a value of which no example is given.
STAND_INS = {"integer": 1, "number": 1.5, "boolean": True, "object": {}}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a body: where it stands, what it is, and what it means."""

    name: str
    place: str
    kind: str
    meaning: str
    is_required: bool
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back: the status, the members of the body, and an example of it as JSON."""

    status: str
    meaning: str
    fields: Sequence[Field]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `scopes` are those of which a token needs one; `example` are arguments for curl."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    scopes: Sequence[str]
    parameters: Sequence[Field]
    body: Sequence[Field]
    answers: Sequence[Answer]
    example: Sequence[str]


class Reference:
    """Reads one OpenAPI 3.1 document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @property
    def description(self) -> str:
        """What the document says of itself."""
        return str(self._document["info"].get("description", ""))

    def by_noun(self) -> dict[str, list[Operation]]:
        """The operations of each tag, in the order of the document."""
        nouns: dict[str, list[Operation]] = {}
        for path, item in self._document["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = self._operation(path, method, item[method], item.get("parameters", []))
                    nouns.setdefault(item[method].get("tags", [""])[0], []).append(operation)
        return nouns

    def problem(self) -> list[Field]:
        """The members of a problem document, which every error is."""
        said = self._document["components"]["responses"]["DEFAULT_ERROR"]
        return [member for content in said["content"].values() for member in self._members(content["schema"], 0)]

    def _operation(self, path: str, method: str, said: Mapping[str, Any], shared: Sequence[Any]) -> Operation:
        parameters = [self._parameter(self._resolved(one)) for one in (*shared, *said.get("parameters", []))]
        return Operation(
            anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
            method=method.upper(),
            path=path,
            summary=said.get("summary", ""),
            description=said.get("description", ""),
            scopes=[scope for way in said.get("security", []) for scope in way.get("token", [])],
            parameters=parameters,
            body=list(self._body(said.get("requestBody", {}))),
            answers=[
                self._answer(status, self._resolved(one)) for status, one in sorted(said.get("responses", {}).items())
            ],
            example=[*([] if method == "get" else [f"-X {method.upper()}"]), *self._sent(said.get("requestBody", {}))],
        )

    def _sent(self, said: Mapping[str, Any]) -> Iterator[str]:
        """The arguments by which curl sends a body."""
        for media_type, content in self._resolved(said).get("content", {}).items():
            schema = content.get("schema", {})
            if media_type == "multipart/form-data":
                yield from (f"-F {name}=@FILE" for name in self._resolved(schema).get("required", []))
            elif media_type.endswith("json"):
                yield "-H 'Content-Type: application/json'"
                yield f"-d '{json.dumps(self._example(schema))}'"
            else:
                yield f"-H 'Content-Type: {media_type}' --data-binary @FILE"

    def _example(self, schema: Mapping[str, Any]) -> Any:
        """A value as the schema has it, made of the examples of its members."""
        schema = self._resolved(schema)
        if "example" in schema:
            return schema["example"]
        if "properties" in schema:
            return {name: self._example(member) for name, member in schema["properties"].items()}
        if "items" in schema:
            return [self._example(schema["items"])]
        if schema.get("enum"):
            return schema["enum"][0]
        types = schema.get("type", "string")
        kind = types[0] if isinstance(types, list) else types
        return schema.get("default", STAND_INS.get(kind, "..."))

    def _parameter(self, said: Mapping[str, Any]) -> Field:
        schema = self._resolved(said.get("schema", {}))
        return Field(
            said["name"], said["in"], self._kind(schema), said.get("description", ""), bool(said.get("required"))
        )

    def _body(self, said: Mapping[str, Any]) -> Iterator[Field]:
        for media_type, content in self._resolved(said).get("content", {}).items():
            for member in self._members(content.get("schema", {}), 0):
                yield Field(member.name, media_type, member.kind, member.meaning, member.is_required, member.depth)

    def _answer(self, status: str, said: Mapping[str, Any]) -> Answer:
        members: list[Field] = []
        example = ""
        if status.startswith("2"):  # Every error is a problem document; the page tells its members once.
            for media_type, content in said.get("content", {}).items():
                members.extend(self._members(content.get("schema", {}), 0))
                if media_type.endswith("json"):
                    example = json.dumps(self._example(content.get("schema", {})), indent=2, ensure_ascii=False)
        return Answer(status, said.get("description", ""), members, example)

    def _members(self, schema: Mapping[str, Any], depth: int) -> Iterator[Field]:
        """The members of an object, or of the objects in an array, with those of nested objects below them."""
        schema = self._resolved(schema)
        if "items" in schema:
            schema = self._resolved(schema["items"])
        required = schema.get("required", [])
        for name, member in schema.get("properties", {}).items():
            member = self._resolved(member)
            yield Field(name, "", self._kind(member), member.get("description", ""), name in required, depth)
            if depth + 1 < DEEPEST:
                yield from self._members(member, depth + 1)

    def _kind(self, schema: Mapping[str, Any]) -> str:
        schema = self._resolved(schema)
        types = schema.get("type", "any")
        named = " or ".join(types) if isinstance(types, list) else str(types)
        if "enum" in schema:
            named = " | ".join(str(value) for value in schema["enum"] if value is not None)
        elif schema.get("format"):
            named = f"{named} ({schema['format']})"
        elif "items" in schema:
            named = f"array of {self._kind(schema['items'])}"
        return named

    def _resolved(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a `$ref` points to, or the thing itself; members beside the reference (3.1) are kept."""
        if "$ref" not in said:
            return said
        found: Any = self._document
        for key in said["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return {**self._resolved(found), **{name: value for name, value in said.items() if name != "$ref"}}
