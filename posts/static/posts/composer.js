// Counts the characters of a post as people count them (grapheme clusters), and as the server does.

const text = document.querySelector(".composer textarea");
const counter = document.getElementById("composer-counter");
const limit = Number(text.dataset.limit);
const segmenter = new Intl.Segmenter();
const format = new Intl.NumberFormat(document.documentElement.lang);

function count() {
  const left = limit - [...segmenter.segment(text.value)].length;
  const words = left < 0 ? counter.dataset.over : counter.dataset.left;
  counter.textContent = words.replace("{count}", format.format(Math.abs(left)));
  counter.classList.toggle("is-over", left < 0);
}

counter.hidden = false;
text.addEventListener("input", count);
count();
