// Opens a member's card on their name (`a[data-card]`): after a moment under the pointer or with the keyboard's focus,
// at once at a tap. It is loaded once, and anew after a live refresh. Leaving it, Escape and a tap elsewhere close it.

const OPEN_AFTER = 400; // milliseconds
const CLOSE_AFTER = 250;
const GAP = 4; // pixels, as below
const MARGIN = 8;

const root = document.documentElement;
const card = document.createElement("div");
card.className = "member-card";
card.popover = "manual";
card.role = "group";
card.dir = root.dir;

const loaded = new Map();
let name = null; // the link whose card is open or on its way
let timer = null;
let isTouched = false;

const nameAt = (node) => node.closest?.("a[data-card]");
const isInside = (node) => Boolean(node && (name?.contains(node) || card.contains(node)));
const hasFocus = () => card.querySelector(":focus-visible") || name?.matches(":focus-visible");

function later(action, pause) {
  clearTimeout(timer);
  timer = setTimeout(action, pause);
}

async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The card's answer was ${response.status}`);
  return response.text();
}

async function open(link) {
  clearTimeout(timer);
  if (name !== link) close();
  name = link;
  const url = link.dataset.card;
  if (!loaded.has(url)) loaded.set(url, load(url));
  try {
    const html = await loaded.get(url);
    if (name === link && link.isConnected) show(link, html);
    return true;
  } catch {
    loaded.delete(url);
    if (name === link) close();
    return false;
  }
}

function show(link, html) {
  const hadFocus = card.contains(document.activeElement);
  card.innerHTML = html;
  card.ariaLabel = link.textContent;
  if (link.nextSibling !== card) link.after(card); // here the Tab key finds it
  if (!card.matches(":popover-open")) card.showPopover();
  place(link.getBoundingClientRect(), card.getBoundingClientRect());
  if (hadFocus) card.querySelector("button")?.focus();
}

function place(link, { width, height }) {
  const isBelow = link.bottom + GAP + height <= innerHeight || link.top - GAP - height < 0;
  const start = root.dir === "rtl" ? link.right - width : link.left;
  const left = Math.max(MARGIN, Math.min(start, root.clientWidth - width - MARGIN));
  card.style.left = `${scrollX + left}px`;
  card.style.top = `${scrollY + (isBelow ? link.bottom + GAP : link.top - GAP - height)}px`;
}

function close() {
  clearTimeout(timer);
  name = null;
  card.remove();
}

document.addEventListener("pointerover", ({ target, relatedTarget, pointerType }) => {
  if (pointerType === "touch") return;
  const link = nameAt(target);
  if (isInside(target)) clearTimeout(timer);
  else if (link && !link.contains(relatedTarget)) later(() => open(link), OPEN_AFTER);
});

document.addEventListener("pointerout", ({ target, relatedTarget, pointerType }) => {
  if (pointerType === "touch" || isInside(relatedTarget) || nameAt(target)?.contains(relatedTarget)) return;
  if (isInside(target) ? !hasFocus() : nameAt(target)) later(close, CLOSE_AFTER);
});

document.addEventListener("focusin", ({ target }) => {
  const link = nameAt(target);
  if (isInside(target)) clearTimeout(timer);
  else if (link?.matches(":focus-visible")) later(() => open(link), OPEN_AFTER);
  else close();
});

document.addEventListener("pointerdown", ({ target, pointerType }) => {
  isTouched = pointerType === "touch";
  if (!isInside(target)) close();
});

document.addEventListener("click", async (event) => {
  const link = nameAt(event.target);
  if (!link || !isTouched || link === name) return;
  event.preventDefault();
  if (!(await open(link))) location.assign(link.href);
});

document.addEventListener("keydown", ({ key }) => {
  isTouched = false;
  if (key !== "Escape" || !name) return;
  if (card.contains(document.activeElement)) name.focus();
  close();
});

document.addEventListener("live:refreshed", () => {
  loaded.clear();
  if (name) name.isConnected ? open(name) : close();
});
