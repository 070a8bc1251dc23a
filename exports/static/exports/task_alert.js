// Keeps a task's alert true: the numbers of a running one change in place, everything else by a live refresh.

import { refresh } from "../notifications/refresh.js";

document.addEventListener("notification:task_progress", ({ detail }) => {
  const alert = document.getElementById(`task-${detail.data.task_id}`);
  if (alert && alert.dataset.status === "running" && detail.data.status === "running") count(alert, detail.data);
  else detail.waitUntil(show(detail.data));
});

function count(alert, { task_id: id, progress, done, total, remaining_seconds: seconds }) {
  alert.querySelector("[data-percent]").textContent = progress;
  alert.querySelector("progress").value = progress;
  const phase = alert.querySelector("[data-phase]");
  const { ready, counting, packing } = phase.dataset;
  const words = !total ? ready : done < total ? counting : packing;
  phase.textContent = words.replace("{done}", number(done)).replace("{total}", number(total));
  const left = alert.querySelector("[data-left]");
  left.textContent = left.dataset.left.replace("{duration}", duration(seconds));
  left.hidden = !seconds;
  const listed = document.querySelector(`[data-progress-of="${id}"]`); // on the page of exports
  if (listed) listed.textContent = progress;
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

async function show({ task_id: id, status }) {
  const before = document.getElementById(`task-${id}`)?.dataset.status;
  await refresh();
  const title = document.querySelector(`#task-${id} [data-announce]`);
  // Another place in the queue is seen, but not said aloud each time.
  if (title && (status !== "queued" || status !== before)) document.getElementById("announcer").textContent = title.textContent;
}
