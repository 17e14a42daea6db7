// Files may be dropped anywhere on the box; what is too large is told before it is sent.
const form = document.querySelector("[data-upload]");
const input = form?.querySelector("input[type=file]");
const most = Number(form?.dataset.most || 0);

const judge = () => {
  const size = [...input.files].reduce((sum, file) => sum + file.size, 0) / 1024 ** 2;
  input.setCustomValidity(size > most ? `These files have ${Math.ceil(size)} MB together; the limit is ${most} MB.` : "");
};

if (form && input) {
  input.addEventListener("change", judge);
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    judge();
    input.focus();
  });
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "Uploading …";
    document.getElementById("progress")?.classList.add("going");
  });
}
