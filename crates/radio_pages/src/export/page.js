// On a narrow screen, the contents are folded till somebody wants them.
const contents = document.querySelector("nav details");
if (contents && matchMedia("(max-width: 77.99rem)").matches) contents.open = false;
adopt(document);
new ResizeObserver(() => document.querySelectorAll("iframe").forEach(fit)).observe(document.body);
// On paper nothing is folded, and nothing is wider than the paper.
addEventListener("beforeprint", () => {
  document.querySelectorAll("main details").forEach((part) => { part.open = true; });
  const parts = [...document.querySelectorAll(".table, math[display='block']")];
  document.body.classList.add("measured");
  const fits = parts.map((part) => Math.min(1, part.clientWidth / part.scrollWidth));
  document.body.classList.remove("measured");
  parts.forEach((part, at) => part.style.setProperty("--fit", fits[at]));
});
