{% load static %}// Keeps one page, which shows nothing of anybody, for when no other can be had. Pages themselves are never kept.
const KEPT = "offline-{% static 'stageproof/tokens.css' %}";
const PAGE = "{% url 'offline' %}";
const PARTS = [{% for name in "tokens.css frame.css parts.css people.css mark.svg offline.js"|words_of %}"{% static 'stageproof/'|add:name %}"{% if not forloop.last %}, {% endif %}{% endfor %}];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll([PAGE, ...PARTS])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE)));
  } else if (PARTS.includes(new URL(event.request.url).pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
  }
});
