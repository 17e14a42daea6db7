// Keys of every page: search, commands, help, undo, and stepping through whatever marks itself with data-step.
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

export function steps() {
  return [...document.querySelectorAll("[data-step]")].filter((each) => each.offsetParent !== null);
}

function step(by) {
  const all = steps();
  if (!all.length) return;
  const at = all.findIndex((each) => each.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const at = event.target.closest?.("[data-step]");
  const keys = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    "?": () => document.getElementById("keys").showModal(),
    z: () => [...document.querySelectorAll("[data-undo]")].at(-1)?.click(),
    j: () => step(1),
    k: () => step(-1),
    Enter: () => event.target === at && at.querySelector("a[href]")?.click(),
    x: () => at?.querySelector("input[type=checkbox]")?.click(),
    m: () => (at ?? document).querySelector("[data-move]:is(a, button), [data-move] summary")?.click(),
    a: () => at?.querySelector("[data-apart]")?.click(),
    e: () => (at ?? document).querySelector("[data-edit]")?.click(),
    n: () => document.querySelector("[data-new]")?.click(),
    f: () => document.querySelector(".filters select, .filters input[type=search]")?.focus(),
    d: () => document.querySelector("[data-as-of] input[type=date]")?.focus(),
    "[": () => document.querySelector("a[rel=prev]")?.click(),
    "]": () => document.querySelector("a[rel=next]")?.click(),
  };
  if (event.target.closest?.("[data-board]") === null && at) {
    keys.ArrowDown = keys.j;
    keys.ArrowUp = keys.k;
  }
  const act = keys[event.key];
  if (!act) return;
  if (event.key === "Enter" && event.target !== at) return;
  event.preventDefault();
  act();
});

document.querySelector("[data-keys]")?.addEventListener("click", () => document.getElementById("keys").showModal());
