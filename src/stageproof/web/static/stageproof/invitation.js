// The key travels after the # of the link, which no server is told; from there it goes into the form.
const form = document.querySelector("[data-invitation]");
const key = location.hash.slice(1);
if (form && key) {
  history.replaceState(null, "", location.pathname);
  form.elements.key.value = key;
  form.submit();
}
