// The chat page: asks, shows the answer as it is said, opens sources. Without it the form works too.

import { runEvents } from "./events.js";

const byId = (id) => document.getElementById(id);
const form = byId("ask");
const field = byId("id_input");
const turns = byId("turns");
const say = form.dataset;
const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
const MAX_MESSAGES = 20;
const MAX_CHARS = 24000;

let history = JSON.parse(byId("history").textContent);
let current = null; // {controller, runId} of the run under way

// --- Asking -------------------------------------------------------------------------------------

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = field.value.trim();
  if (question && !current) ask(question);
});

field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

async function ask(question) {
  byId("problem").hidden = true;
  const turn = byId("turn-template").content.firstElementChild.cloneNode(true);
  turn.querySelector(".question").textContent = question;
  turn.querySelector(".waiting").textContent = say.waiting;
  turns.append(turn);
  turn.scrollIntoView({ block: "end" });
  field.value = "";
  const controller = begin();
  try {
    const response = await fetch(say.runs, {
      method: "POST",
      signal: controller.signal,
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({
        input: question,
        history: recent(history),
        stream: true,
        ...(say.version && { version: say.version }),
      }),
    });
    if (!response.ok) throw new Refusal(await sentenceOf(response));
    await follow(turn, response, null, controller);
  } catch (error) {
    if (error instanceof Refusal || !current?.runId) {
      turn.remove();
      field.value = question; // nothing that was typed is lost
      if (!controller.signal.aborted) complain(error.sentence ?? say.refused);
    } else {
      note(turn, say.lost);
    }
  } finally {
    end();
  }
}

class Refusal extends Error {
  constructor(sentence) {
    super(sentence);
    this.sentence = sentence;
  }
}

async function sentenceOf(response) {
  try {
    return (await response.json()).detail || say.refused;
  } catch {
    return say.refused;
  }
}

function recent(messages) {
  let chars = 0;
  const kept = messages.slice(-MAX_MESSAGES).reverse();
  const cut = kept.findIndex((message) => (chars += message.content.length) > MAX_CHARS);
  return (cut < 0 ? kept : kept.slice(0, cut)).reverse();
}

function complain(sentence) {
  byId("problem").textContent = sentence;
  byId("problem").hidden = false;
  field.focus();
}

function begin() {
  const controller = new AbortController();
  current = { controller, runId: null };
  byId("send").hidden = true;
  byId("stop").hidden = false;
  byId("stop").disabled = false;
  return controller;
}

function end() {
  current = null;
  byId("send").hidden = false;
  byId("stop").hidden = true;
}

byId("stop").addEventListener("click", () => {
  if (!current) return;
  byId("stop").disabled = true;
  if (current.runId) {
    fetch(`/api/v1/runs/${current.runId}/cancel`, {
      method: "POST",
      headers: { "X-CSRFToken": csrf },
    }).catch(() => current?.controller.abort());
  } else {
    current.controller.abort();
  }
});

// --- An answer as it is said --------------------------------------------------------------------

async function follow(turn, response, runId, controller) {
  const answer = turn.querySelector(".answer") ?? turn.appendChild(newAnswer());
  const slow = setTimeout(() => note(turn, say.slow), 10000);
  const speech = new Speech(byId("spoken"));
  current.runId = runId;
  try {
    for await (const event of runEvents(response, runId, controller.signal)) {
      if (event.run_id) current.runId = event.run_id;
      if (event.type === "reset") {
        current.runId = event.run.id;
        answer.textContent = event.run.answer;
      } else if (event.type === "answer.delta") {
        clearTimeout(slow);
        keepingTheEnd(() => answer.append(event.text));
        speech.hear(event.text);
        turn.querySelector(".waiting")?.remove();
      } else if (event.type === "answer.finished" && event.text !== answer.textContent) {
        answer.textContent = event.text;
      }
    }
  } finally {
    clearTimeout(slow);
  }
  await finish(turn, current.runId);
  speech.end();
}

function newAnswer() {
  const answer = document.createElement("div");
  answer.className = "answer said";
  return answer;
}

/** The server's own rendering, with its chips, takes the place of the plain text. */
async function finish(turn, runId) {
  const response = await fetch(`/runs/${runId}/`, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  const rendered = holder.content.querySelector(".turn");
  const question = turn.querySelector(".question").textContent;
  const said = turn.querySelector(".answer").textContent;
  keepingTheEnd(() => turn.replaceWith(rendered));
  if (rendered.dataset.state === "finished" && said) {
    history.push({ role: "user", content: question }, { role: "assistant", content: said });
  }
  window.history.replaceState(null, "", `/runs/${runId}/`); // a reload shows this conversation
}

function note(turn, sentence) {
  const line = turn.querySelector(".waiting") ?? turn.appendChild(document.createElement("p"));
  line.className = "waiting quiet small";
  line.textContent = sentence;
}

/** What is above never moves; the page follows the end only while the reader is at the end. */
function keepingTheEnd(change) {
  const page = document.documentElement;
  const isAtEnd = page.scrollHeight - page.scrollTop - page.clientHeight < 48;
  change();
  if (isAtEnd) page.scrollTop = page.scrollHeight;
}

/** Screen readers hear whole sentences, not fragments. */
class Speech {
  #waiting = "";

  constructor(region) {
    this.region = region;
    region.textContent = "";
  }

  hear(text) {
    this.#waiting += text;
    const end = Math.max(...[". ", "! ", "? ", "\n"].map((mark) => this.#waiting.lastIndexOf(mark)));
    if (end > 0) {
      this.region.textContent = this.#waiting.slice(0, end + 1);
      this.#waiting = this.#waiting.slice(end + 1);
    }
  }

  end() {
    this.region.textContent = `${this.#waiting} ${say.done}`;
  }
}

// --- A page that was opened while its answer is still growing -------------------------------------

const growing = turns.querySelector('[data-state="queued"], [data-state="running"]');
if (growing) {
  const controller = begin();
  follow(growing, null, growing.dataset.run, controller)
    .catch(() => note(growing, say.lost))
    .finally(end);
}
(turns.lastElementChild ?? form).scrollIntoView({ block: "nearest" });

// --- Sources ------------------------------------------------------------------------------------

const pane = byId("source");
let opener = null;

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-source]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  opener?.removeAttribute("aria-expanded");
  opener = link;
  const body = byId("source-body");
  try {
    const response = await fetch(link.href, { headers: { "HX-Request": "true" } });
    if (response.ok) body.innerHTML = await response.text();
    else body.textContent = say.gone;
  } catch {
    window.location.assign(link.href);
    return;
  }
  link.setAttribute("aria-expanded", "true");
  pane.hidden = false;
  byId("chat").classList.add("with-source");
  const passage = body.querySelector("mark");
  if (passage) pane.scrollTop += passage.getBoundingClientRect().top - pane.getBoundingClientRect().top - 96;
  byId("close-source").focus({ preventScroll: true });
});

function closeSource() {
  pane.hidden = true;
  byId("chat").classList.remove("with-source");
  opener?.removeAttribute("aria-expanded");
  opener?.focus({ preventScroll: true });
}

byId("close-source").addEventListener("click", closeSource);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !pane.hidden) closeSource();
});
