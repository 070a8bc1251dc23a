// Counts the characters of a post as people count them (grapheme clusters), and as the server does: by the rules of
// Unicode 18. Those of 17, which browsers still have, let a virama join only what follows a consonant, and so count
// one too many in Bengali "অ্যাপ". A consonant that a virama joins is therefore counted as a visarga: it joins as well.

import { number } from "../numbers.js";

const VIRAMA = "[\\u094d\\u09cd\\u0acd\\u0b4d\\u0c4d\\u0d4d\\u1039\\u17d2\\u1a60\\u1b44\\u1bab\\ua9c0\\uaaf6]";
const MARKS = "(?:(?!\\u200c)[\\p{Grapheme_Extend}\\p{EMod}\\u200d])*";
const CONSONANT =
  "[\\u0915-\\u0939\\u0958-\\u095f\\u0978-\\u097f\\u0995-\\u09b9\\u09dc-\\u09df\\u09f0\\u09f1\\u0a95-\\u0ab9\\u0af9" +
  "\\u0b15-\\u0b39\\u0b5c-\\u0b5f\\u0b71\\u0c15-\\u0c39\\u0c58-\\u0c5a\\u0d15-\\u0d3a\\p{sc=Mymr}\\p{sc=Khmr}" +
  "\\p{sc=Lana}\\p{sc=Bali}\\p{sc=Sund}\\p{sc=Java}\\p{sc=Mtei}]";
// It looks back from consonants alone: from every character of a long run of marks, it would take ever longer.
const JOINED = new RegExp(`(?=\\p{Lo})${CONSONANT}(?<=${VIRAMA}${MARKS}.)`, "gu");

const text = document.querySelector(".composer textarea");
const counter = document.getElementById("composer-counter");
const limit = Number(text.dataset.limit);
const LONGEST = 20 * limit; // in halves of characters: beyond it the server does not count them one by one, either
const segmenter = new Intl.Segmenter("en");
const plurals = new Intl.PluralRules(document.documentElement.lang);

function characters(value) {
  return [...segmenter.segment(value.replace(JOINED, "\u0903"))].length;
}

function count() {
  const left = limit - (text.value.length > LONGEST ? text.value.length : characters(text.value));
  const form = plurals.select(Math.abs(left)) === "one" ? "One" : "Other";
  const words = counter.dataset[`${left < 0 ? "over" : "left"}${form}`];
  counter.textContent = words.replace("{count}", number(Math.abs(left)));
  counter.classList.toggle("is-over", left < 0);
}

counter.hidden = false;
text.addEventListener("input", count);
count();
