// The part of a page that says how far work is, fetched anew while there is work.
(() => {
  "use strict";
  const EVERY = 2000;

  const refresh = async () => {
    const part = document.querySelector("[data-fresh]");
    if (!part) return;
    if (!document.hidden && !part.contains(document.activeElement)) {
      try {
        const answer = await fetch(part.dataset.fresh, { headers: { "X-Part": "1" } });
        if (answer.ok) {
          const holder = document.createElement("template");
          holder.innerHTML = await answer.text();
          if (!holder.content.querySelector("[data-fresh]") && !document.getElementById("change")) {
            location.reload(); // what is above has changed, too
            return;
          }
          part.replaceWith(holder.content);
        }
      } catch {
        // The next attempt comes anyway.
      }
    }
    setTimeout(refresh, EVERY);
  };
  setTimeout(refresh, EVERY);
})();
