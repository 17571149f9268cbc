# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh that cannot be read or written fails the run; the others federate, and a later run completes the rest."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import DEFAULT_LINKS, Federation, Run

BROKEN = "blue-mesh"
REST = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
_NUMBER = count(1)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab; not federated before the first test, federated before all others."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def _check_failed_run(run: Run, *message: str) -> None:
    """Check that the run failed, names the broken mesh with these texts, and ends with a matrix."""
    assert run.code != 0, run.output
    assert "Traceback" not in run.output
    assert set(run.cells) == set(DEFAULT_LINKS), run.report
    assert BROKEN in run.flat
    assert not [word for word in message if word not in run.flat], run.output
    assert run.recap[BROKEN]["failed"] == 1 and not run.recap[BROKEN]["unreachable"]
    for mesh in ("green-mesh", "red-mesh"):
        assert run.recap[mesh]["unreachable"] == 0


def test_unreachable_on_a_new_lab_and_completed_later(federation: Federation) -> None:
    with federation.lab.fault("api-stopped", cluster="blue"):
        run = federation.run()
        _check_failed_run(run, "refuses the connection", "[unreachable]")
        assert {run.cells[link] for link in REST} == {"ok", "ok, 1 imported"}
        assert run.cells[BROKEN, "red-mesh"] == run.cells[BROKEN, "green-mesh"] == "unknown"
        assert run.cells["red-mesh", BROKEN] == "pending"
        connected = [link for link in REST if federation.watch(*link).get("connected")]
        assert connected == REST
    completed = federation.succeed()
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert set(completed.cells.values()) == {"ok", "ok, 1 imported"}


def _token(seconds: float) -> str:
    """Build a token like those of an API server, expired for that many seconds, with an invalid signature."""
    parts = ({"alg": "RS256"}, {"iss": "lab", "sub": "system:serviceaccount:a:b", "exp": int(time.time() - seconds)})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"]
    )


@contextmanager
def _access(federation: Federation, **variables: Any) -> Iterator[None]:
    before = copy.deepcopy(federation.hosts)
    host = federation.hosts[BROKEN]
    if "api_key" in variables:
        host.pop("mesh_kubeconfig")
        host.update(mesh_host=federation.lab.clusters["blue"].entry["server"], mesh_validate_certs=False)
    host.update({f"mesh_{name}": value for name, value in variables.items()})
    yield
    federation.hosts = before


@contextmanager
def _expired_certificate(federation: Federation) -> Iterator[None]:
    """Use the administrator's kubeconfig with a client certificate that expired an hour ago."""
    pki = federation.lab.clusters["blue"].folder / "pki"
    content = yaml.safe_load(Path(federation.hosts[BROKEN]["mesh_kubeconfig"]).read_text(encoding="utf-8"))
    user = content["users"][0]["user"] = {}
    for key, name in (("client-certificate-data", "expired.crt"), ("client-key-data", "expired.key")):
        user[key] = base64.b64encode((pki / name).read_bytes()).decode()
    kubeconfig = federation.folder / "expired"
    kubeconfig.write_text(yaml.safe_dump(content), encoding="utf-8")
    with _access(federation, kubeconfig=str(kubeconfig)):
        yield


def _fault(name: str, **options: Any) -> Callable[[Federation], AbstractContextManager[Any]]:
    return lambda federation: federation.lab.fault(name, cluster="blue", **options)


CASES: dict[str, tuple[Callable[[Federation], AbstractContextManager[Any]], tuple[str, ...]]] = {
    "unreachable": (_fault("api-stopped"), ("refuses the connection", "[unreachable]")),
    "wrong certificate": (
        _fault("wrong-certificate"),
        ("certificate that is not accepted", "mesh_ca_cert", "[certificate]"),
    ),
    "unauthorized": (_fault("api-unauthorized"), ("[unauthorized]",)),
    "expired token": (lambda federation: _access(federation, api_key=_token(3600)), ("expired", "[unauthorized]")),
    "expired client certificate": (
        _expired_certificate,
        ("the client certificate expired at", "Renew the kubeconfig", "[unauthorized]"),
    ),
    "everything forbidden": (_fault("api-forbidden"), ("[forbidden]",)),
    "reading peers forbidden": (
        _fault("api-forbidden", verbs=["list", "watch", "get"], resources=["servicemeshpeers"]),
        ("list", "servicemeshpeers", "[forbidden]"),
    ),
    "another control plane": (
        lambda federation: _access(federation, control_plane="nope"),
        ("nope", "Existing ones: blue-mesh", "[control-plane-missing]"),
    ),
    "another namespace": (
        lambda federation: _access(federation, namespace="nowhere"),
        ("the namespace nowhere does not exist", "blue-mesh-system/blue-mesh", "[namespace-missing]"),
    ),
    "server errors": (_fault("api-error", code=500, resources=["servicemeshcontrolplanes"]), ("500",)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_other_meshes_are_federated(federation: Federation, case: str) -> None:
    break_mesh, message = CASES[case]
    cluster, namespace = federation.location("red-mesh")
    name = f"added-{next(_NUMBER)}"
    _serve(federation, name)
    federation.hosts["red-mesh"]["mesh_exports"]["green-mesh"].append(f"red-mesh-bookinfo/{name}")
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append(f"red-mesh-bookinfo/{name}")
    with break_mesh(federation):
        run = federation.run()
    _check_failed_run(run, *message)
    assert f"{name}.red-mesh-bookinfo.svc.red-mesh-imports.local" in federation.imported("green-mesh", "red-mesh")
    assert {run.cells[link].partition(",")[0] for link in REST} == {"ok"}
    assert {(mesh, verb) for mesh, dummy, dummy, verb, dummy in run.changes} == {
        ("red-mesh", "change"),
        ("green-mesh", "change"),
    }


def _serve(federation: Federation, name: str) -> None:
    federation.lab.apply(
        "red",
        [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": "red-mesh-bookinfo"},
                "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 9080, "protocol": "TCP"}]},
            }
        ],
    )


def test_a_slow_api_server_only_delays_the_run(federation: Federation) -> None:
    federation.hosts[BROKEN]["mesh_exports"] = {"green-mesh": ["blue-mesh-bookinfo/ratings"]}
    with federation.lab.fault("api-slow", cluster="blue", seconds=1.5):
        run = federation.succeed()
    assert run.seconds > 10, "every request of the slow server takes that much longer"
    assert {change[:4] for change in run.changes} == {
        (BROKEN, "ExportedServiceSet", "blue-mesh-system/green-mesh", "create")
    }
    assert {cell.partition(",")[0] for cell in run.cells.values()} == {"ok"}


def test_a_missing_write_permission_is_reported_with_verb_and_resource(federation: Federation) -> None:
    federation.hosts[BROKEN]["mesh_exports"] = {"red-mesh": ["blue-mesh-bookinfo/ratings"]}
    mark = federation.lab.mark()
    with federation.lab.fault(
        "api-forbidden", cluster="blue", verbs=["patch", "create"], resources=["exportedservicesets"]
    ):
        run = federation.run()
    _check_failed_run(run, "may not create and patch exportedservicesets.federation.maistra.io", "[permission-missing]")
    assert "blue" not in federation.writes(mark)
    assert federation.succeed().changes
    # The inventory no longer exports to green; the set of the earlier run remains, because a run deletes no object.
    assert federation.names(BROKEN, "exportedservicesets") == ["green-mesh", "red-mesh"]


def test_all_meshes_unreachable_still_give_a_matrix(federation: Federation) -> None:
    with federation.lab.fault("api-stopped"):
        run = federation.run()
    _check_failed_run(run, "refuses the connection")
    assert set(run.cells.values()) == {"unknown"}
    assert all(counts["failed"] == 1 for counts in run.recap.values())
    assert set(federation.succeed().cells.values()) <= {"ok", *(f"ok, {number} imported" for number in range(20))}


def test_missing_kinds_and_completed_later(federation: Federation) -> None:
    with federation.lab.fault("crds-missing", cluster="blue"):
        run = federation.run()
        _check_failed_run(run, "ExportedServiceSet", "[kind-missing]")
        assert {run.cells[link].partition(",")[0] for link in REST} == {"ok"}
    federation.succeed()
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert federation.names(BROKEN, "exportedservicesets") == ["red-mesh"]


def test_a_missing_control_plane_is_reported_with_the_existing_ones(
    start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    meshes = {
        "red-mesh": {"cluster": "red"},
        "green-mesh": {"cluster": "red"},
        BROKEN: {"cluster": "red", "install": False},
    }
    federation = Federation.for_lab(start({"clusters": {"red": {}}, "meshes": meshes}), tmp_path_factory.mktemp("f"))
    federation.hosts[BROKEN]["mesh_namespace"] = "blue-mesh-system"
    run = federation.run()
    _check_failed_run(
        run, "no control plane exists in blue-mesh-system", "red-mesh-system/red-mesh", "[control-plane-missing]"
    )
    assert federation.connected() == sorted(REST)
