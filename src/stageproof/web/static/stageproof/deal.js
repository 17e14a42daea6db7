// A deal that changed is shown anew where it stands; what was typed elsewhere on the page is kept by its own form.
document.body.addEventListener("deal-changed", () => {
  const deal = document.getElementById("deal");
  if (!deal) return;
  window.htmx.ajax("GET", deal.dataset.refresh, { target: "#deal", swap: "outerHTML", select: "#deal" });
});
