// The table: cells that are edited in place at once and put back where that was wrong, rows that are chosen for a bulk change.
const bulk = document.querySelector("[data-bulk]");

function boxes() {
  return [...document.querySelectorAll('input[type="checkbox"][form="bulk"]')];
}

function countUp() {
  if (!bulk) return;
  const count = boxes().filter((each) => each.checked).length;
  bulk.classList.toggle("open", count > 0);
  const said = bulk.querySelector("[data-count]");
  const noun = bulk.dataset.bulk || "deal";
  if (said) said.textContent = count === 1 ? `1 ${noun} selected` : `${count} ${noun}s selected`;
}

function showFields() {
  const what = bulk?.querySelector("[data-what]")?.value;
  for (const field of bulk?.querySelectorAll("[data-for]") ?? []) {
    const lost = field.dataset.for === "lost";
    field.hidden = lost
      ? !(what === "move" && bulk.querySelector('[name="move"]').value === "lost")
      : !field.dataset.for.split(" ").includes(what);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) for (const each of boxes()) each.checked = event.target.checked;
  if (event.target.closest(".table, [data-bulk]")) {
    countUp();
    showFields();
  }
});
countUp();
showFields();

// Editing in place: the server gives the field, what was typed shows at once, and comes back as it was if refused.
let open = null;

function close() {
  if (!open) return;
  const { cell, before } = open;
  open = null;
  cell.classList.remove("editing");
  cell.replaceChildren(...before);
}

async function edit(button) {
  close();
  const cell = button.closest("td");
  const answer = await fetch(button.dataset.url, { headers: { "HX-Request": "true" } });
  if (!answer.ok) {
    window.htmx.ajax("GET", button.dataset.url, { swap: "none", target: "#toasts" });
    return;
  }
  const before = [...cell.childNodes];
  cell.innerHTML = await answer.text();
  cell.classList.add("editing");
  window.htmx.process(cell);
  open = { cell, before };
  const field = cell.querySelector("input:not([type=hidden]), select");
  field.focus();
  field.select?.();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".cell-button");
  if (button) {
    event.preventDefault();
    edit(button);
  } else if (open && !open.cell.contains(event.target) && !event.target.closest("dialog, .toasts")) {
    save();
  }
});

function save() {
  const form = open?.cell.querySelector("form");
  if (!form) return;
  const field = form.querySelector("[name=value]");
  const unchanged = field.tagName === "SELECT"
    ? field.selectedOptions[0]?.defaultSelected ?? field.selectedIndex === 0
    : field.value === field.defaultValue;
  if (unchanged) close();
  else form.requestSubmit();
}

document.addEventListener("change", (event) => {
  if (open && event.target.tagName === "SELECT" && open.cell.contains(event.target)) save();
});

document.addEventListener("keydown", (event) => {
  if (open && event.key === "Escape") {
    event.preventDefault();
    const row = open.cell.closest("tr");
    close();
    row.focus();
  }
  if (open && event.key === "Enter" && open.cell.contains(event.target)) {
    event.preventDefault();
    save();
  }
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (!open || !open.cell.contains(event.detail.elt)) return;
  const { cell, before } = open;
  const field = cell.querySelector("[name=value]");
  const typed = field.selectedOptions ? field.selectedOptions[0].textContent : field.value;
  open = null;
  cell.classList.remove("editing");
  cell.classList.add("going");
  // The form stays, unseen, until its answer has come: events of what has left the page reach nobody.
  cell.querySelector("form").hidden = true;
  cell.append(typed);
  event.detail.xhr.addEventListener("loadend", () => {
    cell.classList.remove("going");
    // A refusal or a lost connection puts back what was there.
    if (event.detail.xhr.status !== 204) cell.replaceChildren(...before);
  });
});

document.body.addEventListener("row-changed", (event) => {
  const row = document.getElementById(`row-${event.detail.key}`);
  if (row) window.htmx.trigger(row, "refresh");
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.matches?.("tr")) countUp();
});
