// Passkeys and security keys: the browser makes or uses a key, and the form carries its answer.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const withIds = (list) => list?.map((each) => ({ ...each, id: toBytes(each.id) }));

/** Keys belong to names: no browser makes one for an address of numbers. */
function isPossible() {
  const isNumber = /^[\d.]+$|^\[/.test(location.hostname);
  return Boolean(window.PublicKeyCredential && navigator.credentials) && !isNumber;
}

function asJson(credential) {
  const { response } = credential;
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = toText(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function make(options, form) {
  const replacesPassword = form.elements.passwordless?.checked ?? false;
  const selection = { ...options.authenticatorSelection };
  selection.residentKey = replacesPassword ? "required" : "discouraged";
  selection.requireResidentKey = replacesPassword;
  if (replacesPassword) selection.userVerification = "required";
  const publicKey = {
    ...options,
    authenticatorSelection: selection,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withIds(options.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey });
}

async function use(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: withIds(options.allowCredentials),
  };
  return navigator.credentials.get({ publicKey });
}

async function optionsFor(form) {
  if (form.dataset.passkey !== "login") {
    return JSON.parse(form.querySelector("#passkey-options").textContent);
  }
  const response = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

async function send(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  try {
    const options = await optionsFor(form);
    const credential = await (options.creation_options
      ? make(options.creation_options.publicKey, form)
      : use(options.request_options.publicKey));
    form.elements.credential.value = JSON.stringify(asJson(credential));
    form.submit();
  } catch (error) {
    problem.hidden = false;
    console.warn(error);
  }
}

if (isPossible()) {
  for (const note of document.querySelectorAll("[data-passkey-missing]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
}
