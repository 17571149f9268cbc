#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: request_probe
short_description: Send requests to imported services from inside a mesh
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Starts short-lived pods with a sidecar in a member namespace of the mesh, requests each service from each of them, and reports the HTTP code, who
    answered, and the latency. Only a request proves that traffic passes; a connected peer and a listed import do not.
  - The pods belong to Jobs, which are deleted with them at the end. Where the run is killed before, the deadline of the Job ends the pods after
    O(timeout), and the Job is removed 60 seconds later; no one has to do that.
  - Services with the protocol V(http) get a GET request. To those with the protocol V(tcp) a connection is opened, which has to stay open for
    O(request_timeout) or to receive data; a sidecar accepts every connection at once and closes it where the service cannot be reached.
  - In check mode the Jobs are sent as a dry run, and nothing is requested.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - The Jobs are sent as a dry run, and nothing is requested.
  diff_mode:
    support: N/A
    details:
      - Nothing that stays is changed.
  idempotent:
    support: full
options:
  probe_namespace:
    description: Namespace of the pods. It must be a member of the mesh, so that the pods get a sidecar.
    type: str
    required: true
  targets:
    description:
      - The services to request.
      - More than 20 are split among several Jobs, since a termination message has room for so many results.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: Host name of the imported service in this mesh, as the status of the ImportedServiceSet has it.
        type: str
        required: true
      port:
        description: Port of the exported Service.
        type: int
        required: true
      protocol:
        description: What is done, a request or only a connection.
        type: str
        choices: [http, tcp]
        default: http
      service:
        description: Exported name of the service; it is returned as it is given.
        type: str
        default: ''
      peer:
        description: Mesh that exports the service; it is returned as it is given.
        type: str
  image:
    description:
      - Image of the pods. It needs C(bash), C(curl) and C(timeout).
      - By default the image of the mesh's own proxies, read from a pod of a gateway. Every sidecar has it, so nothing else is pulled.
    type: str
  count:
    description: Number of pods, each of which requests every service.
    type: int
    default: 1
  path:
    description: Path of the requests.
    type: str
    default: /
  header:
    description:
      - Name of a response header by which an application tells who it is, for instance its mesh or its pod.
      - RV(requests[].answered_by) is its value where a response has it.
    type: str
  requests:
    description: Number of requests to each service and pod. The first one that is not served ends them.
    type: int
    default: 3
  request_timeout:
    description: Seconds that one request may take.
    type: int
    default: 5
  timeout:
    description: Seconds until all pods must have reported, with their start.
    type: float
    default: 120
seealso:
  - module: ossm.federation.peer_info
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Request an imported service from inside green
  ossm.federation.request_probe:
    auth:
      kubeconfig: ~/.kube/green
    mesh: green-mesh
    namespace: green-mesh-system
    probe_namespace: green-mesh-bookinfo
    targets:
      - host: ratings.bookinfo.svc.red-mesh-imports.local
        port: 9080
    path: /health
  register: probed

- name: Show who answered
  ansible.builtin.debug:
    msg: "{{ probed.requests | map(attribute='answered_by') }}"

- name: Request from three pods, with an image of your own
  ossm.federation.request_probe:
    auth:
      kubeconfig: ~/.kube/green
    mesh: green-mesh
    namespace: green-mesh-system
    probe_namespace: green-mesh-bookinfo
    image: registry.example.com/tools/curl@sha256:2c8e0b1f0c7f4f6f8a0d4f6d8f9f2b7a2d9e7b1c3a5f7e9d1b3c5a7f9e1d3b5a
    count: 3
    targets:
      - host: orders.shop.svc.red-mesh-imports.local
        port: 5432
        protocol: tcp
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: green-mesh
namespace:
  description: O(namespace) as it was given.
  returned: always
  type: str
  sample: green-mesh-system
probe_namespace:
  description: O(probe_namespace) as it was given.
  returned: always
  type: str
  sample: green-mesh-bookinfo
passed:
  description: Whether there were requests, and the services have answered all of them.
  returned: always
  type: bool
  sample: true
message:
  description: How many requests were answered, and what kept others from being sent.
  returned: always
  type: str
  sample: 2 of 2 requests answered by the services
image:
  description: The image of the pods. Empty where none is known.
  returned: always
  type: str
  sample: registry.redhat.io/openshift-service-mesh/proxyv2-rhel8@sha256:0a4f
requests:
  description: What each pod has seen of each service.
  returned: always
  type: list
  elements: dict
  contains:
    peer:
      description: The peer of the target.
      returned: always
      type: str
      sample: red-mesh
    service:
      description: The exported name of the target.
      returned: always
      type: str
      sample: ratings.bookinfo.svc.green-mesh-exports.local
    host:
      description: Host name that was requested.
      returned: always
      type: str
      sample: ratings.bookinfo.svc.red-mesh-imports.local
    port:
      description: Port that was requested.
      returned: always
      type: int
      sample: 9080
    protocol:
      description: What was done.
      returned: always
      type: str
      sample: http
    pod:
      description: The pod that sent the requests.
      returned: always
      type: str
      sample: federation-probe-1f2e3d4c-0-x7k2p
    status:
      description: HTTP code of the last request; C(0) without one.
      returned: always
      type: int
      sample: 200
    answered_by:
      description:
        - V(application) for the service behind its sidecar, or the value of O(header); V(envoy) for a proxy that answered in place of the service. Empty
          where nothing answered.
      returned: always
      type: str
      sample: application
    latency_ms:
      description: Milliseconds of the last request. Null for a connection, and where nothing answered.
      returned: always
      type: int
      sample: 12
    message:
      description: What became of the requests.
      returned: always
      type: str
      sample: HTTP 200
    ok:
      description:
        - Whether the service has answered all requests, with a code below 500 that is not 403, or the connection has stayed open.
      returned: always
      type: bool
      sample: true
left:
  description: The Jobs that could not be removed.
  returned: always
  type: list
  elements: str
  sample: []
problems:
  description: What kept requests from being sent, and one problem for each service that has not answered.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: requests-fail
    severity:
      description: How severe it is.
      returned: always
      type: str
      choices: [error, warning, info]
      sample: error
    mesh:
      description: Name of the mesh.
      returned: always
      type: str
      sample: green-mesh
    where:
      description: The object or the host name that the problem is about.
      returned: always
      type: str
      sample: ratings.bookinfo.svc.red-mesh-imports.local:9080
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: HTTP 503 from Envoy in place of the service
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Read the log of the egress gateway here and of the ingress gateway there while a request is sent
    peer:
      description: The mesh that exports the service.
      returned: where the problem is about a service
      type: str
      sample: red-mesh
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.request_probe import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
