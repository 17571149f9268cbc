# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Arguments that several modules share. Private to this collection."""

from __future__ import annotations

from typing import Any, Dict

#: The option ``auth``: kubernetes.core's authentication options; a test compares the two.
AUTH_OPTION: Dict[str, Any] = {
    "type": "dict",
    "required": True,
    "options": {
        "kubeconfig": {"type": "raw", "no_log": True},
        "context": {"type": "str"},
        "host": {"type": "str"},
        "api_key": {"type": "str", "no_log": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "validate_certs": {"type": "bool"},
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "proxy": {"type": "str"},
        "no_proxy": {"type": "str"},
        "proxy_headers": {
            "type": "dict",
            "options": {
                "proxy_basic_auth": {"type": "str", "no_log": True},
                "basic_auth": {"type": "str", "no_log": True},
                "user_agent": {"type": "str"},
            },
        },
        "persist_config": {"type": "bool"},
        "impersonate_user": {"type": "str"},
        "impersonate_groups": {"type": "list", "elements": "str"},
    },
}

#: The options of every module.
COMMON_OPTIONS: Dict[str, Any] = {
    "auth": AUTH_OPTION,
    "mesh": {"type": "str", "required": True},
    "fail_on_problems": {"type": "bool", "default": True},
}

#: The options of every module that reads or writes in the namespace of one control plane.
MESH_OPTIONS: Dict[str, Any] = {**COMMON_OPTIONS, "namespace": {"type": "str", "required": True}}
