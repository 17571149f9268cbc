# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of a lab: one etcd and one kube-apiserver each, on their own loopback addresses.

No controllers run; the simulator does the part of their work that federation needs.
"""

from __future__ import annotations

import base64
import random
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import certificates, processes
from lab.state import LabError, write_atomically

PORTS = range(20000, 32000)
START_SECONDS = 120.0
PORT_SECONDS = 10.0
POLL_SECONDS = 0.05
TAIL_LINES = 25
ADMIN_GROUP = "lab:admins"
USERS = {"kubeconfig": "admin", "simulator.kubeconfig": "simulator", "launcher.kubeconfig": "launcher"}
#: Storage formats of an API server: protobuf is the default, JSON is for labs whose stored objects are edited.
JSON, PROTOBUF = "application/json", "application/vnd.kubernetes.protobuf"

_UNAUDITED_READERS = ["lab:simulator", "lab:launcher", "system:apiserver"]

# Admission plugins that need controllers which do not run here, or that only cost time in a lab.
_DISABLED_ADMISSION = (
    "ServiceAccount",
    "Priority",
    "LimitRanger",
    "ResourceQuota",
    "TaintNodesByCondition",
    "DefaultTolerationSeconds",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "RuntimeClass",
    "PersistentVolumeClaimResize",
    "DefaultIngressClass",
)

AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "users": ["lab:launcher"], "nonResourceURLs": ["/version"]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*"]},
        {"level": "None", "users": _UNAUDITED_READERS, "verbs": ["get", "list", "watch"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True)
class Cluster:
    """A cluster of a lab: its directory and its entry in ``lab.json``."""

    name: str
    directory: Path
    entry: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Return the cluster's directory."""
        return self.directory / self.name

    def address(self, host: int) -> str:
        """Return an address of the cluster's /24: 1 is the API server, 2 is etcd, 3 is the front proxy."""
        return f"{self.entry['addresses'].rpartition('.')[0]}.{host}"

    def running(self) -> dict[str, processes.Process]:
        """Return the cluster's running processes by role (``etcd``, ``kube-apiserver``, ``front-proxy:PORT``)."""
        prefix = f"{self.name}/"
        return {
            process.role[len(prefix) :]: process
            for process in processes.of_lab(self.directory)
            if process.role.startswith(prefix)
        }


def new_entry(
    directory: Path, network: str, index: int, name: str, settings: dict[str, Any], storage: str
) -> dict[str, Any]:
    """Return the ``lab.json`` entry of a new cluster; ``index`` counts from 1 and selects its addresses."""
    folder = directory / name
    prefix = f"{network}.{index}"
    zones = [f"{settings['region']}{letter}" for letter in "abc"]
    return {
        "index": index,
        "kubeconfig": str(folder / "kubeconfig"),
        "simulator_kubeconfig": str(folder / "simulator.kubeconfig"),
        "launcher_kubeconfig": str(folder / "launcher.kubeconfig"),
        "server": f"https://{prefix}.1:{free_port(f'{prefix}.1')}",
        "etcd_ports": [free_port(f"{prefix}.2"), free_port(f"{prefix}.2")],
        "audit_log": str(folder / "audit.log"),
        "storage": storage,
        "addresses": f"{prefix}.0/24",
        "service_cidr": f"10.{100 + (index - 1) % 150}.0.0/16",
        "platform": settings["platform"],
        "region": settings["region"],
        "metallb": settings["metallb"],
        "openshift": settings["openshift"],
        "operator": settings["operator"],
        "base_domain": f"{name}.lab.example",
        "nodes": [
            {
                "name": f"node-{number}.{name}.lab.example",
                "address": f"{prefix}.{10 + number}",
                "zone": zones[number % len(zones)],
                "arch": settings["arch"],
            }
            for number in range(settings["nodes"])
        ],
        "pids": {},
    }


def free_port(address: str) -> int:
    """Return an unused port of ``address``.

    It stays unused: it is below the range of outgoing connections and the address belongs to this lab. It is random, so
    that clients do not reuse a cache entry of another lab's server.
    """
    for port in random.SystemRandom().sample(PORTS, 50):
        if _unused(address, port):
            return port
    raise LabError(f"No free port on {address}.")


def _unused(address: str, port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        return True
    return False


def _await_unused(address: str, port: str | int) -> None:
    """Wait until the kernel has released the port of a server that was just killed."""
    deadline = time.monotonic() + PORT_SECONDS
    while not _unused(address, int(port)):
        if time.monotonic() > deadline:
            raise LabError(f"Another process listens on {address}:{port}. Run `down`, then `up`.")
        time.sleep(POLL_SECONDS)


def start_store(cluster: Cluster, programs: Path) -> None:
    """Start the cluster's etcd unless it runs."""
    write_files(cluster)
    if "etcd" in cluster.running():
        return
    for port in cluster.entry["etcd_ports"]:
        _await_unused(cluster.address(2), port)
    client, peer = (f"http://{cluster.address(2)}:{port}" for port in cluster.entry["etcd_ports"])
    processes.start(
        f"{cluster.name}/etcd",
        cluster.directory,
        [
            str(programs / "etcd"),
            f"--name={cluster.name}",
            f"--data-dir={cluster.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={cluster.name}={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            "--snapshot-count=50000",
            "--max-wals=1",
            "--max-snapshots=1",
            "--quota-backend-bytes=2147483648",
        ],
        cluster.folder / "etcd.log",
    )


def start_server(cluster: Cluster, programs: Path) -> None:
    """Start the cluster's API server unless it runs; it waits for etcd itself."""
    if "kube-apiserver" in cluster.running():
        return
    _await_unused(*cluster.entry["server"].removeprefix("https://").split(":"))
    processes.start(
        f"{cluster.name}/kube-apiserver",
        cluster.directory,
        [str(programs / "kube-apiserver"), *_server_flags(cluster)],
        cluster.folder / "kube-apiserver.log",
    )


def _server_flags(cluster: Cluster) -> list[str]:
    pki = cluster.folder / "pki"
    host, _separator, port = cluster.entry["server"].removeprefix("https://").partition(":")
    values = {
        "bind-address": host,
        "secure-port": port,
        # Not used, but without it the server requires a default route.
        "advertise-address": "192.0.2.1",
        "endpoint-reconciler-type": "none",
        "etcd-servers": f"http://{cluster.address(2)}:{cluster.entry['etcd_ports'][0]}",
        "storage-media-type": cluster.entry["storage"],
        "cert-dir": pki,
        "tls-cert-file": pki / "server.crt",
        "tls-private-key-file": pki / "server.key",
        "client-ca-file": pki / "ca.crt",
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "requestheader-allowed-names": "lab:front-proxy",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki / "front-proxy-client.crt",
        "proxy-client-key-file": pki / "front-proxy-client.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": pki / "service-account.pub",
        "service-account-signing-key-file": pki / "service-account.key",
        "service-cluster-ip-range": cluster.entry["service_cidr"],
        "authorization-mode": "RBAC",
        "allow-privileged": "true",
        # Names of nodes do not resolve here; the kubelets of the simulator answer for logs.
        "kubelet-preferred-address-types": "InternalIP",
        "disable-admission-plugins": ",".join(_DISABLED_ADMISSION),
        "enable-priority-and-fairness": "false",
        "profiling": "false",
        "shutdown-delay-duration": "0s",
        "audit-log-path": cluster.entry["audit_log"],
        "audit-log-maxsize": "2000",
        "audit-policy-file": cluster.folder / "audit-policy.yaml",
        "v": "0",
    }
    return [f"--{key}={value}" for key, value in values.items()]


def write_files(cluster: Cluster) -> None:
    """Write the audit policy, and the certificates and kubeconfigs that do not exist."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    second_octet = cluster.entry["service_cidr"].split(".")[1]
    certificates.write_all(cluster.folder / "pki", [cluster.address(1), cluster.address(3)], f"10.{second_octet}.0.1")
    write_atomically(cluster.folder / "audit-policy.yaml", yaml.safe_dump(AUDIT_POLICY, sort_keys=False))
    for file, user in USERS.items():
        if not (cluster.folder / file).exists():
            write_kubeconfig(cluster, file, user, cluster.entry["server"])


def write_kubeconfig(cluster: Cluster, file: str, user: str, server: str) -> None:
    """Write a self-contained kubeconfig atomically; its context has the name of the cluster."""
    pki = cluster.folder / "pki"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster.name,
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {"server": server, "certificate-authority-data": _encoded(pki / "ca.crt")},
            }
        ],
        "users": [
            {
                "name": f"{cluster.name}-{user}",
                "user": {
                    "client-certificate-data": _encoded(pki / f"{user}.crt"),
                    "client-key-data": _encoded(pki / f"{user}.key"),
                },
            }
        ],
        "contexts": [{"name": cluster.name, "context": {"cluster": cluster.name, "user": f"{cluster.name}-{user}"}}],
    }
    write_atomically(cluster.folder / file, yaml.safe_dump(config, sort_keys=False))


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def await_ready(cluster: Cluster) -> None:
    """Wait until the API server is ready. LabError with the end of its log when it exits or times out."""
    context = ssl.create_default_context(cafile=str(cluster.folder / "pki" / "ca.crt"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(opener, f"{cluster.entry['server']}/readyz"):
        running = cluster.running()
        for program in ("etcd", "kube-apiserver"):
            if program not in running:
                raise LabError(
                    f"{program} of cluster {cluster.name} exited:\n{tail(cluster.folder / f'{program}.log')}"
                )
        if time.monotonic() > deadline:
            raise LabError(
                f"The API server of cluster {cluster.name} was not ready within {START_SECONDS:.0f} s:\n"
                f"{tail(cluster.folder / 'kube-apiserver.log')}"
            )
        time.sleep(POLL_SECONDS)


def _is_ready(opener: urllib.request.OpenerDirector, url: str) -> bool:
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, an empty text when it does not exist."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def stop(cluster: Cluster, selected: Callable[[str], bool] = lambda role: True) -> None:
    """Stop the cluster's processes with a selected role, and wait until they have ended."""
    processes.stop(process for role, process in cluster.running().items() if selected(role))
