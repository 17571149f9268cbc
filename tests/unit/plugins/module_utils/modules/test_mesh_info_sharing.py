# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account reads that may share services and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, Cluster, Json, live_peer, live_plane, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules import mesh_info

PLANE, PEER, IMPORT_SET, EXPORT_SET = (
    "ServiceMeshControlPlane",
    "ServiceMeshPeer",
    "ImportedServiceSet",
    "ExportedServiceSet",
)
FORBIDDEN = ClusterError("forbidden", "no")


class _Namespaces(Cluster):
    """A cluster in which sets may be listed in some namespaces only."""

    def __init__(self, namespaces: tuple[str, ...], objects: dict[str, Any]) -> None:
        super().__init__(objects)
        self.namespaces = namespaces

    def list(self, kind: str, namespace: str | None = None, *, fields: str = "", labels: str = "") -> list[Json]:
        if namespace and namespace not in self.namespaces:
            raise FORBIDDEN
        return super().list(kind, namespace)


def _read(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, namespace: str | None = None) -> Json:
    use(monkeypatch, cluster)
    params = {"mesh": "red", "namespace": namespace, "auth": AUTH, "subset": ["sharing"], "fail_on_problems": False}
    return mesh_info.run(params, False, lambda line: None)


def test_sets_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control plane of a given namespace is not even asked for."""
    cluster = Cluster({PEER: FORBIDDEN, PLANE: FORBIDDEN})
    facts = _read(monkeypatch, cluster, "ns")
    assert facts["readable"] and not facts["problems"] and facts["peers"] == []
    assert sorted(cluster.requests) == [EXPORT_SET, IMPORT_SET, PEER]
    assert [peer["metadata"]["name"] for peer in _read(monkeypatch, Cluster({PEER: [live_peer()]}), "ns")["peers"]] == [
        "green"
    ]


def test_sets_that_may_not_be_listed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = _read(monkeypatch, Cluster({IMPORT_SET: FORBIDDEN}), "ns")
    assert not facts["readable"] and [one["code"] for one in facts["problems"]] == ["forbidden"]


@pytest.mark.parametrize(("may", "found"), [(("istio-system",), "istio-system"), (("red-system",), "red-system")])
def test_the_namespace_is_one_by_convention(monkeypatch: pytest.MonkeyPatch, may: tuple[str, ...], found: str) -> None:
    facts = _read(monkeypatch, _Namespaces(may, {PLANE: FORBIDDEN}))
    assert facts["readable"] and facts["namespace"] == found


def test_without_a_namespace_that_it_may_read_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = _read(monkeypatch, _Namespaces((), {PLANE: FORBIDDEN}))
    (found,) = facts["problems"]
    assert not facts["readable"] and found["code"] == "forbidden" and "Set mesh_namespace" in found["remedy"]


def test_where_control_planes_may_be_listed_theirs_is_the_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    plane = live_plane()
    plane["metadata"]["namespace"] = "elsewhere"
    assert _read(monkeypatch, Cluster({PLANE: [plane]}))["namespace"] == "elsewhere"
    assert not _read(monkeypatch, Cluster({PLANE: []}))["readable"]


def test_the_part_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster())
    params = {"mesh": "red", "namespace": "ns", "auth": AUTH, "subset": ["sharing", "peers"]}
    assert "cannot have other parts" in mesh_info.run(params, False, lambda line: None)["msg"]
