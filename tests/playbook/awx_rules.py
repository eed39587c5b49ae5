# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX accepts as a custom credential type and as a survey, as its API checks it; each function returns what is
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
FILE = re.compile(r"template(\.[a-zA-Z_]\w*)?", re.ASCII)
FIELD_KEYS = {
    "id",
    "label",
    "type",
    "format",
    "choices",
    "help_text",
    "multiline",
    "secret",
    "ask_at_runtime",
    "default",
}
ANSWERS: dict[str, type] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}


def credential_type_faults(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> Iterator[str]:
    """Of both documents of a custom credential type."""
    yield from _unknown("inputs", inputs, {"fields", "required"})
    fields = inputs.get("fields", [])
    ids = [field.get("id", "") for field in fields]
    yield from (f"the field {name} is there twice" for name in set(ids) if ids.count(name) > 1)
    yield from (f"the required field {name} is not there" for name in inputs.get("required", []) if name not in ids)
    for field in fields:
        yield from _field_faults(field)
    yield from _unknown("injectors", injectors, {"file", "env", "extra_vars"})
    files = list(injectors.get("file", {}))
    yield from (f"{name} is no name for a file" for name in files if not FILE.fullmatch(name))
    if "template" in files and len(files) > 1:
        yield "of several files each needs a name"
    for name in (*injectors.get("env", {}), *injectors.get("extra_vars", {})):
        if not NAME.fullmatch(name) or name.startswith("ANSIBLE_"):
            yield f"the variable {name} is not allowed"
    filename: Any = (
        "a file" if "template" in files else SimpleNamespace(**{name.partition(".")[2]: "a file" for name in files})
    )
    example = {**dict.fromkeys(ids, "EXAMPLE"), "tower": SimpleNamespace(filename=filename)}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for injector in injectors.values():
        for name, template in injector.items():
            if not str(template).isascii():
                yield f"{name} is not ASCII"
            try:
                environment.from_string(template).render(example)
            except TemplateError as exc:
                yield f"{name}: {exc}"


def _field_faults(field: Mapping[str, Any]) -> Iterator[str]:
    name = field.get("id", "")
    yield from _unknown(f"the field {name}", field, FIELD_KEYS)
    if not NAME.fullmatch(name) or name == "tower" or not field.get("label"):
        yield f"the field {name} needs an id that is a name, and a label"
    kind = field.get("type", "string")
    if kind not in ("string", "boolean"):
        yield f"the field {name} cannot be a {kind}"
    if "default" in field and not isinstance(field["default"], bool if kind == "boolean" else str):
        yield f"the default of the field {name} is no {kind}"
    if kind == "boolean":
        yield from (
            f"the field {name} cannot have {key}"
            for key in ("choices", "multiline", "format", "secret")
            if key in field
        )


def survey_faults(survey: Mapping[str, Any]) -> Iterator[str]:
    """Of a survey_spec."""
    yield from (f"{name} is no text" for name in ("name", "description") if not isinstance(survey.get(name), str))
    questions = survey.get("spec")
    if not isinstance(questions, list) or not questions:
        yield "there is no question"
        return
    variables = [question.get("variable") for question in questions]
    yield from (f"{name} is asked for twice" for name in set(variables) if variables.count(name) > 1)
    for question in questions:
        yield from _question_faults(question)


def _question_faults(question: Mapping[str, Any]) -> Iterator[str]:
    name = question.get("variable")
    yield from (
        f"{name}: {key} is no text"
        for key in ("variable", "question_name", "type")
        if not isinstance(question.get(key), str)
    )
    if not isinstance(question.get("required"), bool):
        yield f"{name}: required is neither true nor false"
    kind = question.get("type", "")
    if kind not in ANSWERS:
        yield f"{name}: there are no questions of the type {kind}"
        return
    default, choices = question.get("default", ""), question.get("choices", [])
    if default != "" and not isinstance(default, ANSWERS[kind]):
        yield f"{name}: the default is no answer to a question of the type {kind}"
    yield from (f"{name}: {key} is no number" for key in ("min", "max") if not isinstance(question.get(key, 0), int))
    if kind in ("multiplechoice", "multiselect"):
        # YAML reads a bare no as false.
        if not choices or not all(isinstance(choice, str) for choice in choices):
            yield f"{name}: the choices are no list of texts"
        elif default and default not in choices:
            yield f"{name}: the default is none of the choices"


def _unknown(where: str, given: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    yield from (f"{where} cannot have {key}" for key in set(given) - known)
