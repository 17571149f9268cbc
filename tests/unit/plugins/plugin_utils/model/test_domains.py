# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable is checked for its real domain: a rejection names mesh, variable, value and what is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from unit.builders import federations as fed
from unit.builders.rejected import adds_something

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._model import domains
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import KEYS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.surveys import ASKED
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import check_domain, read
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES, Variable

Json = dict[str, Any]
RED = "red-mesh"

# variables of red, the place, and what the message shows: the wrong value and what is accepted
REJECTED: list[tuple[str, Json, str, tuple[str, ...]]] = [
    (
        "port out of range",
        {"mesh_ingress": {"discoveryPort": 70000}},
        "mesh_ingress.discoveryPort",
        ("70000", "1 to 65535"),
    ),
    ("negative timeout", {"federation_wait_timeout": -5}, "federation_wait_timeout", ("-5", "from 0 to")),
    ("identity for no day", {"federation_identity_days": 0}, "federation_identity_days", ("0", "from 1 to")),
    ("no mesh expected", {"federation_expected_meshes": 0}, "federation_expected_meshes", ("0", "of at least 1")),
    ("number with a fraction", {"federation_wait_timeout": 1.5}, "federation_wait_timeout", ("1.5", "a whole number")),
    (
        "address with a scheme",
        {"mesh_ingress": {"addresses": ["https://lb.example"]}},
        "mesh_ingress.addresses",
        ("https://lb.example", "without scheme, port and path"),
    ),
    (
        "address with a port",
        {"mesh_ingress": {"addresses": ["lb.example:8188"]}},
        "mesh_ingress.addresses",
        ("lb.example:8188", "without scheme, port and path"),
    ),
    (
        "address with a path",
        {"mesh_ingress": {"addresses": ["lb.example/x"]}},
        "mesh_ingress.addresses",
        ("lb.example/x",),
    ),
    (
        "address by peer",
        {"mesh_ingress": {"peers": {"green-mesh": {"addresses": ["192.0.2.1:1"]}}}},
        "mesh_ingress.peers.green-mesh.addresses",
        ("192.0.2.1:1",),
    ),
    (
        "mistyped IP address",
        {"mesh_ingress": {"addresses": ["192.0.2.300"]}},
        "mesh_ingress.addresses",
        ("192.0.2.300",),
    ),
    ("empty address", {"mesh_ingress": {"addresses": [""]}}, "mesh_ingress.addresses", ('[""]', "host names")),
    ("empty peer", {"mesh_peers": [""]}, "mesh_peers", ('[""]', "not empty")),
    ("empty peer in a string", {"mesh_peers": "green-mesh,"}, "mesh_peers", ("'green-mesh,'", "not empty")),
    ("empty member", {"mesh_members": [""]}, "mesh_members", ('[""]', "the name of a namespace")),
    (
        "empty name in a rule",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"namespace": "a", "name": ""}}]},
        "mesh_exports[0].nameSelector.name",
        ("''", '"*"'),
    ),
    (
        "empty namespace in a rule",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {"namespace": "", "name": "a"}}]},
        "mesh_imports[0].nameSelector.namespace",
        ("''", '"*"'),
    ),
    (
        "empty alias",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"name": "a", "alias": {"name": ""}}}]},
        "mesh_exports[0].nameSelector.alias.name",
        ("''",),
    ),
    ("namespace with a dot", {"mesh_exports": ["a.b/c.d"]}, "mesh_exports[0].namespace", ("'a.b'",)),
    ("API server without a scheme", {"mesh_host": "api.example:6443"}, "mesh_host", ("api.example:6443", "a URL")),
    (
        "proxy with a wrong port",
        {"mesh_proxy": "http://proxy.example:99999"},
        "mesh_proxy",
        ("proxy.example:99999", "a URL"),
    ),
    ("misspelled member", {"mesh_members": ["Book Info"]}, "mesh_members", ("'Book Info'",)),
    ("two lines", {"mesh_context": "a\nb"}, "mesh_context", ("a\\nb", "one line")),
    ("unknown output format", {"federation_lint_format": "xml"}, "federation_lint_format", ("'xml'", "text, json")),
    ("unknown finding", {"federation_fail_on": "drft"}, "federation_fail_on", ("'drft'", "degraded, unknown, pending")),
    (
        "unknown approval",
        {"mesh_install_subscription": {"installPlanApproval": "manual"}},
        "mesh_install_subscription.installPlanApproval",
        ("'manual'", "Automatic, Manual"),
    ),
    (
        "confirmation for an unknown mesh",
        {"federation_confirm_trust_domain": ["gren-mesh"]},
        "federation_confirm_trust_domain",
        ("'gren-mesh'", "a mesh of the federation"),
    ),
    ("empty locality", {"mesh_locality": {"region": ""}}, "mesh_locality.region", ("''", "not empty")),
    ("a long value is shortened", {"mesh_namespace": "x" * 500}, "mesh_namespace", ("xxx...",)),
]


@pytest.mark.parametrize(
    ("variables", "where", "parts"), [case[1:] for case in REJECTED], ids=[case[0] for case in REJECTED]
)
def test_rejected(variables: Json, where: str, parts: tuple[str, ...]) -> None:
    problems = [
        found for found in fed.declare(fed.inventory(red_mesh=variables))["problems"] if found["where"] == where
    ]
    messages = [found["message"] for found in problems if found["severity"] == "error"]
    assert any(all(part in message for part in parts) for message in messages), messages
    assert all(len(message) < 400 for message in messages)
    assert all(adds_something(found) for found in problems), problems


def test_a_misspelled_choice_is_suggested() -> None:
    [found] = [
        one
        for one in fed.declare(fed.inventory("red-mesh", red_mesh={"federation_fail_on": ["drft", "unknown"]}))[
            "problems"
        ]
        if one["code"] == "variable-value"
    ]
    assert found["remedy"] == "Did you mean drift"


def wrong_type(variable: Variable) -> st.SearchStrategy[Any]:
    """Values of which none has the variable's type."""
    anything: dict[str, st.SearchStrategy[Any]] = {
        "number": st.integers(2, 10**6) | st.floats(2.5, 100).filter(lambda number: number % 1 != 0),
        "text": st.from_regex(r"[a-z]{2,9}-[a-z]{2,9}", fullmatch=True),
        "empty": st.just("") | st.just(" "),
        "list of no names": st.lists(st.none() | st.integers() | st.just(""), min_size=1, max_size=2),
        "list": st.lists(st.just("a"), max_size=1),
        "dictionary": st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), max_size=2),
    }
    fitting: dict[str, tuple[str, ...]] = {
        "bool": (),
        "int": ("number",),
        "str": ("number", "text"),
        "path": ("number", "text"),
        "list": ("text", "list"),
        "dict": ("dictionary",),
        "raw": ("text", "number", "list", "dictionary"),
    }
    return st.one_of(*(values for name, values in anything.items() if name not in fitting[variable.type]))


def wrong_domain(variable: Variable) -> st.SearchStrategy[Any]:
    """Values of the variable's type that are outside its domain."""
    texts = {
        "mesh name": st.from_regex(r"[A-Z_. ]{1,70}", fullmatch=True) | st.just("x" * 56) | st.just("-a"),
        "label": st.from_regex(r"[a-z]{3}[A-Z_./]", fullmatch=True) | st.just("x" * 64),
        "control plane": st.just("x" * 57) | st.just("a.b"),
        "member": st.sampled_from(["*a", "a b", "A", "x" * 64]),
        "trust domain": st.sampled_from(["spiffe://a", "A", "a b", "a/b", "x" * 256]),
        "platform": st.from_regex(r"zz[a-z]{3,9}", fullmatch=True),
        "fingerprint": st.text("0123456789abcdef:", min_size=1, max_size=60).filter(lambda text: text.strip(":")),
        "url": st.sampled_from(
            ["api.example", "ftp://a.example", "https://", "https://a b", "http://a:b", "https://a:70000"]
        ),
    }
    if variable.type == "int":
        assert variable.minimum is not None
        below = st.integers(-(10**9), variable.minimum - 1)
        return below if variable.maximum is None else below | st.integers(variable.maximum + 1, 10**12)
    wrong = texts.get(variable.kind or "", st.sampled_from(["a\nb", "a\x00b"]))
    if variable.choices:
        wrong = st.from_regex(r"zz[a-z]{3}", fullmatch=True)
    return wrong.map(lambda text: [text]) if variable.type == "list" else wrong


def rejection_of(problems: list[Problem], variable: Variable, value: Any) -> Problem:
    """The error that names mesh, variable, value and what is accepted; a secret value is not shown.

    A string is read without the blanks around it: a mesh is reported by that name, and a wrong string as it was read.
    """
    rejections = [entry for entry in problems if entry["where"].split(".")[0].split("[")[0] == variable.name]
    assert rejections and all(entry["severity"] == "error" for entry in rejections), problems
    as_read = str(value).strip()
    for entry in rejections:
        assert entry["mesh"] in (RED, "federation", as_read), entry
        assert adds_something(entry), entry
    if variable.secret:
        return rejections[0]
    shown = [value, *value] if isinstance(value, (list, dict)) else [value]
    texts = [domains.shown(entry) for entry in shown] + [domains.shown(as_read)]
    named = [entry for entry in rejections if any(text in entry["message"] for text in texts)]
    assert named, (value, [problem_line(entry) for entry in rejections])
    return named[0]


few = settings(max_examples=25, deadline=None)


@pytest.mark.parametrize("name", VARIABLES)
@given(data=st.data())
@few
def test_a_value_of_a_wrong_type_is_rejected(name: str, data: st.DataObject) -> None:
    variable = VARIABLES[name]
    value = data.draw(wrong_type(variable).filter(lambda drawn: drawn != "" or name not in ASKED))
    if name in ("mesh_exports", "mesh_imports", "mesh_may_export", "federation_services") and value != "":
        value = 7  # what is in lists is checked entry by entry: see test_lint_properties and test_shared_services
    rejection = rejection_of(fed.declare(fed.inventory(red_mesh={name: value}))["problems"], variable, value)
    assert (
        variable.accepted in rejection["message"]
        or variable.texts.accepted in rejection["message"]
        or "list of rules" in rejection["message"]
    )


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_answer_that_was_left_empty_is_no_value(name: str) -> None:
    hosts, without = fed.inventory(), fed.declare(fed.inventory())
    declaration = fed.declare({host: {**variables, name: ""} for host, variables in hosts.items()})
    assert declaration["problems"] == without["problems"]
    assert declaration["options"][name] == without["options"][name]


IN_DOMAIN = [name for name, variable in VARIABLES.items() if variable.type in ("int", "str", "path", "list")]


@pytest.mark.parametrize("name", IN_DOMAIN)
@given(data=st.data())
@few
def test_a_value_outside_the_domain_is_rejected(name: str, data: st.DataObject) -> None:
    check_rejection(name, data.draw(wrong_domain(VARIABLES[name])))


@pytest.mark.parametrize("name", ["mesh_name", "mesh_namespace", "mesh_trust_domain"])
@pytest.mark.parametrize("value", ["A ", " A", " A_ ", "A" * 70 + " "])
def test_a_value_outside_the_domain_is_rejected_with_blanks_around_it(name: str, value: str) -> None:
    check_rejection(name, value)


def check_rejection(name: str, value: Any) -> None:
    """Check that a value of the variable's type is rejected, with what is accepted in its place."""
    variable = VARIABLES[name]
    problems = fed.declare(fed.inventory(red_mesh={name: value}))["problems"]
    message = rejection_of(problems, variable, value)["message"]
    assert any(text in message for text in (variable.accepted, variable.texts.accepted)), message


@pytest.mark.parametrize("name", VARIABLES)
def test_defaults_are_in_the_domain(name: str) -> None:
    variable = VARIABLES[name]
    if variable.default is not None:
        values, problems = read({name: variable.default}, RED)
        assert values == {name: variable.default} and problems == []


WRONG_KEYS: Json = {
    "addresses": ["https://lb.example"],
    "loadBalancerSourceRanges": ["192.0.2.1"],
    "discoveryPort": 0,
    "servicePort": 65536,
    "nodePorts": {"tls": 0},
    "loadBalancerIP": "0.0.0.0",
}


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, keys in KEYS.items() for key in keys])
@pytest.mark.parametrize("kind", ["type", "domain"])
def test_a_wrong_value_of_a_key_is_rejected(name: str, key: str, kind: str) -> None:
    value = WRONG_KEYS.get(key, 7) if kind == "domain" else 1.5
    problems = list(fed.declare(fed.inventory(red_mesh={name: {key: value}}))["problems"])
    here = [entry for entry in problems if entry["where"] == f"{name}.{key}"]
    assert here and KEYS[name][key].domain.accepted in here[0]["message"] and domains.shown(value) in here[0]["message"]


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.secret])
@pytest.mark.parametrize("value", [["S3cret"], {"a": ["S3cret"]}, "S3cret\nS3cret", "S3cret"])
def test_a_credential_is_never_shown(name: str, value: Any) -> None:
    assert "S3cret" not in repr(fed.declare(fed.inventory(red_mesh={name: value}))["problems"])


def test_the_user_of_a_url_is_never_shown() -> None:
    for url in ("ftp://me:S3cret@proxy.example", "http://me:S3cret@proxy.example:99999"):
        problems = fed.declare(fed.inventory(red_mesh={"mesh_proxy": url}))["problems"]
        assert len(problems) == 1 and "S3cret" not in repr(problems) and "proxy.example" in problems[0]["message"]


ADDRESSES = [
    "192.0.2.1",
    "2001:db8::1",
    "lb.example",
    "LB-1.example.com.",
    "localhost",
    "127.0.0.1",
    "a.b.elb.amazonaws.com",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_accepted_addresses(address: str) -> None:
    assert domains.is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a b",
        "a_b",
        "-a",
        "a..b",
        "[2001:db8::1]",
        "fe80::1%eth0",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "1.2.3",
        "x" * 64,
        "a." * 130,
        "lb:1",
        "//lb",
        None,
        7,
    ],
)
def test_rejected_addresses(address: Any) -> None:
    assert not domains.is_address(address)


def test_what_works_is_accepted() -> None:
    """Values that people write, with their usual spellings."""
    accepted = {
        "mesh_platform": "baremetal",
        "mesh_members": ["bookinfo", "*"],
        "mesh_host": "https://[2001:db8::1]:6443/path",
        "mesh_proxy": "http://proxy.example:3128",
        "mesh_peers": "green-mesh, blue-mesh",
        "mesh_trust_fingerprints": [":".join(["AB"] * 32)],
        "mesh_kubeconfig": {"apiVersion": "v1"},
        "mesh_validate_certs": "no",
        "mesh_identity_file": "/a b/c.yml",
        "federation_wait_timeout": " 0 ",
        "federation_restart_control_plane": "red-mesh",
    }
    for name, value in accepted.items():
        values, problems = read({name: value}, RED)
        assert name in values and problems == [], name
        assert check_domain(VARIABLES[name], values[name], RED) == []
