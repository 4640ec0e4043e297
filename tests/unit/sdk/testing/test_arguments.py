from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from altiplano_sdk.testing.arguments import make_arguments, wrong_arguments

NUMBERS = st.builds(
    lambda kind, low, width: {"type": kind, "minimum": low, "maximum": low + width},
    st.sampled_from(["integer", "number"]),
    st.integers(-1000, 1000),
    st.integers(0, 1000),
)
TEXTS = st.builds(
    lambda low, width: {"type": "string", "minLength": low, "maxLength": low + width},
    st.integers(0, 20),
    st.integers(0, 20),
)
CHOICES = st.builds(
    lambda names: {"type": "string", "enum": names},
    st.lists(st.sampled_from(["m", "km", "mi"]), min_size=1, unique=True),
)
LEAVES = st.one_of(NUMBERS, TEXTS, CHOICES, st.just({"type": "boolean"}))
ARRAYS = st.builds(
    lambda items, low: {"type": "array", "items": items, "minItems": low}, LEAVES, st.integers(0, 3)
)
SCHEMAS = st.dictionaries(
    st.sampled_from(["value", "unit", "place", "day"]), st.one_of(LEAVES, ARRAYS), min_size=1
).map(
    lambda properties: {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
)


@given(SCHEMAS, st.text(max_size=60), st.none() | st.integers(-5000, 5000))
def test_made_arguments_are_what_the_schema_allows(schema, text, number):
    Draft202012Validator(schema).validate(make_arguments(schema, text, number=number))


@given(SCHEMAS)
def test_wrong_arguments_are_what_it_forbids(schema):
    validator = Draft202012Validator(schema)
    wrong = list(wrong_arguments(schema))
    assert len(wrong) > len(schema["properties"])
    assert [arguments for arguments in wrong if validator.is_valid(arguments)] == []
