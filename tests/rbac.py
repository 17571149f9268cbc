# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes ``docs/rbac``: for each row of ``_product.permissions.PLAYBOOKS`` the ClusterRoles and how they are bound.

``python tests/rbac.py`` from the root of the checkout, after ``tests/tree.py link``. A unit test compares the two.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rbac"
#: Namespace of the control plane in the files; who uses them replaces it by that of the mesh.
NAMESPACE = "red-mesh-system"
#: The other names that a mesh has for itself, and the namespaces in which roles are bound, by ``Scope.namespace``.
OWN = {"namespace": NAMESPACE, "control_plane": "red-mesh", "operator_namespace": "mesh-operator"}
NAMESPACES = {"mesh": NAMESPACE, "operator": "openshift-operators", "members": "red-mesh-bookinfo"}
ACCOUNT = "ossm-federation"
#: Where the account lives that makes the mesh's namespace: it cannot live in that.
HOME = "ossm-federation"
_HEAD = """\
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# {words}
# Made from the table in plugins/module_utils/_product/permissions.py by tests/rbac.py. Replace {replace}
"""
_FEDERATED = f"""{NAMESPACE} by the namespace of your
# control plane, and the subjects by your account; in a cluster with several meshes bind the first role in each namespace."""
_INSTALLED = """the names of namespaces and
# control plane by yours, and the subjects by your account; in a cluster with several meshes add their names."""
WORDS = {
    "export-identity": "The rights that export_identity.yml needs in the cluster of a mesh of its run.",
    "federate": "The rights that federate.yml needs in the cluster of a mesh of its run.",
    "federate-check": "The rights that federate.yml --check needs: the API server asks for the same ones for a dry run.",
    "gather": "The rights that gather.yml needs in the cluster of a mesh: to read it, and the logs of istiod and of gateways.",
    "gather-debug": "The rights that gather.yml uses beside gather.yaml for the debug pages of istiod, where they are granted.",
    "gather-inspect": "The rights that oc adm inspect uses in gather.yml beside gather.yaml, where they are granted.",
    "install": "The rights that install.yml needs in a cluster that has the operator; the namespace of the mesh need not be there.",
    "install-operator": "The rights that install.yml needs beside install.yaml to subscribe to the operator in openshift-operators.",
    "install-operator-namespace": "The rights that install.yml needs beside install.yaml to give the operator a namespace of its own.",
    "inventory": "The rights that the inventory plugin contexts needs in a cluster to find its control planes; it writes nothing.",
    "inventory-hub": "The right that the inventory plugin contexts needs in a hub of Advanced Cluster Management.",
    "read": "The rights to read a mesh: all that adopt.yml, plan.yml and render.yml do, and federate.yml where a limit leaves the mesh out.",
    "remove": "The rights that unlink.yml, remove_mesh.yml and leave.yml need in the cluster of a mesh of their run.",
    "remove-service": "The rights that remove_service.yml needs in the cluster of a mesh of its run.",
    "trust-domain": "The rights that trust_domain.yml needs in the cluster of a mesh of its run.",
    "rotate": "The rights that rotate_trust.yml needs in the cluster of a mesh of its run.",
    "doctor": "The rights to read all that doctor.yml looks at in the cluster of a mesh; it writes nothing.",
    "restart-workloads": "The rights that trust_domain.yml and rotate_trust.yml need beside their own to restart workloads, in each of their namespaces.",
    "share": "The rights that share.yml needs in the cluster of a mesh of its run: on service sets, and on nothing else.",
    "share-peers": "The rights that share.yml needs beside its own to make istiod read changed import rules at once.",
    "status": "The rights that status.yml needs in the cluster of a mesh: it gets and lists, and writes and watches nothing.",
    "probe": "The rights that doctor.yml needs beside its own for federation_probe, in the namespace of the control plane and in that of the pods.",
    "traffic": "The rights that federate.yml and the removals need beside their own for failover, weights and allow of federation_services.",
    "restart": "The rights that a restart of istiod on request needs, beside those of federate.yaml.",
}
Json = dict[str, Any]


def manifests(playbook: str) -> list[Json]:
    """Return the objects of one file: the roles of the table, bound to an account of the mesh's namespace, or to one of a
    namespace of its own."""
    home = NAMESPACE if _inside(playbook) else HOME
    return [
        one for scope, role in _roles(playbook) for one in (role, _binding(NAMESPACES.get(scope.namespace), role, home))
    ]


def _roles(playbook: str) -> list[tuple[Any, Json]]:
    from ansible_collections.ossm.federation.plugins.module_utils._product import permissions

    return list(permissions.roles(playbook, OWN).items())


def _inside(playbook: str) -> bool:
    """Say whether the namespace of the mesh is there before the run: no role is for creating it, or for the operator."""
    from ansible_collections.ossm.federation.plugins.module_utils._product import permissions

    return not {permissions.CREATED, permissions.OPERATOR} & {scope for scope, _role in _roles(playbook)}


def _binding(namespace: str | None, role: Json, home: str) -> Json:
    """Bind a role in one namespace, or without one in the cluster."""
    metadata = {"name": role["metadata"]["name"]}
    return {
        "apiVersion": role["apiVersion"],
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {**metadata, "namespace": namespace} if namespace else metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}],
    }


def text(playbook: str) -> str:
    """Return the content of one file."""
    from ansible_collections.ossm.federation.plugins.plugin_utils._model.yaml_files import Indented

    found = {"apiVersion": "v1", "kind": "List", "items": manifests(playbook)}
    body = yaml.dump(found, Dumper=Indented, sort_keys=False, default_flow_style=None, width=120)
    replace = _FEDERATED if _inside(playbook) else _INSTALLED
    return f"{_HEAD.format(words=WORDS[playbook], replace=replace)}---\n{body}"


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for playbook in WORDS:
        (FOLDER / f"{playbook}.yaml").write_text(text(playbook), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
