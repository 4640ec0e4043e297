"""Every built-in generator keeps the promises of the generator suite."""

from altiplano_plugins.generator_openai import OpenAIGenerator
from altiplano_sdk.testing.generator_suite import GeneratorSuite


class TestOpenAIGenerator(GeneratorSuite):
    plugin_class = OpenAIGenerator


class TestOpenAIGeneratorConfigured(GeneratorSuite):
    plugin_class = OpenAIGenerator
    config = {"max_tokens": 8, "temperature": 0.7, "stop": ["END"], "seed": 1}
