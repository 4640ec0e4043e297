"""Every built-in prompt keeps the promises of the prompt suite."""

from altiplano_plugins.prompt_chat import ChatPrompt
from altiplano_plugins.prompt_cited import CitedPrompt
from altiplano_sdk.testing.prompt_suite import PromptSuite


class TestCitedPrompt(PromptSuite):
    plugin_class = CitedPrompt


class TestCitedPromptWithFewPassages(PromptSuite):
    plugin_class = CitedPrompt
    config = {
        "reading": "passages",
        "max_passages": 1,
        "style": "full",
        "instructions": "Speak like a gardener.",
    }


class TestCitedPromptForLargeModels(PromptSuite):
    plugin_class = CitedPrompt
    config = {"reading": "passages"}


class TestChatPrompt(PromptSuite):
    plugin_class = ChatPrompt


class TestChatPromptWithoutInstructions(PromptSuite):
    plugin_class = ChatPrompt
    config = {"system": ""}
