// Under a trial: how its last answer came about, as soon as the answer is complete, and what
// evaluators say of it, as soon as they do.

const turns = document.getElementById("turns");
const trace = document.getElementById("trace");
const body = document.getElementById("trace-body");
const OVER = new Set(["finished", "failed", "cancelled"]);
const PAUSES_MS = [500, 500, 1000, 1000, 2000, 2000, 4000, 8000, 16000, 32000, 64000];

let shown = trace.hidden ? "" : newest()?.dataset.run;

function newest() {
  return turns.querySelector(".turn:last-child");
}

new MutationObserver(async () => {
  const turn = newest();
  const run = turn?.dataset.run;
  if (run === shown || (run && !OVER.has(turn.dataset.state))) return;
  shown = run;
  trace.hidden = true;
  if (!run) return;
  const part = await fetchPart(run);
  if (part === null || shown !== run) return;
  body.innerHTML = part;
  trace.hidden = false;
  follow(run);
}).observe(turns, { childList: true });

async function fetchPart(run) {
  const response = await fetch(trace.dataset.trace.replace("{run}", run), {
    headers: { "HX-Request": "true" },
  }).catch(() => null);
  return response?.ok ? response.text() : null;
}

// Only what evaluators say is exchanged: whatever was opened in the trace stays open.
async function follow(run) {
  for (const pause of PAUSES_MS) {
    if (!body.querySelector("#evaluations[data-awaited]")) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (shown !== run) return;
    const part = await fetchPart(run);
    if (part === null || shown !== run) continue;
    const fresh = document.createElement("template");
    fresh.innerHTML = part;
    body.querySelector("#evaluations").replaceWith(fresh.content.querySelector("#evaluations"));
  }
}

if (shown) follow(shown);
