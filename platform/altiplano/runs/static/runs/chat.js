// The chat: asks, shows the answer as it is said, takes judgements. Without it the forms work too.
// What is needed only for an answer that grows, or for a source, is loaded when it is needed.

const byId = (id) => document.getElementById(id);
const turns = byId("turns");
const form = byId("ask"); // absent where the reader only reads
const say = form?.dataset ?? {};
const field = form?.elements.input;

const DOUBLE_CLICK_MS = 500;

let current = null; // {controller, turn, begun} of the question under way

// --- Asking -------------------------------------------------------------------------------------

document.addEventListener(
  "submit",
  (event) => {
    const sent = event.target;
    if ("ask" in sent.dataset) {
      event.preventDefault();
      if (sent.elements.input.value.trim() && !current) ask(sent);
    } else if ("turn" in sent.dataset) {
      event.preventDefault();
      act(sent, event.submitter);
    }
  },
  true, // before the page takes note that a form is sent
);

const follower = () => import("./follow.js");
field?.addEventListener("focus", follower, { once: true }); // here before the question is sent

field?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

field?.addEventListener("input", () => {
  const left = field.maxLength - field.value.length;
  byId("left").textContent =
    left < field.maxLength / 5 ? say.left.replace("{count}", left.toLocaleString(document.documentElement.lang)) : "";
});

function write(text) {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true })); // what is kept and counted follows
}

async function ask(sent) {
  const body = new FormData(sent); // before the field is emptied
  const question = body.get("input").trim();
  const replaced = [];
  if (body.has("instead_of")) {
    for (let each = sent.closest(".turn"); each; each = each.nextElementSibling) replaced.push(each);
  }
  byId("problem").hidden = true;
  let turn = byId("turn-template").content.firstElementChild.cloneNode(true);
  turn.querySelector(".question").textContent = question;
  turn.querySelector(".waiting").textContent = say.waiting;
  for (const each of replaced) each.hidden = true;
  turns.append(turn);
  turn.scrollIntoView({ block: "nearest" }); // within a pane, too
  window.scrollBy(0, Math.max(0, covered()));
  if (sent === form) write("");
  const controller = begin(turn);
  try {
    const response = await post(form.action, body, controller.signal);
    if (response.status !== 201) throw new Refusal(await sentenceOf(response, say.refused));
    turn = replace(turn, await response.text());
    for (const each of replaced) each.remove();
    arrived(turn);
    await follow(turn, controller);
  } catch (error) {
    if (turn.dataset.run) {
      note(turn, say.lost);
    } else {
      turn.remove();
      for (const each of replaced) each.hidden = false;
      if (sent === form) write(question); // nothing that was typed is lost
      if (!controller.signal.aborted) complain(error.sentence ?? say.refused);
    }
  } finally {
    end();
  }
}

/** The run exists: a reload finds it, and the next question goes on from it. */
function arrived(turn) {
  current.turn = turn;
  window.history.replaceState(null, "", turn.dataset.page);
  form.elements.previous.value = turn.dataset.run;
  showForTurns();
}

function showForTurns() {
  for (const each of document.querySelectorAll("[data-with-turns], [data-print]")) each.hidden = false;
}

class Refusal extends Error {
  constructor(sentence) {
    super(sentence);
    this.sentence = sentence;
  }
}

/** What the server says about a refusal, if it is meant for people: not the page of an error. */
async function sentenceOf(response, otherwise) {
  if (response.redirected) return say.expired;
  const type = response.headers.get("Content-Type") ?? "";
  return type.startsWith("text/plain") ? await response.text() : otherwise;
}

/** Once more with a fresh token where the old one is of a session that is over. */
async function post(address, body, signal) {
  const send = () =>
    fetch(address, { method: "POST", body, signal, headers: { "HX-Request": "true" } });
  const response = await send();
  if (response.status !== 403 || !form) return response;
  const page = await (await fetch(window.location.href, { signal })).text();
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("#ask");
  if (!fresh) return response;
  body.set("csrfmiddlewaretoken", fresh.elements.csrfmiddlewaretoken.value);
  return send();
}

/** The server's own rendering takes the place of the turn. */
function replace(turn, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const rendered = holder.content.querySelector(".turn");
  if (!rendered) throw new Error("not a turn");
  keepingTheEnd(() => turn.replaceWith(rendered));
  hideWhatCannotWork(rendered);
  return rendered;
}

function complain(sentence) {
  byId("problem").textContent = sentence;
  byId("problem").className = "notice error";
  byId("problem").hidden = false;
  field.focus();
}

function begin(turn) {
  const controller = new AbortController();
  current = { controller, turn, begun: performance.now() };
  if (form) {
    byId("send").hidden = true;
    byId("stop").hidden = byId("stop").disabled = false;
  }
  return controller;
}

function end() {
  current = null;
  if (!form) return;
  const hadFocus = document.activeElement === byId("stop");
  byId("send").hidden = false;
  byId("stop").hidden = true;
  if (hadFocus) field.focus();
}

byId("stop")?.addEventListener("click", () => {
  if (!current) return;
  // "Stop" stands where "Ask" stood: the second half of a double click is no wish to stop.
  if (performance.now() - current.begun < DOUBLE_CLICK_MS) return;
  byId("stop").disabled = true;
  const cancel = current.turn.dataset.cancel;
  if (!cancel) return current.controller.abort();
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  post(cancel, body).catch(() => current?.controller.abort());
});

/** The answer grows in the turn, until the server's rendering takes its place. */
async function follow(turn, controller) {
  const { followRun } = await follower();
  const speech = await followRun(turn, { signal: controller.signal, say, keepingTheEnd });
  const response = await fetch(turn.dataset.page, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  replace(turn, await response.text());
  speech.end(say.done ?? "");
}

function note(turn, sentence) {
  const line = turn.querySelector(".waiting") ?? turn.appendChild(document.createElement("p"));
  line.className = "waiting quiet small";
  line.textContent = sentence;
}

/** What is above never moves; the page follows the end only while the reader is at the end. */
function keepingTheEnd(change) {
  const isAtEnd = covered() < 48;
  change();
  if (isAtEnd && covered() > 0) window.scrollBy(0, covered());
}

/** How much of the conversation lies under the field for questions, which stays in sight. */
function covered() {
  return turns.getBoundingClientRect().bottom - (form?.getBoundingClientRect().top ?? window.innerHeight);
}

// --- What is done with an answer ------------------------------------------------------------------

/** A form about a turn: the turn comes back as it is now, and the focus stays where it was. */
async function act(sent, submitter) {
  const turn = sent.closest(".turn");
  try {
    const response = await post(sent.action, new FormData(sent, submitter));
    if (!response.ok || response.redirected) throw new Refusal(await sentenceOf(response, say.unsent));
    replace(turn, await response.text());
    byId(sent.dataset.focus ?? submitter.id)?.focus({ preventScroll: true });
  } catch (error) {
    const line = sent.querySelector(".notice.error") ?? sent.appendChild(document.createElement("p"));
    line.className = "notice error";
    line.role = "alert";
    line.textContent = error.sentence ?? say.unsent;
  }
}

function hideWhatCannotWork(part) {
  for (const each of part.querySelectorAll("[data-copy]")) each.hidden = !navigator.clipboard;
}

for (const each of document.querySelectorAll("[data-print]")) {
  each.addEventListener("click", () => window.print());
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-source]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { openBeside } = await import("./pane.js");
  await openBeside(link, say.unread ?? "");
});

// A page that was opened while its answer is still growing.
const growing = turns.querySelector('[data-state="queued"], [data-state="running"]');
if (growing) {
  follow(growing, begin(growing))
    .catch(() => note(growing, say.lost))
    .finally(end);
}
if (turns.lastElementChild) {
  showForTurns();
  if (!window.location.hash) turns.lastElementChild.scrollIntoView({ block: "nearest" });
}
