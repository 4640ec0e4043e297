// The picture of a page: a sign while it is drawn, the reason in words when it could not be.

for (const picture of document.querySelectorAll(".picture img")) {
  const figure = picture.closest(".picture");
  const status = figure.querySelector("[role=status]");
  const { src } = picture;

  const finish = (sentence) => {
    figure.removeAttribute("aria-busy");
    picture.closest("a").hidden = Boolean(sentence);
    status.hidden = !sentence;
    status.className = sentence ? "notice warning" : "";
    status.textContent = sentence;
  };

  /** An image does not say why it failed: the address is asked once more, for a sentence. */
  const explain = async () => {
    const { failed } = status.dataset;
    const answer = await fetch(src, { headers: { "HX-Request": "true" } }).catch(() => null);
    const type = answer?.headers.get("Content-Type") ?? "";
    if (answer?.ok && type.startsWith("image/")) {
      picture.addEventListener("load", () => finish(""), { once: true });
      picture.addEventListener("error", () => finish(failed), { once: true });
      picture.src = `${src}&again=1`;
    } else if (type.startsWith("text/plain")) finish(`${failed} ${await answer.text()}`);
    else finish(failed);
  };

  if (picture.complete && picture.naturalWidth) finish("");
  else {
    figure.setAttribute("aria-busy", "true");
    status.hidden = false;
    status.textContent = status.dataset.drawing;
    if (picture.complete) explain();
    else {
      picture.addEventListener("load", () => finish(""), { once: true });
      picture.addEventListener("error", explain, { once: true });
    }
  }
}
