// Closes the account menu on Escape, on a click beside it, and when the focus moves on.

const menu = document.querySelector(".account-menu");
const closeUnless = ({ target }) => menu.contains(target) || (menu.open = false);

if (menu) {
  document.addEventListener("click", closeUnless);
  document.addEventListener("focusin", closeUnless);
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
