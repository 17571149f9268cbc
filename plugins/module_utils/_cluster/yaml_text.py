# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Plain data to YAML texts and back. Private to this collection."""

from __future__ import annotations

from typing import Any

try:
    import yaml
except ImportError:
    # Without it no Cluster can be made, so nothing here is called.
    pass


def to_yaml(value: Any) -> str:
    """Plain data as YAML, keys in the order given."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, default_flow_style=False, width=10000))


def from_yaml(text: str) -> Any:
    """Plain data of a YAML text; None where it is none."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
