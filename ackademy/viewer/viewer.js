// Draws the steps of a run and moves through them. It computes nothing about the run: all it shows
// was made by graders/steps.py. Every text goes in as text, and the picture as an image, in which
// nothing can run, since names and messages in them are a learner's own.

const PACE = 1200; // milliseconds a step while it plays

const SIGNS = { fault: "✗ ", anomaly: "◀ ", failed: "! " };

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(className, text, label, press) {
  const element = make("button", className, text);
  element.type = "button";
  element.setAttribute("aria-label", label);
  element.title = label;
  element.addEventListener("click", press);
  return element;
}

function list(title, texts, className) {
  const part = make("div", className);
  part.append(make("span", "ack-label", `${title} ${texts.length ? "" : "–"}`));
  if (texts.length) {
    const items = make("ul", "ack-list");
    items.append(...texts.map((text) => make("li", "", text)));
    part.append(items);
  }
  return part;
}

function panel(title, className) {
  const section = make("section", className);
  const body = make("div", "ack-body");
  section.append(make("h4", "ack-head", title), body);
  section.setAttribute("aria-label", title);
  return { section, fill: (...parts) => body.replaceChildren(...parts) };
}

function queue(each) {
  const box = make("div", "ack-queue");
  box.dataset.name = each.name;
  box.append(
    make("strong", "ack-name", each.name),
    list("ready", each.ready, "ack-ready"),
    list("unacked", each.unacked, "ack-unacked"),
  );
  if (each.gone.length) box.append(list("left", each.gone, "ack-gone"));
  return box;
}

function partition(each) {
  const box = make("div", "ack-queue");
  box.dataset.name = each.name;
  box.append(
    make("strong", "ack-name", each.name),
    list("records", each.records, "ack-ready"),
    list("groups", each.groups, "ack-unacked"),
  );
  return box;
}

function process(each) {
  const line = make("div", `ack-process ack-${each.state}`);
  line.dataset.name = each.name;
  line.append(make("strong", "ack-name", each.name), make("span", "", ` ${each.words}`));
  return line;
}

function outside(each) {
  const line = make("div", each.wrong ? "ack-effect ack-wrong" : "ack-effect");
  line.append(
    make("span", "ack-name", each.name),
    make("strong", "", ` ${each.words}${each.wrong ? " ◀" : ""}`),
  );
  return line;
}

function picture(shown, title) {
  const frame = make("div", "ack-picture");
  const sheet = make("div", "ack-sheet");
  const source = `data:image/svg+xml,${encodeURIComponent(shown.svg)}`;
  const image = make("img", "ack-image");
  image.alt = title;
  image.src = source;
  // The top of the same picture stays in sight, or nobody would know whose line is whose.
  const heads = make("div", "ack-heads");
  const again = make("img", "ack-image");
  again.alt = "";
  again.src = source;
  heads.append(again);
  heads.style.aspectRatio = `${shown.width} / ${shown.head}`;
  heads.style.marginBottom = `-${(100 * shown.head) / shown.width}%`;
  const veil = make("div", "ack-veil");
  const here = make("div", "ack-here");
  sheet.style.width = `min(${shown.width}px, max(100%, ${Math.round(0.75 * shown.width)}px))`;
  sheet.append(heads, image, veil, here);
  frame.append(sheet);
  const part = (pixels) => `${(100 * pixels) / shown.height}%`;
  function go(index) {
    const [top, tall, left, right] = shown.rows[index];
    const [last, lastTall] = shown.rows[shown.rows.length - 1];
    here.style.top = part(top);
    here.style.height = part(tall);
    veil.style.top = part(top + tall);
    veil.style.height = part(last + lastTall - top - tall);
    // The frame scrolls, never the page: somebody may be reading elsewhere.
    const middle = ((top + tall / 2) / shown.height) * sheet.clientHeight;
    frame.scrollTop = middle - (frame.clientHeight + heads.clientHeight) / 2;
    const scale = sheet.clientWidth / shown.width;
    const lacks = right * scale + 8 - frame.clientWidth - frame.scrollLeft;
    if (lacks > 0) frame.scrollLeft += lacks;
    if (left * scale < frame.scrollLeft) frame.scrollLeft = left * scale - 8;
  }
  image.addEventListener("load", () => go(Number(frame.closest(".ack-viewer").dataset.step)));
  return { frame, go };
}

function render({ model, el }) {
  const run = model.get("run");
  const last = run.steps.length - 1;
  const root = make("div", "ack-viewer");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `${run.title}, step by step`);
  root.tabIndex = 0;
  // JupyterLab's own keys (to the next cell, for one) are for outside of here.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  el.append(root);
  if (last < 0) {
    root.append(make("div", "ack-sentence", "Nothing happened in this run."));
    return undefined;
  }

  let at = run.start;
  let timer = null;

  const sentence = make("div", "ack-sentence");
  sentence.setAttribute("aria-live", "polite");
  const prev = button("ack-prev", "◀ Back", "one step back", () => go(at - 1));
  const next = button("ack-next", "Next ▶", "one step on", () => go(at + 1));
  const play = button("ack-play", "Play", "play until something goes wrong", () =>
    timer === null ? start() : go(at),
  );
  const wrong = button("ack-anomaly", "What went wrong", "go to what went wrong", () =>
    go(run.stops.find((stop) => stop > at) ?? run.stops[0]),
  );
  wrong.hidden = run.stops.length === 0;
  const slider = make("input", "ack-slider");
  Object.assign(slider, { type: "range", min: 0, max: last, step: 1 });
  slider.setAttribute("aria-label", "step");
  slider.addEventListener("input", () => go(Number(slider.value)));
  const count = make("span", "ack-count");
  const bar = make("div", "ack-bar");
  bar.append(prev, next, play, wrong, slider, count);

  const image = picture(run.picture, run.title);
  const queues = panel("Queues", "ack-queues");
  const topics = panel("Topics", "ack-queues ack-topics");
  const processes = panel("Processes", "ack-processes");
  const effects = panel("Outside", "ack-outside");
  const state = make("div", "ack-state");
  const logs = run.steps.some((step) => step.partitions);
  const waiting = run.steps.some((step) => step.queues.length);
  if (waiting || !logs) state.append(queues.section);
  if (logs) state.append(topics.section);
  state.append(processes.section, effects.section);
  root.append(bar, sentence, image.frame, state);

  function show(index) {
    at = Math.min(Math.max(index, 0), last);
    const step = run.steps[at];
    root.dataset.step = at;
    sentence.dataset.mark = step.mark;
    sentence.textContent = (SIGNS[step.mark] ?? "") + step.sentence;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `step ${at + 1} of ${last + 1}`);
    count.textContent = `${at + 1} of ${last + 1}`;
    // A disabled button would lose the focus, and with it the keys.
    prev.setAttribute("aria-disabled", at === 0);
    next.setAttribute("aria-disabled", at === last);
    image.go(at);
    queues.fill(...step.queues.map(queue));
    topics.fill(...(step.partitions ?? []).map(partition));
    processes.fill(...step.processes.map(process));
    effects.fill(...step.outside.map(outside));
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", "play until something goes wrong");
  }

  function go(index) {
    stop();
    show(index);
  }

  function start() {
    if (at === last) show(0);
    play.textContent = "Pause";
    play.setAttribute("aria-label", "pause");
    timer = setInterval(() => {
      show(at + 1);
      if (at === last || run.stops.includes(at)) stop();
    }, PACE);
  }

  root.addEventListener("keydown", (event) => {
    const keys = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const other = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (other || !(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation();
    go(keys[event.key]);
  });

  show(at);
  return stop;
}

export default { render };
