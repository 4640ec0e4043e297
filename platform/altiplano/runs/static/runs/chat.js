// The chat page: asks, shows the answer as it is said, opens sources. Without it the form works too.

import { runEvents } from "./events.js";

const byId = (id) => document.getElementById(id);
const form = byId("ask");
const field = byId("id_input");
const turns = byId("turns");
const say = form.dataset;
const previous = form.elements.previous;

let current = null; // {controller, turn} of the question under way

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
  const body = new FormData(form); // before the field is emptied
  let turn = byId("turn-template").content.firstElementChild.cloneNode(true);
  turn.querySelector(".question").textContent = question;
  turn.querySelector(".waiting").textContent = say.waiting;
  turns.append(turn);
  turn.scrollIntoView({ block: "end" });
  field.value = "";
  const controller = begin(turn);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body,
      signal: controller.signal,
      headers: { "HX-Request": "true" },
    });
    if (response.status !== 201) throw new Refusal(await sentenceOf(response));
    turn = replace(turn, await response.text());
    current.turn = turn;
    window.history.replaceState(null, "", turn.dataset.page); // a reload finds this answer
    previous.value = turn.dataset.run;
    await follow(turn, controller);
  } catch (error) {
    if (!turn.dataset.run) {
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

/** What the server says about a refusal, if it is meant for people: not the page of an error. */
async function sentenceOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  return type.startsWith("text/plain") ? await response.text() : say.refused;
}

/** The server's own rendering takes the place of the turn. */
function replace(turn, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const rendered = holder.content.querySelector(".turn");
  keepingTheEnd(() => turn.replaceWith(rendered));
  return rendered;
}

function complain(sentence) {
  byId("problem").textContent = sentence;
  byId("problem").hidden = false;
  field.focus();
}

function begin(turn) {
  const controller = new AbortController();
  current = { controller, turn };
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
  const cancel = current.turn.dataset.cancel;
  if (cancel) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    fetch(cancel, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() =>
      current?.controller.abort(),
    );
  } else {
    current.controller.abort();
  }
});

// --- An answer as it is said --------------------------------------------------------------------

async function follow(turn, controller) {
  const answer = turn.querySelector(".answer") ?? turn.appendChild(newAnswer());
  const slow = setTimeout(() => note(turn, say.slow), 10000);
  const speech = new Speech(byId("spoken"));
  try {
    for await (const event of runEvents(turn.dataset.events, controller.signal)) {
      if (event.type === "reset") {
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
  const response = await fetch(turn.dataset.page, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  replace(turn, await response.text());
  speech.end();
}

function newAnswer() {
  const answer = document.createElement("div");
  answer.className = "answer said";
  return answer;
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
  follow(growing, begin(growing))
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
