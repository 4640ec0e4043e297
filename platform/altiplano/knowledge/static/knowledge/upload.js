// Files go up one by one, each with its progress; what did not arrive can be sent again as long as
// the page is open. collection.js loads this with the first file; without it the form sends them.

import { $, csrfToken, locale } from "./collection.js";

const AT_ONCE = 3;

const form = $("drop");
const words = $("upload-words").dataset;
const uploads = [];

$("again").addEventListener("click", () => {
  uploads.filter((each) => each.state === "lost").forEach(queue);
});
$("tidy").addEventListener("click", () => {
  for (const each of uploads.filter(isOver)) each.line.remove();
  uploads.splice(0, uploads.length, ...uploads.filter((each) => !isOver(each)));
  sum();
});
addEventListener("online", () => uploads.filter((each) => each.isOffline).forEach(queue));
addEventListener("beforeunload", (event) => {
  if (uploads.some((each) => !isOver(each))) event.preventDefault();
});

function isOver(upload) {
  return upload.state === "here" || upload.state === "refused";
}

const isSame = (one, other) =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

/** Sends what is not on its way already, and calls ``onArrival`` after each file that is there. */
export function add(files, onArrival) {
  for (const file of files) {
    if (uploads.some((each) => !isOver(each) && isSame(each.file, file))) continue;
    const line = $("upload-line").content.firstElementChild.cloneNode(true);
    const [name, text, bar, again] = line.children;
    name.textContent = again.lastElementChild.textContent = file.name;
    bar.setAttribute("aria-label", `${words.progress}: ${file.name}`);
    $("upload-list").append(line);
    const upload = { file, onArrival, line, text, bar, again, state: "", isOffline: false };
    again.addEventListener("click", () => queue(upload));
    uploads.push(upload);
    queue(upload);
  }
}

function queue(upload) {
  $("signed-out").hidden = true;
  upload.isOffline = false;
  show(upload, "waiting", words.waiting);
  next();
}

function next() {
  const sending = uploads.filter((each) => each.state === "sending").length;
  uploads
    .filter((each) => each.state === "waiting")
    .slice(0, Math.max(0, AT_ONCE - sending))
    .forEach(send);
}

function send(upload) {
  const request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
  const body = new FormData();
  body.append("csrfmiddlewaretoken", csrfToken());
  body.append("file", upload.file);
  request.open("POST", form.action);
  request.setRequestHeader("X-Part", "upload");
  show(upload, "sending", "");
  request.upload.onprogress = ({ loaded, total }) => {
    upload.bar.value = total ? loaded / total : 0;
    const said = loaded < total ? words.sending : words.checking;
    tell(upload, said.replace("{done}", size(loaded)).replace("{all}", size(total)));
  };
  request.onload = () => settle(upload, request);
  request.onerror = request.onabort = request.ontimeout = () => {
    upload.isOffline = !navigator.onLine;
    lose(upload, upload.isOffline ? words.offline : words.lost);
  };
  request.send(body);
}

function settle(upload, request) {
  let answer = null;
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // A page instead of an answer: the one to sign in, or one about an error.
  }
  if (answer?.files) {
    const [file] = answer.files;
    show(upload, file.state === "failed" ? "refused" : "here", file.text);
    upload.onArrival();
    next();
  } else if (answer?.error) {
    lose(upload, answer.error);
  } else if (request.responseURL.includes(form.dataset.signIn) || request.status === 403) {
    $("signed-out").hidden = false;
    lose(upload, words.signedOut);
  } else {
    lose(upload, words.refused);
  }
}

function lose(upload, text) {
  show(upload, "lost", text);
  next();
}

function show(upload, state, text) {
  upload.state = state;
  upload.line.className = state;
  upload.bar.value = 0;
  upload.bar.hidden = state !== "sending";
  upload.again.hidden = state !== "lost";
  tell(upload, text);
  sum();
}

function tell(upload, text) {
  upload.text.textContent = text;
}

function sum() {
  const here = uploads.filter(isOver).length;
  const lost = uploads.filter((each) => each.state === "lost").length;
  $("uploads").hidden = !uploads.length;
  $("again").hidden = !lost;
  $("tidy").hidden = !here;
  const said = [words.count.replace("{done}", here).replace("{all}", uploads.length)];
  if (lost) said.push(words.failed.replace("{count}", lost));
  const status = $("uploads-status");
  if (status.textContent !== said.join(" · ")) status.textContent = said.join(" · ");
}

function size(bytes) {
  const isLarge = bytes > 1e6;
  return (bytes / (isLarge ? 1e6 : 1e3)).toLocaleString(locale, {
    style: "unit", unit: isLarge ? "megabyte" : "kilobyte", maximumFractionDigits: isLarge ? 1 : 0,
  });
}
