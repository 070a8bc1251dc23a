// Keeps a task's alert (on the page of exports its card) true: the numbers of a running one and the place of a waiting
// one change in place, everything else by a live refresh. Very many may wait at once, and their places change all the
// time. The page's title tells the progress, and that it is over until somebody looks.

import { number } from "../numbers.js";
import { refresh } from "../notifications/refresh.js";
import { entitle } from "../notifications/title.js";

const LONGEST = 3_540; // seconds, as 59 minutes: longer times are said by the page, in hours

const { ready, failed } = document.getElementById("alerts").dataset;
const ENDS = { succeeded: ready, failed };
const ended = new Set(); // those whose end the title has told
const percents = new Map(); // of the running tasks
let end = "";

const isActive = ({ status }) => status === "queued" || status === "running";
const alertOf = ({ task_id: id }) => document.getElementById(`task-${id}`);

document.addEventListener("notification:task_progress", ({ detail: { data, waitUntil } }) => {
  const alert = alertOf(data);
  const isSame = data.status === alert?.dataset.status && `${data.attempt}` === alert.dataset.attempt;
  noteEnd(data, alert);
  if (!isActive(data)) removePassing();
  if (isSame && data.status === "running") count(alert, data);
  else if (isSame && data.status === "queued" && isOnlyAPlace(alert, data)) moveUp(alert, data);
  else waitUntil(refresh());
});

function count(alert, { progress, done, total, remaining_seconds: seconds }) {
  alert.querySelector("[data-percent]").textContent = progress;
  alert.querySelector("progress").value = progress;
  const phase = alert.querySelector("[data-phase]");
  const { ready: prepared, counting, packing } = phase.dataset;
  const words = !total ? prepared : done < total ? counting : packing;
  phase.textContent = words.replace("{done}", number(done)).replace("{total}", number(total));
  const left = alert.querySelector("[data-left]");
  left.textContent = left.dataset.left.replace("{duration}", duration(seconds));
  left.hidden = !seconds;
  entitleByPage();
}

function isOnlyAPlace(alert, { ahead, wait_seconds: seconds, is_stalled: isStalled, is_paused: isPaused, due_at: retryAt }) {
  if (isStalled || isPaused || retryAt) return false;
  return alert.querySelector("[data-wait]") && ahead && seconds != null && seconds <= LONGEST;
}

function moveUp(alert, { task_id: id, ahead, wait_seconds: seconds }) {
  alert.dataset.active = seconds;
  const isOne = new Intl.PluralRules(document.documentElement.lang).select(ahead) === "one";
  for (const wait of document.querySelectorAll(`[data-wait="${id}"]`)) { // in the alert, and on the page of exports
    const words = isOne ? wait.dataset.one : wait.dataset.other;
    wait.textContent = words.replace("{number}", number(ahead)).replace("{duration}", duration(seconds));
  }
}

// What was said of a task ("in progress", "in 7 minutes") must not contradict the page when it is no longer so.
function removePassing() {
  for (const message of document.querySelectorAll("[data-passing]")) message.remove();
}

// In steps of five seconds, as the page says it: nobody waits by the second.
function duration(seconds) {
  const unit = seconds > 55 ? "minute" : "second";
  const value = unit === "minute" ? Math.ceil(seconds / 60) : 5 * Math.max(1, Math.ceil(seconds / 5));
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

// --- The title ---------------------------------------------------------------------------------------------

function entitleTasks() {
  const progress = percents.size ? `${Math.min(...percents.values())} %` : "";
  entitle("task", [end, progress].filter(Boolean).map((words) => `${words} · `).join(""));
}

function entitleByPage() {
  percents.clear();
  for (const alert of document.querySelectorAll("[data-status=running]")) {
    percents.set(alert.id, Number(alert.querySelector("[data-percent]").textContent));
  }
  entitleTasks();
}

function noteEnd(data, alert) {
  if (!(data.status in ENDS) || data.status === alert?.dataset.status || ended.has(data.task_id)) return;
  ended.add(data.task_id);
  end = ENDS[data.status];
}

function glimpse({ detail: { data } }) {
  noteEnd(data, alertOf(data));
  if (data.status === "running") percents.set(`task-${data.task_id}`, data.progress);
  else percents.delete(`task-${data.task_id}`);
  entitleTasks();
}

function seen() {
  if (document.hidden || !end) return;
  end = "";
  entitleTasks();
}

document.addEventListener("glimpse:task_progress", glimpse);
document.addEventListener("live:refreshed", entitleByPage);
document.addEventListener("live:stale", () => {
  percents.clear();
  entitleTasks();
});
for (const type of ["visibilitychange", "pointermove", "pointerdown", "keydown"]) document.addEventListener(type, seen);
entitleByPage();

// --- The pause before the next export -----------------------------------------------------------------------

let pauseTimer = null;

function awaitOtherWords() {
  clearTimeout(pauseTimer);
  const waits = [...document.querySelectorAll("[data-refresh-in]")].map(({ dataset }) => Number(dataset.refreshIn));
  if (waits.length) pauseTimer = setTimeout(tellOtherWords, Math.min(...waits) * 1_000);
}

async function tellOtherWords() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", tellOtherWords, { once: true });
    return;
  }
  try {
    await refresh();
    if (!document.querySelector("[data-refresh-in]")) removePassing();
  } catch {
    awaitOtherWords();
  }
}

document.addEventListener("live:refreshed", awaitOtherWords);
awaitOtherWords();

// A download ends its alert, and leads to no other page.
document.addEventListener("click", ({ target }) => {
  if (target.closest("[id^=download-]")) setTimeout(() => document.dispatchEvent(new Event("live:check")), 1_000);
});
