// Brings the live parts of the page (elements with an id and `data-live`) up to date without a reload, from a
// fresh copy of the page itself: what is shown live is what a reload would show. Forms with `data-enhanced`
// are sent in the background, so that a half-written post is not lost over a dismissed alert.

const LIVE = { headers: { "X-Live-Refresh": "1" } };
const sending = new WeakSet();

export async function refresh() {
  const response = await fetch(location.href, LIVE);
  if (response.status >= 500) throw new Error(`The page's answer was ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement;
  const before = statuses();
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next) continue;
    const hadFocus = region.contains(focused);
    region.replaceWith(next);
    if (hadFocus) focusAgain(next, focused);
  }
  announceChanges(before);
  document.dispatchEvent(new Event("live:refreshed"));
}

function statuses() {
  return new Map([...document.querySelectorAll("[data-status]")].map(({ id, dataset }) => [id, dataset.status]));
}

// What is new or has another status is said aloud, in an alert or on a page that shows it itself; its numbers and its
// place in the queue are only seen.
function announceChanges(before) {
  for (const [id, status] of statuses()) {
    if (before.get(id) === status) continue;
    document.getElementById("announcer").textContent = document.querySelector(`#${id} [data-announce]`).textContent;
  }
}

// The focus stays where it was; if that is gone it stays nearby, and keys go on from there.
function focusAgain(region, old) {
  const same = (element) => (old.id ? element.id === old.id : element.innerHTML === old.innerHTML);
  const found = [...region.querySelectorAll(old.localName)].find(same);
  if (!found) region.tabIndex = -1;
  (found ?? region).focus({ preventScroll: !found });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-enhanced]")) return;
  event.preventDefault();
  if (sending.has(form)) return; // a double click
  sending.add(form);
  try {
    const response = await fetch(form.action, { ...LIVE, method: "POST", body: new FormData(form) });
    // Who stays on the page is not led to another one, except to sign in again.
    if (!response.ok || response.redirected) throw new Error(`The form's answer was ${response.status}`);
    await refresh();
  } catch {
    form.submit(); // the plain way shows the member what went wrong
  } finally {
    sending.delete(form);
  }
});
