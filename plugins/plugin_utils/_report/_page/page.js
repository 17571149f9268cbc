// SPDX-FileCopyrightText: 2026 The ossm.federation authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the status page does beyond reading: filters, stories, hints, the way by arrow keys, light and dark. It makes no
// HTML: texts of the document are only ever set as texts.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const drawing = byId("drawing");
  const edges = all(".edge", drawing || document.createElement("p"));
  const nodes = all(".node", drawing || document.createElement("p"));
  const stories = all(".story");
  const boxes = all('#filters input[name="state"]');
  const meshes = byId("filter-mesh");
  const tip = byId("tip");
  const choice = { mesh: "", states: new Set(), link: null };
  let opener = null;

  // ---- The fragment: #mesh=red-mesh&state=refused&link=red-mesh/green-mesh ----

  function readFragment() {
    const text = window.location.hash.slice(1);
    const story = stories.find((one) => one.id === text);
    const values = new URLSearchParams(text.includes("=") ? text : "");
    const known = all("option", meshes).map((option) => option.value);
    choice.mesh = known.includes(values.get("mesh")) ? values.get("mesh") : "";
    choice.states = new Set(values.getAll("state").filter((state) => boxes.some((box) => box.value === state)));
    const [from, to] = values.getAll("link");
    choice.link = story || stories.find((one) => one.dataset.from === from && one.dataset.to === to) || null;
  }

  function writeFragment() {
    const values = new URLSearchParams();
    if (choice.mesh) values.append("mesh", choice.mesh);
    choice.states.forEach((state) => values.append("state", state));
    if (choice.link) {
      values.append("link", choice.link.dataset.from);
      values.append("link", choice.link.dataset.to);
    }
    const text = values.toString();
    window.history.replaceState(null, "", text ? `#${text}` : window.location.pathname + window.location.search);
  }

  // ---- Filters ----

  function fits(element) {
    const { mesh, from, to, state } = element.dataset;
    if (choice.mesh && ![mesh, from, to].includes(choice.mesh)) return false;
    return !choice.states.size || state === undefined || choice.states.has(state);
  }

  function filter() {
    meshes.value = choice.mesh;
    boxes.forEach((box) => { box.checked = choice.states.has(box.value); });
    edges.forEach((edge) => edge.classList.toggle("dim", !fits(edge)));
    const near = new Set(edges.filter(fits).flatMap((edge) => [edge.dataset.from, edge.dataset.to]));
    nodes.forEach((node) => {
      node.classList.toggle("dim", isFiltered() && node.dataset.mesh !== choice.mesh && !near.has(node.dataset.mesh));
      node.classList.toggle("chosen", node.dataset.mesh === choice.mesh);
    });
    all(".list").forEach((table) => {
      const rows = all("tbody tr", table);
      rows.forEach((row) => { row.hidden = !fits(row); });
      table.closest("section").querySelector(".none-left").hidden = rows.some((row) => !row.hidden);
    });
    byId("filter-none").disabled = !isFiltered();
    byId("shown").textContent = isFiltered()
      ? `${edges.filter(fits).length} of ${edges.length} links shown`
      : `All ${edges.length} links shown`;
    rove(edges.filter(fits)[0]);
  }

  function isFiltered() {
    return choice.mesh !== "" || choice.states.size > 0;
  }

  function changed() {
    writeFragment();
    filter();
  }

  // ---- Stories ----

  function open(story, from) {
    choice.link = story;
    stories.forEach((one) => one.classList.toggle("open", one === story));
    const isShown = (element) => story && element.dataset.from === story.dataset.from && element.dataset.to === story.dataset.to;
    edges.forEach((edge) => {
      edge.classList.toggle("chosen", Boolean(isShown(edge)));
      if (isShown(edge)) edge.setAttribute("aria-current", "true");
      else edge.removeAttribute("aria-current");
    });
    hideTip();
    if (!story) return;
    if (from) opener = from;
    const title = story.querySelector("h3");
    title.focus({ preventScroll: true });
    byId("stories").scrollTop = 0;
    title.scrollIntoView({ block: "nearest" });
  }

  function storyOf(element) {
    return stories.find((story) => `#${story.id}` === element.getAttribute("href"));
  }

  function close() {
    open(null);
    writeFragment();
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }

  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a");
    if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const story = storyOf(anchor);
    if (story) {
      event.preventDefault();
      open(story, anchor);
      writeFragment();
    } else if (anchor.classList.contains("node")) {
      event.preventDefault();
      choice.mesh = choice.mesh === anchor.dataset.mesh ? "" : anchor.dataset.mesh;
      changed();
    } else if ((anchor.getAttribute("href") || "").startsWith("#")) {
      // The fragment keeps the filter.
      const target = byId(anchor.getAttribute("href").slice(1));
      if (!target) return;
      event.preventDefault();
      target.scrollIntoView();
      target.focus({ preventScroll: true });
    }
  });

  // ---- Keys: one stop for all arrows of the drawing, arrow keys between them ----

  function rove(edge) {
    edges.forEach((one) => one.setAttribute("tabindex", one === edge ? "0" : "-1"));
  }

  function next(edge, key) {
    const shown = edges.filter(fits);
    const place = shown.indexOf(edge);
    const row = edge.closest("tr");
    if (row && (key === "ArrowUp" || key === "ArrowDown")) {
      const column = shown.filter((one) => one.dataset.to === edge.dataset.to);
      return column[column.indexOf(edge) + (key === "ArrowDown" ? 1 : -1)];
    }
    return { ArrowRight: shown[place + 1], ArrowDown: shown[place + 1], ArrowLeft: shown[place - 1], ArrowUp: shown[place - 1],
      Home: shown[0], End: shown[shown.length - 1] }[key];
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !tip.hidden) return hideTip();
    if (event.key === "Escape" && choice.link) return close();
    if (!edges.includes(event.target)) return undefined;
    const target = next(event.target, event.key);
    if (!target) return undefined;
    event.preventDefault();
    rove(target);
    return target.focus();
  });

  // ---- Hints ----

  function showTip(edge) {
    const story = storyOf(edge);
    const parts = [["strong", `${edge.dataset.from} watches ${edge.dataset.to}: ${edge.dataset.state}`]];
    if (story) all(".message, .fix", story).forEach((part) => parts.push(["div", part.textContent]));
    tip.replaceChildren(...parts.map(([name, text]) => Object.assign(document.createElement(name), { textContent: text })));
    tip.hidden = false;
    const around = edge.querySelector(".mark").getBoundingClientRect();
    const below = around.bottom + 10 + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(8, Math.min(around.left, window.innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${below ? around.bottom + 10 : Math.max(8, around.top - 10 - tip.offsetHeight)}px`;
  }

  function hideTip() {
    tip.hidden = true;
  }

  edges.forEach((edge) => {
    edge.addEventListener("mouseenter", () => showTip(edge));
    edge.addEventListener("mouseleave", hideTip);
    edge.addEventListener("focus", () => { if (edge.matches(":focus-visible")) showTip(edge); });
    edge.addEventListener("blur", hideTip);
  });
  window.addEventListener("wheel", hideTip, { passive: true });
  // The browser would show its own hint as well.
  all(".edge title", drawing || document.createElement("p")).forEach((title) => title.remove());
  edges.forEach((edge) => edge.removeAttribute("title"));

  // ---- Light and dark ----

  const themes = ["system", "light", "dark"];

  function kept(value) {
    try {
      if (value) window.localStorage.setItem("federation-status-theme", value);
      return window.localStorage.getItem("federation-status-theme") || "system";
    } catch (error) {
      return value || "system";
    }
  }

  function paint(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    byId("theme").textContent = theme === "system" ? "Theme: as the system" : `Theme: ${theme}`;
    byId("theme").dataset.value = theme;
  }

  byId("theme").addEventListener("click", () => {
    const theme = themes[(themes.indexOf(byId("theme").dataset.value) + 1) % themes.length];
    kept(theme);
    paint(theme);
  });

  // ---- How old the page is ----

  function showAge() {
    const time = document.querySelector(".when time");
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000);
    if (!(minutes >= 1)) return;
    const [number, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 2880 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
    const text = document.createElement("span");
    text.textContent = ` ${number} ${unit}${number === 1 ? "" : "s"} ago`;
    text.classList.toggle("old", minutes >= 60);
    time.after(text);
  }

  // ---- Start ----

  root.classList.add("js");
  paint(kept());
  all("#theme, #filters, .keys").forEach((element) => { element.hidden = false; });
  document.querySelector(".keys").textContent = " With the keyboard: arrow keys go from link to link, Enter opens the story, Escape goes back.";
  meshes.addEventListener("change", () => { choice.mesh = meshes.value; changed(); });
  boxes.forEach((box) => box.addEventListener("change", () => {
    choice.states = new Set(boxes.filter((one) => one.checked).map((one) => one.value));
    changed();
  }));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filter-none").addEventListener("click", () => {
    choice.mesh = "";
    choice.states.clear();
    changed();
    meshes.focus();
  });
  function follow() {
    readFragment();
    filter();
    open(choice.link);
  }
  window.addEventListener("hashchange", follow);
  showAge();
  follow();
})();
