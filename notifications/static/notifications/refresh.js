// Brings the live parts of the page (elements with an id and `data-live`) up to date without a reload, from a
// fresh copy of the page itself: what is shown live is what a reload would show. Forms with `data-enhanced`
// are sent in the background, so that a half-written post is not lost over a dismissed alert.

const LIVE = { headers: { "X-Live-Refresh": "1" } };

export async function refresh() {
  const response = await fetch(location.href, LIVE);
  if (response.status >= 500) throw new Error(`The page's answer was ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement;
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next) continue;
    const hadFocus = region.contains(focused);
    region.replaceWith(next);
    if (hadFocus) focusAgain(next, focused);
  }
  document.dispatchEvent(new Event("live:refreshed"));
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
  try {
    const response = await fetch(form.action, { ...LIVE, method: "POST", body: new FormData(form) });
    if (!response.ok) throw new Error(`The form's answer was ${response.status}`);
    await refresh();
  } catch {
    form.submit(); // the plain way shows the member what went wrong
  }
});
