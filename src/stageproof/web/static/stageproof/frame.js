// The frame: navigation, theme, dialogs, toasts and the keys that work on every page.
import "./toasts.js";
import "./palette.js";
import "./keyboard.js";
import "./connection.js";

const root = document.documentElement;
root.classList.add("live-script");
const remember = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
};

for (const hidden of document.querySelectorAll("[data-fold], [data-palette], [data-theme-switch], [data-keys]")) {
  hidden.hidden = false;
}

document.querySelector("[data-fold]")?.addEventListener("click", () => {
  const folded = root.dataset.nav !== "folded";
  if (folded) root.dataset.nav = "folded";
  else delete root.dataset.nav;
  remember("nav", folded ? "folded" : "open");
});

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
});

const drawer = document.querySelector("[data-drawer]");
const scrim = document.querySelector("[data-drawer-close]");
const nav = document.getElementById("nav");
const setDrawer = (open) => {
  nav.toggleAttribute("data-open", open);
  scrim.hidden = !open;
  drawer.setAttribute("aria-expanded", String(open));
  (open ? nav.querySelector("a") : drawer).focus();
};
drawer?.addEventListener("click", () => setDrawer(!nav.hasAttribute("data-open")));
scrim?.addEventListener("click", () => setDrawer(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && nav.hasAttribute("data-open")) setDrawer(false);
});

for (const form of document.querySelectorAll("[data-as-of]")) {
  form.classList.add("live");
  form.querySelector("input[type=date]").addEventListener("change", (event) => {
    if (event.target.value) form.requestSubmit();
  });
}

// What a form changes at once, without its button; the button stays for those without script.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-live]");
  if (form) form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What arrives in the dialog opens it; an empty answer closes it.
const dialog = document.getElementById("dialog");
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== dialog) return;
  if (!dialog.textContent.trim()) dialog.close();
  else if (!dialog.open) dialog.showModal();
  const title = dialog.querySelector("h2");
  if (title) dialog.setAttribute("aria-label", title.textContent);
});
document.body.addEventListener("done", () => dialog.open && dialog.close());
dialog.addEventListener("close", () => dialog.replaceChildren());

const progress = document.getElementById("progress");
let waiting = 0;
document.body.addEventListener("htmx:beforeRequest", () => {
  waiting += 1;
  progress.classList.add("going");
});
document.body.addEventListener("htmx:afterRequest", () => {
  waiting -= 1;
  if (waiting <= 0) progress.classList.remove("going");
});
