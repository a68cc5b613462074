// Keeps the page at what `radio watch` last ran. What has not changed stays as it is, so nothing flickers and the place
// that is being read stays where it is.
const main = document.querySelector("main");
const status = document.querySelector("#status");
const known = new WeakMap(); // What a part was built from: frames get a height later, so their markup does not tell.
let version = main.dataset.version;

function remember(section) {
  for (const part of section.children) known.set(part, part.innerHTML);
}

function replace(part, fresh) {
  const heights = [...part.querySelectorAll("iframe")].map((frame) => frame.style.height);
  known.set(part, fresh.innerHTML);
  part.replaceChildren(...fresh.childNodes);
  part.querySelectorAll("iframe").forEach((frame, at) => { frame.style.height = heights[at] || ""; });
  adopt(part);
}

// A cell's text, whatever its number.
function key(section) {
  const part = section.children[0];
  return part ? (known.get(part) ?? part.innerHTML).replace(/^<span class="number">\d+<\/span>/, "") : "";
}

// Makes room for cells that were added and removes those that are gone, so that the others keep what they have.
function align(fresh) {
  const wanted = new Set(fresh.map(key));
  const old = [...main.children];
  const gone = (section) => !wanted.has(key(section));
  let next = 0;
  for (const section of fresh) {
    let found = old.findIndex((other, at) => at >= next && key(other) === key(section));
    if (!old.slice(next, Math.max(found, next)).every(gone)) found = -1;
    if (found < 0 && next < old.length && gone(old[next])) found = next; // It was edited.
    if (found < 0) {
      main.insertBefore(document.createElement("section"), old[next] ?? null);
      continue;
    }
    old.slice(next, found).forEach((other) => other.remove());
    next = found + 1;
  }
  old.slice(next).forEach((other) => other.remove());
}

// The first section that is in sight, and where.
function anchor() {
  const section = [...main.children].find((section) => section.getBoundingClientRect().bottom > 60);
  return section && { section, top: section.getBoundingClientRect().top };
}

// How the run is. A cell that is named can be gone to.
function tell(state, text) {
  status.className = state;
  const named = /^(.*)\b(cell \d+)\b(.*)$/s.exec(text);
  if (!named) {
    status.textContent = text;
    return;
  }
  const link = document.createElement("a");
  link.textContent = named[2];
  link.href = "#" + named[2].replace(" ", "-");
  status.replaceChildren(named[1], link, named[3]);
}

const contents = document.querySelector("#contents");
const opener = document.querySelector("#list");

// The headings as a list, where it is open.
function list() {
  if (contents.hidden) return;
  contents.replaceChildren(
    ...headings().map((heading) => {
      const entry = document.createElement("button");
      entry.type = "button";
      entry.className = heading.localName;
      entry.textContent = heading.textContent;
      entry.addEventListener("click", () => {
        unfold(false);
        heading.scrollIntoView();
      });
      return entry;
    }),
  );
}

function unfold(yes) {
  contents.hidden = !yes;
  opener.setAttribute("aria-expanded", yes);
  list();
}

opener.addEventListener("click", () => unfold(contents.hidden));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "c") unfold(contents.hidden);
  if (event.key === "Escape") unfold(false);
});

function show(content) {
  version = content.version;
  document.title = content.title;
  document.querySelector("#name").textContent = content.title;
  tell(content.state, content.status);
  const held = window.scrollY > 0 && anchor();
  const fresh = [...new DOMParser().parseFromString(content.sections, "text/html").body.children];
  align(fresh);
  fresh.forEach((section, at) => {
    const old = main.children[at];
    if (old.children.length === section.children.length) {
      old.className = section.className;
      old.id = section.id;
      [...section.children].forEach((part, place) => {
        if (known.get(old.children[place]) !== part.innerHTML) replace(old.children[place], part);
      });
      return;
    }
    remember(section);
    old.replaceWith(section);
    adopt(section);
  });
  list();
  if (held && held.section.isConnected) {
    window.scrollBy(0, held.section.getBoundingClientRect().top - held.top);
  }
}

async function listen() {
  for (;;) {
    let pause = 1000;
    try {
      const answer = await fetch("events?since=" + encodeURIComponent(version), { cache: "no-store" });
      if (answer.status === 200) show(await answer.json());
      if (answer.ok) pause = 0;
    } catch {
      status.className = "lost";
      status.textContent = "radio watch has ended";
      version = "none"; // Whatever comes next is newer.
    }
    if (pause) await new Promise((done) => setTimeout(done, pause));
  }
}

tell(status.className, status.textContent);
[...main.children].forEach(remember);
adopt(main);
new ResizeObserver(() => main.querySelectorAll("iframe").forEach(fit)).observe(main);
listen();
