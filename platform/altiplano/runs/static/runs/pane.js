// The pane beside a conversation: a source, or how an answer came about. On a phone it is a sheet.

const byId = (id) => document.getElementById(id);
const pane = byId("source");
const body = byId("source-body");
let opener = null;

/** What the link leads to is shown in the pane, or `sentence` where that does not work. */
export async function openBeside(link, sentence) {
  opener?.removeAttribute("aria-expanded");
  opener = link;
  body.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(link.href, { headers: { "HX-Request": "true" } });
    if (response.redirected) return window.location.assign(link.href); // to sign in again
    if (response.ok) body.innerHTML = await response.text(); // the server's own, escaped there
    else body.textContent = sentence;
  } catch {
    body.textContent = sentence;
  }
  body.removeAttribute("aria-busy");
  show(link);
}

byId("close-source").addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !pane.hidden) close();
});

function show(link) {
  byId("source-title").textContent = pane.ariaLabel = link.dataset.source;
  link.setAttribute("aria-expanded", "true");
  const place = link.getBoundingClientRect().top;
  pane.hidden = false;
  byId("chat").classList.add("with-source");
  window.scrollBy(0, link.getBoundingClientRect().top - place); // what was read stays where it was
  pane.scrollTop = 0;
  const passage = body.querySelector("mark");
  if (passage) {
    pane.scrollTop = passage.getBoundingClientRect().top - pane.getBoundingClientRect().top - 96;
  }
  byId("close-source").focus({ preventScroll: true });
}

function close() {
  pane.hidden = true;
  byId("chat").classList.remove("with-source");
  opener?.removeAttribute("aria-expanded");
  opener?.focus({ preventScroll: true });
}
