// Under a trial: how its last answer came about, as soon as the answer is complete.

const turns = document.getElementById("turns");
const trace = document.getElementById("trace");
const body = document.getElementById("trace-body");
const OVER = new Set(["finished", "failed", "cancelled"]);

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
  const response = await fetch(trace.dataset.trace.replace("{run}", run), {
    headers: { "HX-Request": "true" },
  }).catch(() => null);
  if (!response?.ok || shown !== run) return;
  body.innerHTML = await response.text();
  trace.hidden = false;
}).observe(turns, { childList: true });
