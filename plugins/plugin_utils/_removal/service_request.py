# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which service is to be removed, from the variables. Pure."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.request import CONFIRM, mesh_name
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import ServiceRequest

SERVICE, EXPORTER, CONSUMER = "federation_remove_service", "federation_remove_exporter", "federation_remove_consumer"


def read_service_request(declaration: Declaration) -> Tuple[ServiceRequest, List[Problem]]:
    """What the variables ask for; a confirmation of something else is an error, none at all is not."""
    options, group = declaration["options"], declaration["group"]
    written, exporter, consumer = (_text(options.get(name)) for name in (SERVICE, EXPORTER, CONSUMER))
    namespace, _slash, name = (written or "").partition("/")
    request: ServiceRequest = {
        "namespace": namespace,
        "name": name,
        "exporter": mesh_name(declaration, exporter or ""),
        "consumer": mesh_name(declaration, consumer) if consumer else None,
        "confirmed": options.get(CONFIRM) is not None and _text(options[CONFIRM]) == written,
    }
    problems = [
        problem("removal-target", group, variable, f"must be {accepted}, {_given(options.get(variable))}")
        for variable, accepted, is_clear in (
            (SERVICE, "namespace/name of one service as it is exported", _is_single(namespace, name)),
            (EXPORTER, "the name of the mesh that exports the service", bool(exporter)),
            (CONSUMER, "the name of another mesh than the exporter", consumer != "" and _differ(request)),
        )
        if not is_clear
    ]
    if not problems and options.get(CONFIRM) is not None and not request["confirmed"]:
        message = f"must be {shown(written)}, not {shown(options[CONFIRM])}"
        problems.append(problem("removal-unconfirmed", group, CONFIRM, message))
    return request, problems


def _differ(request: ServiceRequest) -> bool:
    return request["consumer"] is None or request["consumer"] != request["exporter"]


def _is_single(namespace: str, name: str) -> bool:
    """Whether it is one service: both parts, and no wildcard."""
    return bool(namespace and name) and not set(f"{namespace}{name}") & set("*/ ,")


def _text(value: object) -> Optional[str]:
    return None if value is None else str(value).strip()


def _given(value: object) -> str:
    return "it is not set" if value is None else f"not {shown(value)}"
