# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: every public variable, in one table.

Argument specifications, documentation and the search for misspelled variables are compared with it by tests.
"""

from __future__ import annotations

import difflib
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem

TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
FALSE = frozenset({"false", "no", "off", "0", "n", "f"})


class Variable(NamedTuple):
    """A public variable. ``type`` is a type of Ansible's argument specifications; ``room`` names who uses it."""

    name: str
    type: str
    default: Any
    description: str
    room: str


def _mesh(name: str, kind: str, description: str, room: str = "mesh") -> Variable:
    return Variable(f"mesh_{name}", kind, None, description, room)


def _access(name: str, kind: str, description: str) -> Variable:
    return Variable(f"mesh_{name}", kind, None, description, "access")


def _federation(name: str, kind: str, default: Any, description: str, room: str = "federation") -> Variable:
    return Variable(f"federation_{name}", kind, default, description, room)


_TABLE = (
    _mesh("name", "str", "Name of the mesh, by which its peers call it. Default: the inventory host's name."),
    _mesh("namespace", "str", "Namespace of the control plane. Default: the mesh's name and C(-system)."),
    _mesh("control_plane", "str", "Name of the ServiceMeshControlPlane. Default: the only one of the namespace."),
    _mesh(
        "trust_domain",
        "str",
        "Trust domain that the mesh shall have. Default: the one in force; where none is set and "
        "nothing runs in the mesh yet, the mesh's name and C(.local).",
    ),
    _mesh(
        "platform",
        "str",
        "What the cluster runs on, as Infrastructure calls it, or C(AWSController), C(IBMCloudClassic), C(ExternalCloud). "
        "Default: found in the cluster.",
    ),
    _mesh(
        "peers",
        "list",
        "Names of meshes or of inventory groups to federate with. A pair exists when either side names the "
        "other. Default: all other meshes of the group.",
    ),
    _mesh(
        "peer_names",
        "dict",
        "What this mesh calls its peers, by mesh: the names of its ServiceMeshPeers and sets. Default: the peers' own "
        "names; what lives keeps its name.",
        "peering",
    ),
    _mesh(
        "ingress",
        "dict",
        "How the other meshes reach this one: exposure, internal, annotations, labels, addresses, "
        "discoveryPort, servicePort, nodePorts, loadBalancerIP, loadBalancerSourceRanges, externalTrafficPolicy, runtime; and "
        "the same keys by peer under C(peers).",
        "gateways",
    ),
    _mesh(
        "egress",
        "dict",
        "The gateways through which this mesh reaches the others: runtime; and the same key by peer under C(peers).",
        "gateways",
    ),
    _mesh(
        "exports",
        "raw",
        "Export rules in the product's shape or as C(namespace/name): a list for all peers, or a "
        "dictionary of lists by peer.",
        "sharing",
    ),
    _mesh(
        "imports",
        "raw",
        "Import rules in the product's shape or as C(namespace/name): a list for all peers, or a "
        "dictionary of lists by peer.",
        "sharing",
    ),
    _mesh(
        "locality",
        "dict",
        "Where this mesh is (region, zone, subzone); its importers put it on what they import from it.",
        "sharing",
    ),
    _mesh("install", "bool", "Whether the playbook install makes this mesh. Default: C(false).", "install"),
    _mesh(
        "install_operator",
        "bool",
        "Whether the playbook install subscribes the cluster to the operator. Default: where the cluster has no kind "
        "ServiceMeshControlPlane.",
        "install",
    ),
    _mesh(
        "install_operator_namespace",
        "str",
        "Namespace of the operator's Subscription. Default: C(openshift-operators).",
        "install",
    ),
    _mesh(
        "install_subscription",
        "dict",
        "Spec of the operator's Subscription, over the default: name C(servicemeshoperator), channel C(stable), source "
        "C(redhat-operators), sourceNamespace C(openshift-marketplace).",
        "install",
    ),
    _mesh(
        "control_plane_spec",
        "dict",
        "Spec of the ServiceMeshControlPlane that the playbook install makes, merged over its defaults.",
        "install",
    ),
    _mesh(
        "members",
        "list",
        "Namespaces of the ServiceMeshMemberRoll that the playbook install makes. Default: it makes none.",
        "install",
    ),
    _mesh(
        "trust_fingerprints",
        "list",
        "SHA-256 fingerprints of the root certificates that are accepted from this mesh, all of them; nobody writes a "
        "root that is not among them. Default: any valid root.",
    ),
    _mesh(
        "identity_file",
        "path",
        "Identity that the administrator of this mesh has handed over, for a mesh without access: a file (.yml, .yaml "
        "or .json), or a directory with one file <mesh>-for-<peer>.yml for each peer.",
        "identity",
    ),
    _access("kubeconfig", "raw", "Path of the kubeconfig, or its content as a dictionary."),
    _access("context", "str", "Context of the kubeconfig. Alone it reads C($KUBECONFIG), or else the usual file."),
    _access("host", "str", "URL of the API server."),
    _access("api_key", "str", "Bearer token."),
    _access("username", "str", "User name for basic authentication."),
    _access("password", "str", "Password for basic authentication."),
    _access("client_cert", "path", "File with the client certificate."),
    _access("client_key", "path", "File with the client certificate's key."),
    _access("ca_cert", "path", "File with the certificates that the API server's one is checked against."),
    _access("validate_certs", "bool", "Whether the API server's certificate is checked."),
    _access("proxy", "str", "URL of the HTTP proxy towards the API server."),
    _access("no_proxy", "str", "Hosts that are reached without the proxy."),
    _access("proxy_headers", "dict", "Headers for the proxy."),
    _access("persist_config", "bool", "Whether a refreshed token is written back into the kubeconfig."),
    _access("impersonate_user", "str", "User to act as."),
    _access("impersonate_groups", "list", "Groups to act as."),
    _federation("group", "str", "federation", "Inventory group whose hosts are the meshes of the federation."),
    _federation(
        "max_new_load_balancers",
        "int",
        None,
        "Refuse to create more load balancers than this in one run.",
        "gateways",
    ),
    _federation(
        "allow_shared_root", "bool", False, "Allow meshes with equal trust domains that share one root certificate."
    ),
    _federation(
        "confirm_trust_domain",
        "list",
        [],
        "Names of the meshes whose trust domain may change under running workloads.",
        "gateways",
    ),
    _federation(
        "confirm_address_change",
        "list",
        [],
        "Names of the meshes whose live gateways may get another address.",
        "gateways",
    ),
    _federation(
        "root_expiry_warning_days",
        "int",
        30,
        "Warn of root certificates that expire within so many days; V(0) never warns.",
    ),
    _federation("adopt", "bool", False, "Take over objects that somebody else made, as they are."),
    _federation("force_conflicts", "bool", False, "Take fields from other field managers."),
    _federation(
        "restart_control_plane",
        "raw",
        False,
        "Restart the istiod of a mesh where it does not take a change up by itself: true, or a list of the meshes for "
        "which it is allowed.",
        "report",
    ),
    _federation("wait_timeout", "int", 300, "Seconds to wait for links to be connected and synced.", "report"),
    _federation(
        "gateway_timeout", "int", 600, "Seconds to wait for control planes and for addresses of gateways.", "gateways"
    ),
    _federation(
        "install_timeout", "int", 900, "Seconds to wait for the operator, and again for a new control plane.", "install"
    ),
    _federation("fail_on_pending", "bool", False, "Fail when a link waits for the other side.", "report"),
    _federation(
        "identity_dir",
        "path",
        "identities",
        "Directory on the controller for the identities of our meshes that are written for those of other "
        "administrators, from where the playbook is started.",
        "identity",
    ),
    _federation("identity_days", "int", 365, "Days for which such an identity is valid.", "identity"),
    _federation("expected_meshes", "int", None, "Number of meshes that the group must have.", "mesh"),
    _federation("report_file", "path", None, "File on the controller for the report as JSON.", "report"),
    _federation("lint_format", "str", "text", "How C(lint.yml) prints its findings: C(text), or C(json) for data.", "lint"),
    _federation("lint_file", "path", None, "File on the controller for the findings of C(lint.yml) as JSON.", "lint"),
    _federation("lint_strict", "bool", False, "Refuse warnings about the inventory as if they were errors.", "lint"),
    _federation("offline", "bool", False, "Let C(plan.yml) plan from the inventory alone and contact no cluster.", "mesh"),
    _federation("plan_file", "path", None, "File on the controller for the plan of C(plan.yml) as JSON.", "report"),
    _federation(
        "ports_file", "path", None, "File on the controller for the port matrix of C(plan.yml) as CSV.", "report"
    ),
    _federation(
        "no_log", "bool", True, "Keep the plan, which is public but large, out of what tasks print.", "federation"
    ),
)
VARIABLES: Dict[str, Variable] = {variable.name: variable for variable in _TABLE}

PREFIXES = ("mesh_", "federation_")
# Set by the roles, not by people.
REGISTERED = frozenset({"mesh_facts"})
ACCESS = tuple(variable.name for variable in _TABLE if variable.room == "access")


def wanted(name: str) -> bool:
    """Tell whether a host variable concerns the declaration (``mesh_facts`` is our own result and does not)."""
    return name.startswith(PREFIXES) and name not in REGISTERED or name == "ansible_connection"


def _bool(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError("is not a truth value")


def _int(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("is not a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("is not a whole number") from None


def _str(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("is not a text")
    text = str(value).strip()
    if not text:
        raise ValueError("is empty")
    return text


def _list(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise ValueError("is not a list")
    return value


def _names(value: Any) -> Any:
    names = _list(value)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("is not a list of names")
    return names


def truth_or_names(value: Any) -> Any:
    """A truth value, or a list of names. ValueError with words that follow the variable's name."""
    try:
        return _bool(value)
    except ValueError:
        return _names(value)


def _dict(value: Any) -> Any:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError("is not a dictionary")
    return value


def _raw(value: Any) -> Any:
    if value == "":
        raise ValueError("is empty")
    return value


_CONVERT = {"bool": _bool, "int": _int, "str": _str, "path": _str, "list": _names, "dict": _dict, "raw": _raw}


def convert(variable: Variable, value: Any) -> Any:
    """Bring a value to the variable's type, as Ansible's argument specifications would.

    Raises ValueError with words that follow the variable's name ("is not a list").
    """
    return _CONVERT[variable.type](value)


def read(variables: Mapping[str, Any], mesh: str, room: Optional[str] = None) -> Tuple[Dict[str, Any], List[Problem]]:
    """Take the known variables out of one host's variables; unset and null ones are left out."""
    values: Dict[str, Any] = {}
    problems: List[Problem] = []
    for name in sorted(variables):
        variable = VARIABLES.get(name)
        if variable is None or variables[name] is None or (room and variable.room != room):
            continue
        try:
            values[name] = convert(variable, variables[name])
        except ValueError as error:
            problems.append(
                problem(
                    "variable-type",
                    mesh,
                    name,
                    f"the value {error}",
                    f"Give it a value of type {variable.type}, or leave it out",
                )
            )
    return values, problems


def unknown(names: Iterable[str], mesh: str) -> List[Problem]:
    """Find variables of ours that do not exist: an error when one is close to a known name, else a warning."""
    found = []
    for name in sorted(names):
        if not name.startswith(PREFIXES) or name in VARIABLES or name in REGISTERED:
            continue
        close = _meant(name)
        if close:
            found.append(
                problem("variable-misspelled", mesh, name, "there is no such variable", f"Did you mean {close}")
            )
        else:
            found.append(
                problem(
                    "variable-unknown",
                    mesh,
                    name,
                    "there is no such variable; it has no effect",
                    "Rename it when it is your own, or look it up in the README",
                    severity="warning",
                )
            )
    return found


def _meant(name: str) -> Optional[str]:
    """The variable that was probably meant; the common prefix would make everything look alike, so it is left out."""
    by_rest = {known.partition("_")[2]: known for known in VARIABLES}
    return by_rest.get(suggestion(name.partition("_")[2], by_rest) or "")


def suggestion(name: str, known: Iterable[str]) -> Optional[str]:
    """The known name that was probably meant, or None."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), sorted(by_lower), n=1, cutoff=0.75)
    return by_lower[close[0]] if close else None


def unknown_keys(value: Mapping[str, Any], allowed: Iterable[str], mesh: str, where: str) -> List[Problem]:
    """Find keys of a dictionary that the product or we do not know: errors, as the API server drops them silently."""
    known = sorted(allowed)
    found = []
    for key in sorted(set(map(str, value)) - set(known)):
        close = suggestion(key, known)
        remedy = f"Did you mean {close}" if close else f"Known keys are {', '.join(known)}"
        found.append(problem("key-unknown", mesh, f"{where}.{key}", "there is no such key", remedy))
    return found
