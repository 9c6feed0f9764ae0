"""JSON schemas in the one form that all code generators take. It has the same meaning as the form of the models.

Tried with openapi-generator (Java, Python), openapi-python-client, openapi-typescript, Hey API, oapi-codegen and ogen.
"""

from typing import Any, Final

from schemas.api.described import attributes, members, summary
from schemas.api.posted import posted_words

Json = dict[str, Any]

_INT32: Final = 2**31 - 1


def portable(schema: Json, model: type[Any], *, is_answer: bool) -> Json:
    """Return the schema of a model.

    Args:
        schema: of the model, as pydantic makes it.
        model: the class, whose docstring describes it and its fields.
        is_answer: whether only the server writes it. It then has every field that has a default, and may get more
            fields one day. In a request, a generator would send defaults, or ask for them: they are told in words.
    """
    made: Json = {"description": posted_words(summary(model)), **_restrictions(schema)}
    if "enum" in schema:
        meanings = "".join(f"\n* `{word}`: {text}" for word, text in members(model).items())
        made["description"] += f"\n{meanings}" if meanings else ""
        return made
    told = attributes(model)
    made["properties"] = {}
    required = list(schema.get("required", ()))
    for field, given in schema["properties"].items():
        default = given.get("default")
        text = given.get("description") or told.get(field, "")
        text = text[:1].upper() + text[1:]
        if default is not None and is_answer:
            required.append(field)
        elif default is not None:
            written = str(default).lower() if isinstance(default, bool) else default
            text = f"{text} If it is left out: `{written}`.".lstrip()
        made["properties"][field] = {**_restrictions(given), **({"description": posted_words(text)} if text else {})}
    made["required"] = required
    if is_answer:
        made.pop("additionalProperties", None)
    return made


def _restrictions(schema: Json) -> Json:
    """Return what a schema says of values, without titles, texts and defaults."""
    made = {name: value for name, value in schema.items() if name not in {"title", "description", "default"}}
    if "const" in made:  # a client must know that it is a text, and what to send
        made = {"type": "string", "enum": [made["const"]]}
    forms = [_restrictions(one) for one in made.pop("anyOf", ())]
    solid = [form for form in forms if form != {"type": "null"}]
    if len(solid) == 1 and "type" in solid[0]:  # text or null: a list of types is a plain optional field to all
        made |= {**solid[0], "type": [solid[0]["type"], "null"]}
    elif forms:
        made["anyOf"] = forms
    if "integer" in made.get("type", ""):
        made["format"] = "int64" if made.get("maximum", 0) > _INT32 else "int32"
    if made.get("type") == "number":
        made["format"] = "double"
    if isinstance(made.get("items"), dict):
        made["items"] = _restrictions(made["items"])
    return made
