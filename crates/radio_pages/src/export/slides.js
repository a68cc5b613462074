// Slides: one at a time, its fragments one by one, the place in the address.
const slides = [...document.querySelectorAll(".slide")];
const parts = (slide) => [...slide.querySelectorAll(".fragment")];
const notes = document.querySelector("#notes");
const SCALES = [1, 0.94, 0.88, 0.82, 0.76, 0.7, 0.65, 0.6, 0.55, 0.5];
let at = 0;
let step = 0;

// Whether nothing of a slide has to be scrolled to.
const isWhole = (slide) =>
  slide.scrollHeight <= slide.clientHeight + 1 &&
  [slide, ...slide.querySelectorAll(".table, pre")].every((part) => part.scrollWidth <= part.clientWidth + 1);

// As small as it has to be for all of it to be seen, if that can be read: one part below the other, or where that gets too small,
// code beside what it gave.
function squeeze(slide, scales) {
  const sheet = slide.querySelector(".sheet");
  const fitting = (isBeside) => {
    sheet.classList.toggle("beside", isBeside);
    for (const scale of scales) {
      sheet.style.zoom = scale;
      if (isWhole(slide)) return scale;
    }
    return 0;
  };
  const below = fitting(false);
  if (below >= 0.85 || scales.length < 2) return;
  const beside = fitting(true);
  if (beside > below) return;
  sheet.classList.remove("beside");
  sheet.style.zoom = below || scales.at(-1);
}

function show(index, shown) {
  at = Math.max(0, Math.min(index, slides.length - 1));
  const slide = slides[at];
  if (!slide) return;
  const all = parts(slide);
  step = Math.max(0, Math.min(shown, all.length));
  slides.forEach((other) => other.classList.toggle("current", other === slide));
  all.forEach((part, place) => part.classList.toggle("shown", place < step));
  const rest = all.length ? step / all.length : 1;
  document.querySelector("#progress").style.width = (100 * (at + rest)) / slides.length + "%";
  document.querySelector("#count").textContent = at + 1 + " / " + slides.length;
  history.replaceState(null, "", "#" + slide.id);
  slide.querySelectorAll("iframe").forEach(fit);
  // On a small screen, type that can be read matters more.
  squeeze(slide, innerWidth >= 700 ? SCALES : [1]);
  slide.focus({ preventScroll: true });
  tell();
}

function tell() {
  if (notes.hidden) return;
  const own = slides[at].querySelector(".notes");
  notes.replaceChildren(...(own ? own.cloneNode(true).childNodes : ["No notes for this slide."]));
}

function forward() {
  if (step < parts(slides[at]).length) show(at, step + 1);
  else if (at + 1 < slides.length) show(at + 1, 0);
}

function back() {
  if (step > 0) show(at, step - 1);
  else if (at > 0) show(at - 1, Infinity);
}

// The slide that the address names, or the one with the part that it names.
function visit() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const index = slides.indexOf(named?.closest(".slide"));
  const isSlide = named === slides[index];
  show(Math.max(index, 0), index < 0 || isSlide ? 0 : Infinity);
  if (index >= 0 && !isSlide) named.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  ArrowRight: forward, ArrowDown: forward, PageDown: forward, Enter: forward,
  ArrowLeft: back, ArrowUp: back, PageUp: back, Backspace: back,
  Home: () => show(0, 0), End: () => show(slides.length - 1, 0),
  f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  n: toggle, s: toggle,
  Escape: () => { notes.hidden = true; },
};

function toggle() {
  notes.hidden = !notes.hidden;
  tell();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !slides.length) return;
  // What can be pressed keeps its own keys.
  if (["Enter", " "].includes(event.key) && event.target.closest("a, button, summary")) return;
  // A slide that is higher than the screen is read to its end first.
  const slide = slides[at];
  const below = slide.scrollHeight - slide.clientHeight - slide.scrollTop;
  if ((event.key === "ArrowDown" && below > 1) || (event.key === "ArrowUp" && slide.scrollTop > 1)) return;
  const act = event.key === " " ? (event.shiftKey ? back : forward) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
document.querySelector("#forward").addEventListener("click", forward);
document.querySelector("#back").addEventListener("click", back);
addEventListener("hashchange", visit);
addEventListener("resize", () => slides.length && show(at, step));
addEventListener("load", () => slides.length && show(at, step));

// On paper, each slide is a page, with all its fragments.
addEventListener("beforeprint", () => {
  document.querySelectorAll("main details").forEach((part) => { part.open = true; });
  document.body.classList.add("measured");
  slides.forEach((slide) => squeeze(slide, SCALES));
  document.body.classList.remove("measured");
});
addEventListener("afterprint", () => slides.length && show(at, step));

document.body.classList.add("live");
adopt(document);
if (slides.length) visit();
