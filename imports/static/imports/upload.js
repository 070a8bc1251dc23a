// Sends the file in the background and shows how far it is. Without this script, the browser sends the form by itself.

const form = document.getElementById("upload");
const file = document.getElementById("id_file");
const error = document.getElementById("file-error");
const progress = document.getElementById("upload-progress");
const bar = progress.querySelector("progress");
const percent = document.getElementById("upload-percent");
const state = document.getElementById("upload-state"); // said aloud; the percentage is only seen
const button = document.getElementById("upload-send");
let isSending = false;

const isTooLarge = () => file.files[0]?.size > Number(form.dataset.maxSize);
const ask = (event) => event.preventDefault(); // whether to leave the page, which would end the upload

function complain(text) {
  error.textContent = text;
  error.classList.toggle("d-block", Boolean(text));
  file.setAttribute("aria-invalid", Boolean(text));
}

function stop() {
  isSending = false;
  removeEventListener("beforeunload", ask);
  progress.hidden = true;
  state.textContent = "";
  for (const name of ["aria-disabled", "aria-busy"]) button.removeAttribute(name);
}

function refuse(text) {
  stop();
  complain(text);
  file.focus();
}

function show({ loaded, total }) {
  bar.value = Math.floor((100 * loaded) / total);
  percent.textContent = bar.value;
  if (loaded === total) state.textContent = state.dataset.checking;
}

function leave(address) {
  removeEventListener("beforeunload", ask);
  location.assign(address);
}

// A refusal is a page: the form with its error, or one that says only what is wrong. The file is not sent again for it.
function answer(request) {
  if (request.status === 201) return leave(request.getResponseHeader("Location"));
  if (request.status === 413) return refuse(error.dataset.tooLarge);
  if (request.responseURL !== form.action) return leave(request.responseURL); // to sign in
  const reasons = request.response?.querySelectorAll("#file-error, main .empty > p:not(:has(a))") ?? [];
  refuse([...reasons].map(({ textContent }) => textContent).join(" ").trim() || error.dataset.refused);
}

function send() {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", show);
  request.addEventListener("error", () => refuse(error.dataset.lost));
  request.addEventListener("load", () => answer(request));
  request.open("POST", form.action);
  request.responseType = "document";
  request.setRequestHeader("X-Live-Refresh", "1");
  request.setRequestHeader("X-Member", document.getElementById("alerts").dataset.member);
  request.send(new FormData(form));
}

file.addEventListener("change", () => complain(isTooLarge() ? error.dataset.tooLarge : ""));
// On the document, after pressed.js: what is refused at once must not look busy.
document.addEventListener("submit", (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  if (isSending) return; // a double click
  if (isTooLarge()) return refuse(error.dataset.tooLarge);
  isSending = true;
  button.setAttribute("aria-disabled", true); // a disabled one would lose the focus
  complain("");
  show({ loaded: 0, total: file.files[0].size || 1 });
  progress.hidden = false;
  state.textContent = state.dataset.uploading;
  addEventListener("beforeunload", ask);
  send();
});
addEventListener("pageshow", ({ persisted }) => persisted && stop()); // it comes back as it was when it was left
