"use strict";

// The search of index.html. A page from a file may not read another file, but it may open it in a frame: each page
// of posts is opened out of sight, the newest first, and tells what it found (search.js). Nothing is kept but what
// is shown, so that a million posts are only a matter of time.

const FRAMES = 4; // pages looked at side by side
const ENOUGH = 50; // posts, before the reader is asked whether to go on
const PATIENCE = 3000; // milliseconds after which a page that loaded but says nothing counts as empty

const section = document.getElementById("search");
const input = document.getElementById("query");
const status = section.querySelector("[role=status]");
const results = document.getElementById("results");
const more = document.getElementById("more");
const pages = Number(section.dataset.newest);

let search = null;

function start(query) {
  if (search) stop(search);
  history.replaceState(null, "", `#${new URLSearchParams({ search: query })}`); // for whoever comes back from a post
  results.replaceChildren();
  search = { query, next: pages, looked: 0, found: 0, limit: ENOUGH, open: new Map() };
  goOn(search);
}

function stop(old) {
  for (const { frame } of old.open.values()) frame.remove();
  old.open.clear();
}

function goOn(current) {
  more.hidden = true;
  while (current.open.size < FRAMES && current.next > 0 && current.found < current.limit) look(current, current.next--);
  tell(current);
}

function look(current, page) {
  const place = document.createElement("div"); // keeps the pages in order, whichever answers first
  results.append(place);
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.addEventListener("load", () => setTimeout(() => settle(current, page, []), PATIENCE));
  frame.src = `pages/${page}.html#${new URLSearchParams({ search: current.query })}`;
  current.open.set(page, { frame, place });
  document.body.append(frame);
}

function settle(current, page, posts) {
  const opened = current.open.get(page);
  if (!opened) return;
  current.open.delete(page);
  opened.frame.remove();
  opened.place.replaceWith(...posts.map((post) => article(post, page)));
  current.found += posts.length;
  current.looked += 1;
  goOn(current);
}

function tell(current) {
  const words = { done: current.looked, all: pages, found: current.found };
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => words[name].toLocaleString(document.documentElement.lang));
  const { searching, soFar, found, none } = status.dataset;
  const isSearching = current.open.size > 0;
  status.textContent = fill(isSearching ? searching : current.next ? soFar : current.found ? found : none);
  more.hidden = isSearching || current.next === 0;
}

function article(post, page) {
  const element = document.createElement("article");
  const text = document.createElement("p");
  text.dir = "auto";
  text.append(...marked(post.pieces));
  const link = document.createElement("a");
  link.href = `pages/${page}.html#${post.id}`;
  link.textContent = post.time;
  element.append(text, link);
  return element;
}

function marked(pieces) {
  return pieces.map((piece, index) => {
    if (index % 2 === 0) return piece;
    const mark = document.createElement("mark");
    mark.textContent = piece;
    return mark;
  });
}

window.addEventListener("message", (event) => {
  if (!search) return;
  const opened = search.open.get(event.data.page);
  if (opened && event.source === opened.frame.contentWindow) settle(search, event.data.page, event.data.posts);
});

section.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.value.trim()) start(input.value.trim());
});

more.addEventListener("click", () => {
  search.limit = search.found + ENOUGH;
  goOn(search);
});

section.hidden = false;

const words = new URLSearchParams(location.hash.slice(1)).get("search");
if (words) {
  input.value = words;
  start(words);
}
