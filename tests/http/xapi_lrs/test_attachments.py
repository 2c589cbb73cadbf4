"""Attachments and signed statements from outside (Data 2.4.11 and 2.6; Communication 1.5.2)."""

import base64
import datetime
import hashlib
import json
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hub.xapi_lrs.services.stores import Stores
from tests.http.xapi_lrs.conftest import LrsClient, issue
from tests.http.xapi_lrs.test_statements import ids_of, statement
from tests.support.people import make_account, sign_in

DATA = b"here is a simple attachment\r\n--not-the-boundary\r\n\x00\xff"


def attachment(data=DATA, **changes):
    return {
        "usageType": "http://example.com/attachment-usage/test",
        "display": {"en": "A test"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    } | changes


def part(data, sha2=None, **headers):
    lines = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha2 or hashlib.sha256(data).hexdigest(),
    } | headers
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value).encode() + b"\r\n" + data


def multipart(*parts, boundary="abcABC0123'()+_,-./:=?"):
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + each + b"\r\n" for each in parts) + delimiter + b"--\r\n"


def send(lrs, statements, *parts, boundary="abcABC0123'()+_,-./:=?", first_type="application/json"):
    first = f"Content-Type: {first_type}\r\n\r\n".encode() + json.dumps(statements).encode()
    body = multipart(first, *parts, boundary=boundary)
    kind = f'multipart/mixed; boundary="{boundary}"'
    return lrs.request("POST", "/statements", data=body, content_type=kind)


def parts_of(answer):
    boundary = answer.headers["Content-Type"].split("boundary=")[1].encode()
    return [each.split(b"\r\n\r\n", 1) for each in answer.data.split(b"\r\n--" + boundary)[:-1]]


def test_an_attachment_is_given_back_byte_for_byte_and_once(lrs):
    both = [statement(attachments=[attachment()]), statement(attachments=[attachment()])]
    assert send(lrs, both, part(DATA)).status_code == 200
    answer = lrs.get(attachments="true")
    [first, second] = parts_of(answer)
    assert len(json.loads(first[1])["statements"]) == 2
    assert second[1] == DATA
    assert hashlib.sha256(DATA).hexdigest().encode() in second[0]
    assert lrs.get(attachments="false").content_type == "application/json"


def test_data_is_given_out_as_what_its_statement_calls_it(lrs):
    """Where a part's header and the attachment say the same thing, they must say the same (Communication 1.5.2)."""
    ids = [
        send(lrs, statement(attachments=[attachment(contentType=kind)]), part(DATA, **{"Content-Type": kind})).json[0]
        for kind in ("text/plain", "application/octet-stream")
    ]
    for statement_id, kind in zip(ids, (b"text/plain", b"application/octet-stream"), strict=True):
        _, [headers, data] = parts_of(lrs.get(statementId=statement_id, attachments="true"))
        assert b"Content-Type: " + kind in headers
        assert data == DATA
    _, [headers, _] = parts_of(lrs.get(attachments="true"))
    assert b"Content-Type" not in headers, "it would contradict one of the two"


def test_a_length_is_a_number_however_it_is_written(lrs):
    sent = statement(attachments=[attachment(length=float(len(DATA)))])
    assert send(lrs, sent, part(DATA, **{"Content-Length": str(len(DATA))})).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain; a\r\n\r\nb", "text/plain\n", "text/plain; a\x00", "text/plain;\x7f"])
def test_a_content_type_that_would_break_the_answer_is_refused(lrs, kind):
    sent = statement(attachments=[attachment(contentType=kind)])
    assert send(lrs, sent, part(DATA)).status_code == 400


def test_large_data_passes_through(lrs):
    data = bytes(range(256)) * 8_000
    assert send(lrs, statement(attachments=[attachment(data)]), part(data)).status_code == 200
    assert parts_of(lrs.get(attachments="true"))[1][1] == data


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="missing"),
        pytest.param([part(DATA), part(b"more")], id="too many"),
        pytest.param([part(DATA, sha2="0" * 64)], id="unknown hash"),
        pytest.param([part(b"other", sha2=hashlib.sha256(DATA).hexdigest())], id="wrong data"),
        pytest.param([part(DATA, **{"Content-Transfer-Encoding": "base64"})], id="wrong encoding"),
        pytest.param([part(DATA, **{"Content-Transfer-Encoding": None})], id="no encoding"),
        pytest.param([part(DATA, **{"X-Experience-API-Hash": None})], id="no hash"),
        pytest.param([part(DATA, **{"Content-Type": "image/png"})], id="another type"),
        pytest.param([part(DATA, **{"Content-Length": "1"})], id="another length"),
    ],
)
def test_parts_that_do_not_fit_are_refused_and_nothing_is_stored(lrs, parts):
    assert send(lrs, statement(attachments=[attachment()]), *parts).status_code == 400
    assert ids_of(lrs.get()) == []


def test_without_its_data_an_attachment_needs_a_file_url(lrs):
    assert lrs.post(statement(attachments=[attachment()])).status_code == 400
    assert lrs.post(statement(attachments=[attachment(fileUrl="https://example.com/f")])).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/mixed"),
        (b"", "multipart/mixed; boundary=x"),
        (b"--x\r\nContent-Type: application/json\r\n\r\n{}", "multipart/mixed; boundary=x"),
        (b"--x\r\nno header\r\n\r\n{}\r\n--x--", "multipart/mixed; boundary=x"),
        (b"--xyz\r\n" * 1_000, "multipart/mixed; boundary=x"),
        (b"--x" + b"a" * 100_000, "multipart/mixed; boundary=x"),
        (b"--x\r\n" + b"A: b\r\n" * 50_000, "multipart/mixed; boundary=x"),
        (b"{}", "text/plain"),
        (b"{}", "multipart/form-data; boundary=x"),
    ],
)
def test_a_broken_multipart_body_is_refused(lrs, body, kind):
    assert lrs.request("POST", "/statements", data=body, content_type=kind).status_code == 400


def test_the_statements_must_come_first(lrs):
    refused = send(lrs, statement(), first_type="text/plain")
    assert refused.status_code == 400


# --- signatures -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signer():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


@pytest.fixture(scope="module")
def chain(signer):
    """The signer's certificate, and one that did not issue it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "<b>authority</b>.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().issuer_name(name).serial_number(2)
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    authority = builder.subject_name(name).public_key(key.public_key()).sign(key, hashes.SHA256())
    holder = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer.example.com")])
    issued = builder.subject_name(holder).public_key(signer[0].public_key()).sign(key, hashes.SHA256())
    return [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in (issued, authority)]


def encoded(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=")


#: What kind of key a certificate holds, in DER; and a kind that there is not (RFC 8017 appendix A).
RSA_KEY, UNKNOWN_KEY = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d010163")


def changed(certificate, old, new):
    """A certificate with other bytes in it."""
    der = base64.b64decode(certificate)
    assert old in der
    return base64.b64encode(der.replace(old, new)).decode()


def jws(signer, payload, algorithm="RS256", certificates=None):
    key, certificate = signer
    header = {"alg": algorithm, "x5c": [certificate] if certificates is None else certificates}
    signed = encoded(json.dumps(header).encode()) + b"." + encoded(json.dumps(payload).encode())
    kind = {"RS384": hashes.SHA384, "RS512": hashes.SHA512}.get(str(algorithm), hashes.SHA256)
    return signed + b"." + encoded(key.sign(signed, padding.PKCS1v15(), kind()))


def send_signed(lrs, sent, signature, content_type="application/octet-stream"):
    signed = attachment(signature, usageType="http://adlnet.gov/expapi/attachments/signature", contentType=content_type)
    return send(lrs, sent | {"attachments": [signed]}, part(signature, **{"Content-Type": content_type}))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_signed_statement_is_taken(lrs, signer, algorithm):
    sent = statement(result={"duration": "PT1.23S"})
    payload = statement(result={"duration": "PT1.239S"})
    assert send_signed(lrs, sent, jws(signer, payload, algorithm)).status_code == 200


def test_a_signature_without_certificate_is_taken(lrs, signer):
    assert send_signed(lrs, statement(), jws(signer, statement(), certificates=[])).status_code == 200


def test_bad_signatures_are_refused(lrs, signer):
    good = jws(signer, statement())
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bad = [
        b"no jws",
        good[:-4] + b"AAAA",
        good.rsplit(b".", 1)[0],
        jws(signer, statement(verb={"id": "http://example.com/another"})),
        jws(signer, statement(), algorithm="HS256"),
        jws(signer, statement(), algorithm="none"),
        jws(signer, [1]),
        jws(signer, {"actor": 1}),
        jws((other, signer[1]), statement()),
        jws(signer, statement(), certificates=["bm8gY2VydGlmaWNhdGU="]),
        jws(signer, statement(), algorithm=["RS256"]),
        jws(signer, statement(), certificates=[changed(signer[1], RSA_KEY, UNKNOWN_KEY)]),
        jws(signer, statement(), certificates=[signer[1], changed(signer[1], b"\x0c\x12s", b"\x0c\x12\xff")]),
    ]
    assert [send_signed(lrs, statement(), each).status_code for each in bad] == [400] * len(bad)
    assert send_signed(lrs, statement(), good, content_type="text/plain").status_code == 400


# --- alternate request syntax -----------------------------------------------------------------------------------


def alternate(lrs, method, form, path="/statements", **query):
    return lrs.request("POST", path, query_string={"method": method, **query}, data=form)


def test_a_form_stands_for_another_request_in_1_0_3(lrs_as):
    older = lrs_as("all", version="1.0.3")
    authorization = older.headers.pop("Authorization")
    older.headers.pop("X-Experience-API-Version")
    meant = {"Authorization": authorization, "X-Experience-API-Version": "1.0.3"}
    statement_id = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"
    form = meant | {"statementId": statement_id, "content": json.dumps(statement())}
    assert alternate(older, "PUT", form).status_code == 204
    found = alternate(older, "GET", meant | {"statementId": statement_id})
    assert found.json["id"] == statement_id
    state = {"activityId": "http://x.example/1", "agent": '{"mbox":"mailto:a@b.c"}', "stateId": "s"}
    form = meant | state | {"content": "ümlaut", "Content-Type": "text/plain"}
    assert alternate(older, "PUT", form, "/activities/state").status_code == 204
    assert alternate(older, "GET", meant | state, "/activities/state").data.decode() == "ümlaut"
    assert alternate(older, "DELETE", meant | state, "/activities/state").status_code == 204


def test_a_form_without_a_content_type_is_one(lrs_as):
    """It is a SHOULD (Communication 1.3, "Headers"); the XDomainRequest of old browsers sends none."""
    older = lrs_as("all", version="1.0.3")
    [statement_id] = older.post(statement()).json
    form = older.headers | {"statementId": statement_id}
    sent = {"method": "POST", "query_string": "method=GET", "data": urlencode(form).encode()}
    assert older.client.open("/xapi/statements", **sent).json["id"] == statement_id
    assert older.client.open("/xapi/statements", **sent, content_type="text/plain").status_code == 401


def test_a_form_that_stands_for_head_is_answered_without_the_length_of_what_is_not_sent(lrs_as):
    older = lrs_as("all", version="1.0.3")
    [statement_id] = older.post(statement()).json
    answer = alternate(older, "HEAD", {"statementId": statement_id})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers.get("Content-Length", "0") == "0"
    assert "Last-Modified" in answer.headers


def test_a_form_that_is_not_right_is_refused(lrs_as):
    older, newer = lrs_as("all", version="1.0.3"), lrs_as("all")
    content = {"content": json.dumps(statement())}
    assert (
        alternate(older, "PUT", content | {"statementId": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"}, x=1).status_code
        == 400
    )
    assert alternate(older, "POST", {}).status_code == 400
    assert alternate(older, "PATCH", content).status_code == 400
    assert alternate(newer, "POST", content).status_code == 400
    content["Authorization"] = older.headers.pop("Authorization")
    refused = alternate(older, "PATCH", content)
    assert (refused.status_code, refused.json["violations"][0]["where"]) == (400, "method")


def test_the_certificates_of_a_signature_are_reported(lrs, signer, hub, system, store):
    from dataclasses import replace

    from hub.xapi_lrs.services.attachments import Attachments

    send_signed(lrs, statement(), jws(signer, statement(), "RS512"))
    body = json.dumps(lrs.get().json["statements"][0]).encode()
    [report] = hub.service(Attachments).signatures_of(replace(system, store_id=store.id), body)
    assert report.algorithm == "RS512"
    [certificate] = report.chain
    assert certificate.subject == certificate.issuer == "CN=signer.example.com"
    assert certificate.is_issued_by_next is None


def test_people_are_shown_who_signed(hub, system, client, signer, chain):
    account = make_account(hub, system, "administrator")
    assert sign_in(client, account).status_code == 303
    issued = issue(hub, system, hub.service(Stores).find(system.tenant_id, "default"), "all")
    lrs = LrsClient(client, issued.credential.key, issued.secret)
    [signed] = send_signed(lrs, statement(), jws(signer, statement(), "RS512", [chain[0], chain[0]])).json
    page = client.get(f"/statements/{signed}").text
    assert "Signed with RS512" in page
    assert "CN=signer.example.com" in page
    assert "<b>authority" not in page
    assert "&lt;b" in page
    assert "Not signed by the next certificate" in page
    [bare] = send_signed(lrs, statement(), jws(signer, statement(), certificates=[])).json
    assert "No certificate came with it" in client.get(f"/statements/{bare}").text
    [plain] = lrs.post(statement()).json
    assert "Signed with" not in client.get(f"/statements/{plain}").text
