# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the doctor judges: the facts of all meshes, and the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
)


def record_facts(hosts: list[str], hostvars: Mapping[str, Any], path: str) -> str:
    """Write the facts and what was seen of the network as JSON, and return the path."""
    facts = read_facts(hostvars, hosts, ())
    network = read_results(hostvars, hosts, ("network",))["network"]
    Path(path).write_text(json.dumps({"facts": facts, "network": network}), encoding="utf-8")
    return path


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"record_facts": record_facts}
