# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the folder of each mesh after a run, from its objects and the files that are there. Pure.

Absence is not intent: the files of a pair whose peer could not be read stay, and so does the folder of a mesh that was not planned
completely, as Argo CD would take out of a control plane what its file has no longer.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import PENDING, SKIPPED, Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._render.files import (
    document,
    is_ours,
    kustomization,
    kustomize_files,
    mesh_of,
    peer_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._render.objects import Unrendered, mesh_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._render.owned import claim_rendered
from ansible_collections.ossm.federation.plugins.plugin_utils._render.policies import PREFIX, binding_file, policy_files

KUSTOMIZE, POLICIES = "kustomize", "policies"
KUSTOMIZATION = "kustomization.yaml"
#: The file beside the folders of the meshes, for the Application of Argo CD.
ARGO_CD = "argocd-ignore-differences.yaml"


class Folder(TypedDict):
    """The files of one mesh by name, as far as they depend on it alone. The files of ``kept`` peers (names of peer objects) stay
    as they are where none is given. ``objects`` is the number of objects in the files."""

    mesh: str
    format: str
    namespace: str
    files: Dict[str, str]
    kept: List[str]
    objects: int


class Kept(NamedTuple):
    """A mesh whose folder stays as it was, and why."""

    mesh: str
    host: str
    message: str


class Rendering(NamedTuple):
    """The folders that are written, those that stay, and by mesh the objects that cannot be rendered yet."""

    folders: List[Folder]
    kept: List[Kept]
    unrendered: Dict[str, List[Unrendered]]


class Content(NamedTuple):
    """What a folder contains after a run: the text of each of our files, and names of files that others have taken."""

    files: Dict[str, str]
    taken: List[str]


def claimed_facts(facts: Mapping[str, Json]) -> Dict[str, Json]:
    """MeshFacts by host in which what was rendered is ours; the plan of a rendering is made from them."""
    return {host: claim_rendered(read) for host, read in facts.items()}


def render(plan: Plan, facts: Mapping[str, Json], declaration: Declaration) -> Rendering:
    """The folders of a plan that was made from ``claimed_facts``."""
    folders: List[Folder] = []
    kept: List[Kept] = []
    unrendered: Dict[str, List[Unrendered]] = {}
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["by_file"]:
            continue
        reason = _why_kept(plan, host)
        if reason:
            kept.append(Kept(mesh["mesh"], host, reason))
            continue
        found = mesh_objects(plan, host, facts.get(host) or {})
        sides = plan["sides"][host].values()
        pending = [
            Unrendered(f"pair with {side['peer']}", side["peer_name"], side["message"])
            for side in sides
            if side["state"] == PENDING
        ]
        unrendered[mesh["mesh"]] = [*pending, *found.unrendered]
        options = declaration["options"]
        namespace = options["federation_render_policy_namespace"]
        is_kustomize = options["federation_render_format"] == KUSTOMIZE
        cluster = declaration["meshes"][host]["managed_cluster"]
        files = (
            kustomize_files(mesh["mesh"], found.objects, options["federation_render_sync_waves"])
            if is_kustomize
            else policy_files(mesh["mesh"], found.objects, cluster, namespace)
        )
        folders.append(
            {
                "mesh": mesh["mesh"],
                "format": KUSTOMIZE if is_kustomize else POLICIES,
                "namespace": namespace,
                "files": files,
                "kept": sorted({one.peer_name for one in unrendered[mesh["mesh"]]}),
                "objects": len(found.objects),
            }
        )
    return Rendering(folders, kept, unrendered)


def _why_kept(plan: Plan, host: str) -> str:
    """Why the folder of a mesh stays as it was; empty where it is written."""
    mesh = plan["meshes"][host]
    if not mesh["in_play"]:
        return "it is outside the limit of this run"
    if not mesh["readable"]:
        errors = [found["message"] for found in mesh["problems"] if found["severity"] == "error"]
        return errors[0] if errors else "it could not be read"
    skipped = [side for dummy, side in sorted(plan["sides"][host].items()) if side["state"] == SKIPPED]
    return f"the pair with {skipped[0]['peer']} is skipped: {skipped[0]['message']}" if skipped else ""


def folder_content(folder: Folder, existing: Mapping[str, str]) -> Content:
    """What a folder contains after a run; ``existing`` are the texts of all its files by name.

    A file of ours that is not in it goes, unless it belongs to a kept peer.
    """
    is_kustomize = folder["format"] == KUSTOMIZE
    kept = {
        name: text
        for name, text in existing.items()
        if name not in folder["files"] and name.startswith(PREFIX) != is_kustomize and peer_of(text) in folder["kept"]
    }
    files = {**kept, **folder["files"]}
    if not is_kustomize:
        files.update(binding_file(folder["mesh"], files, folder["namespace"]))
    files[KUSTOMIZATION] = kustomization(folder["mesh"], files)
    taken = sorted(name for name in files if name in existing and not is_ours(existing[name]))
    return Content({name: files[name] for name in sorted(files) if name not in taken}, taken)


def stale_files(content: Content, existing: Mapping[str, str]) -> List[str]:
    """The files of ours that go."""
    return sorted(name for name, text in existing.items() if is_ours(text) and name not in content.files)


def folder_mesh(existing: Mapping[str, str]) -> str:
    """The mesh that the files of a folder were rendered for; empty where none was."""
    return next((mesh for mesh in map(mesh_of, existing.values()) if mesh), "")


def shared_files(declaration: Declaration) -> Dict[str, str]:
    """The files beside the folders, by name."""
    options = declaration["options"]
    is_for_argo_cd = options["federation_render_format"] == KUSTOMIZE and options["federation_render_sync_waves"]
    return {ARGO_CD: argo_cd_file(declaration["group"])} if is_for_argo_cd else {}


def argo_cd_file(group: str) -> str:
    """What an Application of Argo CD needs: fields that the operator and its webhooks write (observed on 2.3 and 2.5)."""
    ports = [
        f".spec.gateways.{kind}[]?.service.ports[]?.targetPort" for kind in ("additionalEgress", "additionalIngress")
    ]
    ignored = [*ports, ".metadata.finalizers", ".spec.gateways.openshiftRoute", ".spec.profiles"]
    spec: Json = {
        "ignoreDifferences": [
            {"group": "maistra.io", "kind": "ServiceMeshControlPlane", "jqPathExpressions": sorted(ignored)}
        ],
        "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true", "ServerSideApply=true"]},
    }
    return document(group, {"spec": spec})
