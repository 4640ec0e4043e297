// The picture of a page: a sign while it is drawn, words when it could not be.

for (const picture of document.querySelectorAll(".picture img")) {
  const figure = picture.closest(".picture");
  const status = figure.querySelector("[role=status]");
  const finish = () => {
    const isThere = picture.naturalWidth > 0;
    figure.removeAttribute("aria-busy");
    picture.closest("a").hidden = !isThere;
    status.hidden = isThere;
    status.className = isThere ? "" : "notice warning";
    status.textContent = isThere ? "" : status.dataset.failed;
  };
  if (picture.complete) finish();
  else {
    figure.setAttribute("aria-busy", "true");
    status.hidden = false;
    status.textContent = status.dataset.drawing;
    picture.addEventListener("load", finish);
    picture.addEventListener("error", finish);
  }
}
