// Files dropped or chosen go up at once, in batches, with progress. Without it the form works too.

const form = document.getElementById("drop");
const BATCH = 25;

if (form) {
  const input = form.querySelector("input[type=file]");
  const status = form.querySelector(".status");
  const line = status.querySelector("span");
  const bar = status.querySelector("progress");
  let isSending = false;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send([...input.files]);
  });
  input.addEventListener("change", () => send([...input.files]));

  for (const type of ["dragenter", "dragover"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  for (const type of ["dragleave", "drop"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.remove("over");
    });
  }
  form.addEventListener("drop", (event) => send([...event.dataTransfer.files]));

  async function send(files) {
    if (!files.length || isSending) return;
    isSending = true;
    status.hidden = false;
    line.textContent = form.dataset.sending;
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    let before = 0;
    try {
      for (let start = 0; start < files.length; start += BATCH) {
        const batch = files.slice(start, start + BATCH);
        const html = await post(batch, (sent) => (bar.value = Math.min((before + sent) / total, 1)));
        before += batch.reduce((sum, file) => sum + file.size, 0);
        show(html);
      }
      status.hidden = true;
    } catch {
      line.textContent = form.dataset.lost;
    } finally {
      isSending = false;
      bar.value = 0;
      form.reset();
    }
  }

  /** One request; fetch cannot tell how much has been sent, so this is the older interface. */
  function post(files, onProgress) {
    return new Promise((resolve, reject) => {
      const body = new FormData();
      body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
      for (const file of files) body.append("file", file);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("HX-Request", "true");
      request.upload.onprogress = (event) => onProgress(event.loaded);
      request.onload = () => (request.status === 200 ? resolve(request.responseText) : reject());
      request.onerror = request.onabort = reject;
      request.send(body);
    });
  }

  function show(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const table = holder.content.querySelector("#documents");
    document.getElementById("documents").replaceWith(table);
    window.htmx?.process(table);
  }
}
