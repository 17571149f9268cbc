# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Ansible's base class of actions, with the types that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

if TYPE_CHECKING:

    class ActionBase:
        """The part of Ansible's base class that this collection uses."""

        TRANSFERS_FILES: bool
        _task: Any
        _connection: Any
        _play_context: Any
        _templar: Any

        def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
            """Return the result of the task."""

        def _execute_module(
            self, module_name: str, module_args: Any, task_vars: Optional[Dict[str, Any]], wrap_async: Any = False
        ) -> Dict[str, Any]:
            """Return the result of a module that ran where the task runs."""

else:
    from ansible.plugins.action import ActionBase

__all__ = ["ActionBase", "validated"]


def validated(module: str, spec: Dict[str, Any], args: Dict[str, Any]) -> Tuple[Dict[str, Any], str]:
    """Return the arguments of a module with their defaults, and what is wrong with them, or an empty string.

    Ansible's own method of the action fails with the arguments as the origin of its error, and ansible-core 2.19 and later
    prints that origin: a credential among them would be shown.
    """
    result = ArgumentSpecValidator(spec).validate(args)
    parameters: Dict[str, Any] = result.validated_parameters
    if not result.errors.messages:
        return parameters, ""
    message = str(result.errors.msg)
    is_unsupported = isinstance(result.errors[0], UnsupportedError)
    return parameters, f"Unsupported parameters for {module}: {message}" if is_unsupported else f"{module}: {message}"
