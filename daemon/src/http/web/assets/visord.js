// The page without this script is complete: it shows the table and its forms work. This adds what changes by itself:
// the live table, sorting, filtering, keys, orders without a reload, and the log that follows.

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

/* An address without the name and password that may stand in the page's own: with them nothing can be fetched. */
function here(url) {
  const address = new URL(url, document.baseURI);
  address.username = address.password = "";
  return address;
}

/* What is said ---------------------------------------------------------------------------------------------------- */

const TOAST_MS = 6000;

function say(text, isError = false) {
  const toast = make("div", { className: isError ? "toast bad" : "toast" }, make("span", { textContent: text }));
  if (isError) toast.setAttribute("role", "alert");
  const close = () => toast.remove();
  toast.append(make("button", { type: "button", textContent: "Dismiss", onclick: close }));
  const toasts = find("#toasts");
  while (toasts.childElementCount > 3) toasts.firstElementChild.remove();
  toasts.append(toast);
  if (!isError) setTimeout(close, TOAST_MS);
}

function showLive(state, text) {
  const live = find("#live");
  if (live.dataset.live === state) return;
  live.dataset.live = state;
  live.textContent = text;
}

/* Orders ---------------------------------------------------------------------------------------------------------- */

async function order(url, busy) {
  if (busy?.hasAttribute("aria-busy")) return;
  busy?.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams({ token: find("#act [name=token]").value });
    const answer = await fetch(here(url), { method: "POST", body, headers: { Accept: "application/json" } });
    const { message, is_error: isError } = await answer.json();
    say(message, isError);
  } catch {
    say("visord did not answer", true);
  } finally {
    busy?.removeAttribute("aria-busy");
  }
}

function ask(question, label) {
  return new Promise((resolve) => {
    const go = make("button", { value: "yes", textContent: label });
    const dialog = make(
      "dialog",
      {},
      make("form", { method: "dialog" },
        make("h1", { textContent: question }),
        make("p", { className: "choice" }, go, make("button", { value: "", textContent: "Cancel" }))),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    go.focus();
  });
}

document.addEventListener("submit", (event) => {
  if (event.target.id !== "act" || !event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  order(event.submitter.formAction, event.submitter);
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (await ask(link.dataset.ask, link.textContent)) order(link.href, link);
});

/* Keys ------------------------------------------------------------------------------------------------------------ */

function isTyping(event) {
  return event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]") ||
    (event.target.matches("input") && event.key !== "Escape");
}

function onKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (isTyping(event)) return;
    if (keys[event.key]?.(event) !== undefined) event.preventDefault();
  });
}

function focusFilter() {
  const filter = find("#filter");
  filter.focus();
  filter.select();
  return true;
}

function clearFilter() {
  const filter = find("#filter");
  if (!filter.value) return document.activeElement?.blur();
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  return true;
}

/* The table ------------------------------------------------------------------------------------------------------- */

function statusPage() {
  const table = find("#table");
  const filter = find("#filter");
  const title = document.title;
  const view = { show: "", sort: "name", down: false, ...readView() };
  const folded = new Set();
  // How far the server's clock is ahead of ours, in ms.
  let ahead = Number(document.body.dataset.now) / 1000 - Date.now();
  let positions = new Map();

  const lines = () => all("tr.line", table);
  const now = () => Date.now() + ahead;

  /* What is chosen to be seen stands in the address, so that it survives a reload and can be sent to somebody. */
  function readView() {
    const said = new URLSearchParams(location.hash.slice(1));
    filter.value = said.get("filter") ?? "";
    const kept = { show: said.get("show") ?? "", sort: said.get("sort") ?? "name", down: said.has("down") };
    return kept;
  }

  function keepView() {
    const said = new URLSearchParams();
    if (filter.value) said.set("filter", filter.value);
    if (view.show) said.set("show", view.show);
    if (view.sort !== "name") said.set("sort", view.sort);
    if (view.down) said.set("down", "");
    const hash = said.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  /* Order and selection. */

  const SEVERITY = ["bad", "busy", "good", "idle"];
  const KEYS = {
    name: (line) => positions.get(line.dataset.name) ?? 0,
    state: (line) => SEVERITY.indexOf(line.dataset.tone),
    up: (line) => -(Number(line.dataset.up) || Infinity),
    pid: (line) => parseInt(find(".pid", line).lastChild?.textContent, 10) || Infinity,
  };

  /* Only what is out of its place is moved: that costs more than all the rest. */
  function fill(body, wanted) {
    let next = find("tr.line", body);
    for (const line of wanted) {
      // What stands before it has its turn later.
      if (line === next?.nextElementSibling) next = line;
      if (line === next) next = next.nextElementSibling;
      else body.insertBefore(line, next);
    }
  }

  /* By name the table is in groups, as it came; otherwise it is one list. */
  function arrange() {
    const grouped = view.sort === "name" && !view.down;
    table.classList.toggle("grouped", grouped);
    table.classList.toggle("flat", !grouped);
    const key = KEYS[view.sort] ?? KEYS.name;
    const compare = (a, b) => key(a) - key(b) || KEYS.name(a) - KEYS.name(b);
    const sorted = lines().sort((a, b) => (view.down ? -1 : 1) * compare(a, b));
    let flat = find("tbody.all-lines", table);
    if (grouped) {
      const bodies = new Map(all("tbody[data-group]", table).map((body) => [body.dataset.group, [body, []]]));
      for (const line of sorted) bodies.get(line.dataset.group)?.[1].push(line);
      for (const [body, members] of bodies.values()) fill(body, members);
      flat?.remove();
    } else {
      flat ??= table.appendChild(make("tbody", { className: "all-lines" }));
      fill(flat, sorted);
    }
    for (const head of all("th[data-sort]", table)) {
      if (head.dataset.sort === view.sort) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  function select() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const line of lines()) {
      const text = `${line.dataset.name} ${line.dataset.state} ${find(".why", line).textContent}`.toLowerCase();
      line.hidden = (view.show && line.dataset.tone !== view.show) || !words.every((word) => text.includes(word));
      shown += line.hidden ? 0 : 1;
    }
    for (const group of all("tr.group", table)) {
      group.hidden = !find("tr.line:not([hidden])", group.parentElement);
    }
    for (const chip of all(".counts button")) chip.setAttribute("aria-pressed", String(chip.dataset.show === view.show));
    find("#nothing").hidden = shown > 0 || lines().length === 0;
  }

  function count() {
    const tones = { "": 0, good: 0, busy: 0, idle: 0, bad: 0 };
    const groups = new Map();
    for (const { dataset } of lines()) {
      tones[""] += 1;
      tones[dataset.tone] += 1;
      const group = groups.get(dataset.group) ?? { all: 0, good: 0 };
      group.all += 1;
      if (dataset.tone === "good") group.good += 1;
      groups.set(dataset.group, group);
    }
    for (const chip of all(".counts button")) {
      find("b", chip).textContent = tones[chip.dataset.show];
      chip.classList.toggle("zero", tones[chip.dataset.show] === 0);
    }
    for (const body of all("tbody[data-group]", table)) {
      const said = find("[data-count]", body);
      const group = groups.get(body.dataset.group);
      if (said && group) said.textContent = `${group.good} of ${group.all} running`;
    }
    document.title = tones.bad ? `(${tones.bad} failing) ${title}` : title;
  }

  function fold(body, isFolded) {
    body.toggleAttribute("data-folded", isFolded);
    find(".fold", body).setAttribute("aria-expanded", String(!isFolded));
    if (isFolded) folded.add(body.dataset.group);
    else folded.delete(body.dataset.group);
  }

  function adopt() {
    positions = new Map(lines().map((line, position) => [line.dataset.name, position]));
    for (const body of all("tbody[data-group]", table)) {
      const label = find("span.fold", body);
      if (!label) continue;
      const button = make("button", { type: "button", className: "fold", textContent: label.textContent });
      button.addEventListener("click", () => fold(body, !body.hasAttribute("data-folded")));
      label.replaceWith(button);
      fold(body, folded.has(body.dataset.group));
    }
  }

  function settle() {
    arrange();
    select();
    count();
    tick();
  }

  /* Times run here; the server does not say them again. */

  function span(seconds) {
    const steps = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const [size, unit] = steps.find(([size]) => seconds >= size) ?? [1, "s"];
    return `${Math.floor(seconds / size)} ${unit}`;
  }

  function uptime(seconds) {
    const days = Math.floor(seconds / 86400);
    const two = (number) => String(Math.floor(number)).padStart(2, "0");
    const clock = `${Math.floor((seconds % 86400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
    return days === 0 ? clock : `${days} day${days === 1 ? "" : "s"}, ${clock}`;
  }

  function tick() {
    for (const time of all("time", table)) {
      const { up, at, until } = time.dataset;
      const stamp = Number(up ?? at ?? until) / 1000;
      const seconds = Math.max(0, (now() - stamp) / 1000);
      const wait = Math.max(0, Math.ceil((stamp - now()) / 1000));
      const text = up ? uptime(Math.floor(seconds))
        : at ? (seconds < 1 ? "just now" : `${span(seconds)} ago`)
        : wait ? `next try in ${wait} s` : "next try now";
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = new Date(stamp).toLocaleString();
    }
  }

  /* What the server says. */

  /* Runs something that moves or replaces lines, and puts the focus back where it was. */
  function keepingFocus(change) {
    const active = document.activeElement;
    const held = active?.closest("tr.line");
    change();
    if (!held || document.activeElement === active) return;
    if (active.isConnected) return active.focus();
    const line = document.getElementById(held.id);
    (line && (find(`[data-slot="${active.dataset.slot}"]`, line) ?? find("a", line)))?.focus();
  }

  function parsed(html, selector) {
    const template = make("template");
    template.innerHTML = html;
    return all(selector, template.content);
  }

  /* Brings a line up to date. Cells that stay as they are are not touched, so that a click on them is not lost. */
  function renew(line, news) {
    const isSame = line.dataset.state === news.dataset.state;
    const cells = [...news.cells];
    for (const [place, cell] of [...line.cells].entries()) {
      if (!cell.matches(isSame ? ".name, .do" : ".name")) cell.replaceWith(cells[place]);
    }
    for (const { name, value } of news.attributes) line.setAttribute(name, value);
    // The class has just been set to its first value; looking at the line in between lets the flash begin anew.
    if (!isSame && line.offsetWidth) line.classList.add("flash");
  }

  function hear(said) {
    ahead = said.now / 1000 - Date.now();
    if (said.token) find("#act [name=token]").value = said.token;
    keepingFocus(() => {
      if (said.table !== undefined) {
        all("tbody", table).forEach((body) => body.remove());
        table.append(...parsed(said.table, "tbody"));
        adopt();
        table.hidden = lines().length === 0;
        find("#none").hidden = !table.hidden;
      }
      for (const line of parsed((said.rows ?? []).join(""), "tr")) {
        const before = document.getElementById(line.id);
        if (!before) continue;
        renew(before, line);
      }
      settle();
    });
    const leaving = { SHUTDOWN: "shutting down", RESTARTING: "restarting" }[said.mood];
    showLive(leaving ? "off" : "on", leaving ?? "live");
  }

  /* A page that nobody looks at is told nothing: the stream ends with its sight, and begins with all there is. */
  let stream = null;
  let retry = 0;
  function listen() {
    clearTimeout(retry);
    stream?.close();
    stream = null;
    if (document.hidden) return;
    stream = new EventSource(here("live"));
    stream.onmessage = (event) => hear(JSON.parse(event.data));
    stream.onerror = () => {
      showLive("off", "not connected");
      if (stream?.readyState === EventSource.CLOSED) retry = setTimeout(listen, 5000);
    };
  }
  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => event.persisted && listen());
  setInterval(() => document.hidden || tick(), 1000);

  /* What a person does. */

  // Where there is no room for columns there are no heads to click on.
  const sorts = all("th[data-sort]", table).map((head) => make("option", { value: head.dataset.sort, textContent: head.textContent }));
  const sort = make("select", {}, ...sorts);
  sort.value = view.sort;
  sort.addEventListener("change", () => {
    Object.assign(view, { sort: sort.value, down: false });
    keepView();
    settle();
  });
  find(".all").append(make("label", { className: "sort" }, "Sort ", sort));
  for (const head of all("th[data-sort]", table)) {
    const button = make("button", { type: "button", textContent: head.textContent });
    button.addEventListener("click", () => {
      view.down = view.sort === head.dataset.sort && !view.down;
      view.sort = sort.value = head.dataset.sort;
      keepView();
      settle();
    });
    head.replaceChildren(button);
  }
  for (const button of all("button[data-show]")) {
    button.addEventListener("click", () => {
      view.show = button.dataset.show;
      if (button.hasAttribute("data-clear")) filter.value = "";
      keepView();
      select();
    });
  }
  filter.addEventListener("input", () => {
    keepView();
    select();
  });
  find("[data-refresh]").addEventListener("click", (event) => {
    event.preventDefault();
    listen();
    say(`Page refreshed at ${new Date(now()).toLocaleTimeString()}`);
  });
  // The message of an order without this script has been read by now; a reload should not show it again.
  if (new URLSearchParams(location.search).has("message")) {
    history.replaceState(null, "", location.pathname + location.hash);
  }

  function move(step) {
    const names = all("tr.line:not([hidden]) > .name a", table).filter((link) => link.offsetParent);
    const at = names.indexOf(find(".name a", document.activeElement?.closest("tr.line") ?? document));
    const from = document.activeElement?.closest("tr.line") ? at + step : step > 0 ? 0 : names.length - 1;
    names[Math.min(Math.max(from, 0), names.length - 1)]?.focus();
    return true;
  }

  const press = (selector) => {
    const target = document.activeElement?.closest("tr")?.querySelector(selector);
    target?.click();
    return target;
  };

  const HELP = [
    ["/", "filter"], ["Esc", "clear the filter"], ["j  k", "next, previous program"],
    ["s", "start or stop the program"], ["r", "restart it"], ["Enter", "read its log"], ["?", "this list"],
  ];
  function help() {
    const list = make("dl");
    for (const [key, text] of HELP) list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: text }));
    const close = make("p", { className: "choice" }, make("button", { textContent: "Close" }));
    const dialog = make("dialog", {}, make("form", { method: "dialog" }, make("h1", { textContent: "Keyboard" }), list, close));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return true;
  }
  find("#keys").addEventListener("click", help);

  onKeys({
    "/": focusFilter,
    Escape: clearFilter,
    "?": help,
    j: () => move(1),
    ArrowDown: (event) => (event.target.closest("tr.line") ? move(1) : undefined),
    k: () => move(-1),
    ArrowUp: (event) => (event.target.closest("tr.line") ? move(-1) : undefined),
    s: () => press("td.do [data-slot='1']"),
    r: () => press("td.do [data-slot='2']"),
  });

  adopt();
  settle();
  listen();
}

/* The log --------------------------------------------------------------------------------------------------------- */

const LINES_KEPT = 10000;
const TEXT_KEPT = 4 * 1024 * 1024;
const LINE_MAX = 64 * 1024;
const PENDING_MAX = 512 * 1024;

/* Terminal text as styled pieces: colours and weights are kept, everything else that a terminal would obey is dropped. */
class Terminal {
  #style = {};
  // An escape sequence whose end has not come yet.
  #cut = "";

  *pieces(text) {
    const whole = this.#cut + text;
    const cut = whole.search(/\x1b(\[[0-9;:?]*|\][^\x07\x1b]*|)$/);
    const ready = cut < 0 ? whole : whole.slice(0, cut);
    this.#cut = cut < 0 || whole.length - cut > 256 ? "" : whole.slice(cut);
    const escape = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[^[\]])/g;
    let from = 0;
    for (const match of ready.matchAll(escape)) {
      if (match.index > from) yield [ready.slice(from, match.index), this.#classes()];
      from = match.index + match[0].length;
      if (match[2] === "m") this.#obey(match[1].split(/[;:]/).map(Number));
    }
    if (from < ready.length) yield [ready.slice(from), this.#classes()];
  }

  #obey(codes) {
    const style = this.#style;
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i];
      if (code === 0) this.#style = {};
      else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
      else if (code === 22) style.b = style.d = false;
      else if (code >= 1 && code <= 4) style["bdiu"[code - 1]] = true;
      else if (code === 23 || code === 24) style["iu"[code - 23]] = false;
      else if (code === 39) style.colour = undefined;
      else if (code >= 30 && code <= 37) style.colour = code - 30;
      else if (code >= 90 && code <= 97) style.colour = code - 82;
    }
  }

  #classes() {
    const { colour, ...flags } = this.#style;
    const names = Object.keys(flags).filter((name) => flags[name]);
    if (colour !== undefined) names.push(`c${colour}`);
    return names.join(" ");
  }
}

function tailPage() {
  const log = find("#log");
  const filter = find("#filter");
  const latest = find("#latest");
  const follow = find("#follow");
  const wrap = find("#wrap");
  let terminal = new Terminal();
  let line = null;
  // Characters in the line that is being written, and in all of them.
  let width = 0;
  let kept = 0;
  let pending = "";
  let left = 0;
  let frame = 0;

  const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
  const setPressed = (button, value) => button.setAttribute("aria-pressed", String(value));
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  const toEnd = () => { log.scrollTop = log.scrollHeight; };
  const matches = (element) => element.textContent.toLowerCase().includes(filter.value.toLowerCase());

  function begin() {
    terminal = new Terminal();
    line = null;
    width = kept = 0;
    pending = "";
    log.replaceChildren();
    log.classList.add("lines");
  }

  function addLine(className = "") {
    line = log.appendChild(make("div", { className }));
    width = 0;
  }

  /* What has no line breaks is broken here: no line is without an end. */
  function put(text, className) {
    if (!line || width > LINE_MAX) addLine();
    line.append(className ? make("span", { className, textContent: text }) : text);
    width += text.length;
    kept += text.length;
  }

  function emptyLine() {
    line?.replaceChildren();
    kept -= width;
    width = 0;
  }

  function write(text) {
    for (const [piece, className] of terminal.pieces(text)) {
      for (const part of piece.split(/(\n|\r(?!\n))/)) {
        if (part === "\n") {
          if (!line) addLine();
          line = null;
          width = 0;
        } else if (part === "\r") emptyLine();
        else if (part) put(part.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, ""), className);
      }
    }
  }

  /* Writes what has come since the last frame. Of a flood only the end is written. */
  function flush() {
    frame = 0;
    const shown = log.childElementCount;
    if (pending.length > PENDING_MAX) {
      left += pending.length - PENDING_MAX;
      pending = pending.slice(-PENDING_MAX);
    }
    if (left) {
      addLine("note");
      put(`${left} characters not shown`);
      line = null;
      width = 0;
      left = 0;
    }
    const last = line;
    write(pending);
    pending = "";
    if (filter.value) {
      for (let new_ = last ?? log.children[shown]; new_; new_ = new_.nextElementSibling) new_.hidden = !matches(new_);
    }
    while (log.childElementCount > LINES_KEPT || kept > TEXT_KEPT) {
      const oldest = log.firstElementChild;
      kept -= oldest.textContent.length;
      oldest.remove();
    }
    if (isPressed(follow)) toEnd();
    else latest.hidden = isAtEnd();
  }

  function take(text) {
    pending += text;
    if (pending.length > 2 * PENDING_MAX) {
      left += pending.length - PENDING_MAX;
      pending = pending.slice(-PENDING_MAX);
    }
    frame ||= document.hidden ? setTimeout(flush, 250) : requestAnimationFrame(flush);
  }

  async function read() {
    try {
      const answer = await fetch(here(log.dataset.stream));
      if (!answer.ok) return showLive("off", answer.status === 404 ? "no log" : `error ${answer.status}`);
      begin();
      showLive("on", "live");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) take(piece.value);
    } catch {
      // Told below, as an end is.
    }
    showLive("off", "not connected");
    setTimeout(read, 3000);
  }

  function setFollow(value) {
    setPressed(follow, value);
    if (value) toEnd();
    latest.hidden = value || isAtEnd();
  }

  follow.addEventListener("click", () => setFollow(!isPressed(follow)));
  latest.addEventListener("click", () => setFollow(true));
  // Who scrolls back wants to read; who scrolls to the end wants to follow.
  let top = 0;
  log.addEventListener("scroll", () => {
    const back = log.scrollTop < top;
    top = log.scrollTop;
    if (isAtEnd()) setFollow(true);
    else if (back) setFollow(false);
  });
  wrap.addEventListener("click", () => {
    setPressed(wrap, !isPressed(wrap));
    log.classList.toggle("wrap", isPressed(wrap));
    if (isPressed(follow)) toEnd();
  });
  filter.addEventListener("input", () => {
    for (const child of log.children) child.hidden = !matches(child);
    if (isPressed(follow)) toEnd();
  });
  onKeys({
    "/": focusFilter,
    Escape: clearFilter,
    f: () => (setFollow(!isPressed(follow)), true),
    w: () => (wrap.click(), true),
    End: () => (setFollow(true), true),
  });

  log.classList.add("wrap");
  toEnd();
  if (log.dataset.stream) read();
}

if (find("body.status")) statusPage();
if (find("body.tail #follow")) tailPage();
