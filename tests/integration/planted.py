# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a mesh with a secret in every place in which people put one."""

from __future__ import annotations

import base64
import json

from harness import Object

SECRET = "Zq8-planted-7Hx2Lw"
#: The secret as registries have it in their configuration.
AUTH = base64.b64encode(f"robot:{SECRET}".encode()).decode()


def planted_objects(namespace: str) -> list[Object]:
    """Return objects with the secret in Secrets, a ConfigMap, a pod of istiod, a Deployment, an event, and a VirtualService."""
    meta = {"namespace": namespace, "name": "planted"}
    header = {"apiVersion": "v1", "metadata": meta}
    auths = json.dumps({"auths": {"registry.example.com": {"auth": AUTH}}})
    env = [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "SETTINGS", "value": f'{{"apiKey": "{SECRET}"}}'}]
    container = {"name": "istio-proxy", "image": "proxy", "env": env, "args": [f"--token={SECRET}"]}
    pod_meta = {
        **meta,
        "labels": {"app": "istiod"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": SECRET},
    }
    kubeconfig = f"users: [{{user: {{token: {SECRET}}}}}]"
    return [
        {**header, "kind": "ConfigMap", "data": {"kubeconfig": kubeconfig, "plain": SECRET, "config.json": auths}},
        {**header, "kind": "Secret", "stringData": {"key": SECRET}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {**meta, "name": "registry"},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": auths},
        },
        {**header, "kind": "Pod", "metadata": pod_meta, "spec": {"containers": [container]}},
        {
            **header,
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "planted"}},
                "template": {"metadata": {"labels": {"app": "planted"}}, "spec": {"containers": [container]}},
            },
        },
        {
            **header,
            "kind": "Event",
            "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "x"},
            "reason": "Planted",
            "message": f"https://u:{SECRET}@registry/",
        },
        {
            "apiVersion": "networking.istio.io/v1beta1",
            "kind": "VirtualService",
            "metadata": meta,
            "spec": {
                "hosts": ["api.example.com"],
                "http": [
                    {
                        "headers": {"request": {"set": {"authorization": f"Bearer {SECRET}"}}},
                        "route": [{"destination": {"host": "api.example.com"}}],
                    }
                ],
            },
        },
    ]
