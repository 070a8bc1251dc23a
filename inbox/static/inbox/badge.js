// Keeps the number of unread messages true, in the header and in the page's title, and what is shown of messages
// live. A hidden tab learns the number only: a conversation is never fetched, and so read, where nobody looks.

import { refresh } from "../notifications/refresh.js";
import { entitle } from "../notifications/title.js";

const byId = (id) => document.getElementById(id);
const count = () => Number(byId("unread-messages").dataset.count);
const show = (number) => entitle("unread", number ? `(${number}) ` : "");

async function update() {
  const page = document.documentElement;
  const before = { count: count(), newest: byId("newest")?.dataset.id };
  const isAtEnd = byId("conversation") && page.scrollTop + innerHeight > page.scrollHeight - 100;
  await refresh();
  show(count());
  const newest = byId("newest");
  const isNew = newest && newest.dataset.id !== before.newest && !newest.matches(".is-mine");
  if (isNew && isAtEnd) scrollTo(0, page.scrollHeight);
  const news = isNew ? newest : count() > before.count ? byId("unread-messages") : null;
  if (news) byId("announcer").textContent = news.innerText;
}

document.addEventListener("notification:unread_message_count", ({ detail }) => {
  if (detail.data !== count() || document.querySelector("[data-inbox]")) detail.waitUntil(update());
});
document.addEventListener("glimpse:unread_message_count", ({ detail }) => show(detail.data));
show(count());
