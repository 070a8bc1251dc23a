// Enter sends, once, where there is a keyboard with Shift; and after sending one goes on writing.

const field = document.getElementById("id_body");
let isSent = false;

function begin() {
  isSent = false; // the page can come back as it was when it was left
  if (location.hash === `#${field.id}`) field.focus();
}

if (field) {
  if (field.form.dataset.sent) history.replaceState(null, "", location.pathname + location.hash); // a reload keeps the next draft
  const hasKeyboard = !matchMedia("(pointer: coarse)").matches;
  document.getElementById("enter-hint").hidden = !hasKeyboard;
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !hasKeyboard) return;
    event.preventDefault();
    if (!event.repeat) field.form.requestSubmit();
  });
  field.form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  addEventListener("pageshow", begin);
}
