// Says that the page is no longer kept up to date, why, since when and what to do: once, also to a screen reader.

const PATIENCE = 2; // failures in a row: a single one is common and soon over

const region = document.getElementById("stale");
let updatedAt = new Date();

export const isStale = () => region.hasChildNodes();

export function isUpToDate() {
  updatedAt = new Date();
  region.replaceChildren();
}

export function isUnreachable(failures) {
  if (failures >= PATIENCE || !navigator.onLine) becomeStale("unreachable");
}

export function becomeStale(why) {
  if (isStale() && region.dataset.why === why) return;
  const words = document.getElementById(`stale-${why}`).content.cloneNode(true);
  words.querySelector("time").dateTime = updatedAt.toISOString();
  region.dataset.why = why;
  region.replaceChildren(words);
  document.dispatchEvent(new Event("live:stale"));
}
