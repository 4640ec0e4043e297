// A public app's page: example questions are asked in the chat.

for (const form of document.querySelectorAll("form[data-example]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    document.getElementById("id_input").value = form.elements.input.value;
    document.getElementById("ask").requestSubmit();
    form.parentElement.hidden = true;
  });
}
