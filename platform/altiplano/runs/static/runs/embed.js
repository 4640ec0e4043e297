// The chat in a frame on a website. It talks to the page around it only after that page has said
// hello, and only to the origin that the browser says it has; which pages may be around it at all
// the browser knows from the frame's own headers.

const KEPT = "altiplano:" + document.body.dataset.enter;
const DAY = 24 * 3600 * 1000;

/** The frame's own store, which is apart for each website; a browser may forbid it. */
function store(call) {
  try {
    return call(window.sessionStorage);
  } catch {
    return null;
  }
}

// A page that was left for another one of the same website finds its conversation again.
if (location.pathname === document.body.dataset.enter) {
  const kept = JSON.parse(store((session) => session.getItem(KEPT)) ?? "null");
  store((session) => session.removeItem(KEPT));
  if (kept && Date.now() - kept.at < DAY) location.replace(kept.path);
}
window.addEventListener("pagehide", () => {
  if (location.pathname.includes("/runs/"))
    store((session) =>
      session.setItem(KEPT, JSON.stringify({ path: location.pathname, at: Date.now() })),
    );
});

let around = null; // the origin of the page around us, once it has said hello

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data !== "altiplano:open") return;
  around = event.origin;
  document.getElementById("id_input")?.focus();
});

document.addEventListener(
  "keydown",
  (event) => {
    const isChatBusy = document.querySelector("#source:not([hidden]), dialog[open], details.menu[open]");
    if (event.key !== "Escape" || isChatBusy || !around) return;
    window.parent.postMessage("altiplano:close", around);
  },
  true,
);
