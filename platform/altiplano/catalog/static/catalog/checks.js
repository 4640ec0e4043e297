// While the checks of a release run, its page follows them; without this script a reload does.

const PAUSE_MS = 1500;
const part = document.querySelector("[data-checks]");
const byHand = () => part.querySelector("[data-by-hand]");
const isMoving = () => Boolean(part.querySelector("[data-moving]"));

/** Only what changed is put anew, so that nobody loses the button under their finger. */
function renew(fresh) {
  if (!fresh.querySelector("[data-moving]")) {
    const ended = part.querySelector(".check-steps").closest("article").id;
    part.replaceChildren(fresh);
    const head = document.getElementById(ended)?.querySelector(".plugin-head");
    document.querySelector("[data-outcome]").textContent = head?.innerText ?? "";
    return;
  }
  for (const steps of part.querySelectorAll(".check-steps")) {
    const now = fresh.getElementById(steps.closest("article").id)?.querySelector(".check-steps");
    if (now && now.outerHTML !== steps.outerHTML) steps.replaceWith(now);
  }
}

async function follow() {
  if (!document.hidden) {
    try {
      const response = await fetch(location.href, { headers: { "HX-Request": "true" } });
      if (response.redirected || response.status === 404) {
        byHand().hidden = false;
        return;
      }
      const holder = document.createElement("template");
      holder.innerHTML = await response.text();
      if (response.ok) renew(holder.content);
    } catch {
      // The line is down for a moment; the next look tells.
    }
  }
  if (isMoving()) setTimeout(follow, PAUSE_MS);
}

if (isMoving()) {
  byHand().hidden = true;
  setTimeout(follow, PAUSE_MS);
}
