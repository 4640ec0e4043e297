"""Programs that ask an app, ready to be copied: each runs as it is printed, once it has a key."""

from dataclasses import dataclass
from string import Template
from typing import Final

from django.utils.translation import gettext_lazy as _

KEY_PLACEHOLDER: Final = "alti_YOUR_KEY"


@dataclass(frozen=True, slots=True)
class Sample:
    """``slug`` is unique among the samples; ``note`` says what to install, if anything."""

    slug: str
    title: str
    note: str
    code: str


_CURL = Template("""\
curl -N $url/api/v1/apps/$app/runs \\
  -H "Authorization: Bearer $key" \\
  -H "Content-Type: application/json" \\
  -d '{"input": "What can you tell me?", "stream": true}'
""")

_PYTHON = Template("""\
import requests

response = requests.post(
    "$url/api/v1/apps/$app/runs",
    headers={"Authorization": "Bearer $key"},
    json={"input": "What can you tell me?"},
    timeout=300,
)
response.raise_for_status()
run = response.json()
print(run["answer"])
for citation in run["citations"]:
    print(f"[{citation['n']}] {citation['document_name']}, page {citation['page']}")
""")

_JAVASCRIPT = Template("""\
const response = await fetch("$url/api/v1/apps/$app/runs", {
  method: "POST",
  headers: {
    Authorization: "Bearer $key",
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ input: "What can you tell me?", stream: true }),
});
if (!response.ok) throw new Error(await response.text());
let answer = "";
let rest = "";
for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
  const events = (rest + part).split("\\n\\n");
  rest = events.pop();
  for (const event of events) {
    const data = event.match(/^data: (.*)$$/m);
    if (data && event.includes("event: answer.delta")) answer += JSON.parse(data[1]).text;
  }
}
console.log(answer);
""")

_OPENAI = Template("""\
from openai import OpenAI

client = OpenAI(base_url="$url/v1", api_key="$key")
stream = client.chat.completions.create(
    model="$model",
    messages=[{"role": "user", "content": "What can you tell me?"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
""")

_MCP = Template("""\
{
  "mcpServers": {
    "$slug": {
      "type": "http",
      "url": "$url/mcp/$model",
      "headers": { "Authorization": "Bearer $key" }
    }
  }
}
""")


def samples_for(*, url: str, app: str, model: str) -> list[Sample]:
    """The samples for the app with this id and this model name on the platform at ``url``."""
    slug = model.rpartition("/")[2]
    blanks = {"url": url, "app": app, "model": model, "slug": slug, "key": KEY_PLACEHOLDER}
    return [
        Sample(
            "curl",
            "curl",
            str(_("The answer comes as events, word by word.")),
            _CURL.substitute(blanks),
        ),
        Sample(
            "python",
            "Python",
            str(_("Needs the package “requests”. The whole answer, with its sources.")),
            _PYTHON.substitute(blanks),
        ),
        Sample(
            "javascript",
            "JavaScript",
            str(_("For Node.js, on your server: in a web page everybody could read the key.")),
            _JAVASCRIPT.substitute(blanks),
        ),
        Sample(
            "openai",
            str(_("The “openai” client")),
            str(_("Needs the package “openai”. Whatever speaks the OpenAI protocol works so.")),
            _OPENAI.substitute(blanks),
        ),
        Sample(
            "mcp",
            str(_("An assistant, by MCP")),
            str(
                _(
                    "Goes into the settings of an assistant that takes MCP servers. It then has two "
                    "tools: one asks this app, the other searches its documents."
                )
            ),
            _MCP.substitute(blanks),
        ),
    ]


def embed_snippet(*, url: str, organization: str, app: str) -> str:
    """The one line that puts the chat on a website."""
    return f'<script src="{url}/widget.js" data-app="{organization}/{app}" async></script>'
