# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid declarations are rejected before the first write: all problems at once, with mesh, variable and fix."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness import Federation, Run, request_lines, two_meshes

LONG = "a-mesh-whose-name-is-much-too-long-for-the-services-of-its-peers"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes in two clusters; no test writes to them."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


@contextmanager
def _declared(federation: Federation, **changes: dict[str, Any]) -> Iterator[None]:
    """Change variables of hosts (``red`` is red-mesh) and of the group (``options``) for a while; None removes one."""
    before = copy.deepcopy((federation.hosts, federation.options))
    for colour, variables in changes.items():
        declared = federation.options if colour == "options" else federation.hosts.setdefault(f"{colour}-mesh", {})
        for name, value in variables.items():
            if value is None:
                declared.pop(name)
            else:
                declared[name] = value
    yield
    federation.hosts, federation.options = before


def _run_rejected(federation: Federation, environment: dict[str, str] | None = None) -> Run:
    """Run, and check that the declaration is rejected before any request to a cluster."""
    mark = federation.lab.mark()
    run = federation.run(environment=environment)
    assert run.code != 0, run.output
    assert not request_lines(federation.requests(mark))
    assert "Traceback" not in run.output
    assert not run.report
    return run


def test_all_invalid_variables_are_reported_at_once(federation: Federation, folder: Path) -> None:
    (folder / "empty").write_text("")
    (folder / "no-yaml").write_text("clusters: [unclosed\n  {")
    red = {
        "mesh_exprots": [],
        "mesh_peers": ["red-mesh", "missing-mesh"],
        "mesh_namespace": "Not_A_Label",
        "mesh_trust_domain": "has space.local",
        "mesh_ingress": {"exposure": "Magic", "portt": 1},
        "mesh_exports": [{"type": "NameSelector", "nameselector": {}}],
        "mesh_locality": {"zone": "without-region"},
    }
    changes = {
        "red": red,
        "green": {"mesh_kubeconfig": str(folder / "empty"), "mesh_imports": "no-slash-here"},
        "blue": {"mesh_kubeconfig": str(folder / "no-yaml")},
        "gold": {"mesh_kubeconfig": str(folder / "missing")},
        "grey": {"mesh_name": LONG},
        "pink": {"mesh_context": "nowhere", "mesh_name": "kubernetes"},
        "options": {"federation_expected_meshes": 2, "federation_wait_timeot": 5, "federation_wait_timeout": "soon"},
    }
    with _declared(federation, **changes):
        run = _run_rejected(federation)
    expected = {
        "variable-misspelled": ("mesh_exprots", "mesh_exports"),
        "peer-self": ("mesh_peers",),
        "peer-unknown": ("missing-mesh",),
        "name-invalid": ("mesh_namespace",),
        "trust-domain-invalid": ("mesh_trust_domain",),
        "ingress-value": ("mesh_ingress.exposure", "NodePort"),
        "key-unknown": ("portt",),
        "kubeconfig-empty": ("green-mesh",),
        "kubeconfig-not-yaml": ("blue-mesh",),
        "kubeconfig-missing": ("gold-mesh",),
        "access-missing": ("mesh_kubeconfig",),
        "peer-name-registry": ("kubernetes",),
        "mesh-count": ("federation_expected_meshes",),
        "variable-type": ("federation_wait_timeout",),
    }
    lines = [part for part in run.flat.split("]") if "[" in part]
    for code, message in expected.items():
        matches = [line for line in lines if line.endswith(f"[{code}")]
        assert matches, f"{code} is missing:\n{run.output}"
        assert any(all(part in line for part in message) for line in matches), matches
    assert LONG in run.flat and "nameselector" in run.flat and "federation_wait_timeout" in run.flat


SINGLE: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str, ...]]] = {
    "no cluster access configured": (
        {"red": {"mesh_kubeconfig": None}},
        {},
        ("red-mesh: mesh_kubeconfig", "[access-missing]"),
    ),
    "host without credentials": (
        {"red": {"mesh_kubeconfig": None, "mesh_host": "https://127.0.0.1:1"}},
        {},
        ("red-mesh: mesh_host", "[access-incomplete]"),
    ),
    "file missing": (
        {"red": {"mesh_kubeconfig": "{folder}/missing"}},
        {},
        ("red-mesh: mesh_kubeconfig", "missing", "[kubeconfig-missing]"),
    ),
    "file empty": (
        {"red": {"mesh_kubeconfig": "{folder}/empty"}},
        {},
        ("red-mesh: mesh_kubeconfig", "[kubeconfig-empty]"),
    ),
    "file not YAML": ({"red": {"mesh_kubeconfig": "{folder}/no-yaml"}}, {}, ("red-mesh", "[kubeconfig-not-yaml]")),
    "file YAML but no kubeconfig": ({"red": {"mesh_kubeconfig": "{folder}/list"}}, {}, ("red-mesh", "no kubeconfig")),
    "file not text": ({"red": {"mesh_kubeconfig": "{folder}/binary"}}, {}, ("red-mesh: mesh_kubeconfig",)),
    "unknown context": (
        {"red": {"mesh_context": "nowhere"}},
        {},
        ("red-mesh: mesh_context", "nowhere", "its contexts", "[context-unknown]"),
    ),
    "context of $KUBECONFIG": (
        {"red": {"mesh_kubeconfig": None, "mesh_context": "nowhere"}},
        {"KUBECONFIG": "{folder}/missing"},
        ("red-mesh", "missing"),
    ),
    "K8S_AUTH in the environment": ({}, {"K8S_AUTH_HOST": "https://127.0.0.1:1"}, ("K8S_AUTH_HOST", "mesh_kubeconfig")),
    "undefined template": (
        {"red": {"mesh_kubeconfig": "{{ undefined_variable }}"}},
        {},
        ("red-mesh", "undefined_variable"),
    ),
    "two hosts of one name": ({"red": {"mesh_name": "green-mesh"}}, {}, ("green-mesh", "[mesh-duplicate]")),
    "a Route": (
        {"red": {"mesh_ingress": {"exposure": "Route"}}},
        {},
        ("red-mesh: mesh_ingress.exposure: a Route cannot serve", "LoadBalancer, NodePort", "mesh_ingress.addresses"),
    ),
    "unknown platform": ({"red": {"mesh_platform": "Mars"}}, {}, ("red-mesh: mesh_platform", "[platform-unknown]")),
    "empty group": ({"options": {"federation_group": "ungrouped"}}, {}, ("ungrouped",)),
}


@pytest.mark.parametrize("case", SINGLE)
def test_each_invalid_variable_is_rejected(federation: Federation, folder: Path, case: str) -> None:
    for name, content in {"empty": b" \n", "no-yaml": b"a: [", "list": b"[1, 2]", "binary": b"\xff\xfe\x00"}.items():
        (folder / name).write_bytes(content)
    changes, environment, message = copy.deepcopy(SINGLE[case])
    for variables in changes.values():
        for name, value in variables.items():
            variables[name] = value.replace("{folder}", str(folder)) if isinstance(value, str) else value
    with _declared(federation, **changes):
        run = _run_rejected(
            federation, {key: value.replace("{folder}", str(folder)) for key, value in environment.items()}
        )
    assert all(part in run.flat for part in message), run.output


def test_a_warning_alone_rejects_nothing(federation: Federation) -> None:
    with _declared(federation, red={"mesh_of_my_own": 1}):
        run = federation.run("--check")
    assert run.code == 0, run.output
    assert "mesh_of_my_own" in run.flat and "[variable-unknown]" in run.flat


def _run_rejected_after_reading(federation: Federation) -> Run:
    """Run, and check that the declaration is rejected without a write."""
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0, run.output
    changing = {
        cluster: [request for request in sent if request.changes or request.dry_run]
        for cluster, sent in federation.requests(mark).items()
    }
    assert not request_lines(changing)
    assert "Traceback" not in run.output
    return run


def test_more_load_balancers_than_allowed_are_rejected(federation: Federation) -> None:
    with _declared(federation, options={"federation_max_new_load_balancers": 1}):
        run = _run_rejected_after_reading(federation)
    assert "2 new load balancers would be created, 1 are allowed" in run.flat
    assert "federation_max_new_load_balancers" in run.flat


def test_two_names_for_one_control_plane_are_rejected(federation: Federation) -> None:
    duplicate = {
        "mesh_kubeconfig": federation.hosts["red-mesh"]["mesh_kubeconfig"],
        "mesh_namespace": "red-mesh-system",
    }
    with _declared(federation, pink=duplicate):
        run = _run_rejected_after_reading(federation)
    assert "pink-mesh and red-mesh are two names for one control plane" in run.flat.replace(
        "red-mesh and pink-mesh", "pink-mesh and red-mesh"
    )
    assert "[mesh-two-names]" in run.flat


def test_two_meshes_in_one_namespace_of_one_cluster_are_rejected(federation: Federation) -> None:
    kubeconfig = federation.hosts["red-mesh"]["mesh_kubeconfig"]
    shared = {"mesh_kubeconfig": kubeconfig, "mesh_namespace": "default"}
    with _declared(federation, pink=shared, grey=shared):
        run = _run_rejected_after_reading(federation)
    assert "[namespace-twice]" in run.flat and "default" in run.flat


def test_a_change_of_trust_domain_under_workloads_is_rejected(federation: Federation) -> None:
    with _declared(federation, red={"mesh_trust_domain": "other.local"}):
        run = _run_rejected_after_reading(federation)
    assert "[trust-domain-change]" in run.flat
    assert "red-mesh.local" in run.flat and "federation_confirm_trust_domain" in run.flat


def test_an_internal_load_balancer_is_rejected_on_a_platform_without_one(federation: Federation) -> None:
    ingress = {"exposure": "LoadBalancer", "internal": True}
    with _declared(federation, red={"mesh_platform": "BareMetal", "mesh_ingress": ingress}):
        run = _run_rejected_after_reading(federation)
    assert "[internal-impossible]" in run.flat and "mesh_ingress.annotations" in run.flat


@contextmanager
def _registry(federation: Federation, mesh: str, name: str) -> Iterator[None]:
    """Set the name of the registry of a mesh's own cluster for a while, as the owner of its control plane would."""
    cluster, namespace = federation.location(mesh)
    patch = ("patch", f"servicemeshcontrolplane/{mesh}", "-n", namespace, "--type=merge", "-p")
    federation.lab.kubectl(cluster, *patch, json.dumps({"spec": {"cluster": {"name": name}}}))
    try:
        yield
    finally:
        federation.lab.kubectl(cluster, *patch, json.dumps({"spec": {"cluster": None}}))


def test_a_peer_with_the_name_of_the_registry_of_a_live_control_plane_is_rejected(federation: Federation) -> None:
    """Only the control plane shows this name, no variable does; the fix is another name for the peer."""
    with _registry(federation, "red-mesh", "green-mesh"):
        run = _run_rejected_after_reading(federation)
        with _declared(federation, red={"mesh_peer_names": {"green-mesh": "green-prod"}}):
            renamed = federation.run("--check")
    assert (
        "ServiceMeshPeer red-mesh-system/green-mesh: the peer has the name of the registry of red-mesh's own cluster, green-mesh"
        in run.flat
    )
    assert (
        "[peer-name-registry]" in run.flat and "Give green-mesh another name in mesh_peer_names of red-mesh" in run.flat
    )
    assert "green-mesh's own cluster" not in run.flat, "its registry has the default name"
    assert renamed.code == 0 and "[peer-name-registry]" not in renamed.flat, renamed.output


def test_all_contradictions_are_reported_at_once(federation: Federation) -> None:
    with _declared(
        federation, red={"mesh_trust_domain": "other.local"}, options={"federation_max_new_load_balancers": 0}
    ):
        run = _run_rejected_after_reading(federation)
    assert "[trust-domain-change]" in run.flat and "[load-balancers-too-many]" in run.flat
