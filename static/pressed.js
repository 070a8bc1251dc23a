// Shows at once that a button was pressed, until the page has an answer.

document.addEventListener("submit", ({ submitter }) => submitter?.setAttribute("aria-busy", "true"));

// The page can come back as it was when it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});
