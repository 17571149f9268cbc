# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the base of its action plugins, which run the core of their module in the controller's process.

The core runs in process when the transport is local and neither ``become`` nor ``async`` is set: no interpreter is started, no
archive is packed, and the Kubernetes client is imported once, by the parent of all workers. Otherwise the module of the same name
runs where the task runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Set

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.utils.display import Display

from ansible_collections.ossm.federation.plugins.module_utils._cluster import client
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import PLAN
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible import record
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.base import ActionBase, validated
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, plain_arguments

Core = Callable[..., Json]

#: Prefixes of variables in ``environment`` that have no effect on a running process.
STARTUP_ONLY = ("PYTHON", "LD_")
#: Arguments whose values never appear in a result; of a kubeconfig given as data, everything under users.
SECRETS = ("api_key", "password", "proxy_basic_auth", "basic_auth")


def secrets(value: Any, is_secret: bool = False) -> Set[str]:
    """The credentials in arguments; ``is_secret`` tells that the value belongs to one.

    Not every value of a kubeconfig is among them: to hide a word such as v1 would damage the results.
    """
    if isinstance(value, dict):
        return {
            secret for key, inner in value.items() for secret in secrets(inner, is_secret or key in (*SECRETS, "users"))
        }
    if isinstance(value, list):
        return {
            secret for inner in value for secret in secrets(_without_name(inner) if is_secret else inner, is_secret)
        }
    return {value} if is_secret and isinstance(value, str) and len(value) > 3 else set()


def _without_name(entry: Any) -> Any:
    """An entry of a kubeconfig's users without its name, which messages may show."""
    return {key: value for key, value in entry.items() if key != "name"} if isinstance(entry, dict) else entry


def without_secrets(result: Json, credentials: Set[str]) -> Json:
    """A result without any credential. Ansible's own function visits every value, so it is used only where one appears."""
    text = json.dumps(result, default=str)
    if not any(json.dumps(credential)[1:-1] in text for credential in credentials):
        return result
    hidden: Json = remove_values(result, credentials)
    return hidden


def portable(args: Any) -> Any:
    """Arguments for the module: a kubeconfig given as data becomes one string, so that Ansible hides it as a whole and
    not each of its words."""
    if isinstance(args, dict):
        return {
            key: json.dumps(inner) if key == "kubeconfig" and isinstance(inner, dict) else portable(inner)
            for key, inner in args.items()
        }
    return [portable(inner) for inner in args] if isinstance(args, list) else args


def plain_environment(environment: Any) -> Dict[str, str]:
    """A task's ``environment`` (a dictionary, or a list of them) as one dictionary."""
    parts = environment if isinstance(environment, (list, tuple)) else [environment]
    merged: Dict[str, str] = {}
    for part in parts:
        if isinstance(part, Mapping):
            merged.update({plain(key): str(plain(value)) for key, value in part.items()})
    return merged


@contextlib.contextmanager
def applied_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Apply the environment of the task in this process, and restore it afterwards."""
    ineffective = sorted(name for name in environment if name.startswith(STARTUP_ONLY))
    if ineffective:
        raise AnsibleActionFail(
            f"{', '.join(ineffective)} in 'environment' has no effect: this task runs in a process that is already running. "
            "Set it where ansible-playbook is started, or remove it from this task."
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
    """An action that does the work of its module: subclasses name the module, its argument spec and its core function.

    What an action with ``WRITES`` changes is recorded with ``federation_record_dir``.
    """

    MODULE = ""
    SPEC: Json = {}
    CORE: Optional[Core] = None
    WRITES = False

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Json] = None) -> Json:
        """Do the work here, or run the module where the task runs."""
        result = super().run(tmp, task_vars)
        if result.get("skipped"):
            return result
        directory = self._record_directory(task_vars or {})
        shows_diff = bool(self._task.diff)
        # A record has the objects before and after, which only a diff has.
        self._task.diff = shows_diff or bool(directory)
        if self.runs_in_process():
            result.update(self._in_process())
        else:
            result.update(self._as_module(task_vars))
        self._task.diff = shows_diff
        if directory:
            self._record(directory, result, task_vars or {})
        if not shows_diff:
            result.pop("diff", None)
        return result

    def _record_directory(self, task_vars: Json) -> str:
        """The directory for the record of what this task writes; empty where it writes none."""
        value = task_vars.get("federation_record_dir")
        if not self.WRITES or self._task.check_mode or not value:
            return ""
        directory = str(plain(self._templar.template(value)))
        fault = record.prepare(directory)
        if fault:
            raise AnsibleActionFail(f"federation_record_dir: {directory}: {fault}. Nothing was written by this task.")
        return directory

    @staticmethod
    def _record(directory: str, result: Json, task_vars: Json) -> None:
        """Record what the task has written."""
        meshes = (plain(task_vars.get(PLAN)) or {}).get("meshes") or {}
        changes = record.read_changes(result, {host: mesh["mesh"] for host, mesh in meshes.items()})
        try:
            if changes:
                record.append(directory, changes)
        except (OSError, ValueError) as error:
            # What was written is reported all the same.
            result.setdefault("warnings", []).append(f"federation_record_dir: the changes are not recorded: {error}")

    def runs_in_process(self) -> bool:
        """Whether the work can be done in this process."""
        become = self._task.become or getattr(self._play_context, "become", False)
        local = getattr(self._connection, "transport", None) == "local"
        return bool(local and not become and not self._task.async_val and not client.IMPORT_ERROR)

    def _as_module(self, task_vars: Optional[Json]) -> Json:
        """Run the module, and remove its invocation from the result, which contains credentials."""
        result = self._execute_module(
            module_name=self.MODULE,
            module_args=portable(plain_arguments(self._task.args)),
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        result.pop("invocation", None)
        return result

    def _in_process(self) -> Json:
        """Check the arguments as the module would, and call the core."""
        # Plain first: Ansible copies the arguments when it checks them, and its own types are slow to copy.
        self._task.args = plain_arguments(self._task.args)
        params, wrong = validated(self.MODULE, self.SPEC, self._task.args)
        if wrong:
            return without_secrets({"failed": True, "changed": False, "msg": wrong}, secrets(self._task.args))
        core = type(self).CORE
        if core is None:
            raise AnsibleActionFail(f"{self.MODULE} has no core")
        with applied_environment(plain_environment(self._task.environment)):
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
