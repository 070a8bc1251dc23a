"use strict";

// In a frame of index.html: tell it which posts of this page have all the words of `#search=...`.

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

const query = new URLSearchParams(location.hash.slice(1)).get("search");

if (query !== null && window.parent !== window) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  const posts = [];
  for (const article of document.querySelectorAll("article")) {
    const text = article.querySelector("p").textContent;
    const searched = plain(text);
    if (words.every((word) => searched.includes(word))) {
      posts.push({ id: article.id, text, time: article.querySelector("time").textContent });
    }
  }
  // A file has no origin that could be named; the posts are those of the reader's own archive.
  window.parent.postMessage({ page: Number(document.body.dataset.page), posts }, "*");
}
