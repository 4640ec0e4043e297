// A public app's page: example questions are asked in the chat, and its country has a name.

for (const form of document.querySelectorAll("form[data-example]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    document.getElementById("id_input").value = form.elements.input.value;
    document.getElementById("ask").requestSubmit();
  });
}

for (const place of document.querySelectorAll("[data-country]")) {
  const names = new Intl.DisplayNames([document.documentElement.lang], { type: "region" });
  place.textContent = names.of(place.dataset.country);
}
