"use strict";

// In a frame of index.html: tell it which posts of this page have all the words of `#search=...`. Else show the times.

// Without accents and case; in capitals, because they alone make one of ß and ss, and of the two small sigmas.
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
}

// Returns the text in pieces, of which every second is one of the words as it stands in the text.
function inPieces(text, words) {
  const begins = [], ends = []; // for each character of the plain text, where in the text it comes from
  let place = 0;
  for (const character of text) {
    const length = plain(character).length;
    begins.push(...Array(length).fill(place));
    place += character.length;
    if (length) ends.push(...Array(length).fill(place));
    else if (ends.length) ends[ends.length - 1] = place; // an accent of its own belongs to the letter before it
  }
  const pieces = [];
  let done = 0;
  const anyWord = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  for (const found of plain(text).matchAll(new RegExp(anyWord, "g"))) {
    const begin = Math.max(done, begins[found.index]);
    const end = ends[found.index + found[0].length - 1];
    pieces.push(text.slice(done, begin), text.slice(begin, end));
    done = end;
  }
  return [...pieces, text.slice(done)];
}

// "2026-11-23T10:00:00.123456Z" as people read it.
function shown(time) {
  return time.slice(0, 16).replace("T", " ");
}

function postsWith(words) {
  const posts = [];
  for (const article of document.querySelectorAll("article")) {
    const text = article.querySelector("p").textContent;
    const searched = plain(text);
    if (words.length && words.every((word) => searched.includes(word))) {
      posts.push({ id: article.id, pieces: inPieces(text, words), time: shown(article.querySelector("time").textContent) });
    }
  }
  return posts;
}

const query = new URLSearchParams(location.hash.slice(1)).get("search");

if (query !== null && window.parent !== window) {
  const posts = postsWith(plain(query).split(/\s+/).filter(Boolean));
  // A file has no origin that could be named; the posts are those of the reader's own archive.
  window.parent.postMessage({ page: Number(document.body.dataset.page), posts }, "*");
} else {
  for (const time of document.querySelectorAll("time")) {
    time.dateTime = time.textContent;
    time.textContent = shown(time.textContent);
  }
}
