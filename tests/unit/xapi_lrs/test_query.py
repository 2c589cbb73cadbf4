"""The parameters of GET statements (Communication 2.1.3): each alone, and which go together."""

from typing import Any

import pytest

from hub.errors import Invalid
from hub.xapi_lrs.spec import filing
from hub.xapi_lrs.spec.query import END_OF_TIME, StatementQuery, agent, continued, parse

ID = "6690E6C9-3EF0-4ED3-8B37-7F3964730BEE"
ANN = '{"mbox": "mailto:ann@example.com"}'
KEY = "mbox:ann@example.com"
VERB, ACTIVITY = "http://example.com/verb", "http://example.com/activity"
SINCE = 1_763_613_210_500_000


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, StatementQuery()),
        ({"statementId": ID}, StatementQuery(statement_id=ID.lower())),
        ({"voidedStatementId": ID, "format": "ids"}, StatementQuery(voided_statement_id=ID.lower(), format="ids")),
        ({"verb": VERB}, StatementQuery(groups=(((filing.VERB, VERB),),))),
        ({"agent": ANN}, StatementQuery(groups=(((filing.AGENT, KEY),),))),
        ({"agent": ANN, "related_agents": "false"}, StatementQuery(groups=(((filing.AGENT, KEY),),))),
        (
            {"agent": ANN, "related_agents": "true"},
            StatementQuery(groups=(((filing.AGENT, KEY), (filing.RELATED_AGENT, KEY), (filing.AUTHORITY, KEY)),)),
        ),
        ({"agent": ANN, "verb": VERB}, StatementQuery(groups=((filing.agent_did(KEY, VERB),),))),
        (
            {"agent": ANN, "verb": VERB, "related_agents": "true"},
            StatementQuery(
                groups=(((filing.AGENT, KEY), (filing.RELATED_AGENT, KEY), (filing.AUTHORITY, KEY)),),
                verb=(filing.VERB, VERB),
            ),
        ),
        (
            {"activity": ACTIVITY, "verb": VERB},
            StatementQuery(groups=(((filing.ACTIVITY, ACTIVITY),),), verb=(filing.VERB, VERB)),
        ),
        (
            {"activity": ACTIVITY, "related_activities": "true"},
            StatementQuery(groups=(((filing.ACTIVITY, ACTIVITY), (filing.RELATED_ACTIVITY, ACTIVITY)),)),
        ),
        ({"registration": ID}, StatementQuery(groups=(((filing.REGISTRATION, ID.lower()),),))),
        ({"since": "2025-11-20T04:33:30.5Z"}, StatementQuery(after=SINCE)),
        ({"until": "2025-11-20T04:33:30.5Z"}, StatementQuery(before=SINCE + 1)),
        ({"since": "2025-11-20T06:33:30.5 02:00"}, StatementQuery(after=SINCE)),
        ({"limit": "0"}, StatementQuery()),
        ({"limit": "999999999"}, StatementQuery(limit=999_999_999)),
        ({"limit": "9" * 30}, StatementQuery(limit=999_999_999)),
        ({"limit": "007"}, StatementQuery(limit=7)),
        ({"attachments": "true", "ascending": "true"}, StatementQuery(with_attachments=True, ascending=True)),
    ],
    ids=repr,
)
def test_what_is_asked(parameters: dict[str, str], query: StatementQuery) -> None:
    found = parse(parameters)
    assert found == query
    assert found.is_single == bool({"statementId", "voidedStatementId"} & parameters.keys())


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"other": "x"}, ["other"]),
        ({"statementId": "x"}, ["statementId"]),
        ({"verb": "verb"}, ["verb"]),
        ({"activity": ""}, ["activity"]),
        ({"registration": ID[:-1]}, ["registration"]),
        ({"related_agents": "True"}, ["related_agents"]),
        ({"ascending": ""}, ["ascending"]),
        ({"since": "yesterday"}, ["since"]),
        ({"until": "2025-11-20 04:33:30 02:00"}, ["until"]),
        *(({"limit": text}, ["limit"]) for text in ("", "-1", "1.5", "٣")),
        ({"format": "Exact"}, ["format"]),
        ({"statementId": ID, "voidedStatementId": ID}, ["voidedStatementId"]),
        ({"statementId": ID, "limit": "1"}, ["limit"]),
        ({"voidedStatementId": ID, "verb": VERB, "since": "2025-11-20T04:33:30Z"}, ["verb", "since"]),
        ({"statementId": ID, "other": "x"}, ["other"]),
        ({"limit": "x", "format": "x", "other": "x"}, ["other", "limit", "format"]),
    ],
    ids=repr,
)
def test_what_cannot_be_asked(parameters: dict[str, str], where: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(parameters)
    assert [fault.where for fault in refusal.value.violations] == where


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{}", "agent"),
        ('{"name": "Ann"}', "agent"),
        ('{"objectType": "Group", "member": []}', "agent"),
        ('{"mbox": "ann@example.com"}', "agent.mbox"),
        ("ann", "agent 1:1"),
        ('{"mbox": "mailto:a@b.example", "mbox": "mailto:a@b.example"}', "agent $.mbox"),
        (f'{{"a": {"[" * 30}{"]" * 30}}}', "agent $"),
    ],
)
def test_an_agent_that_names_nobody(text: str, where: str) -> None:
    assert agent(ANN) == {"mbox": "mailto:ann@example.com"}
    with pytest.raises(Invalid) as refusal:
        agent(text)
    assert refusal.value.violations[0].where == where


@pytest.mark.parametrize(
    ("query", "boundary", "window"),
    [
        (StatementQuery(), 5, (0, 5)),
        (StatementQuery(before=3), 5, (0, 3)),
        (StatementQuery(ascending=True), 5, (5, END_OF_TIME)),
        (StatementQuery(ascending=True, after=7), 5, (7, END_OF_TIME)),
    ],
)
def test_the_next_page_begins_where_this_one_ended(
    query: StatementQuery, boundary: int, window: tuple[Any, Any]
) -> None:
    found = continued(query, boundary)
    assert (found.after, found.before) == window
