# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: contexts
short_description: Make an inventory of the control planes in the clusters of kubeconfigs
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Reads the clusters of the contexts of kubeconfigs, and makes a host for each ServiceMeshControlPlane in them, with the variables by which
    the playbooks of this collection reach it. The hosts are in the group O(group).
  - Clusters are read side by side. Nothing is written.
  - A cluster that does not answer is a warning. With O(cache) its hosts stay as they were, however long ago that is.
  - The file has the name C(contexts.yml), or a name that ends with C(.contexts.yml) (or C(.yaml)).
  - A host for a control plane in C(istio-system) is named like its cluster. Every other one has the name of its cluster and its namespace; the
    latter without C(-system) at its end, and the former not twice - C(red-mesh) for C(red-mesh-system) in the cluster C(red).
  - A cluster is named like its context, in lower case letters, digits and hyphens; of a context that C(oc login) has made only the address of
    the API server counts. So the name of a host, which is that of the mesh, depends on nothing else that is found. Two hosts with one name are
    an error.
  - Text from clusters is never a template.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [ossm.federation.contexts]
  kubeconfigs:
    description:
      - Paths of kubeconfigs, relative to the folder of this file. Their hosts have the variable C(mesh_kubeconfig).
      - By default the files that E(KUBECONFIG) names are read, else C(~/.kube/config). Then the hosts have C(mesh_context) only, so that a run
        finds its kubeconfig in the same way, wherever that is. This is what a job of Automation Controller needs.
    type: list
    elements: str
    default: []
  contexts:
    description:
      - Patterns of the contexts that are read, such as V(prod-*); a pattern with V(!) before it excludes contexts. By default all.
      - Several contexts of one API server are one cluster. The first one that works is used.
    type: list
    elements: str
    default: []
  namespaces:
    description:
      - Namespaces in which control planes are looked for. By default all.
      - Where an account may not list all namespaces, by default that of its context and C(istio-system) are tried.
    type: list
    elements: str
    default: []
  hubs:
    description:
      - Hubs of Advanced Cluster Management, whose ManagedClusters give clusters labels and claims.
      - The ManagedCluster of a cluster has the ID of its ClusterVersion, else the URL of its API server, else the name of its context.
    type: list
    elements: dict
    default: []
    suboptions:
      context:
        description: Context of the hub. It need not be among O(contexts).
        type: str
        required: true
      kubeconfig:
        description: Path of the kubeconfig with the context, relative to the folder of this file. By default one of O(kubeconfigs).
        type: str
      label_selector:
        description: Label selector of the ManagedClusters.
        type: str
      proxy:
        description:
          - URL of the route of the add-on cluster-proxy. The ManagedClusters without a context are read through it, with the credentials for
            the hub, and their hosts have the variable C(mesh_host). By default they have no hosts.
        type: str
      proxy_ca_cert:
        description: Path of a file with the CA certificate of O(hubs[].proxy), relative to the folder of this file.
        type: str
  group:
    description: The group of all hosts, which is C(federation_group) of a run.
    type: str
    default: federation
  host_name:
    description:
      - Jinja2 expression for the name of a host, over its variables. The value must be a DNS label of at most 55 characters.
      - The name is that of the mesh, and of objects in its peers. A change of it is a new mesh for the peers.
    type: str
  filters:
    description: Jinja2 conditions over the variables of a host. A host for which one of them is false, or undefined, is left out.
    type: list
    elements: str
    default: []
  automatic_groups:
    description:
      - The groups that are made without O(keyed_groups) - C(platform_AWS), C(version_v2_5) of the control plane, C(region_us_east_1), and for the
        labels of the ManagedCluster C(label_environment_production).
      - Labels that a hub sets for its add-ons make no groups.
    type: list
    elements: str
    choices: [platform, version, region, labels]
    default: [platform, version, region, labels]
  timeout:
    description: Seconds that the reading of one cluster may take. No request is repeated.
    type: int
    default: 10
  workers:
    description: Number of clusters that are read at the same time.
    type: int
    default: 20
  fail_on_unreachable:
    description:
      - Whether a cluster or a hub that does not answer is an error, even where its hosts are known from O(cache).
      - The variable C(federation_expected_meshes) makes a run fail where meshes are missing.
    type: bool
    default: false
requirements:
  - Python 3.10 or newer
  - kubernetes (Python package) 24.2.0 or newer
  - PyYAML (Python package)
  - kubernetes.core (collection) 6.0.0 or newer
notes:
  - The variables of a host are C(mesh_context), C(mesh_kubeconfig) or C(mesh_host) where they are needed, C(mesh_namespace), C(mesh_control_plane),
    C(mesh_managed_cluster) where a hub has one, and what was found - C(cluster_name), C(cluster_server), C(cluster_uid), C(cluster_platform),
    C(cluster_region), C(cluster_openshift_version), C(cluster_labels) and C(cluster_claims) of the ManagedCluster, C(control_plane_version),
    C(control_plane_ready), C(control_plane_labels). No credential is among them.
  - The C(K8S_AUTH_*) variables of kubernetes.core are rejected when they are set, and the service account of a pod is never used.
seealso:
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
# contexts.yml: all control planes that the kubeconfig of the user reaches
plugin: ossm.federation.contexts
---
# prod.contexts.yml: some contexts of two kubeconfigs, with a cache
plugin: ossm.federation.contexts
kubeconfigs: [~/.kube/east, ~/.kube/west]
contexts: [prod-*, "!prod-test"]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ossm-federation
cache_timeout: 600
---
# acm.contexts.yml: labels of the ManagedClusters of a hub; those without a context are reached through the hub
plugin: ossm.federation.contexts
hubs:
  - context: hub
    proxy: https://cluster-proxy-user.apps.hub.example.com
    proxy_ca_cert: hub-ingress-ca.pem
filters:
  - cluster_labels.environment == 'production'
keyed_groups:
  - key: cluster_labels.tier
    prefix: tier
compose:
  mesh_locality: "{'region': cluster_region}"
"""

import os
from typing import Any, Dict, List

from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import remove_credential_files
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.clusters import Survey, check_environment
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory_base import InventoryBase, open_cache
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert_texts, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.hosts import (
    Host,
    automatic_groups,
    check_names,
    hosts_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.memory import Memory
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts.options import OptionError, read_options

_OPTIONS = ("kubeconfigs", "contexts", "namespaces", "hubs", "group", "automatic_groups", "timeout", "workers")
_SUFFIXES = ("contexts.yml", "contexts.yaml")


class InventoryModule(InventoryBase):
    """Makes the inventory; see DOCUMENTATION."""

    NAME = "ossm.federation.contexts"

    def verify_file(self, path: str) -> bool:
        """Tell whether the name of the file is that of an inventory of this plugin."""
        name = os.path.basename(path)
        return bool(super().verify_file(path)) and (
            name in _SUFFIXES or name.endswith(tuple(f".{one}" for one in _SUFFIXES))
        )

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            hosts = self._find_hosts(path, cache)
        except OptionError as error:
            raise AnsibleParserError(f"{path}: {error}") from error
        group = self.inventory.add_group(str(plain(self.get_option("group"))))
        for host in hosts:
            self._add(host, group)

    def _find_hosts(self, path: str, use_cache: bool) -> List[Host]:
        """The hosts of all clusters, with their final names."""
        variables = check_environment()
        if variables:
            raise OptionError(
                f"{', '.join(variables)} set in the environment: every cluster would be reached with these credentials. Fix: Unset them."
            )
        options = read_options(
            {name: plain(self.get_option(name)) for name in _OPTIONS}, os.path.dirname(os.path.abspath(path))
        )
        is_cached, key = bool(self.get_option("cache")), self.get_cache_key(path)
        if is_cached:
            self._cache = open_cache(self)
        memory = Memory(plain(self._cache.get(key)) if is_cached else None)
        survey = Survey(options, memory, int(self.get_option("cache_timeout")) if is_cached and use_cache else None)
        try:
            clusters = survey.clusters()
        finally:
            # A worker process would find them in the memory that it inherits, and remove them while another one uses them.
            remove_credential_files()
        hosts, warnings = hosts_of(clusters)
        for line in (*survey.warnings, *warnings):
            self.display.warning(line)
        for line in survey.notes:
            self.display.vv(line)
        if survey.unanswered and self.get_option("fail_on_unreachable"):
            raise OptionError(f"no answer from {', '.join(sorted(set(survey.unanswered)))} (fail_on_unreachable)")
        if is_cached:
            self._cache[key] = memory.kept(survey.keys)
        named = [self._named(host) for host in hosts if self._is_wanted(host)]
        check_names(named)
        return named

    def _is_wanted(self, host: Host) -> bool:
        """Whether all filters are true for a host."""
        for condition in self.get_option("filters"):
            value = self._evaluate(condition, host, "filters")
            if value is None or not boolean(value, strict=False):
                return False
        return True

    def _named(self, host: Host) -> Host:
        """The host with the name that the option host_name gives it."""
        expression = self.get_option("host_name")
        if not expression:
            return host
        value = self._evaluate(expression, host, "host_name", is_needed=True)
        return host._replace(name=str(value))

    def _evaluate(self, expression: str, host: Host, option: str, *, is_needed: bool = False) -> Any:
        """The value of an expression over the variables of a host; None where it has none, unless it is needed."""
        try:
            return plain(self._compose(expression, inert_texts(host.variables)))
        except Exception as error:  # a template may raise anything
            if is_needed or self.get_option("strict"):
                raise AnsibleParserError(f"{option}: {expression} has no value for {host.origin}: {error}") from error
            return None

    def _add(self, host: Host, group: str) -> None:
        """Add a host with its variables and groups."""
        variables: Dict[str, Any] = inert_texts(host.variables)
        self.inventory.add_host(host.name, group=group)
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        for raw in automatic_groups(host.variables, plain(self.get_option("automatic_groups"))):
            self.inventory.add_host(host.name, group=self.inventory.add_group(self._sanitize_group_name(raw)))
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict)
