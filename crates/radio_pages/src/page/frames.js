// An output's own page is as high as what is in it.
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
