// The builder without reloading: only the pipeline's half of the page changes, the trial goes on.
// What is typed and not saved is kept when another stage is opened, and over a reload.

const editor = document.getElementById("editor");
const KEEP = "altiplano:stage:";

/** The trial's question that is shown last, so that a later reload shows it again. */
function currentRun() {
  return document.querySelector("#turns .turn:last-child")?.dataset.run ?? "";
}

editor.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-stage]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if ("discard" in link.dataset) forget(editor.querySelector("form[data-draft]"));
  const address = new URL(link.href);
  const run = currentRun();
  if (run) address.searchParams.set("run", run);
  show(address, {}, "stage-title");
});

editor.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-editor]");
  if (!form) return;
  event.preventDefault(); // page.js, which listens further out, then leaves it alone
  const body = new FormData(form, event.submitter);
  body.set("run", currentRun());
  show(new URL(form.action), { method: "POST", body }, null, form);
});

let controller = null;

/** The editor as the server answers, with the focus where the reader was or on `focus`. */
async function show(address, options, focus, form = null) {
  if (form && editor.getAttribute("aria-busy") === "true") return; // a second click sends nothing
  controller?.abort();
  const mine = (controller = new AbortController());
  editor.setAttribute("aria-busy", "true");
  try {
    const headers = { "HX-Request": "true" };
    const response = await fetch(address, { ...options, headers, signal: mine.signal });
    if (response.redirected && !response.headers.has("X-Editor")) {
      window.location.assign(response.url); // the session is over: sign in, and come back
      return;
    }
    if (!response.headers.has("X-Editor")) throw new Error(`status ${response.status}`);
    const mark = focus ?? markOf(document.activeElement);
    if (form && response.ok) forget(form);
    editor.innerHTML = await response.text();
    if (response.ok) window.history.pushState({}, "", response.url);
    restore();
    const problem = editor.querySelector("[role=alert]");
    const same = mark ? document.getElementById(mark) : null;
    const target = problem ?? same ?? document.getElementById("stage-title");
    if (problem) problem.tabIndex = -1;
    target?.focus({ preventScroll: target === same }); // where the reader was, nothing moves
    const state = !problem && form && same?.closest("form")?.querySelector("[data-state]");
    if (state) state.textContent = editor.dataset.saved;
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!form) window.location.assign(address);
    else complain(form);
  } finally {
    if (controller === mine) editor.removeAttribute("aria-busy");
  }
}

function markOf(element) {
  return editor.contains(element) ? element.id : "";
}

function complain(form) {
  const line = form.querySelector(".notice.error") ?? document.createElement("p");
  line.className = "notice error";
  line.setAttribute("role", "alert");
  line.textContent = editor.dataset.lost;
  form.prepend(line);
}

window.addEventListener("popstate", () => {
  if (window.location.pathname.endsWith("/build/")) show(new URL(window.location.href), {}, "stage-title");
});

// --- What is typed and not saved ------------------------------------------------------------------

const typedIn = (form) => [...form.elements].filter((field) => field.name.startsWith("config."));

editor.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-draft]");
  if (!form) return;
  const texts = typedIn(form).map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]);
  sessionStorage.setItem(KEEP + form.dataset.draft, JSON.stringify(texts));
  form.querySelector("[data-state]").textContent = editor.dataset.unsaved;
});

function forget(form) {
  if (form?.dataset.draft) sessionStorage.removeItem(KEEP + form.dataset.draft);
}

function restore() {
  const form = editor.querySelector("form[data-draft]");
  const kept = form && sessionStorage.getItem(KEEP + form.dataset.draft);
  if (!kept || editor.querySelector("[role=alert]")) return;
  for (const [name, text] of JSON.parse(kept)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    if (field.type === "checkbox") field.checked = text;
    else field.value = text;
  }
  form.querySelector("[data-state]").textContent = editor.dataset.unsaved;
}

restore();
