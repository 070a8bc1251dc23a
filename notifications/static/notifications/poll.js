// Fetches the member's news and hands each to whoever listens: a `notification:<name>` event on the document.
// One request at a time; every 2 s while something is active, every 10 s otherwise, in between while what is active
// expects no news yet; never in a hidden tab, ever slower while the server does not answer, and no more once the member
// has signed out.

import { refresh } from "./refresh.js";

const ACTIVE_PAUSE = 2_000; // milliseconds, as all below
const IDLE_PAUSE = 10_000;
const LONGEST_PAUSE = 60_000;
const TIMEOUT = 10_000;
const LOOKS = 5; // until the news that is expected in some seconds: whoever waits far behind need not look every 2 s

const { pollUrl, since } = document.getElementById("alerts").dataset;
let cursor = since;
let failures = 0;
let answerTook = 0;
let timer = null;
let polling = false;

async function poll() {
  clearTimeout(timer);
  if (polling || document.hidden) return;
  polling = true;
  const goOn = await fetchNews();
  polling = false;
  if (goOn) timer = setTimeout(poll, pause());
}

async function fetchNews() {
  const asked = performance.now();
  try {
    const response = await fetch(`${pollUrl}?since=${cursor}`, { signal: AbortSignal.timeout(TIMEOUT) });
    if (response.status === 403) return false; // signed out, perhaps in another tab
    if (!response.ok) throw new Error(`The poll answered ${response.status}`);
    answerTook = performance.now() - asked;
    await tell(await response.json());
    failures = 0;
  } catch {
    failures += 1;
  }
  return true;
}

async function tell(news) {
  const waits = [];
  for (const { name, data } of news) {
    const detail = { data, waitUntil: (promise) => waits.push(promise) };
    document.dispatchEvent(new CustomEvent(`notification:${name}`, { detail }));
  }
  await Promise.all(waits);
  // Only now: what could not be shown is asked for again.
  if (news.length) cursor = news.at(-1).timestamp;
}

// A refreshed page may be active now.
function lookAhead() {
  if (polling) return;
  clearTimeout(timer);
  timer = setTimeout(poll, pause());
}

function pause() {
  // What is active says in how many seconds it expects news; without a number: at any time.
  const expected = [...document.querySelectorAll("[data-active]")].map(({ dataset }) => Number(dataset.active));
  const look = (Math.min(...expected) * 1_000) / LOOKS;
  // A server that is slow has much to do: it is left alone for as long again as it took, and no less than usual.
  const usual = Math.max(Math.min(IDLE_PAUSE, Math.max(ACTIVE_PAUSE, look)), answerTook);
  // A little chance keeps the tabs of many members from knocking together when a server comes back.
  return failures ? Math.min(LONGEST_PAUSE, usual * 2 ** failures) * (0.75 + Math.random() / 2) : usual;
}

document.addEventListener("visibilitychange", poll);
document.addEventListener("live:refreshed", lookAhead);
document.addEventListener("notification:alert_dismissed", ({ detail }) => detail.waitUntil(refresh()));
timer = setTimeout(poll, pause());
