"""ALT2xx: what the package's own code may hold. It is read, never imported."""

from typing import Final

from altiplano_sdk.packaging.findings import Severity
from altiplano_sdk.packaging.rulebook.rule import Example, Rule

_MODULE: Final = "glossary_guard/terms.py"
_ENTRY: Final = "glossary_guard/__init__.py"


def _code(text: str) -> Example:
    return Example(_MODULE, text)


_GOOD_CLASS: Final = Example(
    _ENTRY,
    "import altiplano_sdk as sdk\n\n\n"
    "class GlossaryGuard:\n"
    "    points = (sdk.GuardPoint.ANSWER,)\n\n"
    "    def __init__(self, config):\n"
    "        self.config = config\n\n"
    "    async def check(self, request, ctx):\n"
    "        return sdk.GuardVerdict()\n",
)


def _class(text: str) -> Example:
    return Example(_ENTRY, text)


NO_MODULE: Final = Rule(
    "ALT201",
    "The module that `entry` names exists",
    "The platform imports it inside the sandbox; without it there is no plugin.",
    "Correct `entry` in the manifest, or add the module.",
    bad=Example(
        "altiplano-plugin.toml",
        '[[provides]]\nkind = "guard"\nentry = "glossary_guard.missing:GlossaryGuard"',
    ),
    good=Example(
        "altiplano-plugin.toml",
        '[[provides]]\nkind = "guard"\nentry = "glossary_guard:GlossaryGuard"',
    ),
)
NO_CLASS: Final = Rule(
    "ALT202",
    "The class that `entry` names exists",
    "The platform makes one object of it per organization.",
    "Correct `entry` in the manifest, or the name of the class.",
    bad=_class("class Guard:\n    pass\n"),
    good=_GOOD_CLASS,
)
PROTOCOL: Final = Rule(
    "ALT203",
    "The class fulfils the Protocol of its kind",
    "A stage is called by its Protocol: these methods, async where it says so, with these "
    "arguments.",
    "Write the method as the page of the kind shows it.",
    bad=_class(
        _GOOD_CLASS.text.replace("async def check", "def check") if _GOOD_CLASS.text else ""
    ),
    good=_GOOD_CLASS,
)
TAKES_CONFIG: Final = Rule(
    "ALT204",
    "The class takes its configuration",
    "Owners set fields of `Config` in the builder; the object made of them is the only argument.",
    "Write `def __init__(self, config: Config) -> None:`.",
    bad=_class((_GOOD_CLASS.text or "").replace("(self, config)", "(self, config, clock)")),
    good=_GOOD_CLASS,
)
OWN_MANIFEST: Final = Rule(
    "ALT205",
    "The class has no manifest of its own",
    "Two manifests can disagree. The class gets the one that was reviewed when it is loaded.",
    f"Remove the attribute; what it says belongs into {'altiplano-plugin.toml'}.",
    bad=_class((_GOOD_CLASS.text or "").replace("    points", "    manifest = None\n    points")),
    good=_GOOD_CLASS,
)
SYNTAX: Final = Rule(
    "ALT206",
    "Every file is Python that the platform reads",
    "A file that cannot be read cannot be reviewed.",
    "Mend the line.",
    bad=_code("def plain(term:\n    return term\n"),
    good=_code("def plain(term):\n    return term\n"),
)
PLATFORM_IMPORT: Final = Rule(
    "ALT207",
    "A plugin knows the SDK only",
    "The platform's own modules are no contract and do not exist in the sandbox.",
    "Use `altiplano_sdk`; what you need from the platform comes through `ctx`.",
    bad=_code("from altiplano.knowledge.models import Document\n"),
    good=_code("import altiplano_sdk as sdk\n"),
)
CLOSED_IMPORT: Final = Rule(
    "ALT208",
    "A plugin stays in its process",
    "Programs, foreign memory, sockets and signals are closed in the sandbox, so this would fail "
    "for everybody who installs it.",
    "Do the work in Python, or vendor a wheel in requirements.txt.",
    bad=_code("import subprocess\n"),
    good=_code("import asyncio\n"),
)
NETWORK_IMPORT: Final = Rule(
    "ALT209",
    "A plugin reaches the network through the context",
    "The sandbox has no network. `ctx.http` reaches the hosts that were granted, and each "
    "request is in the trace.",
    "Use `await ctx.http.request(...)` and name the host in [grants] network_hosts.",
    bad=_code("import urllib.request\n"),
    good=_code("async def fetch(ctx, url):\n    return await ctx.http.request('GET', url)\n"),
)
CLOSED_CALL: Final = Rule(
    "ALT210",
    "Code is what the reviewer read",
    "Code made of text at run time, or programs started by name, cannot be reviewed.",
    "Write the code out; to choose among functions, use a dictionary of them.",
    bad=_code("def compute(text):\n    return eval(text)\n"),
    good=_code("import ast\n\n\ndef compute(text):\n    return ast.literal_eval(text)\n"),
)
UNPICKLING: Final = Rule(
    "ALT211",
    "Data is read by formats that hold data only",
    "Reading a pickle runs what its writer put into it.",
    "Store JSON, or another format without code.",
    bad=_code("import pickle\n\n\ndef read(data):\n    return pickle.loads(data)\n"),
    good=_code("import json\n\n\ndef read(data):\n    return json.loads(data)\n"),
    severity=Severity.WARNING,
)
IMPORT_STAR: Final = Rule(
    "ALT212",
    "Imports name what they bring",
    "A reader must see where a name comes from.",
    "Import the names, or the module.",
    bad=_code("from altiplano_sdk import *\n"),
    good=_code("from altiplano_sdk import Query\n"),
)
TOP_LEVEL_WORK: Final = Rule(
    "ALT213",
    "Importing does nothing",
    "The platform imports a plugin to describe it. Files, clocks and output at import make that "
    "slow, and fail where the file is not.",
    "Move it into `__init__`, or into a function that remembers its result.",
    bad=_code("from pathlib import Path\n\nTERMS = Path('terms.txt').read_text()\n"),
    good=_code(
        "from functools import cache\nfrom pathlib import Path\n\n\n"
        "@cache\ndef terms():\n"
        "    return Path(__file__).with_name('terms.txt').read_text()\n"
    ),
)
ENVIRONMENT: Final = Rule(
    "ALT214",
    "Nothing comes from the environment",
    "The sandbox's environment is empty, and settings there would hold for every organization.",
    "Keys come by `ctx.secrets`, everything else by a field of `Config`.",
    bad=_code("import os\n\n\ndef key():\n    return os.environ['KEY']\n"),
    good=_code("def key(ctx):\n    return ctx.secrets['KEY']\n"),
)
BLOCKING: Final = Rule(
    "ALT215",
    "Async code does not block",
    "One blocked coroutine stops all calls of its process, and cannot be cancelled.",
    "Use `await asyncio.sleep(...)`, or `await asyncio.to_thread(...)` for slow work.",
    bad=_code("import time\n\n\nasync def wait():\n    time.sleep(1)\n"),
    good=_code("import asyncio\n\n\nasync def wait():\n    await asyncio.sleep(1)\n"),
    severity=Severity.WARNING,
)
GLOBAL_STATE: Final = Rule(
    "ALT216",
    "Nothing is kept in modules",
    "What one organization's call leaves behind must not reach another's.",
    "Keep it on `self`, or in `ctx.store` when it must last.",
    bad=_code("LAST = ''\n\n\ndef keep(text):\n    global LAST\n    LAST = text\n"),
    good=_code(
        "class Memory:\n    def __init__(self):\n        self.last = ''\n\n"
        "    def keep(self, text):\n        self.last = text\n"
    ),
    severity=Severity.WARNING,
)
IMPORT_FAILS: Final = Rule(
    "ALT217",
    "The package can be imported",
    "It is imported in the sandbox with nothing but the SDK, pydantic and the vendored wheels.",
    "Mend the error, and name in requirements.txt what the package needs.",
    bad=_class("import no_such_package\n\n\n" + (_GOOD_CLASS.text or "")),
    good=_GOOD_CLASS,
)
CONFIG_MODEL: Final = Rule(
    "ALT218",
    "`Config` is a pydantic model",
    "Its JSON Schema draws the form in the builder and checks what owners enter.",
    "Write `class Config(BaseModel)` with one Field(description=...) per setting.",
    bad=_class((_GOOD_CLASS.text or "").replace("    points", "    Config = dict\n    points")),
    good=_GOOD_CLASS,
)
LOADED_RULES: Final = (IMPORT_FAILS, CONFIG_MODEL)
"""Found by importing the package, which only its author and the sandbox do."""

CODE_RULES: Final = (
    NO_MODULE,
    NO_CLASS,
    PROTOCOL,
    TAKES_CONFIG,
    OWN_MANIFEST,
    SYNTAX,
    PLATFORM_IMPORT,
    CLOSED_IMPORT,
    NETWORK_IMPORT,
    CLOSED_CALL,
    UNPICKLING,
    IMPORT_STAR,
    TOP_LEVEL_WORK,
    ENVIRONMENT,
    BLOCKING,
    GLOBAL_STATE,
    *LOADED_RULES,
)
