// Says so while the server cannot be reached, and keeps a page for whoever goes on to another one meanwhile.
const banner = document.getElementById("offline");
const { offlineWorker, healthz } = document.body.dataset;

// A device without network still reaches a server of its own: only an answer tells.
const look = () => fetch(healthz, { cache: "no-store" }).then(
  () => { banner.hidden = true; },
  () => { banner.hidden = false; },
);
addEventListener("offline", look);
addEventListener("online", look);
document.body.addEventListener("htmx:sendError", look);

if (navigator.serviceWorker && offlineWorker) navigator.serviceWorker.register(offlineWorker).catch(() => {});
