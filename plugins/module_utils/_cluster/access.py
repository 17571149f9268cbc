# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Checks of the access to a cluster that need no request to it. Private to this collection.

Apart from the client, since the first task of a run needs these checks alone, and not the Kubernetes client.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import ssl
import traceback
from typing import Any, List, Literal, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem

YAML_IMPORT_ERROR: Optional[str] = None
try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()

AccessCode = Literal[
    "environment",
    "access-incomplete",
    "access-missing",
    "kubeconfig-missing",
    "kubeconfig-unreadable",
    "kubeconfig-empty",
    "kubeconfig-not-yaml",
    "yaml-missing",
    "context-unknown",
    "access",
]

#: The options of ``auth`` that name files for TLS.
_FILES = ("client_cert", "client_key", "ca_cert")
#: What a kubeconfig has in itself for TLS: the kind of the entry, and the field.
_DATA = (("cluster", "certificate-authority-data"), ("user", "client-certificate-data"), ("user", "client-key-data"))
#: What a kubeconfig names files in: the kind of the entry, and the fields.
_PATHS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}


class _Fault(NamedTuple):
    """What is wrong with a file of an access; ``option`` is the option of ``auth`` to correct."""

    option: str
    code: AccessCode
    message: str
    remedy: str


def normalised(auth: Mapping[str, Any]) -> Json:
    """The options that are set; a kubeconfig given as JSON text (as the actions pass it on) becomes data again."""
    options = {key: value for key, value in auth.items() if value is not None}
    text = options.get("kubeconfig")
    if isinstance(text, str) and text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            options["kubeconfig"] = json.loads(text)
    return options


def kubeconfig_paths(auth: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None) -> List[str]:
    """The kubeconfig files that this access reads; empty when it reads none.

    The option ``kubeconfig`` has precedence; a context alone reads ``$KUBECONFIG`` (several files, as kubectl does), else
    the default file.
    """
    environ = os.environ if environ is None else environ
    kubeconfig = auth.get("kubeconfig")
    if isinstance(kubeconfig, dict):
        return []
    if not kubeconfig:
        if not auth.get("context"):
            return []
        kubeconfig = environ.get("KUBECONFIG") or "~/.kube/config"
    return [os.path.expanduser(path) for path in str(kubeconfig).split(os.pathsep) if path]


def host_is_enough(auth: Mapping[str, Any]) -> bool:
    """Whether a host and credentials are given, so that no kubeconfig is needed."""
    if not auth.get("host"):
        return False
    return bool(
        auth.get("api_key")
        or (auth.get("username") and auth.get("password"))
        or (auth.get("client_cert") and auth.get("client_key"))
    )


def check_access(
    auth: Mapping[str, Any], mesh: str = "", environ: Optional[Mapping[str, str]] = None, *, prefix: str = "mesh_"
) -> List[Problem]:
    """What is wrong with the access to a cluster, as far as it shows without a request.

    ``auth`` has kubernetes.core's option names; with ``prefix`` they are the names of what the user sets. Returns problems;
    raises nothing, sends nothing.
    """
    environ, auth = os.environ if environ is None else environ, normalised(auth)
    variables = sorted(name for name in environ if name.startswith("K8S_AUTH_") and environ[name] != "")
    if variables:
        message = f"{', '.join(variables)} set in the environment: every mesh would be reached with these credentials"
        return [problem("environment", mesh, "environment", message, f"Unset them, and set the access in {prefix}*")]
    unreadable = _check_files(auth)
    if host_is_enough(auth) or unreadable:
        return [
            problem(fault.code, mesh, f"{prefix}{fault.option}", fault.message, fault.remedy) for fault in unreadable
        ]
    if not (auth.get("kubeconfig") or auth.get("context")):
        if auth.get("host"):
            message = f"{prefix}host is set without credentials for it"
            remedy = (
                f"Set {prefix}api_key, {prefix}username and {prefix}password, {prefix}client_cert and {prefix}client_key, "
                f"or {prefix}kubeconfig"
            )
            return [problem("access-incomplete", mesh, f"{prefix}host", message, remedy)]
        remedy = f"Set {prefix}kubeconfig, {prefix}context, or {prefix}host with credentials"
        return [problem("access-missing", mesh, f"{prefix}kubeconfig", "no cluster access configured", remedy)]
    return [
        problem(fault.code, mesh, f"{prefix}{fault.option}", fault.message, fault.remedy)
        for fault in _check_kubeconfig(auth, environ)
    ]


def _check_files(auth: Mapping[str, Any]) -> List[_Fault]:
    """The files for TLS that cannot be read. The client names none of them when it fails, and not before its first request."""
    faults: List[_Fault] = []
    for option in _FILES:
        path = os.path.expanduser(str(auth.get(option) or ""))
        try:
            if path:
                with open(path, "rb") as file:
                    content = file.read()
                if option == "ca_cert" and not _is_certificate(content):
                    message = f"{path} contains no certificate in PEM that can be read"
                    faults.append(
                        _Fault(option, "access", message, "Name a file with the CA certificate of the API server")
                    )
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
            faults.append(_Fault(option, "access", message, "Name a file that you may read"))
    return faults


def _is_certificate(pem: bytes) -> bool:
    """Whether these are certificates in PEM that TLS can use."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        return False
    return True


def _check_kubeconfig(auth: Mapping[str, Any], environ: Mapping[str, str]) -> List[_Fault]:
    """What is wrong with the kubeconfig that this access reads."""
    contents, faults = _read_kubeconfigs(auth, environ)
    # Of several files named in $KUBECONFIG some may be absent, as for kubectl; a single one may not.
    if faults and (not contents or auth.get("kubeconfig")):
        return faults
    return _check_context(contents, auth) or _check_data(contents, auth)


def _read_kubeconfigs(auth: Mapping[str, Any], environ: Mapping[str, str]) -> Tuple[List[Json], List[_Fault]]:
    """The contents of the kubeconfigs that this access reads, and what is wrong with those that cannot be read."""
    if isinstance(auth.get("kubeconfig"), dict):
        return [auth["kubeconfig"]], []
    option = "kubeconfig" if auth.get("kubeconfig") else "context"
    results = [_read_kubeconfig(path, option) for path in kubeconfig_paths(auth, environ)]
    faults = [result for result in results if isinstance(result, _Fault)]
    return [result for result in results if not isinstance(result, _Fault)], faults


def _read_kubeconfig(path: str, option: str) -> Union[Json, _Fault]:
    """The content of a kubeconfig, or what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return _Fault(option, "kubeconfig-missing", f"the file {path} does not exist", "Name an existing kubeconfig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"{path} cannot be read: {reason}"
        return _Fault(option, "kubeconfig-unreadable", message, "Make it a text file that you may read")
    if not text.strip():
        remedy = "Write the kubeconfig again, for instance by 'oc login'"
        return _Fault(option, "kubeconfig-empty", f"{path} is empty", remedy)
    if YAML_IMPORT_ERROR:
        message = f"{path} cannot be read without the Python package PyYAML"
        return _Fault(option, "yaml-missing", message, "Install PyYAML on the host that runs the task")
    return _parse_kubeconfig(text, path, option)


def _parse_kubeconfig(text: str, path: str, option: str) -> Union[Json, _Fault]:
    """A kubeconfig's text as data, or what is wrong with it."""
    try:
        # Every task of every mesh reads a kubeconfig, so PyYAML's loader in C is used where it exists.
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        at_line = "" if line is None else f" (line {line + 1})"
        return _Fault(option, "kubeconfig-not-yaml", f"{path} is not YAML{at_line}", "Write the kubeconfig again")
    if not isinstance(content, dict) or not isinstance(content.get("contexts"), list):
        message = f"{path} is YAML but no kubeconfig: it has no contexts"
        return _Fault(option, "kubeconfig-not-yaml", message, "Name a kubeconfig")
    return content


def _check_context(contents: Sequence[Json], auth: Mapping[str, Any]) -> List[_Fault]:
    """What is wrong when the requested or current context is not in the kubeconfig."""
    contexts = [
        context for content in contents if isinstance(content.get("contexts"), list) for context in content["contexts"]
    ]
    names = sorted(str(context.get("name")) for context in contexts if isinstance(context, dict))
    if not names:
        remedy = "Write the kubeconfig again, for instance by 'oc login'"
        return [_Fault("kubeconfig", "context-unknown", "the kubeconfig has no contexts", remedy)]
    available = ", ".join(names)
    requested = auth.get("context")
    if requested:
        if requested in names:
            return []
        message = f"the kubeconfig has no context {requested}"
        return [_Fault("context", "context-unknown", message, f"Name one of its contexts: {available}")]
    current = next((content["current-context"] for content in contents if content.get("current-context")), None)
    if current in names:
        return []
    message = f"its current context {current} does not exist" if current else "it has no current context"
    remedy = f"Name one of its contexts: {available}"
    return [_Fault("kubeconfig", "context-unknown", message, remedy)]


# -- all contexts --------------------------------------------------------------------------------------------------------


class Context(NamedTuple):
    """A context of a kubeconfig: its name, the URL of its API server (empty where the kubeconfig has none) with the proxy to it,
    the namespace that it selects, and a kubeconfig with this context alone, which has credentials."""

    name: str
    server: str
    proxy: str
    namespace: str
    kubeconfig: Json


def list_contexts(
    auth: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None
) -> Tuple[List[Context], List[Problem]]:
    """All contexts of the kubeconfigs that this access reads, in their order, and the files that cannot be read.

    Of several with one name the first counts, as for kubectl. Sends nothing.
    """
    environ = os.environ if environ is None else environ
    contexts: List[Context] = []
    problems: List[Problem] = []
    results = [(path, _read_kubeconfig(path, "kubeconfig")) for path in kubeconfig_paths(auth, environ)]
    contents = [_absolute(result, path) for path, result in results if not isinstance(result, _Fault)]
    for path, result in results:
        # Of several files named in $KUBECONFIG some may be absent, as for kubectl.
        is_optional = contents and not auth.get("kubeconfig")
        if isinstance(result, _Fault) and not (is_optional and result.code == "kubeconfig-missing"):
            problems.append(problem(result.code, path, "kubeconfig", result.message, result.remedy))
    for content in contents:
        for entry in content["contexts"]:
            name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
            if name and name not in {context.name for context in contexts}:
                contexts.append(_one_context(contents, name))
    return contexts, problems


def _one_context(contents: Sequence[Json], name: str) -> Context:
    selected = {"context": name}
    context = _named(contents, "context", name)
    cluster, user = (_entry(contents, selected, kind) for kind in ("cluster", "user"))
    kubeconfig: Json = {"apiVersion": "v1", "kind": "Config", "current-context": name}
    kubeconfig["contexts"] = [{"name": name, "context": context}]
    kubeconfig["clusters"] = [{"name": cluster[0], "cluster": cluster[1]}]
    kubeconfig["users"] = [{"name": user[0], "user": user[1]}] if user[0] else []
    server, proxy, namespace = cluster[1].get("server"), cluster[1].get("proxy-url"), context.get("namespace")
    return Context(name, str(server or "").rstrip("/"), str(proxy or ""), str(namespace or ""), kubeconfig)


def _absolute(content: Json, path: str) -> Json:
    """A kubeconfig in which relative names of files are absolute: they count from its own folder."""
    folder = os.path.dirname(os.path.abspath(path))
    for kind, fields in _PATHS.items():
        entries = content.get(f"{kind}s")
        for entry in entries if isinstance(entries, list) else []:
            values = entry.get(kind) if isinstance(entry, dict) else None
            if isinstance(values, dict):
                values.update(
                    {field: os.path.join(folder, str(values[field])) for field in fields if values.get(field)}
                )
                plugin = values.get("exec")
                if isinstance(plugin, dict) and os.sep in str(plugin.get("command") or ""):
                    plugin["command"] = os.path.join(folder, str(plugin["command"]))
    return content


# -- the entries that the context selects --------------------------------------------------------------------------------


def exec_plugin(auth: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None) -> Optional[Tuple[str, str]]:
    """The user of the kubeconfig whose credentials a command returns, and that command; None for all other credentials.

    Its arguments are not returned: they may be credentials.
    """
    options = normalised(auth)
    if host_is_enough(options) or not (options.get("kubeconfig") or options.get("context")):
        return None
    contents, dummy = _read_kubeconfigs(options, os.environ if environ is None else environ)
    name, user = _entry(contents, options, "user")
    plugin = user.get("exec")
    return (name, str(plugin.get("command"))) if isinstance(plugin, dict) else None


def _check_data(contents: Sequence[Json], auth: Mapping[str, Any]) -> List[_Fault]:
    """What is wrong with the certificates and the key inside a kubeconfig. The client says no more than that TLS fails."""
    option = "kubeconfig" if auth.get("kubeconfig") else "context"
    faults: List[_Fault] = []
    for kind, field in _DATA:
        name, entry = _entry(contents, auth, kind)
        if not entry.get(field) or (field == "certificate-authority-data" and auth.get("ca_cert")):
            continue
        try:
            pem = base64.b64decode(str(entry[field]))
        except ValueError:
            pem = b""
        is_key = field == "client-key-data"
        if not (b"PRIVATE KEY-----" in pem if is_key else _is_certificate(pem)):
            content = "private key" if is_key else "certificate"
            message = f"{field} of the {kind} {name} contains no {content} in PEM that can be read (base64)"
            faults.append(_Fault(option, "access", message, "Write the kubeconfig again, for instance by 'oc login'"))
    return faults


def _entry(contents: Sequence[Json], auth: Mapping[str, Any], kind: str) -> Tuple[str, Json]:
    """The name and the content of the cluster or the user (``kind``) that the context of an access selects; both are empty
    where it selects none."""
    current = next((content["current-context"] for content in contents if content.get("current-context")), None)
    context = _named(contents, "context", auth.get("context") or current)
    name = context.get(kind)
    return str(name or ""), _named(contents, kind, name)


def _named(contents: Sequence[Json], kind: str, name: Any) -> Json:
    """The first entry of this kind and name in the kubeconfigs; empty where there is none. Values of wrong types are none."""
    for content in contents:
        entries = content.get(f"{kind}s")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(kind), dict):
                found: Json = entry[kind]
                return found
    return {}
