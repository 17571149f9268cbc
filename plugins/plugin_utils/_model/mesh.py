# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the inventory says about one mesh by itself: names, access, fingerprints. Pure."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, platforms
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprint
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.install import installation
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import check_domain
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import VARIABLES

_CLUSTER = ("mesh_kubeconfig", "mesh_context", "mesh_host")


def declared_mesh(host: str, values: Json, raw: Mapping[str, Any]) -> DeclaredMesh:
    """The mesh of one host, with defaults; what depends on peers is still empty."""
    mesh = values.get("mesh_name", host)
    return {
        "host": host,
        "mesh": mesh,
        "namespace": values.get("mesh_namespace", conventions.conventional_namespaces(mesh)[0]),
        "namespace_set": "mesh_namespace" in values,
        "control_plane": values.get("mesh_control_plane"),
        "trust_domain": values.get("mesh_trust_domain"),
        "platform": platforms.known(values["mesh_platform"]) if "mesh_platform" in values else None,
        "peers": [],
        "ingress": {},
        "ingress_by_peer": {},
        "egress": {},
        "egress_by_peer": {},
        "exports": {},
        "imports": {},
        "export_lists": [],
        "import_lists": [],
        "short_exports": {},
        "export_places": {},
        "may_export": None,
        "locality": None,
        "localities": {},
        "traffic": {},
        "managed_cluster": values.get("mesh_managed_cluster") or str(mesh),
        "peer_names": {},
        "installation": installation(values),
        "pins": _pins(values.get("mesh_trust_fingerprints")),
        "local": raw.get("ansible_connection", "local") in ("local", "ansible.builtin.local"),
        "identity_file": values.get("mesh_identity_file"),
        "by_file": "mesh_identity_file" in values and not _cluster_variables(values),
        "identity_files": {},
    }


def check_mesh(mesh: DeclaredMesh, values: Json, access: bool) -> List[Problem]:
    """Find what is wrong with one mesh by itself, beyond the domains of its variables."""
    problems = _check_names(mesh, values) + (_check_access(mesh["mesh"], values) if access else [])
    return problems + _check_pins(mesh["mesh"], values.get("mesh_trust_fingerprints"))


def _cluster_variables(values: Json) -> List[str]:
    """The variables that name a mesh's cluster, as far as they are set."""
    return [name for name in _CLUSTER if name in values]


def _check_access(mesh: str, values: Json) -> List[Problem]:
    names, by_file = _cluster_variables(values), "mesh_identity_file" in values
    if names and by_file:
        message = (
            f"must not be set together with {', '.join(names)}: a mesh has either cluster access or an identity file"
        )
        return [problem("access-ambiguous", mesh, "mesh_identity_file", message)]
    if names or by_file:
        return []
    return [problem("access-missing", mesh, "mesh_kubeconfig", "no cluster access configured")]


def _check_names(mesh: DeclaredMesh, values: Json) -> List[Problem]:
    """Check the default names as the variables they stand for; and that the mesh is not named like a registry."""
    problems = []
    for variable, name in (("mesh_name", mesh["mesh"]), ("mesh_namespace", mesh["namespace"])):
        if variable not in values:
            problems += check_domain(VARIABLES[variable], name, mesh["mesh"])
    if is_registry(mesh["mesh"]):
        message = f"must be another name than {shown(mesh['mesh'])}: it is the name of the peers' own service registry"
        problems.append(problem("peer-name-registry", mesh["mesh"], "mesh_name", message, ""))
    return problems


def is_registry(name: str) -> bool:
    """Whether istiod would confuse a peer of this name with the service registry of its own cluster."""
    return name.lower() == conventions.DEFAULT_CLUSTER_NAME.lower()


def _pins(fingerprints: Optional[List[str]]) -> Optional[List[str]]:
    """The accepted fingerprints in one spelling; None for any."""
    if fingerprints is None:
        return None
    return sorted({pin for pin in map(fingerprint, fingerprints) if pin})


def _check_pins(mesh: str, fingerprints: Optional[List[str]]) -> List[Problem]:
    """An empty list is rejected: it could mean all roots, or none."""
    if fingerprints is None or fingerprints:
        return []
    message = "must be a list with at least one fingerprint, not []"
    remedy = "Name the fingerprints, or remove the variable to accept any valid root"
    return [problem("fingerprint-invalid", mesh, "mesh_trust_fingerprints", message, remedy)]
