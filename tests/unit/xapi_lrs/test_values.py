"""The data types of xAPI, row by row (Data 4.0)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.xapi_lrs.spec import values

GOOD = {
    values.is_iri: [
        "http://example.com/",
        "urn:uuid:6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
        "tag:example.com,2026:a",
        "https://example.com/ünïcode/学习?q=%20#x",
        "mailto:ann@example.com",
    ],
    values.is_uuid: ["6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "AA97B177-9383-4934-8543-0F91A7A02836"],
    values.is_mailbox: ["mailto:ann@example.com", "mailto:ann.b+c@sub.example.com"],
    values.is_sha1: ["a" * 40, "F" * 40],
    values.is_language_tag: [
        "en",
        "en-US",
        "zh-Hant-TW",
        "de-CH-1996",
        "sl-rozaj-biske",
        "x-own",
        "i-klingon",
        "es-419",
    ],
    values.is_media_type: ["text/plain", "application/vnd.x+json; charset=utf-8", "image/svg+xml"],
    values.is_duration: [
        "PT4H35M59.14S",
        "PT16559.14S",
        "P3Y1M29DT4H35M59.14S",
        "P3Y",
        "P4W",
        "PT0S",
        "P1DT12H36M0.12567S",
        "P0.5Y",
        "P1DT1,5H",
        "P4.5W",
    ],
    values.is_timestamp: [
        "2015-06-30T23:59:60Z",
        "2026-11-20T04:33:30Z",
        "2026-11-20T04:33:30.123456789Z",
        "2026-11-20T04:33:30+05:30",
        "2026-11-20T04:33:30-0500",
        "2026-11-20T04:33:30+05",
        "2026-11-20T04:33:30",
        "2008-09-15T15:53:00.601+00:00",
    ],
    values.is_rfc3339_timestamp: ["2026-11-20T04:33:30Z", "2008-09-15T15:53:00.601+00:00"],
    values.is_version_1_0: ["1.0", "1.0.0", "1.0.3", "1.0.9"],
    values.is_version_2_0: ["2.0.0", "1.0.3", "1.0", "2.0"],
}
BAD = {
    values.is_iri: [
        "",
        "example.com",
        "/path",
        "ab=c://x.example",
        "http://exa mple.com",
        'http://x/"',
        "1http://x",
        "http:",
    ],
    values.is_uuid: ["", "AA97B177-9383-4934-8543-0F91A7A028368", "MA97B177-9383-4934-8543-0F91A7A02836", "{}"],
    values.is_mailbox: ["mailto:ann.example.com", "ann@example.com", "http://a@b.c", "mailto:a@b@c"],
    values.is_sha1: ["a" * 39, "g" * 40, ""],
    values.is_language_tag: ["", "a12345678", "e", "en_US", "en-", "english-language-toolong12"],
    values.is_media_type: ["", "text", "text/", "/plain", "te xt/plain"],
    values.is_duration: [
        "",
        "P",
        "PT",
        "P4W1D",
        "4S",
        "PT4",
        "P-1D",
        "PT1S2M",
        "2026-11-20",
        "PT1.5M2S",
        "P1.5DT2H",
        "P1,5Y1M",
    ],
    values.is_timestamp: [
        "",
        "01/011/2015",
        "2008-09-15T15:53:00.601-00",
        "2008-09-15T15:53:00.601-0000",
        "2008-09-15T15:53:00.601-00:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-20T25:00:00Z",
        "2026-11-20",
        "2026-11-20T04:33:30+05:60",
        "tomorrow",
    ],
    values.is_rfc3339_timestamp: [
        "2026-11-20T04:33:30",
        "2026-11-20",
        "2026-11-20T04:33Z",
        "2026-11-20T04:33:30,5Z",
        "2026-11-20T04:33:30+05",
        "2026-11-20T04:33:30-0500",
        "2026-02-30T00:00:00Z",
    ],
    values.is_version_1_0: ["", "1", "1.1.0", "0.9.9", "2.0.0", "1.0.x", "1.0.01"],
    values.is_version_2_0: ["", "2.1.0", "3.0.0", "0.95"],
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in GOOD.items() for text in texts])
def test_what_fits_is_accepted(check, text):
    assert check(text)


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in BAD.items() for text in texts])
def test_what_does_not_fit_is_refused(check, text):
    assert not check(text)


@pytest.mark.parametrize("check", [*GOOD])
@given(text=st.text())
def test_any_text_gets_an_answer(check, text):
    assert check(text) in (True, False)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("2023-05-04T12:00:00-05:00", "2023-05-04T17:00:00Z"),
        ("2023-05-04T12:00:00.1234567+01:00", "2023-05-04T11:00:00.1234567Z"),
        ("2015-07-01T01:59:60.5+02:00", "2015-06-30T23:59:60.5Z"),
        ("2023-05-04T12:00:00Z", "2023-05-04T12:00:00Z"),
        ("2023-05-04T12:00:00", "2023-05-04T12:00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("2023-05-04T12:00+01:00", "2023-05-04T11:00:00Z"),
    ],
)
def test_a_timestamp_is_written_in_utc_with_its_fraction_untouched(given_text, expected):
    assert values.in_utc(given_text) == expected


@given(st.integers(min_value=0, max_value=253_402_300_799_999_999))
def test_stored_times_survive_being_written_and_read(stored):
    text = values.timestamp_text(stored)
    assert values.microseconds(values.moment(text)) == stored


@given(st.datetimes(timezones=st.timezones()))
def test_the_instant_stays_the_same_in_utc(instant):
    text = instant.isoformat()
    if values.is_timestamp(text):
        assert values.moment(values.in_utc(text)) == values.moment(text)
