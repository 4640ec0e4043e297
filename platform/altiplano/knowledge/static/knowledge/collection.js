// The table of documents keeps itself fresh: rows that change are replaced, nothing else moves.

const POLL_MS = 2000;
const PATIENT_MS = 8000;
const MOVING = ["queued", "parsing", "embedding"];

export const $ = (id) => document.getElementById(id);
export const locale = document.documentElement.lang;
export const csrfToken = () =>
  /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ??
  document.querySelector("[name=csrfmiddlewaretoken]").value;

const live = $("live");
const drop = $("drop");
const paces = new Map();
let timer = 0;
let refreshing = 0;

const table = () => $("documents");
const boxes = (where = table()) => [...where.querySelectorAll("[name=document]")];
const unfinished = () => Number(table().dataset.unfinished);

/** The table anew, as after a reload, with what was chosen and typed. */
async function refresh() {
  try {
    const response = await fetch(live.dataset.table + location.search, {
      headers: { "X-Part": "documents" },
    });
    if (response.ok && !response.redirected) swap(await response.text());
  } catch {
    plan(PATIENT_MS);
  }
}

function parse(html, selector) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.querySelector(selector);
}

function swap(html) {
  const fresh = parse(html, "#documents");
  const chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  for (const box of boxes(fresh)) box.checked = chosen.has(box.value);
  const filters = table().querySelector(".filters");
  const focus = document.activeElement.closest("#rows tr")?.id;
  if (filters && fresh.querySelector(".filters")) {
    filters.querySelector("#summary").innerHTML = fresh.querySelector("#summary").innerHTML;
    fresh.querySelector(".filters").replaceWith(filters);
  }
  table().replaceWith(fresh);
  say("");
  if (focus) $(focus)?.querySelector("a, input")?.focus();
  settle();
}

function settle() {
  for (const toast of table().querySelectorAll(".toast")) {
    setTimeout(() => toast.remove(), Number(toast.dataset.seconds) * 1000);
  }
  count();
  estimate();
  plan(POLL_MS);
}

// Changes.

const stateOf = (row) => row.dataset.stamp.split("-")[1];
const watched = () =>
  [...table().querySelectorAll("tr[data-stamp]")].filter((row) => MOVING.includes(stateOf(row)));

function plan(delay) {
  clearTimeout(timer);
  if (!document.hidden && unfinished()) timer = setTimeout(ask, delay);
}

document.addEventListener("visibilitychange", () => plan(0));

async function ask() {
  const rows = watched();
  const query = new URLSearchParams(
    rows.map((row) => ["row", `${row.id.slice(4)}.${row.dataset.stamp}`]),
  );
  try {
    const response = await fetch(`${live.dataset.changes}?${query}`);
    if (response.redirected) return; // signed out; the next click says so
    if (!response.ok) throw new Error(String(response.status));
    apply(await response.json());
    plan(rows.length ? POLL_MS : PATIENT_MS);
  } catch {
    plan(PATIENT_MS);
  }
}

function apply(changes) {
  for (const [id, html] of Object.entries(changes.rows)) {
    const old = $(`row-${id}`);
    if (!old) continue;
    const fresh = parse(html, "tr");
    for (const box of boxes(fresh)) box.checked = boxes(old)[0].checked;
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (hadFocus) fresh.querySelector("a").focus();
  }
  for (const id of changes.gone) $(`row-${id}`)?.remove();
  table().dataset.unfinished = changes.unfinished;
  table().dataset.waiting = changes.waiting;
  const summary = $("summary");
  if (summary) summary.innerHTML = changes.summary;
  if (changes.status) say(changes.status);
  estimate();
}

function say(text, className = "unseen") {
  const status = $("documents-status");
  status.className = className;
  status.textContent = text;
}

// How long it still takes.

function estimate() {
  const all = $("left");
  const left = timeLeft("all", Number(table().dataset.waiting));
  if (all) all.textContent = left && `· ${left}`;
  for (const row of watched()) {
    const place = row.querySelector(".left");
    if (place) place.textContent = timeLeft(row.id, 100 - Number(row.dataset.stamp.split("-")[2]));
  }
}

/** In words, from how fast the work that is left became less; nothing before that can be told. */
function timeLeft(key, left) {
  const now = performance.now() / 1000;
  const first = paces.get(key);
  if (!first || left > first.left) {
    paces.set(key, { left, now });
    return "";
  }
  const seconds = now - first.now;
  const done = first.left - left;
  if (seconds < 4 || !done || !left) return "";
  const rest = (left * seconds) / done;
  const [unit, value] = rest < 90 ? ["second", Math.ceil(rest / 5) * 5] : ["minute", Math.round(rest / 60)];
  const said = value.toLocaleString(locale, {
    style: "unit", unit, unitDisplay: "long",
  });
  return live.dataset.left.replace("{time}", said);
}

// What a person does.

function count() {
  const every = boxes().length;
  const chosen = boxes().filter((box) => box.checked).length;
  const all = $("choose-all");
  if (!all) return;
  all.checked = chosen > 0 && chosen === every;
  all.indeterminate = chosen > 0 && chosen < every;
  $("chosen-count").textContent = chosen
    ? live.dataset.chosen.replace("{count}", chosen)
    : "";
  for (const button of table().querySelectorAll("button[name=action]")) button.disabled = !chosen;
}

live.addEventListener("change", (event) => {
  if (event.target.id === "choose-all") {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  count();
});

// Without leaving the page: files may be on their way.
live.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  const body = new FormData(form);
  const button = event.submitter;
  if (button?.name) body.append(button.name, button.value);
  body.set("csrfmiddlewaretoken", csrfToken());
  try {
    const response = await fetch(form.getAttribute("action"), {
      method: "POST", body, headers: { "X-Part": "documents" },
    });
    if (response.redirected) location.reload(); // to the page that asks to sign in
    else if (response.ok) swap(await response.text());
    else throw new Error(String(response.status));
  } catch {
    delete form.dataset.busy;
    button?.removeAttribute("aria-busy");
    say(live.dataset.lost, "notice error");
  }
});

// Files: dropped anywhere in the area, or chosen.

const uploads = () => import("./upload.js");

async function send(files) {
  const chosen = [...files]; // the list empties with its field
  if (!chosen.length) return;
  try {
    (await uploads()).add(chosen, () => {
      clearTimeout(refreshing);
      refreshing = setTimeout(refresh, 500);
    });
  } catch {
    say(live.dataset.lost, "notice error");
  }
}

if (drop) {
  const input = drop.querySelector("[type=file]");
  for (const type of ["pointerenter", "focusin"]) {
    drop.addEventListener(type, () => uploads().catch(() => {}), { once: true });
  }
  $("upload").hidden = true;
  drop.addEventListener("change", () => {
    send(input.files);
    input.value = "";
  });
  // On the whole page: a file that misses the area must not take the page's place.
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      const isInside = drop.contains(event.target);
      drop.classList.toggle("over", isInside && type === "dragover");
      if (isInside && type === "drop") send(event.dataTransfer.files);
    });
  }
}

settle();
