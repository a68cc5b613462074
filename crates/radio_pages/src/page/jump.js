"use strict";
// The headings of the page: `[` and `]` go to the one before and after what is being read.
function headings() {
  const all = [...document.querySelectorAll("main h1, main h2, main h3")];
  return all.filter((heading) => heading.offsetParent !== null);
}

function jump(step) {
  const edge = (document.querySelector("header")?.offsetHeight ?? 0) + 24;
  const tops = headings().map((heading) => [heading, heading.getBoundingClientRect().top]);
  const next = step > 0 ? tops.find(([, top]) => top > edge) : tops.filter(([, top]) => top < edge - 24).at(-1);
  if (next) next[0].scrollIntoView();
  else if (step < 0) window.scrollTo(0, 0);
}

addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select");
  const isShortcut = event.metaKey || (event.ctrlKey && !event.getModifierState("AltGraph"));
  if (isTyping || isShortcut) return;
  if (event.key === "]") jump(1);
  if (event.key === "[") jump(-1);
});
