# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's special types become plain ones, and nothing of ours becomes a template."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.template import trust_as_template
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible import plain


class Lazy(Mapping[str, Any]):
    """Host variables as Ansible has them: a value is rendered when it is read, and only then."""

    def __init__(self, **values: Any) -> None:
        self.values_ = values
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(key)
        value = self.values_[key]
        if isinstance(value, Exception):
            raise value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


class Secret:
    """A vaulted value: decrypted by str()."""

    def __str__(self) -> str:
        return "decrypted"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("a", "a"),
        (trust_as_template("a"), "a"),
        (wrap_var("{{ a }}"), "{{ a }}"),
        ({"a": (1, [trust_as_template("b")])}, {"a": [1, ["b"]]}),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (Secret(), "decrypted"),
        (Lazy(a=Lazy(b=1)), {"a": {"b": 1}}),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    converted = plain.plain(value)
    assert converted == expected
    assert type(converted) is type(expected)


def test_texts_are_exactly_texts() -> None:
    converted = plain.plain({trust_as_template("k"): [trust_as_template("v")]})
    assert [type(key) for key in converted] == [str]
    assert [type(value) for value in converted["k"]] == [str]


def test_only_wanted_variables_are_rendered() -> None:
    variables = Lazy(
        mesh_name="red",
        other=RuntimeError("must not be read"),
        mesh_bad=KeyError("gone"),
        mesh_left=trust_as_template("{{ x }}"),
        mesh_data="{{ x }}",
    )
    found, unreadable = plain.host_variables({"red": variables}, ["red"], lambda name: name.startswith("mesh_"))
    assert found == {"red": {"mesh_name": "red", "mesh_data": "{{ x }}"}}
    assert [(host, name) for host, name, _reason in unreadable] == [("red", "mesh_bad"), ("red", "mesh_left")]
    assert "other" not in variables.read


def test_sealed_and_unsealed() -> None:
    whole = {"sides": {"a": [1, None, "{{ 1 }}"]}, "message": "x"}
    sealed = plain.seal(whole, {"message": "x"})
    assert set(sealed) == {"message", "sealed"}
    assert plain.unseal(Lazy(**sealed)) == whole
    assert plain.unseal({"sides": 1}) is None
    assert plain.unseal("text") is None


def test_sealed_arguments_are_unpacked() -> None:
    objects = [{"definition": {"kind": "{{ 1 }}"}}]
    arguments = Lazy(objects=plain.seal(objects, {}), mesh="red", auth={"host": "x"})
    assert plain.plain_arguments(arguments) == {"objects": objects, "mesh": "red", "auth": {"host": "x"}}
