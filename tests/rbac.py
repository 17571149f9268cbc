# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes ``docs/rbac``: for each row of ``_permissions.PLAYBOOKS`` the two ClusterRoles and how they are bound.

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
ACCOUNT = "ossm-federation"
_HEAD = """\
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# {words}
# Made from the table in plugins/module_utils/_permissions.py by tests/rbac.py. Replace {namespace} by the namespace of your
# control plane, and the subjects by your account; in a cluster with several meshes bind the first role in each namespace.
"""
WORDS = {
    "export-identity": "The rights that export_identity.yml needs in the cluster of a mesh of its run.",
    "federate": "The rights that federate.yml needs in the cluster of a mesh of its run.",
    "federate-check": "The rights that federate.yml --check needs: the API server asks for the same ones for a dry run.",
    "read": "The rights to read a mesh: that is all federate.yml does where a limit leaves the mesh out.",
    "restart": "The rights that a restart of istiod on request needs, beside those of federate.yaml.",
}
Json = dict[str, Any]


def manifests(playbook: str) -> list[Json]:
    """Return the objects of one file: the roles of the table, bound to an account of the mesh's namespace."""
    from ansible_collections.ossm.federation.plugins.module_utils import _permissions

    kinds = ("RoleBinding", "ClusterRoleBinding")
    roles = zip(_permissions.roles(playbook), kinds)
    return [one for role, kind in roles for one in (role, _binding(kind, role))]


def _binding(kind: str, role: Json) -> Json:
    metadata = {"name": role["metadata"]["name"]}
    if kind == "RoleBinding":
        metadata["namespace"] = NAMESPACE
    return {
        "apiVersion": role["apiVersion"],
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


class _Indented(yaml.SafeDumper):
    """Lists are indented below their key, as everywhere in this repository."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def text(playbook: str) -> str:
    """Return the content of one file."""
    found = {"apiVersion": "v1", "kind": "List", "items": manifests(playbook)}
    body = yaml.dump(found, Dumper=_Indented, sort_keys=False, default_flow_style=None, width=120)
    return f"{_HEAD.format(words=WORDS[playbook], namespace=NAMESPACE)}---\n{body}"


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for playbook in WORDS:
        (FOLDER / f"{playbook}.yaml").write_text(text(playbook), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
