import asyncio

import pytest

from altiplano_plugins.generator_openai import OpenAIGenerator, OpenAIGeneratorConfig
from altiplano_sdk import ChatMessage, Context, GenerationRequest
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.generator_suite import ScriptedModel


def sent(request: GenerationRequest, **config) -> GenerationRequest:
    model = ScriptedModel("a")

    async def run():
        generator = OpenAIGenerator(OpenAIGeneratorConfig(**config))
        return [e async for e in generator.generate(request, Context(log=SilentLog(), llm=model))]

    asyncio.run(run())
    return model.requests[0]


ASKED = GenerationRequest((ChatMessage("user", "x"),), 100, temperature=0.2, stop=("A",), seed=3)


def test_nothing_configured_nothing_changed():
    assert sent(ASKED) == ASKED


def test_configuration_shortens_and_overrides():
    request = sent(ASKED, max_tokens=10, temperature=0.9, top_p=0.4, stop=("B",), seed=4)
    assert request == GenerationRequest(
        ASKED.messages, 10, temperature=0.9, top_p=0.4, stop=("B", "A"), seed=4
    )


def test_stop_texts_of_the_app_go_before_those_of_a_client():
    assert sent(ASKED, stop=("A",)).stop == ("A",)
    assert sent(ASKED, stop=("B", "C", "D", "E")).stop == ("B", "C", "D", "E")


def test_configuration_never_makes_an_answer_longer():
    assert sent(ASKED, max_tokens=1000).max_tokens == 100


@pytest.mark.parametrize(
    "config",
    [
        {"max_tokens": 0}, {"max_tokens": 10**9}, {"temperature": float("nan")},
        {"temperature": 2.1}, {"stop": ("a",) * 5}, {"stop": ("",)}, {"seed": -1},
        {"top_p": 0}, {"top_p": 1.1}, {"n": 2}, {"logit_bias": {}},
    ],
    ids=str,
)  # fmt: skip
def test_configuration_outside_the_bounds_is_refused(config):
    with pytest.raises(ValueError, match="validation error"):
        OpenAIGeneratorConfig(**config)
