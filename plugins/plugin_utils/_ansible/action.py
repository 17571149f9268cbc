# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The face that makes an action plugin of a core function: the same work as the module, in the controller's process.

Private to this collection. The work is done in process when the transport is local and neither ``become`` nor ``async``
is set: no interpreter to start, no archive to pack, and the Kubernetes client is imported once, by the parent of all
workers. Anything else runs the module of the same name where the task runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Set, cast

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.ossm.federation.plugins.module_utils._cluster import client
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain

Core = Callable[..., Json]

#: Variables of a play's ``environment`` that a process can only be started with.
UNHONOURED = ("PYTHON", "LD_")


#: Arguments whose values never appear in a result; of a kubeconfig given as data all that is under users.
SECRETS = ("api_key", "password", "proxy_basic_auth", "basic_auth")


def secrets(value: Any, wanted: bool = False) -> Set[str]:
    """The credentials in arguments. Not every value of a kubeconfig: names such as v1 are no secrets, and hiding them
    would spoil the results."""
    if isinstance(value, dict):
        return {one for key, inner in value.items() for one in secrets(inner, wanted or key in (*SECRETS, "users"))}
    if isinstance(value, list):
        return {one for inner in value for one in secrets(_without_name(inner) if wanted else inner, wanted)}
    return {value} if wanted and isinstance(value, str) and len(value) > 3 else set()


def _without_name(entry: Any) -> Any:
    """An entry of a kubeconfig's users without its name, which messages may show."""
    return {key: value for key, value in entry.items() if key != "name"} if isinstance(entry, dict) else entry


def without_secrets(result: Json, found: Set[str]) -> Json:
    """A result in which no secret is left. Ansible's own way visits every value, so it is only taken where one shows."""
    text = json.dumps(result, default=str)
    if not any(json.dumps(secret)[1:-1] in text for secret in found):
        return result
    return cast(Json, remove_values(result, found))


def portable(args: Any) -> Any:
    """Arguments for the module: a kubeconfig given as data becomes one text, so that Ansible hides it as a whole and
    not each of its words."""
    if isinstance(args, dict):
        return {key: json.dumps(inner) if key == "kubeconfig" and isinstance(inner, dict) else portable(inner)
                for key, inner in args.items()}
    return [portable(inner) for inner in args] if isinstance(args, list) else args


def plain_environment(environment: Any) -> Dict[str, str]:
    """A task's ``environment`` (a dictionary, or a list of them) as one dictionary."""
    parts = environment if isinstance(environment, (list, tuple)) else [environment]
    found: Dict[str, str] = {}
    for part in parts:
        if isinstance(part, Mapping):
            found.update({plain(key): str(plain(value)) for key, value in part.items()})
    return found


@contextlib.contextmanager
def honoured(environment: Mapping[str, str]) -> Iterator[None]:
    """The environment of the task around a piece of work in this process; put back afterwards."""
    refused = sorted(name for name in environment if name.startswith(UNHONOURED))
    if refused:
        raise AnsibleActionFail(
            f"{', '.join(refused)} in 'environment' cannot be honoured: this task runs in a process that has begun. "
            "Set it where ansible-playbook is started, or take it off this task."
        )
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class CoreAction(ActionBase):
    """An action that is its module: subclasses name the module, its argument spec and its core function."""

    MODULE = ""
    SPEC: Json = {}
    CORE: Optional[Core] = None

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Do the work here, or run the module where the task runs."""
        result = super().run(tmp, task_vars)
        if result.get("skipped"):
            return cast(Json, result)
        if self.here():
            result.update(self._in_process())
        else:
            result.update(self._as_module(task_vars))
        return cast(Json, result)

    def here(self) -> bool:
        """Whether the work can be done in this process."""
        become = self._task.become or getattr(self._play_context, "become", False)
        local = getattr(self._connection, "transport", None) == "local"
        return bool(local and not become and not self._task.async_val and not client.IMPORT_ERROR)

    def _as_module(self, task_vars: Optional[Json]) -> Json:
        """Run the module; credentials that Ansible echoes as its invocation are left out."""
        result = self._execute_module(
            module_name=self.MODULE, module_args=portable(plain(self._task.args)), task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        result.pop("invocation", None)
        return cast(Json, result)

    def _in_process(self) -> Json:
        """Check the arguments as the module would, and call the core."""
        # First of all plain: Ansible copies the arguments when it checks them, and its own types take long to copy.
        self._task.args = plain(self._task.args)
        validation, _args = self.validate_argument_spec(argument_spec=self.SPEC)
        params = validation.validated_parameters
        core = type(self).CORE
        if core is None:
            raise AnsibleActionFail(f"{self.MODULE} has no core")
        with honoured(plain_environment(self._task.environment)):
            try:
                result = self._call(core, params)
            finally:
                client.remove_credential_files()
        return without_secrets(result, secrets(params))

    def _call(self, core: Core, params: Json) -> Json:
        """Call the core; subclasses add what only their core takes."""
        return core(params, bool(self._task.check_mode), self._say)

    @staticmethod
    def _say(line: str) -> None:
        """Show a line of progress at once; standard error, so that callbacks that write JSON stay intact."""
        Display().display(line, stderr=True)
