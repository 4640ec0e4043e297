// Puts the chat of an app on a website:
// <script src="https://HOST/widget.js" data-app="organization/app" async></script>
// A button opens a dialog with the chat in a frame of its own origin. Nothing of the page is read
// but its language, nothing is stored, and no name is added to its scripts.
(() => {
  const script = document.currentScript;
  const app = script?.dataset.app ?? "";
  if (!/^[\w-]+\/[\w-]+$/.test(app)) return;
  const { origin } = new URL(script.src);
  const place = `${origin}/a/${app}/embed/`;
  const language = encodeURIComponent(document.documentElement.lang || navigator.language);
  const tag = "altiplano-chat";

  // White on each of the colours that an app may have is legible, in light and in dark pages.
  const style = `
    :host { all: initial; }
    button { font: 600 16px/1.2 system-ui, sans-serif; color: #fff; background: var(--accent); border: 0; cursor: pointer; }
    button:focus-visible { outline: 2px solid #fff; box-shadow: 0 0 0 5px var(--accent); }
    .open { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; max-width: calc(100vw - 40px); min-height: 48px; padding: 12px 20px; border-radius: 24px; box-shadow: 0 4px 24px rgb(0 0 0 / 30%); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    dialog { position: fixed; inset: auto 20px 20px auto; margin: 0; padding: 0; border: 0; width: min(420px, calc(100vw - 40px)); height: min(680px, calc(100dvh - 40px)); max-width: none; max-height: none; border-radius: 8px; overflow: hidden; background: Canvas; box-shadow: 0 8px 40px rgb(0 0 0 / 35%); }
    dialog::backdrop { background: rgb(0 0 0 / 20%); }
    iframe { width: 100%; height: 100%; border: 0; display: block; }
    .close { position: absolute; inset: 6px 6px auto auto; width: 44px; height: 44px; border-radius: 22px; font-size: 20px; }
    @media (max-width: 480px) { dialog { inset: 0; width: 100vw; height: 100dvh; border-radius: 0; } }
    @media print { :host { display: none; } }`;

  function show(theme) {
    if (document.querySelector(tag)) return; // the line stands twice in the page
    const host = document.createElement(tag);
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // the page's policy may forbid style elements
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    host.style.setProperty("--accent", theme.accent);

    const open = button("open", theme.open, theme.open);
    open.setAttribute("aria-haspopup", "dialog");
    const close = button("close", "×", theme.close);
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", theme.title);
    dialog.append(close);
    root.append(open, dialog);
    document.body.append(host);
    let frame = null;

    const hello = () => frame.contentWindow.postMessage("altiplano:open", origin);

    // A modal dialog holds the focus, closes on Escape and gives the focus back by itself.
    open.addEventListener("click", () => {
      dialog.showModal();
      if (frame) return hello();
      frame = document.createElement("iframe");
      frame.title = theme.title;
      frame.setAttribute(
        "sandbox",
        "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
      );
      frame.allow = "clipboard-write";
      frame.referrerPolicy = "no-referrer";
      frame.src = `${place}?lang=${language}`;
      frame.addEventListener("load", hello);
      dialog.prepend(frame);
    });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside it
    });
    window.addEventListener("message", (event) => {
      if (event.origin !== origin || event.source !== frame?.contentWindow) return;
      if (event.data === "altiplano:close") dialog.close();
    });
  }

  function button(name, text, label) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = text;
    made.setAttribute("aria-label", label);
    return made;
  }

  // Where the app is closed, or this website is not allowed, nothing appears.
  fetch(`${place}theme.json?lang=${language}`, { credentials: "omit" })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((theme) => {
      if (!theme) return;
      if (document.body) show(theme);
      else document.addEventListener("DOMContentLoaded", () => show(theme));
    })
    .catch(() => {});
})();
