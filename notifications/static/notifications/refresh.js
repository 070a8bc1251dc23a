// Brings the live parts of the page (elements with an id and `data-live`) up to date without a reload, from a
// fresh copy of the page itself: what is shown live is what a reload would show. Forms with `data-enhanced`
// are sent in the background, so that a half-written post is not lost over a dismissed alert.

const TOKEN = "csrfmiddlewaretoken";

// Whoever has signed in meanwhile in another tab, this page asks and acts for its own member only: see page_owner.py.
export const OWNER = { "X-Member": document.getElementById("alerts").dataset.member };
const LIVE = { headers: { "X-Live-Refresh": "1", ...OWNER } };
const sending = new WeakSet();

const tokens = (root) => root.querySelectorAll(`[name=${TOKEN}]`);

export async function refresh() {
  const response = await fetch(location.href, LIVE);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  // A sign-in page, or what something in between answers, has no alerts.
  if (response.status >= 500 || !fresh.getElementById("alerts")) throw new Error(`No page: ${response.status}`);
  const focused = document.activeElement;
  const before = statuses();
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next) continue;
    const hadFocus = region.contains(focused);
    for (const { id } of region.querySelectorAll("details[id][open]")) next.querySelector(`#${id}`)?.toggleAttribute("open", true);
    region.replaceWith(next);
    if (hadFocus) focusAgain(next, focused);
  }
  for (const input of tokens(document)) input.value = tokens(fresh)[0].value; // each sign-in renews it
  announceChanges(before);
  document.dispatchEvent(new Event("live:refreshed"));
}

function statuses() {
  const state = ({ status, attempt }) => `${status} ${attempt}`;
  return new Map([...document.querySelectorAll("[data-status]")].map(({ id, dataset }) => [id, state(dataset)]));
}

// What is new, has another status or begins again is said aloud, in an alert or on a page that shows it itself; its numbers and its
// place in the queue are only seen.
function announceChanges(before) {
  for (const [id, status] of statuses()) {
    if (before.get(id) === status) continue;
    const words = [...document.querySelectorAll(`#${id} [data-announce]`)].map(({ textContent }) => textContent);
    document.getElementById("announcer").textContent = words.join(" ");
  }
}

// The focus stays where it was; if that is gone it stays nearby, and keys go on from there.
function focusAgain(region, old) {
  const words = ({ ariaLabel, innerHTML }) => ariaLabel ?? innerHTML;
  const same = (element) => (old.id ? element.id === old.id : words(element) === words(old));
  const found = [...region.querySelectorAll(old.localName)].find(same);
  if (!found) region.tabIndex = -1;
  (found ?? region).focus({ preventScroll: !found });
}

const checkSession = () => document.dispatchEvent(new Event("live:check"));

async function send(form) {
  const response = await fetch(form.action, { ...LIVE, method: "POST", body: new FormData(form) });
  if (response.status === 412) return checkSession(); // another member is signed in, and is not to act: the page says so
  if (response.status === 403) await refresh(); // the member has signed in again: the form has another token now
  // Who stays on the page is not led to another one, except to sign in again.
  if (!response.ok || response.redirected) throw new Error(`The form's answer was ${response.status}`);
  await refresh().catch(checkSession); // it is done, and must not be sent again
}

// The plain way shows the member what went wrong.
function sendPlainly(form) {
  form[TOKEN].value = tokens(document)[0].value;
  if (!form.isConnected) document.body.append(form);
  form.submit();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-enhanced]")) return;
  event.preventDefault();
  if (sending.has(form)) return; // a double click
  sending.add(form);
  try {
    await send(form);
  } catch {
    if (navigator.onLine) sendPlainly(form);
    else checkSession(); // the page stays, and says that it is offline
  } finally {
    sending.delete(form);
    event.submitter?.removeAttribute("aria-busy");
  }
});
