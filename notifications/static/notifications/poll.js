// Fetches the member's news and hands each to whoever listens: a `notification:<name>` event on the document.
// One request at a time; every 2 s while something is active, every 10 s otherwise, in between while what is active
// expects no news yet; ever slower while the server does not answer. When the session has ended, or another member has
// signed in, the page says so and asks again when it is looked at. A hidden tab asks once a minute and only glimpses
// (`glimpse:<name>`), for its title: all news comes when it is shown.

import { OWNER, refresh } from "./refresh.js";
import { becomeStale, isStale, isUnreachable, isUpToDate } from "./stale.js";

const ACTIVE_PAUSE = 2_000; // milliseconds, as all below
const IDLE_PAUSE = 10_000;
const HIDDEN_PAUSE = 60_000;
const LONGEST_PAUSE = 60_000;
const TIMEOUT = 10_000;
const LOOKS = 5; // until the news that is expected in some seconds: whoever waits far behind need not look every 2 s
const ENDS = { 403: "ended", 412: "other" };

const { pollUrl, since } = document.getElementById("alerts").dataset;
let cursor = since;
let failures = 0;
let answerTook = 0;
let timer = null;
let polling = false;

async function poll() {
  clearTimeout(timer);
  if (polling) return;
  polling = true;
  const goOn = await fetchNews();
  polling = false;
  if (goOn) timer = setTimeout(poll, pause());
}

async function fetchNews() {
  const asked = performance.now();
  try {
    const response = await fetch(`${pollUrl}?since=${cursor}`, { headers: OWNER, signal: AbortSignal.timeout(TIMEOUT) });
    // The site refuses in plain text; a page comes from something in between.
    const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
    if (response.status in ENDS && !isPage) {
      becomeStale(ENDS[response.status]);
      return false;
    }
    if (!response.ok) throw new Error(`The poll answered ${response.status}`);
    answerTook = performance.now() - asked;
    await (document.hidden ? glimpse : tell)(await response.json());
    failures = 0;
  } catch {
    failures += 1;
    isUnreachable(failures);
  }
  return true;
}

function glimpse(news) {
  for (const { name, data } of news) document.dispatchEvent(new CustomEvent(`glimpse:${name}`, { detail: { data } }));
}

async function tell(news) {
  const waits = [];
  if (isStale()) waits.push(refresh());
  for (const { name, data } of news) {
    const detail = { data, waitUntil: (promise) => waits.push(promise) };
    document.dispatchEvent(new CustomEvent(`notification:${name}`, { detail }));
  }
  await Promise.all(waits);
  // Only now: what could not be shown is asked for again.
  if (news.length) cursor = news.at(-1).timestamp;
  isUpToDate();
}

// A refreshed page may be active now; a hidden one can wait.
function lookAhead() {
  if (polling) return;
  clearTimeout(timer);
  timer = setTimeout(poll, pause());
}

function pause() {
  // What is active says in how many seconds it expects news; without a number: at any time.
  const expected = [...document.querySelectorAll("[data-active]")].map(({ dataset }) => Number(dataset.active));
  const look = (Math.min(...expected) * 1_000) / LOOKS;
  const shown = Math.min(IDLE_PAUSE, Math.max(ACTIVE_PAUSE, look));
  // A server that is slow has much to do: it is left alone for as long again as it took, and no less than usual.
  const usual = Math.max(document.hidden ? HIDDEN_PAUSE : shown, answerTook);
  // A little chance keeps the tabs of many members from knocking together when a server comes back.
  return failures ? Math.min(LONGEST_PAUSE, usual * 2 ** failures) * (0.75 + Math.random() / 2) : usual;
}

document.addEventListener("visibilitychange", () => (document.hidden ? lookAhead() : poll()));
document.addEventListener("live:refreshed", lookAhead);
document.addEventListener("live:check", poll);
addEventListener("online", poll);
document.addEventListener("notification:alert_dismissed", ({ detail }) => detail.waitUntil(refresh()));
timer = setTimeout(poll, pause());
