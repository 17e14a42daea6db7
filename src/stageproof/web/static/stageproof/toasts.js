// Toasts: what was done, with a way to undo it for a while.
const place = document.getElementById("toasts");
const STAYS = 12000;

export function toast({ text, undo = null, bad = false }) {
  const line = document.createElement("div");
  line.className = bad ? "toast bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.undo = "";
    button.textContent = "Undo";
    button.addEventListener("click", () => {
      line.remove();
      window.htmx.ajax("POST", undo.url, { values: undo.values, swap: "none", target: "#toasts" });
    });
    line.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", "Dismiss");
  close.textContent = "×";
  close.addEventListener("click", () => line.remove());
  line.append(close);
  place.replaceChildren(...[...place.children].slice(-2), line);
  setTimeout(() => line.remove(), STAYS);
}

document.body.addEventListener("toast", (event) => toast(event.detail));
document.body.addEventListener("htmx:sendError", () => {
  toast({ text: "The server cannot be reached. Nothing was saved; try again when you are back online.", bad: true });
});
document.body.addEventListener("htmx:timeout", () => {
  toast({ text: "The server did not answer in time. Look whether it was saved before you try again.", bad: true });
});
document.body.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const why = status === 429
    ? "That was too much at once. Nothing was saved; wait a minute and try again."
    : status === 503
      ? "The server is busy or being restarted. Nothing was saved; try again in a moment."
      : `That did not work (${status}). Nothing was saved; reload the page and try again.`;
  toast({ text: why, bad: true });
});
