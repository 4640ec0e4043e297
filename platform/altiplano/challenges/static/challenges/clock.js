// The countdown goes by the server's clock, and a browser without a remembered zone shows its own.

const root = document.querySelector("[data-clock]");
const language = document.documentElement.lang;
const SECONDS = { day: 86400, hour: 3600, minute: 60, second: 1 };

// The page says when the server made it; from then on only time that passes counts, so that a
// reader's clock may be wrong, or be set, without moving the deadline.
let offset = Number(root.dataset.clock) * 1000 - performance.now();
const now = () => performance.now() + offset;

async function setClock() {
  const asked = performance.now();
  try {
    const answer = await fetch(root.dataset.clockUrl, { cache: "no-store" });
    if (answer.ok) offset = Number(await answer.text()) - (asked + performance.now()) / 2;
  } catch {
    // Without a line the clock goes on as it is.
  }
}

/** The two largest parts of a length of time: “3 days, 4 hours”. */
function inWords(milliseconds) {
  let left = Math.ceil(milliseconds / 1000);
  const parts = [];
  for (const [unit, size] of Object.entries(SECONDS)) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number || parts.length) parts.push([number, unit]);
  }
  return parts
    .slice(0, 2)
    .map(([number, unit]) =>
      new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(number),
    )
    .join(", ");
}

function show() {
  for (const place of document.querySelectorAll(".countdown")) {
    const left = Number(place.dataset.until) * 1000 - now();
    const words = left > 0 ? root.dataset.in.replace("{time}", inWords(left)) : place.dataset.over;
    if (place.textContent !== words) place.textContent = words;
    place.hidden = false;
  }
}

if (document.querySelector(".countdown")) {
  // A browser may stop the clock of a page that sleeps.
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden) return;
    await setClock();
    show();
  });
  await setClock();
  show();
  setInterval(show, 1000);
}

// The order of day and month, and what stands before the hour, are those of the server's own dates.
const dates = language === "en" ? "en-GB" : language;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const place of document.querySelectorAll("[data-here]")) {
  if (!here || here === place.dataset.zone) continue;
  const moment = new Date(place.dataset.here);
  const day = new Intl.DateTimeFormat(dates, { dateStyle: "long", timeZone: here });
  const time = new Intl.DateTimeFormat(dates, { timeStyle: "short", hourCycle: "h23", timeZone: here });
  const zone = Object.assign(document.createElement("span"), { className: "small", textContent: here });
  place.append(day.format(moment), language === "fr" ? " à " : ", ", time.format(moment), " ", zone);
  place.hidden = false;
}
