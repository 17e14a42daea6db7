// The command palette: pages and actions at once, deals, accounts and people as one types.
const palette = document.getElementById("palette");
const button = document.querySelector("[data-palette]");
let asked = 0;

function choices() {
  return [...palette.querySelectorAll("[role=option]")];
}

function select(index) {
  const all = choices();
  if (!all.length) return;
  const wanted = all[(index + all.length) % all.length];
  for (const each of all) each.setAttribute("aria-selected", String(each === wanted));
  palette.querySelector("input").setAttribute("aria-activedescendant", wanted.id);
  wanted.scrollIntoView({ block: "nearest" });
}

async function ask(text) {
  const mine = ++asked;
  const answer = await fetch(`${palette.dataset.url}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  if (mine !== asked || !answer.ok) return;
  palette.querySelector("[role=listbox]").innerHTML = await answer.text();
  select(0);
}

function open() {
  if (!palette.dataset.url) return;
  palette.innerHTML =
    '<input class="palette-input" type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" ' +
    'aria-label="What do you want to do?" placeholder="Go to a page, find a deal, do something" autocomplete="off">' +
    '<div class="palette-list" id="palette-list" role="listbox" aria-label="Commands"></div>';
  palette.showModal();
  const input = palette.querySelector("input");
  input.focus();
  ask("");
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(input.value), 80);
  });
  input.addEventListener("keydown", (event) => {
    const at = choices().findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") select(at + 1);
    else if (event.key === "ArrowUp") select(at - 1);
    else if (event.key === "Enter") choices()[at]?.click();
    else return;
    event.preventDefault();
  });
}

palette.addEventListener("click", (event) => {
  if (event.target === palette || event.target.closest("[role=option]")) palette.close();
});
button?.addEventListener("click", open);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    open();
  }
});
