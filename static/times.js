// Tells each `<time data-time="ago">` as "2 minutes ago", or by its date when it is older than a week, in the page's
// language and the member's zone, and keeps it true; `data-time="exact"` is told in full. Without a zone in the
// profile it is the browser's. `data-time="clock"` is told as hour and minute.

const PAUSE = 10_000; // milliseconds
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]]; // seconds
const RECENT = 7 * 86_400;

const { lang, dataset } = document.documentElement;
const timeZone = known(dataset.timeZone);
const ago = new Intl.RelativeTimeFormat(lang);
const now = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "second");
const date = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeZone });
const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short", timeZone });
const exact = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "long", timeZone });

// The server tells times in this zone too, in emails as well.
if (!dataset.timeZone) {
  const { timeZone: here } = new Intl.DateTimeFormat().resolvedOptions();
  document.cookie = `time_zone=${here}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

function known(zone) {
  try {
    return new Intl.DateTimeFormat(lang, { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined; // the browser is older than the zone
  }
}

function words(moment) {
  const age = (Date.now() - moment) / 1000;
  if (age >= RECENT) return date.format(moment);
  const [unit, length] = UNITS.find(([, seconds]) => age >= seconds) ?? [];
  return unit ? ago.format(-Math.floor(age / length), unit) : now;
}

function show() {
  for (const time of document.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    const format = { exact, clock }[time.dataset.time];
    const text = format ? format.format(moment) : words(moment);
    if (format !== exact) time.title = exact.format(moment);
    if (time.textContent !== text) time.textContent = text;
  }
}

// What comes later (a live refresh, a card that opens) is told as well; our own changes end after one more look.
new MutationObserver(show).observe(document.body, { childList: true, subtree: true });
document.addEventListener("visibilitychange", show);
setInterval(show, PAUSE);
show();
