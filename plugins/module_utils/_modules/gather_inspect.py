# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""``oc adm inspect`` of the namespace of a mesh, without secrets. Private to this collection.

``oc adm inspect ns/NAME`` requests Secrets and hides their data itself. Here the kinds are named instead, so that no Secret and no
ConfigMap is requested at all; logs are read by the API, with limits. ``oc`` gets its credentials from a kubeconfig in memory, which
is gone with the processes that have it open, whatever ends them; where there is no such memory, from a file of mode 0600 that is
removed when ``oc`` ends.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.recording import RecordingCluster, plain_yaml
from ansible_collections.ossm.federation.plugins.module_utils._cluster.yaml_text import to_yaml
from ansible_collections.ossm.federation.plugins.module_utils._modules.gather_pods import Miss
from ansible_collections.ossm.federation.plugins.module_utils._product.resources import INSPECTED, RESOURCES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import (
    as_text,
    redact,
    redact_text,
    unpacked,
)

WHAT = "oc adm inspect"
#: Bytes of one file, above which it is left out.
_MOST = 8 * 1024 * 1024
_KUBECONFIG = "kubeconfig"


def inspect(cluster: RecordingCluster, namespace: str, params: Json, miss: Miss) -> Dict[str, str]:
    """What ``oc`` collects, by path below the folder of the mesh; nothing, and a note, where it cannot be run."""
    program = shutil.which(os.path.expanduser(params["oc"]))
    if not program:
        miss(
            WHAT,
            f"{params['oc']} (openshift-client) is not on the PATH of the host that runs the task",
            "Install it there",
        )
        return {}
    folder = tempfile.mkdtemp(prefix="ossm-federation-")
    try:
        text = to_yaml(kubeconfig(cluster.configuration, params["auth"]))
        output = os.path.join(folder, "inspect")
        command = _command(program, namespace, output, params)
        with _private(folder, text) as private:
            environment = _environment(folder, private.path, params)
            for resources, failure in _run_all(_Oc(command, environment, private), int(params["oc_timeout"]), output):
                miss(f"{WHAT} {resources}", failure, "Grant the rights of docs/rbac/gather-inspect.yaml")
        return _texts(output, miss)
    except OSError as error:
        miss(WHAT, f"it cannot be run: {error.strerror or error}", "")
        return {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Private(NamedTuple):
    """A text that only this process and those that it starts can read: its path, and the descriptors to pass on."""

    path: str
    descriptors: Tuple[int, ...]


class _Oc(NamedTuple):
    """How ``oc`` is run: the command without the kinds to inspect, its environment, and its kubeconfig."""

    command: List[str]
    environment: Dict[str, str]
    kubeconfig: _Private


@contextmanager
def _private(folder: str, text: str) -> Iterator[_Private]:
    """A kubeconfig in memory; in a file where the system has no such memory, or does not show it as a file."""
    descriptor = _memory(text)
    if descriptor is None:
        path = os.path.join(folder, _KUBECONFIG)
        _write_private(path, text)
        yield _Private(path, ())
        return
    try:
        yield _Private(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


def _memory(text: str) -> Optional[int]:
    """The descriptor of a file in memory with a text; None where there is none."""
    create: Any = getattr(os, "memfd_create", None)
    if create is None:
        return None
    try:
        descriptor = int(create(_KUBECONFIG))
    except OSError:
        return None
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, text.encode())
        # Who opens it begins at its start, as with any file; who does not find it there gets a file on disk.
        with open(f"/proc/self/fd/{descriptor}", encoding="utf-8") as file:
            if file.read() == text:
                return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _write_private(path: str, text: str) -> None:
    """Write a file that nobody else may read at any moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def kubeconfig(configuration: Any, auth: Json) -> Json:
    """A kubeconfig with the connection that the Kubernetes client has resolved, whatever form the access had: also a token that a
    command returned, or a kubeconfig that is data."""
    cluster: Json = {"server": configuration.host}
    if not configuration.verify_ssl:
        cluster["insecure-skip-tls-verify"] = True
    elif configuration.ssl_ca_cert:
        cluster["certificate-authority-data"] = _encoded(configuration.ssl_ca_cert)
    if getattr(configuration, "tls_server_name", None):
        cluster["tls-server-name"] = configuration.tls_server_name
    if configuration.proxy:
        cluster["proxy-url"] = configuration.proxy
    user: Json = {}
    header = str(next(iter((configuration.api_key or {}).values()), ""))
    if header:
        user["token"] = header.rpartition(" ")[2]
    if configuration.cert_file:
        user["client-certificate-data"] = _encoded(configuration.cert_file)
    if configuration.key_file:
        user["client-key-data"] = _encoded(configuration.key_file)
    if configuration.username and configuration.password:
        user.update(username=configuration.username, password=configuration.password)
    if auth.get("impersonate_user"):
        user["as"] = auth["impersonate_user"]
    if auth.get("impersonate_groups"):
        user["as-groups"] = list(auth["impersonate_groups"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "mesh",
        "clusters": [{"name": "mesh", "cluster": cluster}],
        "users": [{"name": "mesh", "user": user}],
        "contexts": [{"name": "mesh", "context": {"cluster": "mesh", "user": "mesh"}}],
    }


def _encoded(path: str) -> str:
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def _command(program: str, namespace: str, output: str, params: Json) -> List[str]:
    """The command without the kinds to inspect, which come last. It has no credentials."""
    since = [f"--since={params['log_seconds']}s"] if params["log_seconds"] else []
    return [program, "adm", "inspect", *since, "--namespace", namespace, "--dest-dir", output]


def _environment(folder: str, path: str, params: Json) -> Dict[str, str]:
    """The environment of ``oc``: its cache is in the folder that is removed, and no proxy of this process is used."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "TMPDIR": folder}
    environment["KUBECONFIG"] = path
    if params["auth"].get("no_proxy"):
        environment["NO_PROXY"] = params["auth"]["no_proxy"]
    return environment


def _run_all(program: _Oc, seconds: int, output: str) -> List[Tuple[str, str]]:
    """Run ``oc`` for all kinds; what failed, by kinds. It writes nothing where one of them cannot be listed: then each kind is
    inspected by itself."""
    deadline = time.monotonic() + seconds
    resources = [str(RESOURCES[kind]) for kind in INSPECTED]
    failure = _run(program, ",".join(resources), deadline)
    if not failure or os.path.exists(output) or time.monotonic() >= deadline:
        return [("of the namespace", failure)] if failure else []
    failures = [(resource, _run(program, resource, deadline)) for resource in resources]
    return [(resource, failure) for resource, failure in failures if failure]


def _run(program: _Oc, resources: str, deadline: float) -> str:
    """Run ``oc`` once; what went wrong, without secrets, or an empty text."""
    try:
        completed = subprocess.run(
            [*program.command, resources],
            env=program.environment,
            cwd=program.environment["HOME"],
            pass_fds=program.kubeconfig.descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=max(0.1, deadline - time.monotonic()),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "it did not end in time"
    if completed.returncode == 0:
        return ""
    lines = completed.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
    return redact_text(f"exit code {completed.returncode}: {' '.join(' '.join(lines).split())[:300]}")


def _texts(output: str, miss: Miss) -> Dict[str, str]:
    """The files that ``oc`` has written, without secrets."""
    texts = {}
    for folder, dummy, names in sorted(os.walk(output)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, output)
            # The page of events has all of them a second time.
            if os.path.islink(path) or name == "event-filter.html" or _is_of_secrets(relative):
                continue
            text = _clean(path)
            if text is None:
                miss(f"{WHAT}: {relative}", "it is too large, or no text", "")
            else:
                texts[f"inspect/{relative[:-3] if name.endswith('.gz') else relative}"] = text
    return texts


def _is_of_secrets(path: str) -> bool:
    """Whether a file is one of Secrets, which a future ``oc`` may write although they are not asked for."""
    return any(part.partition(".")[0] == "secrets" for part in path.split(os.sep))


def _clean(path: str) -> Optional[str]:
    """The text of one file without secrets; what is compressed is unpacked. None where it cannot be taken."""
    if os.path.getsize(path) > _MOST:
        return None
    with open(path, "rb") as file:
        content = file.read()
    text = as_text(unpacked(content))
    if text is None:
        return None
    if path.endswith((".yaml", ".yml", ".json")):
        data: Any = plain_yaml(text)
        if isinstance(data, (dict, list)):
            return to_yaml(redact(data))
    return redact_text(text)
