"use strict";
// Keeps the page at what `radio watch` last ran. What has not changed stays as it is, so nothing flickers and the place
// that is being read stays where it is.
const main = document.querySelector("main");
const status = document.querySelector("#status");
const known = new WeakMap(); // What a part was built from: frames get a height later, so their markup does not tell.
let version = main.dataset.version;

function fit(frame) {
  const page = frame.contentDocument;
  if (page && page.body && page.body.classList.contains("output")) {
    frame.style.height = Math.ceil(page.documentElement.getBoundingClientRect().height) + "px";
  }
}

function adopt(root) {
  for (const frame of root.querySelectorAll("iframe")) {
    frame.addEventListener("load", () => fit(frame));
    fit(frame);
  }
}

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

// The first section that is in sight, and where.
function anchor() {
  const section = [...main.children].find((section) => section.getBoundingClientRect().bottom > 60);
  return section && { section, top: section.getBoundingClientRect().top };
}

function show(content) {
  version = content.version;
  document.title = content.title;
  document.querySelector("#name").textContent = content.title;
  status.className = content.state;
  status.textContent = content.status;
  const held = window.scrollY > 0 && anchor();
  const fresh = [...new DOMParser().parseFromString(content.sections, "text/html").body.children];
  fresh.forEach((section, at) => {
    const old = main.children[at];
    if (old && old.children.length === section.children.length) {
      old.className = section.className;
      [...section.children].forEach((part, place) => {
        if (known.get(old.children[place]) !== part.innerHTML) replace(old.children[place], part);
      });
      return;
    }
    remember(section);
    if (old) old.replaceWith(section); else main.append(section);
    adopt(section);
  });
  while (main.children.length > fresh.length) main.lastElementChild.remove();
  if (held && held.section.isConnected) {
    window.scrollBy(0, held.section.getBoundingClientRect().top - held.top);
  }
}

async function listen() {
  for (;;) {
    let pause = 1000;
    try {
      const answer = await fetch("/events?since=" + encodeURIComponent(version), { cache: "no-store" });
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

[...main.children].forEach(remember);
adopt(main);
new ResizeObserver(() => main.querySelectorAll("iframe").forEach(fit)).observe(main);
listen();
