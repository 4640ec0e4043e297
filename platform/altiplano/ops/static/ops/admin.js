// The dashboard's own script: before htmx starts, and a part of a page that keeps itself fresh.

// htmx would write a style sheet into the page, which the content security policy refuses.
if (window.htmx) {
  window.htmx.config.includeIndicatorStyles = false;
  window.htmx.config.allowEval = false;
}

// <div data-fresh="ADDRESS" data-every="SECONDS">: its content is fetched anew while the page is
// seen. What the reader has opened stays open, and nothing moves while they type or choose.
function keepFresh(part) {
  const pause = Number(part.dataset.every) * 1000;
  const state = document.querySelector("[data-fresh-state]");
  async function refresh() {
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const response = await fetch(part.dataset.fresh, { headers: { "X-Fragment": "1" } });
      if (response.redirected || !response.ok) throw new Error(String(response.status));
      const opened = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
      part.innerHTML = await response.text();
      for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
      if (state) state.textContent = state.dataset.live;
    } catch {
      if (state) state.textContent = state.dataset.stale;
    }
  }
  setInterval(refresh, pause);
  document.addEventListener("visibilitychange", refresh);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-fresh]").forEach(keepFresh);
});

// What unfold and Django leave to the mouse or without a name, for keyboards and screen readers.

// Words in the reader's language, from the frame's template.
function frameWord(name) {
  return document.getElementById("ops-words")?.dataset[name] ?? "";
}

// An icon is the name of a picture, in letters: nobody wants it read to them.
function hideIcons() {
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
    icon.setAttribute("aria-hidden", "true");
  }
}

// unfold opens some menus by clicks on elements that no keyboard reaches.
function openByKeyboard() {
  for (const each of document.querySelectorAll(".cursor-pointer[x-on\\:click]:not(button, [href])")) {
    each.setAttribute("role", "button");
    each.tabIndex = 0;
    const icon = each.querySelector(":scope > .material-symbols-outlined:only-child");
    if (icon && each.innerText.trim() === icon.innerText.trim()) each.setAttribute("aria-label", frameWord("more"));
    each.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      each.click();
    });
  }
}

// A field that searches while one types stands in for the list of its label.
function nameFields() {
  for (const box of document.querySelectorAll("select + .select2 .select2-selection")) {
    const label = box.closest(".select2").previousElementSibling.labels[0];
    if (!label) continue;
    label.id ||= `${label.htmlFor}_label`;
    const shown = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
    shown.setAttribute("aria-labelledby", label.id);
    // What opens is put at the end of the page each time, and nothing tells what it belongs to.
    window.django?.jQuery(label.control).on("select2:open", () => {
      box.setAttribute("aria-controls", box.getAttribute("aria-owns"));
      const opened = document.querySelector("body > .select2-container--open");
      opened?.setAttribute("role", "region");
      for (const each of [opened, opened?.querySelector(".select2-search__field")]) {
        each?.setAttribute("aria-labelledby", label.id);
      }
    });
  }
  for (const tip of document.querySelectorAll(".help-tooltip[aria-label]")) {
    tip.setAttribute("role", "img");
  }
}

// Scrolled parts are regions; each has the name of what is in it, or none is told from another.
function nameRegions() {
  const names = { "nav-sidebar-apps": "menu", "changelist-filter": "filters" };
  for (const heading of document.querySelectorAll("#changelist-filter h3")) {
    heading.setAttribute("aria-level", "2");
  }
  for (const part of document.querySelectorAll(".simplebar-content-wrapper")) {
    const place = part.closest(Object.keys(names).map((id) => `#${id}`).join());
    part.setAttribute("aria-label", frameWord(names[place?.id] ?? "table"));
  }
}

// The parts of a row stand under tabs, and what they hold is one level below the page's title.
function nameTabs() {
  document.getElementById("tabs-items")?.setAttribute("aria-label", frameWord("parts"));
  for (const heading of document.querySelectorAll(".form-group h3")) {
    heading.setAttribute("aria-level", "2");
  }
}

// After the scripts that make these elements, which wait for the same event and come later.
window.addEventListener("load", () => {
  setTimeout(() => {
    hideIcons();
    openByKeyboard();
    nameFields();
    nameRegions();
    nameTabs();
  });
});
