// Keeps a task's alert true: the numbers of a running one change in place, everything else by a live refresh.

import { refresh } from "../notifications/refresh.js";

document.addEventListener("notification:task_progress", ({ detail }) => {
  const alert = document.getElementById(`task-${detail.data.task_id}`);
  if (alert && alert.dataset.status === "running" && detail.data.status === "running") count(alert, detail.data);
  else detail.waitUntil(show(detail.data));
});

function count(alert, { task_id: id, progress, done, total }) {
  alert.querySelector("[data-percent]").textContent = progress;
  alert.querySelector("progress").value = progress;
  const counted = alert.querySelector("[data-counted]");
  const format = new Intl.NumberFormat(document.documentElement.lang);
  counted.textContent = counted.dataset.counted.replace("{done}", format.format(done)).replace("{total}", format.format(total));
  counted.hidden = !total;
  const listed = document.querySelector(`[data-progress-of="${id}"]`); // on the page of exports
  if (listed) listed.textContent = progress;
}

async function show({ task_id: id, status }) {
  const before = document.getElementById(`task-${id}`)?.dataset.status;
  await refresh();
  const title = document.querySelector(`#task-${id} [data-announce]`);
  // Another place in the queue is seen, but not said aloud each time.
  if (title && (status !== "queued" || status !== before)) document.getElementById("announcer").textContent = title.textContent;
}
