// Puts what is worth knowing of a tab that nobody looks at before the page's title: "(3) 33 % · Explore · Microblog".

const { title } = document;
const prefixes = { unread: "", task: "" };

export function entitle(what, prefix) {
  prefixes[what] = prefix;
  document.title = prefixes.unread + prefixes.task + title;
}
