# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can be said of the access to a cluster without touching the cluster. Private to this collection.

Apart from the door itself, since the first task of a run needs this alone, and not the Kubernetes client.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem

try:
    import yaml
except ImportError:
    yaml = None
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def normalised(auth: Mapping[str, Any]) -> Json:
    """The options that are set; a kubeconfig that is a text in JSON (as the actions hand it on) becomes data again."""
    options = {key: value for key, value in auth.items() if value is not None}
    text = options.get("kubeconfig")
    if isinstance(text, str) and text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            options["kubeconfig"] = json.loads(text)
    return options


def kubeconfig_paths(auth: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None) -> List[str]:
    """The kubeconfig files that this access reads; empty when it reads none.

    A named file wins; a context alone reads ``$KUBECONFIG`` (several files, as kubectl does), else the usual file.
    """
    environ = os.environ if environ is None else environ
    named = auth.get("kubeconfig")
    if isinstance(named, dict):
        return []
    if not named:
        if not auth.get("context"):
            return []
        named = environ.get("KUBECONFIG") or "~/.kube/config"
    return [os.path.expanduser(path) for path in str(named).split(os.pathsep) if path]


def host_is_enough(auth: Mapping[str, Any]) -> bool:
    """Whether a host and credentials are given, so that no kubeconfig is needed."""
    if not auth.get("host"):
        return False
    return bool(
        auth.get("api_key")
        or (auth.get("username") and auth.get("password"))
        or (auth.get("client_cert") and auth.get("client_key"))
    )


def _read_kubeconfig(path: str) -> Union[Json, Tuple[str, str, str]]:
    """The content of a kubeconfig, or code, message and remedy of what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return "kubeconfig-missing", f"there is no file {path}", "Name an existing kubeconfig"
    except (OSError, UnicodeDecodeError) as error:
        return "kubeconfig-unreadable", f"{path} cannot be read: {error}", "Make it a text file that you may read"
    if not text.strip():
        return "kubeconfig-empty", f"{path} is empty", "Write the kubeconfig again, for instance by 'oc login'"
    if yaml is None:
        return "yaml-missing", f"{path} cannot be read without the Python package PyYAML", "Install it there"
    try:
        # Every task of every mesh looks at a kubeconfig: PyYAML's loader in C where it has one.
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = "" if line is None else f" (line {line + 1})"
        return "kubeconfig-not-yaml", f"{path} is not YAML{place}", "Write the kubeconfig again"
    if not isinstance(content, dict) or not isinstance(content.get("contexts"), list):
        return "kubeconfig-not-yaml", f"{path} is YAML but no kubeconfig: it has no contexts", "Name a kubeconfig"
    return content


def _check_context(contents: Sequence[Json], auth: Mapping[str, Any]) -> Optional[Tuple[str, str, str, str]]:
    """Room, code, message and remedy when the wanted or current context is not in the kubeconfig, else None."""
    names = sorted(str(c.get("name")) for one in contents for c in one.get("contexts") or [] if isinstance(c, dict))
    listed = ", ".join(names) or "none"
    wanted = auth.get("context")
    if wanted:
        if wanted in names:
            return None
        return "mesh_context", "context-unknown", f"there is no context {wanted}", f"Contexts there: {listed}"
    current = next((one["current-context"] for one in contents if one.get("current-context")), None)
    if current in names:
        return None
    message = f"its current context {current} does not exist" if current else "it has no current context"
    return "mesh_kubeconfig", "context-unknown", message, f"Set mesh_context. Contexts there: {listed}"


def check_access(
    auth: Mapping[str, Any], mesh: str = "", environ: Optional[Mapping[str, str]] = None
) -> List[Problem]:
    """What is wrong with the access to a cluster as far as it can be seen without asking that cluster.

    ``auth`` has kubernetes.core's option names. Returns problems; nothing is raised, nothing is sent.
    """
    environ, auth = os.environ if environ is None else environ, normalised(auth)
    foreign = sorted(name for name in environ if name.startswith("K8S_AUTH_") and environ[name] != "")
    if foreign:
        message = f"{', '.join(foreign)} set in the environment: every mesh would be reached with these"
        return [problem("environment", mesh, "environment", message, "Unset them, and name the access in mesh_*")]
    if host_is_enough(auth):
        return []
    if not (auth.get("kubeconfig") or auth.get("context")):
        if auth.get("host"):
            message = "a host is named but no credentials for it"
            remedy = "Set mesh_api_key, mesh_username and mesh_password, mesh_client_cert and mesh_client_key, " \
                     "or mesh_kubeconfig"
            return [problem("access-incomplete", mesh, "mesh_host", message, remedy)]
        message = "nothing says how to reach the cluster"
        remedy = "Set mesh_kubeconfig, mesh_context, or mesh_host with credentials"
        return [problem("access-missing", mesh, "mesh_kubeconfig", message, remedy)]
    return _check_kubeconfig(auth, mesh, environ)


def _check_kubeconfig(auth: Mapping[str, Any], mesh: str, environ: Mapping[str, str]) -> List[Problem]:
    """Problems of the kubeconfig that this access reads."""
    where = "mesh_kubeconfig" if auth.get("kubeconfig") else "mesh_context"
    if isinstance(auth.get("kubeconfig"), dict):
        contents: List[Json] = [auth["kubeconfig"]]
    else:
        found = [_read_kubeconfig(path) for path in kubeconfig_paths(auth, environ)]
        wrong = [entry for entry in found if isinstance(entry, tuple)]
        contents = [entry for entry in found if isinstance(entry, dict)]
        # Of several files named in $KUBECONFIG some may be absent, as for kubectl; a single one may not.
        if wrong and (not contents or auth.get("kubeconfig")):
            return [problem(code, mesh, where, message, remedy) for code, message, remedy in wrong]
    context = _check_context(contents, auth)
    if context is None:
        return []
    room, code, message, remedy = context
    return [problem(code, mesh, room, message, remedy)]
