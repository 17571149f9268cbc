# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Ansible's base classes of inventory plugins, with the types that they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

from ansible.plugins.inventory import get_cache_plugin

if TYPE_CHECKING:

    class InventoryBase:
        """The part of Ansible's base classes that this collection uses."""

        inventory: Any
        display: Any
        _cache: Any

        def verify_file(self, path: str) -> bool:
            """Tell whether the file can be read."""

        def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
            """Prepare the plugin."""

        def get_option(self, option: str) -> Any:
            """Return the value of an option."""

        def get_cache_key(self, path: str) -> str:
            """Return the key of this inventory in its cache."""

        def _read_config_data(self, path: str) -> Dict[str, Any]:
            """Read the file, and set the options."""

        def _sanitize_group_name(self, name: str) -> str:
            """Return a name that a group may have."""

        def _compose(self, template: str, variables: Dict[str, Any]) -> Any:
            """Return the value of an expression."""

        def _set_composite_vars(self, compose: Any, variables: Dict[str, Any], host: str, strict: bool = False) -> None:
            """Set variables of a host by expressions."""

        def _add_host_to_composed_groups(
            self, groups: Any, variables: Dict[str, Any], host: str, strict: bool = False
        ) -> None:
            """Add a host to groups by conditions."""

        def _add_host_to_keyed_groups(
            self, keys: List[Any], variables: Dict[str, Any], host: str, strict: bool = False
        ) -> None:
            """Add a host to groups by values."""

else:
    from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

    class InventoryBase(BaseInventoryPlugin, Constructable, Cacheable):
        """A plugin with expressions and a cache."""


__all__ = ["InventoryBase", "open_cache"]


def open_cache(plugin: InventoryBase) -> Any:
    """The cache of a plugin, in which nothing ends: the plugin itself looks at the age of what is in it."""
    options = {
        "_uri": plugin.get_option("cache_connection"),
        "_prefix": plugin.get_option("cache_prefix"),
        "_timeout": 0,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return get_cache_plugin(plugin.get_option("cache_plugin"), **given)
