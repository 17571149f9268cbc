# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the corrected form of a rejected rule or locality. Pure.

The product's documentation writes some keys in other letters or in other places than its API has them, and the API server
drops those silently. Then the intended form is clear. What only the author knows is a placeholder in angle brackets, which
the checks reject.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL, LABEL_MAX, LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY, BODIES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import TRUE, is_text
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import LOCALITY
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import suggestion

#: Quotes as word processors and web pages make them: for YAML they are letters like any other.
TYPOGRAPHIC = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
MAPPING = ("namespace", "name", "alias")
PARTS = ("namespace", "name")
LABEL_SELECTOR = ("namespace", "selector", "aliases")
#: The order in which people write and read a rule.
_ORDER = (
    "type",
    "importAsLocal",
    "domainSuffix",
    "nameSelector",
    "labelSelector",
    "namespace",
    "name",
    "selector",
    "aliases",
    "alias",
)
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def is_name(text: str) -> bool:
    """Whether a Service can have this name; a ServiceEntry, which may be exported too, may have dots."""
    return all(len(part) <= LABEL_MAX and LABEL.match(part) for part in text.split("."))


def in_order(rule: Any) -> Any:
    """The same rule with its keys in the order of the product's documentation."""
    if isinstance(rule, list):
        return [in_order(part) for part in rule]
    if not isinstance(rule, dict):
        return rule
    keys = sorted(rule, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    return {key: in_order(rule[key]) for key in keys}


def repaired_rule(written: Any, *, imports: bool) -> Optional[Rule]:
    """The intended rule in the product's shape; None where it cannot be inferred."""
    clean = _unquoted(written)
    if isinstance(clean, str):
        namespace, dummy, name = clean.strip("/").rpartition("/")
        return {
            "type": "NameSelector",
            "nameSelector": _mapping({"namespace": namespace or "<namespace>", "name": name}),
        }
    if not isinstance(clean, dict):
        return None
    rule = _keys(clean, ("type", "importAsLocal", "domainSuffix", *BODIES.values()))
    if imports or _kind(rule) == "NameSelector":
        return _by_name(rule, imports)
    body = rule.get("labelSelector")
    return {"type": "LabelSelector", "labelSelector": _label_selector(body if isinstance(body, dict) else {})}


def repaired_locality(written: Json) -> Json:
    """The locality with the parts without which istiod drops it, and without empty ones."""
    parts = {key: str(part) for key, part in _keys(written, LOCALITY).items() if part is not None}
    value = {key: part for key, part in parts.items() if is_text(part)}
    if value.get("subzone"):
        value.setdefault("zone", "<zone>")
    if value.get("zone"):
        value["region"] = value.get("region") or "<region>"
    return {key: value[key] for key in LOCALITY if key in value}


def _unquoted(value: Any) -> Any:
    """The same without typographic quotes and without blanks around texts."""
    if isinstance(value, dict):
        return {str(_unquoted(key)): _unquoted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_unquoted(part) for part in value]
    return value.strip().strip(TYPOGRAPHIC).strip() if isinstance(value, str) else value


def _keys(value: Json, allowed: Iterable[str]) -> Json:
    """The keys that the API has, under their correct names; a correct key wins over a misspelled one."""
    known = list(allowed)
    kept = {key: part for key, part in value.items() if key in known}
    for key, part in value.items():
        intended = None if key in known else suggestion(key, known)
        if intended:
            kept.setdefault(intended, part)
    return kept


def _kind(rule: Json) -> str:
    """The intended type: the written one, or that of the existing body."""
    kind = rule.get("type")
    intended = suggestion(kind, BODIES) if isinstance(kind, str) else None
    if intended is None and "labelSelector" in rule and "nameSelector" not in rule:
        return "LabelSelector"
    return intended or "NameSelector"


def _by_name(rule: Json, imports: bool) -> Rule:
    body = rule.get("nameSelector")
    if not isinstance(body, dict):
        labels = rule.get("labelSelector")
        # Labels do not travel: an import can only take the whole namespace, or one service by its name.
        body = {"namespace": labels.get("namespace"), "name": "*"} if isinstance(labels, dict) else {}
    body = body or dict.fromkeys(PARTS, "<>")
    repaired: Rule = {"type": "NameSelector"}
    mapping = _mapping(_keys(body, MAPPING))
    if imports:
        deep = _keys(body, ("importAsLocal", "domainSuffix"))
        repaired.update(_options({**deep, **rule}, mapping))
    return {**repaired, "nameSelector": mapping}


def _options(rule: Json, mapping: Json) -> Json:
    """importAsLocal and domainSuffix; the fixed namespace that importAsLocal needs goes into the mapping's alias."""
    local, suffix = rule.get("importAsLocal", False), rule.get("domainSuffix")
    local = local.lower() in TRUE if isinstance(local, str) else bool(local)
    if local or suffix == LOCAL_SUFFIX:
        alias = mapping.setdefault("alias", {})
        if alias.get("namespace") in ANY:
            own = mapping.get("namespace")
            alias["namespace"] = "<namespace>" if own in ANY else own
        return {"importAsLocal": True}
    kept: Json = {"importAsLocal": False} if "importAsLocal" in rule else {}
    return {**kept, "domainSuffix": str(suffix)} if suffix else kept


def _mapping(value: Json) -> Json:
    mapping: Json = {key: _part(key, value[key]) for key in PARTS if value.get(key) is not None}
    alias = value.get("alias")
    if isinstance(alias, dict) and alias:
        mapping["alias"] = _mapping({key: part for key, part in _keys(alias, PARTS).items() if key in PARTS})
    return mapping


def _part(key: str, value: Any) -> str:
    text = str(value).strip().lower()
    is_valid = is_name(text) and (key == "name" or bool(LABEL.match(text)))
    return text if text == "*" or is_valid else f"<{key}>"


def _label_selector(value: Json) -> Json:
    body = _keys(value, LABEL_SELECTOR)
    repaired: Json = {}
    if body.get("namespace") is not None:
        repaired["namespace"] = _part("namespace", body["namespace"])
    selector = body.get("selector")
    repaired["selector"] = _selector(selector if isinstance(selector, dict) else {})
    aliases = [_mapping(_keys(one, MAPPING)) for one in _aliases(body.get("aliases")) if isinstance(one, dict)]
    if aliases:
        repaired["aliases"] = aliases
    return repaired


def _aliases(value: Any) -> List[Any]:
    """``aliases`` as a list; a single alias as in a nameSelector applies to every service."""
    if not isinstance(value, dict):
        return value if isinstance(value, list) else []
    return [value] if "alias" in value else [{"namespace": "*", "name": "*", "alias": value}]


def _selector(value: Json) -> Json:
    known = _keys(value, ("matchLabels", "matchExpressions"))
    repaired: Json = {}
    if isinstance(known.get("matchLabels"), dict) and known["matchLabels"]:
        repaired["matchLabels"] = {key: _label(part) for key, part in known["matchLabels"].items()}
    expressions = known.get("matchExpressions")
    if expressions:
        listed = expressions if isinstance(expressions, list) else [expressions]
        repaired["matchExpressions"] = [_expression(one) for one in listed if isinstance(one, dict)]
    return repaired or {"matchLabels": {"<label>": "<value>"}}


def _label(value: Any) -> str:
    """A label's value as YAML would have had it in quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expression(value: Json) -> Dict[str, Any]:
    known = _keys(value, ("key", "operator", "values"))
    operator = suggestion(str(known.get("operator")), OPERATORS) or "<operator>"
    key, values = known.get("key"), known.get("values")
    repaired: Json = {"key": key if isinstance(key, str) and key else "<label>", "operator": operator}
    if operator in ("Exists", "DoesNotExist"):
        return repaired
    listed = values if isinstance(values, list) else [] if values is None else [values]
    return {**repaired, "values": [_label(one) for one in listed] or ["<value>"]}
