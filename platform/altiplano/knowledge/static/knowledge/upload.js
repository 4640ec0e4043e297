// Files go up one by one, each with its progress; what did not arrive can be sent again as long as
// the page is open. Without this module the form sends all of them and the page reloads.

const AT_ONCE = 3;

const form = document.getElementById("drop");
const words = document.getElementById("upload-words")?.dataset;
const uploads = [];
let onArrival = () => {};

export const csrfToken = () =>
  /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ??
  document.querySelector("[name=csrfmiddlewaretoken]").value;

export function startUploads(whenArrived) {
  if (!form) return;
  onArrival = whenArrived;
  const input = form.querySelector("input[type=file]");
  form.querySelector("#upload").hidden = true;
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(input.files);
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.toggle("over", type.startsWith("dragen") || type === "dragover");
    });
  }
  form.addEventListener("drop", (event) => add(event.dataTransfer.files));
  // A file that misses the area must not replace the page.
  for (const type of ["dragover", "drop"]) {
    document.addEventListener(type, (event) => event.preventDefault());
  }
  document.getElementById("again").addEventListener("click", () => {
    uploads.filter((each) => each.state === "lost").forEach(queue);
  });
  document.getElementById("tidy").addEventListener("click", () => {
    for (const each of uploads.filter(isOver)) each.line.remove();
    uploads.splice(0, uploads.length, ...uploads.filter((each) => !isOver(each)));
    sum();
  });
  addEventListener("online", () => uploads.filter((each) => each.isOffline).forEach(queue));
  addEventListener("beforeunload", (event) => {
    if (uploads.some((each) => !isOver(each))) event.preventDefault();
  });
}

const isOver = (upload) => upload.state === "here" || upload.state === "refused";
const isSame = (one, other) =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

function add(files) {
  for (const file of files) {
    if (uploads.some((each) => !isOver(each) && isSame(each.file, file))) continue;
    const template = document.getElementById("upload-line").content;
    const line = template.firstElementChild.cloneNode(true);
    line.querySelector(".upload-name").textContent = file.name;
    line.querySelector("button .unseen").textContent = file.name;
    line.querySelector("progress").setAttribute("aria-label", `${words.progress}: ${file.name}`);
    document.getElementById("upload-list").append(line);
    const upload = { file, line, state: "", isOffline: false };
    line.querySelector("button").addEventListener("click", () => queue(upload));
    uploads.push(upload);
    queue(upload);
  }
}

function queue(upload) {
  document.getElementById("signed-out").hidden = true;
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
  const bar = upload.line.querySelector("progress");
  const body = new FormData();
  body.append("csrfmiddlewaretoken", csrfToken());
  body.append("file", upload.file);
  request.open("POST", form.action);
  request.setRequestHeader("X-Part", "upload");
  show(upload, "sending", "");
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = total ? loaded / total : 0;
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
    onArrival();
    next();
  } else if (answer?.error) {
    lose(upload, answer.error);
  } else if (request.responseURL.includes(form.dataset.signIn) || request.status === 403) {
    document.getElementById("signed-out").hidden = false;
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
  const bar = upload.line.querySelector("progress");
  bar.value = 0;
  bar.hidden = state !== "sending";
  upload.line.querySelector("button").hidden = state !== "lost";
  tell(upload, text);
  sum();
}

function tell(upload, text) {
  upload.line.querySelector(".upload-text").textContent = text;
}

function sum() {
  const here = uploads.filter(isOver).length;
  const lost = uploads.filter((each) => each.state === "lost").length;
  document.getElementById("uploads").hidden = !uploads.length;
  document.getElementById("again").hidden = !lost;
  document.getElementById("tidy").hidden = !here;
  const said = [words.count.replace("{done}", here).replace("{all}", uploads.length)];
  if (lost) said.push(words.failed.replace("{count}", lost));
  const status = document.getElementById("uploads-status");
  if (status.textContent !== said.join(" · ")) status.textContent = said.join(" · ");
}

function size(bytes) {
  const [unit, value] = bytes < 1e6 ? [words.kilobyte, bytes / 1024] : [words.megabyte, bytes / 1048576];
  const digits = { maximumFractionDigits: unit === words.megabyte ? 1 : 0 };
  return `${value.toLocaleString(document.documentElement.lang, digits)} ${unit}`;
}
