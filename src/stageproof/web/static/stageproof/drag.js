// Moves on the board: dragging with the mouse, and arrows between columns. Each ends in the card's own move form, so
// that the server alone decides. Touch keeps its scrolling; there the menu moves.
const board = document.querySelector("[data-board]");
const movable = board?.hasAttribute("data-movable");
const FAR = 5;
let drag = null;

function columnAt(x, y) {
  const under = document.elementFromPoint(x, y);
  return under?.closest("[data-stage], [data-drop]") ?? null;
}

function targetOf(place) {
  return place?.dataset.stage ?? place?.dataset.drop ?? null;
}

export function moveCard(card, to) {
  card.classList.add("going");
  document.getElementById("moving").textContent = `Moving to ${to}`;
  return window.htmx
    .ajax("POST", card.querySelector("[data-move]").getAttribute("href"), {
      source: board,
      swap: "none",
      target: "#dialog",
      values: { to, expected_version: card.dataset.version, on_board: "1" },
    })
    .finally(() => card.classList.remove("going"));
}

function lift(event) {
  const box = drag.card.getBoundingClientRect();
  const ghost = drag.card.cloneNode(true);
  ghost.removeAttribute("id");
  ghost.className = "deal-card ghost";
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.width = `${box.width}px`;
  document.body.append(ghost);
  drag.ghost = ghost;
  drag.dx = drag.x - box.left;
  drag.dy = drag.y - box.top;
  drag.card.classList.add("lifted");
  const bar = document.createElement("div");
  bar.className = "drop-bar";
  for (const [to, words] of [["won", "Won"], ["lost", "Lost"]]) {
    const place = document.createElement("div");
    place.dataset.drop = to;
    place.textContent = words;
    bar.append(place);
  }
  document.body.append(bar);
  drag.bar = bar;
  follow(event);
}

function follow(event) {
  drag.ghost.style.left = `${event.clientX - drag.dx}px`;
  drag.ghost.style.top = `${event.clientY - drag.dy}px`;
  const over = columnAt(event.clientX, event.clientY);
  if (over !== drag.over) {
    drag.over?.classList.remove("over");
    over?.classList.add("over");
    drag.over = over;
  }
  const edge = board.getBoundingClientRect();
  if (event.clientX > edge.right - 40) board.scrollBy(16, 0);
  if (event.clientX < edge.left + 40) board.scrollBy(-16, 0);
}

function end(drop) {
  if (!drag) return;
  const { card, ghost, bar, over } = drag;
  drag = null;
  ghost?.remove();
  bar?.remove();
  card.classList.remove("lifted");
  over?.classList.remove("over");
  const to = targetOf(over);
  if (drop && ghost && to && over !== card.closest("[data-stage]")) moveCard(card, to);
}

if (movable) {
  board.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("details, button, .move")) return;
    const card = event.target.closest(".deal-card");
    if (!card) return;
    drag = { card, x: event.clientX, y: event.clientY, over: null };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (drag.ghost) follow(event);
    else if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > FAR) lift(event);
  });
  document.addEventListener("pointerup", (event) => {
    if (drag?.ghost) {
      // The click that ends a drag opens nothing.
      addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
      setTimeout(() => dispatchEvent(new Event("click")), 0);
      event.preventDefault();
    }
    end(true);
  });
  document.addEventListener("pointercancel", () => end(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && end(false));
  board.addEventListener("dragstart", (event) => event.preventDefault());
}

function beside(card, by) {
  const columns = [...board.querySelectorAll("[data-stage]")];
  const at = columns.indexOf(card.closest("[data-stage]"));
  const row = [...card.parentElement.querySelectorAll(".deal-card")].indexOf(card);
  for (let i = at + by; i >= 0 && i < columns.length; i += by) {
    const cards = columns[i].querySelectorAll(".deal-card");
    if (cards.length) return cards[Math.min(row, cards.length - 1)];
  }
  return null;
}

function within(card, by) {
  const cards = [...card.parentElement.querySelectorAll(".deal-card")];
  return cards[cards.indexOf(card) + by] ?? null;
}

board?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const card = event.target.closest(".deal-card");
  if (!card) return;
  const go = {
    ArrowRight: () => beside(card, 1),
    l: () => beside(card, 1),
    ArrowLeft: () => beside(card, -1),
    h: () => beside(card, -1),
    ArrowDown: () => within(card, 1),
    j: () => within(card, 1),
    ArrowUp: () => within(card, -1),
    k: () => within(card, -1),
  }[event.key];
  if (!go) return;
  event.preventDefault();
  event.stopPropagation();
  const next = go();
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// One menu serves all cards; without script its link leads to a page with the same choices.
const menu = document.getElementById("move-menu");
let menuOf = null;

function openMenu(card) {
  menuOf = card;
  const here = card.closest("[data-stage]").dataset.stage;
  for (const button of menu.querySelectorAll("button")) button.hidden = button.dataset.to === here;
  const box = card.querySelector(".move").getBoundingClientRect();
  menu.showPopover();
  menu.style.left = `${Math.max(8, Math.min(box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(box.bottom + 2, innerHeight - menu.offsetHeight - 8))}px`;
  menu.querySelector("button:not([hidden])").focus();
}

if (menu) {
  board?.addEventListener("click", (event) => {
    const opener = event.target.closest(".move");
    if (!opener) return;
    event.preventDefault();
    openMenu(opener.closest(".deal-card"));
  });
  menu.addEventListener("click", (event) => {
    const to = event.target.closest("button")?.dataset.to;
    if (!to) return;
    menu.hidePopover();
    moveCard(menuOf, to);
  });
  menu.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const buttons = [...menu.querySelectorAll("button:not([hidden])")];
    buttons[(buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length].focus();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && menuOf?.isConnected && document.activeElement === document.body) menuOf.focus();
  });
}

document.body.addEventListener("moved", (event) => {
  const card = document.getElementById(`card-${event.detail.key}`);
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
});
