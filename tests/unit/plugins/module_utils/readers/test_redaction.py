# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction: what is a secret goes, in every form and place; what support needs stays."""

from __future__ import annotations

import base64
import gzip
import json
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
