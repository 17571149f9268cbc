# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Ansible's base class of actions, with the types that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

if TYPE_CHECKING:

    class ActionBase:
        """The part of Ansible's base class that this collection uses."""

        TRANSFERS_FILES: bool
        _task: Any
        _connection: Any
        _play_context: Any

        def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
            """Return the result of the task."""

        def validate_argument_spec(self, argument_spec: Dict[str, Any]) -> Tuple[Any, Dict[str, Any]]:
            """Return the validation, and the arguments with their defaults."""

        def _execute_module(
            self, module_name: str, module_args: Any, task_vars: Optional[Dict[str, Any]], wrap_async: Any = False
        ) -> Dict[str, Any]:
            """Return the result of a module that ran where the task runs."""

else:
    from ansible.plugins.action import ActionBase

__all__ = ["ActionBase"]
