// What every page has: menus that close, forms that keep their text and are sent once, copying.

const KEEP = "altiplano:keep:";

/** The tab's own store; in a frame on another website a browser may forbid it. */
const session = (() => {
  try {
    return window.sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {}, removeItem() {} };
  }
})();

for (const menu of document.querySelectorAll("details[data-menu]")) {
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// A form with data-keep="name" survives a reload and an expired session; sending it forgets it.
for (const form of document.querySelectorAll("form[data-keep]")) {
  const key = KEEP + form.dataset.keep;
  const fields = () =>
    [...form.elements].filter(
      (field) => field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type),
    );
  const kept = JSON.parse(session.getItem(key) ?? "null");
  const hasAnswer = form.querySelector("[aria-invalid=true], .errors, .notice.error");
  if (kept && !hasAnswer) {
    for (const field of fields()) {
      const [value, checked] = kept[field.id || field.name] ?? [];
      if (value === undefined) continue;
      if (["checkbox", "radio"].includes(field.type)) field.checked = checked;
      else field.value = value;
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
  form.addEventListener("input", () => {
    const now = Object.fromEntries(
      fields().map((field) => [field.id || field.name, [field.value, field.checked]]),
    );
    session.setItem(key, JSON.stringify(now));
  });
}
// What was kept is forgotten by the page that says it is stored.
for (const mark of document.querySelectorAll("[data-forget]")) {
  session.removeItem(KEEP + mark.dataset.forget);
}

// On a phone tabs are one line that scrolls: the current one is in the middle of it.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const line = tab.parentElement;
  line.scrollLeft = tab.offsetLeft - line.offsetLeft - (line.clientWidth - tab.offsetWidth) / 2;
}

// A second click while the first is on its way sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
// The back button may show this page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = "value" in source ? source.value : source.textContent;
  await navigator.clipboard.writeText(text.trim());
  const label = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => (button.textContent = label), 2000);
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
}
