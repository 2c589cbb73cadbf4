"""Requests made up from the LRS's own OpenAPI description: nothing may end in a 500."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.xapi_lrs.views.openapi import description

schema = schemathesis.openapi.from_dict(description())
OPERATIONS = [found.ok() for found in schema.get_all_operations() if found.ok().path != "/xapi/about"]
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_ends_in_a_500(operation, mode, lrs, data):
    case = data.draw(operation.as_strategy(generation_mode=mode))
    sent = requests.Request(**case.as_transport_kwargs(base_url="http://localhost:8000")).prepare()
    version = sent.headers.get("X-Experience-API-Version", "2.0.0")
    answer = lrs.client.open(
        sent.path_url,
        method=sent.method,
        headers={**dict(sent.headers), **lrs.headers, "X-Experience-API-Version": version},
        data=sent.body,
    )
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("path", ["/openapi.json", "/about"])
def test_the_description_needs_neither_version_nor_credential(lrs, path):
    found = lrs.get(path, headers={"Authorization": None, "X-Experience-API-Version": None})
    assert found.status_code == 200
