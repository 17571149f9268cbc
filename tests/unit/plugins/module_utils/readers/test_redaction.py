# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction: what is a secret goes, in every form and place; what support needs stays."""

from __future__ import annotations

import base64
import gzip
import json
import textwrap
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import (
    REDACTED,
    redact,
    redact_object,
    redact_text,
)

SECRET = "Zq8-planted-7Hx2Lw"
_HEAD = base64.urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=")
_BODY = base64.urlsafe_b64encode(json.dumps({"sub": SECRET}).encode()).decode().rstrip("=")
JWT = f"{_HEAD}.{_BODY}.{SECRET}"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
KUBECONFIG = f"apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: {SECRET}\n    client-key-data: {SECRET}\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUFake\n-----END CERTIFICATE-----\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def compressed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def wrapped(text: str, width: int = 76, prefix: str = "") -> str:
    """A text as ``base64`` prints it, in a log with times at the beginning of lines."""
    return "\n".join(prefix + line for line in textwrap.wrap(encoded(text), width))


TIME = "2026-01-31T03:04:05.123456789Z "
AUTHS = json.dumps({"auths": {"quay.io": {"auth": f"{SECRET}"}}})

TEXTS = [
    KEY,
    KEY.replace("\n", "\\n"),
    KEY.partition("-----END")[0],
    f"before {JWT} after",
    f"Authorization: Bearer {SECRET}",
    f"> authorization: Basic {SECRET}",
    f'{{"Authorization": "Token {SECRET}"}}',
    f"curl https://admin:{SECRET}@api.example.com/",
    f"postgres://mesh:{SECRET}@db:5432/x?sslmode=on",
    f"password={SECRET}",
    f"db.password: '{SECRET}'",
    f"--api-key={SECRET} --v=2",
    f'level=info token="{SECRET}" peer=green',
    f'{{"clientSecret":"{SECRET}","peer":"green"}}',
    f'"{{\\"token\\":\\"{SECRET}\\",\\"a\\":1}}"',
    f"GET /login?access_token={SECRET}&next=1",
    f"sha256~{'a' * 20}{SECRET}",
    KUBECONFIG,
    encoded(KUBECONFIG),
    compressed(KUBECONFIG),
    encoded(encoded(KEY)),
    f"data: {encoded(KEY)}",
    compressed(json.dumps({"password": SECRET, "filler": "x" * 100})),
    f"credentials=AKIAIOSFODNN7EXAMPLE:{SECRET}",
    f"password=[redacted]{SECRET}",
    f"password: [redacted] {SECRET}",
    f'{TIME}reply {{"connectionString":"amqp://u:pw1234@h/v {SECRET}"}}',
    KEY.partition("\n")[2],
    f"{TIME}{SECRET}=\n".replace("-", "") + f"{TIME}-----END PRIVATE KEY-----\n{KEY}",
    KEY.replace("\n", f"\n{TIME}"),
    KEY.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
    f"sh -c 'oc login --token {SECRET} --v=2'",
    f"--db-password '{SECRET}'",
    f"DB_PASS={SECRET}",
    f"SIGNING_KEY={SECRET}",
    f"MYSQL_PWD={SECRET}",
    f"ENCRYPTION_KEY={SECRET}",
    AUTHS,
    f"{TIME}pull with {AUTHS}",
    f"{TIME}pull with {json.dumps(AUTHS)} failed",
    f"password: my {SECRET}",
    f"{TIME}  db_password: it's my {SECRET}",
    f"aws_secret_access_key = my, {SECRET}",
    f"say password: my {SECRET}",
    f"https://user:a/{SECRET}@registry.example.com/",
    f"https://user:{SECRET}@a@registry.example.com/",
    f"https://{SECRET}@github.com/x.git",
    f"password: |\n  first\n  {SECRET}\nnext: 1",
    f"- password: >-\n    {SECRET}\n  next: 1",
    *(f"password=ab{sign}{SECRET} next" for sign in ",;&"),
    json.dumps({"x": json.dumps({"password": f'ab"c{SECRET}'})}),
    f"{TIME}got {json.dumps(json.dumps({'password': f'ab{chr(34)}c{SECRET}'}))} once",
    f'got {{"password":{{"value":"{SECRET}"}}}} once',
    f'{{"password":{{"value":"{SECRET}"}}}}',
    f'got {{"key":"authorization","value":"Custom {SECRET}"}} once',
    f'{{"key":"x-api-key","value":"{SECRET}"}}',
    f"- name: DB_PASSWORD\n  value: my {SECRET}",
    f'got "Authorization":["Token {SECRET}"] once',
    f"map[Authorization:[Negotiate {SECRET}]]",
    f"Cookie: a=b; session={SECRET}",
    f"< set-cookie: session={SECRET}; path=/",
    f"https://x.example.com/?x%3Daccess_token%3D{SECRET}",
    json.dumps([{"a": f"--token={SECRET}"}]),
]


def hides(text: str) -> bool:
    """Whether neither the secret nor an encoding of it that was planted is left."""
    return SECRET not in text and encoded(SECRET)[:16] not in text and SECRET not in opened(text)


def opened(text: str) -> str:
    """Everything in Base64 in a text, decoded and unpacked, twice."""
    found = text
    for _round in range(2):
        parts = []
        for word in found.replace('"', " ").replace("=", " ").split():
            try:
                content = base64.b64decode(word + "=" * (-len(word) % 4))
                parts.append(
                    (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8", "replace")
                )
            except ValueError:
                continue
        found = " ".join(parts)
        text += found
    return text


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_goes_from_a_text(text: str) -> None:
    assert SECRET in text or SECRET in opened(text), "the secret has to be planted"
    cleaned = redact_text(text)
    assert hides(cleaned), cleaned
    assert redact_text(cleaned) == cleaned


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("prefix", ["", TIME, "    "])
@pytest.mark.parametrize("text", [KUBECONFIG * 2, KEY * 3], ids=["kubeconfig", "key"])
@pytest.mark.parametrize("after", ["", "\nlast", f"\n{'x' * 50}", "\nlast line"])
def test_a_secret_goes_from_base64_in_lines(text: str, prefix: str, width: int, after: str) -> None:
    lines = wrapped(text, width, prefix)
    for form in (lines + after, json.dumps({"a": lines + after}), (lines + after).replace("\n", "\\n")):
        cleaned = redact_text(f"before\n{form}")
        assert encoded(text)[80:110] not in cleaned and encoded(text)[-30:-4] not in cleaned, cleaned
        assert cleaned.startswith("before") and redact_text(cleaned) == cleaned


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"DB_PASSWORD": "8473920174"}, {"DB_PASSWORD": REDACTED}),
        ({"clientSecret": 1234567890}, {"clientSecret": REDACTED}),
        (
            {"retryToken": 3, "token": "401", "hasPassword": True},
            {"retryToken": 3, "token": "401", "hasPassword": True},
        ),
        ("password=8473920174", f"password={REDACTED}"),
        ({"args": ["--password", SECRET, "-x"]}, {"args": ["--password", REDACTED, "-x"]}),
        ({"args": ["--token", "--v=2", "y"]}, {"args": ["--token", "--v=2", "y"]}),
        ({"password": {"value": SECRET}}, {"password": {"value": REDACTED}}),
        ({"credentials": [{"u": SECRET, "name": "x"}]}, {"credentials": [{"u": REDACTED, "name": "x"}]}),
        ({"key": "authorization", "value": SECRET}, {"key": "authorization", "value": REDACTED}),
        ({"Name": "DB_PASS", "Value": SECRET}, {"Name": "DB_PASS", "Value": REDACTED}),
        ({"auth": SECRET}, {"auth": REDACTED}),
        ({"auth": {"kind": "x", "user": "me"}}, {"auth": {"kind": "x", "user": "me"}}),
        ({"Authorization": [f"Token {SECRET}"]}, {"Authorization": [REDACTED]}),
        ({"credentials": f"[redacted]:{SECRET}"}, {"credentials": REDACTED}),
        ({"password": f"{REDACTED} 5 characters"}, {"password": f"{REDACTED} 5 characters"}),
    ],
)
def test_a_value_goes_whole_and_only_what_tells_nothing_stays(value: Any, expected: Any) -> None:
    assert redact(value) == expected


@pytest.mark.parametrize(
    "line",
    [
        "A" * 16000,
        "a" * 15990 + "@",
        "token" * 3200,
        "token " * 2700,
        "--token" * 2300,
        "-----BEGIN PRIVATE KEY" * 700,
        "-----END PRIVATE KEY-----" * 640,
        "http://" * 2200,
        "http://u:" * 1700,
        "a." * 8000,
        'password=\\"' * 1600,
        "name: token, " * 1200,
        "password: " * 1600,
        "password: |\n" * 1300,
        "\\" * 16000,
        " " * 16000,
        "{" * 16000,
        "[" * 16000,
        "token={" * 2200,
        ("A" * 60 + "\n") * 260,
        "sha256~" * 2200,
        "eyJaaaaa" * 2000,
        "bearer " * 2300,
    ],
    ids=lambda line: repr(line[:12]),
)
def test_the_time_for_a_long_line_grows_with_its_length(line: str) -> None:
    """Four times the text takes about four times as long; it took sixteen or sixty-four times."""

    def seconds(text: str) -> float:
        found = []
        for _round in range(3):
            start = time.process_time()
            redact_text(text)
            found.append(time.process_time() - start)
        return min(found)

    assert seconds(line) < 10 * seconds(line[: len(line) // 4]) + 0.1


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"metadata": {"annotations": {"example.com/note": text}}},
        lambda text: {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}}},
        lambda text: {"spec": {"containers": [{"env": [{"name": "SETTINGS", "value": text}], "args": ["--x", text]}]}},
        lambda text: {"status": {"conditions": [{"message": text}]}},
        lambda text: {"kind": "ConfigMap", "data": {"settings": text}},
        lambda text: {"kind": "ConfigMap", "metadata": {"name": "istio-red"}, "data": {"mesh": text}},
        lambda text: {"kind": "Secret", "data": {"tls.key": encoded(text)}, "stringData": {"x": text}},
        lambda text: {"kind": "Event", "message": text},
    ],
)
def test_a_secret_goes_from_every_place_of_an_object(text: str, place: Any) -> None:
    found = place(text)
    obj = {"kind": "Pod", **found, "metadata": {"name": "x", **found.get("metadata", {})}}
    cleaned = redact(obj)
    assert hides(json.dumps(cleaned)) and hides(json.dumps(redact({"kind": "List", "items": [obj]})))
    assert redact(cleaned) == cleaned


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "clientSecret", "token", "apiKey", "tls.private-key", "KUBECONFIG"]
)
def test_the_name_of_a_value_tells_that_it_is_a_secret(name: str) -> None:
    plain = "plain-words"
    assert redact({name: plain}) == {name: REDACTED}
    assert redact({"env": [{"name": name, "value": plain}]}) == {"env": [{"name": name, "value": REDACTED}]}
    assert redact({name: [plain]}) == {name: [REDACTED]}


@pytest.mark.parametrize(
    "value",
    [
        {"secretName": "istio-ca-secret", "tokenExpirationSeconds": 3600, "automountServiceAccountToken": True},
        {"env": [{"name": "PILOT_CERT_PROVIDER", "value": "istiod"}, {"name": "TOKEN", "valueFrom": {"x": 1}}]},
        {"clientID": "red.local/ns/red/sa/egress-green-service-account", "lastDisconnectStatus": "403 Forbidden"},
        {"spec": {"security": {"certificateChain": {"kind": "ConfigMap", "name": "green-ca-root-cert"}}}},
        {"message": "dial tcp: lookup nope-egress.red-mesh.svc.cluster.local: no such host"},
        {"annotation": encoded(CERTIFICATE), "pem": CERTIFICATE},
        {
            "url": "https://api.example.com:6443/healthz?timeout=5s",
            "image": "registry.example.com/istio@sha256:" + "ab" * 32,
        },
        {"uid": "8b1e9c1e-7a55-4c1a-9d7a-6f0f7f5f3b55", "fingerprint": "D7:F8:63:0E:FE"},
    ],
)
def test_what_support_needs_stays(value: Any) -> None:
    assert redact(value) == value


@pytest.mark.parametrize(
    "text",
    [
        f"{TIME}info\txds\tpush for ingress-green 200 OK in 12ms",
        '[2026-01-31T03:04:05.123Z] "GET /api/v1?page=2 HTTP/1.1" 503 UC upstream "spiffe://red.local/ns/a/sa/b" "10.0.0.1:8080"',
        "https://api.example.com:6443/apis/x@y is not there",
        "docker://registry.example.com:5000/istio/proxy@sha256:" + "ab" * 32,
        "oci://registry.example.com/istio/proxy@sha256:" + "ab" * 32,
        "ssl://user.example.com:15443 refused",
        'secrets "istio-ca-secret" not found',
        "secretName: istio-ca-secret",
        '"secret": {"secretName": "istio-ca-secret", "defaultMode": 420}',
        "tokenExpirationSeconds: 3600",
        "secrets:\n- name: builder-dockercfg-x",
        "imagePullSecrets: []",
        "pass-through: yes, bypass: no",
        "a: b\ntoken: [redacted]\nstatus: 200",
        wrapped(CERTIFICATE * 3),
        json.dumps({"message": "connection refused", "count": 12345, "image": "x@sha256:" + "ab" * 32}, indent=1),
        CERTIFICATE,
    ],
)
def test_what_support_needs_of_a_text_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a level=info token=abcdef peer=green", "a level=info token=[redacted] peer=green"),
        (f"{TIME}cannot use token: abcdef of pod x 401", f"{TIME}cannot use token: [redacted] of pod x 401"),
        ("GET /?token=abcdef HTTP/1.1 200", "GET /?token=[redacted] HTTP/1.1 200"),
        ('{"token":"abcdef","peer":"green"}', '{"token": "[redacted]", "peer": "green"}'),
        ('x {"token":"abcdef","peer":"green"}', 'x {"token":"[redacted]","peer":"green"}'),
        ("secretName: a password=abcdef", "secretName: a password=[redacted]"),
        ("password: |\n  a\n  b\nstatus: 200\n", "password: [redacted]\nstatus: 200\n"),
        ("https://u:abcdef@host.example.com:443/x 200", "https://[redacted]@host.example.com:443/x 200"),
        ("oc login --token abcdef --server x", "oc login --token [redacted] --server x"),
    ],
)
def test_only_the_secret_goes_from_a_line(text: str, expected: str) -> None:
    assert redact_text(text) == expected == redact_text(expected)


def test_a_config_map_keeps_certificates_and_what_the_mesh_wrote() -> None:
    meta = {"name": "settings", "namespace": "shop"}
    data = {"ca.pem": CERTIFICATE * 2, "plain": "words", "empty": ""}
    cleaned = redact_object({"kind": "ConfigMap", "metadata": meta, "data": data, "binaryData": {"x": "AAEC"}})
    assert cleaned["data"] == {"ca.pem": CERTIFICATE * 2, "plain": f"{REDACTED} 5 characters", "empty": ""}
    assert cleaned["binaryData"] == {"x": f"{REDACTED} 4 characters"}
    broken = {"root-cert.pem": "no certificate at all"}
    kept = redact_object({"kind": "ConfigMap", "metadata": {"name": "green-ca-root-cert"}, "data": broken})
    assert kept["data"] == broken


def test_of_a_secret_only_the_name_stays() -> None:
    secret = {
        "kind": "Secret",
        "metadata": {"name": "x", "annotations": {"a": SECRET}},
        "data": {"k": SECRET},
        "type": "t",
    }
    assert redact(secret) == {"kind": "Secret", "metadata": {"name": "x"}}
    assert redact([secret, 1]) == [1]


@given(st.text(max_size=200))
def test_redaction_of_any_text_is_done_once(text: str) -> None:
    cleaned = redact_text(text)
    assert redact_text(cleaned) == cleaned
