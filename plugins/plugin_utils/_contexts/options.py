# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the options of the inventory plugin, checked. Pure.

Ansible checks the options of an inventory plugin for their types only, and those of hubs not at all.
"""

from __future__ import annotations

import difflib
import os
from typing import Any, Dict, List, NamedTuple, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import is_text, is_url

AUTOMATIC_GROUPS = ("platform", "version", "region", "labels")
#: The options of a hub: whether each is required.
HUB_OPTIONS = {"context": True, "kubeconfig": False, "label_selector": False, "proxy": False, "proxy_ca_cert": False}


class OptionError(Exception):
    """An option of the inventory file that cannot be used."""


class HubOptions(NamedTuple):
    """A hub of Advanced Cluster Management; texts that are not set are empty."""

    context: str
    kubeconfig: str = ""
    label_selector: str = ""
    proxy: str = ""
    proxy_ca_cert: str = ""


class Options(NamedTuple):
    """The options that are not Ansible's own. ``kubeconfigs`` are absolute paths; none stands for the user's default."""

    kubeconfigs: Tuple[str, ...]
    contexts: Tuple[str, ...]
    namespaces: Tuple[str, ...]
    hubs: Tuple[HubOptions, ...]
    group: str
    automatic_groups: Tuple[str, ...]
    timeout: int
    workers: int


def read_options(values: Dict[str, Any], folder: str) -> Options:
    """The options; relative paths count from ``folder``. Raises OptionError."""
    automatic = _texts(values, "automatic_groups")
    for name in automatic:
        if name not in AUTOMATIC_GROUPS:
            raise OptionError(
                f"automatic_groups: must be some of {', '.join(AUTOMATIC_GROUPS)}, not {name!r}{_close(name, AUTOMATIC_GROUPS)}"
            )
    hubs = values.get("hubs") or []
    if not isinstance(hubs, list):
        raise OptionError("hubs: must be a list of dictionaries, each with context")
    for name in ("timeout", "workers"):
        if not isinstance(values[name], int) or values[name] < 1:
            raise OptionError(f"{name}: must be a whole number of at least 1, not {values[name]!r}")
    if not is_text(values["group"]):
        raise OptionError("group: must be the name of a group")
    return Options(
        tuple(_path(text, folder) for text in _texts(values, "kubeconfigs")),
        tuple(_texts(values, "contexts")),
        tuple(_texts(values, "namespaces")),
        tuple(_hub(hub, f"hubs[{index}]", folder) for index, hub in enumerate(hubs)),
        str(values["group"]),
        tuple(automatic),
        values["timeout"],
        values["workers"],
    )


def _texts(values: Dict[str, Any], name: str) -> List[str]:
    """The option as a list of texts: Ansible makes a list of a single text, and checks no entry."""
    texts = values.get(name) or []
    if not isinstance(texts, list) or not all(is_text(text) for text in texts):
        raise OptionError(f"{name}: must be a list of strings")
    return texts


def _hub(hub: Any, where: str, folder: str) -> HubOptions:
    if not isinstance(hub, dict):
        raise OptionError(f"{where}: must be a dictionary with the keys {', '.join(HUB_OPTIONS)}")
    for key, value in hub.items():
        if key not in HUB_OPTIONS:
            raise OptionError(
                f"{where}.{key}: no such key; accepted are {', '.join(HUB_OPTIONS)}{_close(str(key), tuple(HUB_OPTIONS))}"
            )
        if not is_text(value):
            raise OptionError(f"{where}.{key}: must be a string")
    if "context" not in hub:
        raise OptionError(f"{where}.context: must be the context of the hub in the kubeconfig")
    if "proxy" in hub and not is_url(hub["proxy"]):
        raise OptionError(f"{where}.proxy: must be an http or https URL, not {hub['proxy']!r}")
    texts = {key: str(value) for key, value in hub.items()}
    texts.update({key: _path(texts[key], folder) for key in ("kubeconfig", "proxy_ca_cert") if key in texts})
    if "proxy" in texts:
        texts["proxy"] = texts["proxy"].rstrip("/")
    return HubOptions(**texts)


def _path(text: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, os.path.expanduser(text)))


def _close(name: str, known: Tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f". Did you mean {close[0]}" if close else ""
