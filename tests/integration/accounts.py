# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts in the clusters of a lab, with the permissions of ``docs/rbac``."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml
from harness import ROOT, Federation, Object

RBAC = ROOT / "docs" / "rbac"
#: Mesh that the files are written for, and name of its account.
EXAMPLE_MESH, ACCOUNT = "red-mesh", "ossm-federation"


def use_account(federation: Federation, mesh: str, namespace: str) -> None:
    """Create the account in a namespace and access the cluster with its token."""
    cluster, lab = federation.location(mesh)[0], federation.lab
    lab.kubectl(cluster, "create", "serviceaccount", ACCOUNT, "-n", namespace)
    config = yaml.safe_load(Path(lab.clusters[cluster].kubeconfig).read_text(encoding="utf-8"))["clusters"][0][
        "cluster"
    ]
    authority = federation.folder / f"{cluster}.crt"
    authority.write_bytes(base64.b64decode(config["certificate-authority-data"]))
    host = federation.hosts[mesh]
    host.pop("mesh_kubeconfig")
    host.update(
        mesh_host=config["server"],
        mesh_api_key=lab.kubectl(cluster, "create", "token", ACCOUNT, "-n", namespace).strip(),
        mesh_ca_cert=str(authority),
    )


def manifests(federation: Federation, mesh: str, playbook: str) -> list[Object]:
    """Return the manifests of ``docs/rbac`` for a playbook and this mesh, which has conventional names."""
    text = (RBAC / f"{playbook}.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text.replace(EXAMPLE_MESH, mesh))["items"])


def grant(federation: Federation, mesh: str, playbook: str, without: tuple[tuple[str, str], ...] = ()) -> None:
    """Grant an account the permissions of a playbook, except the verbs ``without`` on resources."""
    objects = manifests(federation, mesh, playbook)
    roles = [item for item in objects if "rules" in item]
    for verb, resource in without:
        matches = [
            rule for role in roles for rule in role["rules"] if resource in rule["resources"] and verb in rule["verbs"]
        ]
        assert matches, f"{playbook} has no {verb} on {resource}"
        for rule in matches:
            rule["verbs"].remove(verb)
    for role in roles:
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
    federation.lab.apply(federation.location(mesh)[0], objects, force=True)
