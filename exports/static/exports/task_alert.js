// Keeps a task's alert (on the page of exports its card) true: the numbers of a running one and the place of a waiting one change in place, everything
// else by a live refresh. Very many may wait at once, and their places change all the time.

import { refresh } from "../notifications/refresh.js";

const LONGEST = 3_540; // seconds, as 59 minutes: longer times are said by the page, in hours

document.addEventListener("notification:task_progress", ({ detail }) => {
  const alert = document.getElementById(`task-${detail.data.task_id}`);
  const status = detail.data.status === alert?.dataset.status ? detail.data.status : null;
  if (status === "running") count(alert, detail.data);
  else if (status === "queued" && isOnlyAPlace(alert, detail.data)) moveUp(alert, detail.data);
  else detail.waitUntil(refresh());
});

function count(alert, { progress, done, total, remaining_seconds: seconds }) {
  alert.querySelector("[data-percent]").textContent = progress;
  alert.querySelector("progress").value = progress;
  const phase = alert.querySelector("[data-phase]");
  const { ready, counting, packing } = phase.dataset;
  const words = !total ? ready : done < total ? counting : packing;
  phase.textContent = words.replace("{done}", number(done)).replace("{total}", number(total));
  const left = alert.querySelector("[data-left]");
  left.textContent = left.dataset.left.replace("{duration}", duration(seconds));
  left.hidden = !seconds;
}

function isOnlyAPlace(alert, { ahead, wait_seconds: seconds, is_stalled: isStalled, due_at: retryAt }) {
  return alert.querySelector("[data-wait]") && ahead && seconds != null && seconds <= LONGEST && !isStalled && !retryAt;
}

function moveUp(alert, { task_id: id, ahead, wait_seconds: seconds }) {
  alert.dataset.active = seconds;
  const isOne = new Intl.PluralRules(document.documentElement.lang).select(ahead) === "one";
  for (const wait of document.querySelectorAll(`[data-wait="${id}"]`)) { // in the alert, and on the page of exports
    const words = isOne ? wait.dataset.one : wait.dataset.other;
    wait.textContent = words.replace("{number}", number(ahead)).replace("{duration}", duration(seconds));
  }
}

function number(value, options) {
  return new Intl.NumberFormat(document.documentElement.lang, options).format(value);
}

// In steps of five seconds, as the page says it: nobody waits by the second.
function duration(seconds) {
  const unit = seconds > 55 ? "minute" : "second";
  const value = unit === "minute" ? Math.ceil(seconds / 60) : 5 * Math.max(1, Math.ceil(seconds / 5));
  return number(value, { style: "unit", unit, unitDisplay: "long" });
}
