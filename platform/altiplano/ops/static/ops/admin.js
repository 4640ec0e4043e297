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
