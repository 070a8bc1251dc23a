// Keeps what is being written in a `<textarea data-draft="<member>:<what>">` over a reload, an error or a sign-in that
// had expired: under that member's name, until the server says that it is out (`data-sent`) or they sign out.

const PREFIX = "draft:";

for (const { dataset } of document.querySelectorAll("[data-sent]")) localStorage.removeItem(PREFIX + dataset.sent);

for (const text of document.querySelectorAll("[data-draft]")) {
  const draft = localStorage.getItem(PREFIX + text.dataset.draft);
  if (draft && !text.value) {
    text.value = draft;
    text.dispatchEvent(new Event("input", { bubbles: true })); // whoever counts shall see it
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.dataset.draft) localStorage.setItem(PREFIX + target.dataset.draft, target.value);
});

document.addEventListener("submit", ({ target }) => {
  const { forgetDrafts } = target.dataset;
  if (!forgetDrafts) return;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(`${PREFIX}${forgetDrafts}:`)) localStorage.removeItem(key);
  }
});
