// Keeps a page of the preview up to date: asks for changes, fetches the page again, and puts in place what is new.
// Frames that show the same stay as they are; one that changed is loaded behind the old one, at the same place.
(() => {
  "use strict";

  const places = new Map(); // by frame: where its reader had scrolled to, also while a fault stands in its place
  const live = document.getElementById("live");
  let number = Number(document.body.dataset.number);

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const content = (figure) => figure.querySelector("iframe:not(.next), pre");

  function place(figure) {
    const shown = content(figure);
    const view = shown.localName === "iframe" ? shown.contentWindow : null;
    return view ? [view.scrollX, view.scrollY] : [shown.scrollLeft, shown.scrollTop];
  }

  function remember(figure) {
    const at = place(figure);
    if (at) places.set(figure.dataset.key, at);
  }

  function restored(frame, figure) {
    frame.addEventListener("load", () => {
      const at = places.get(figure.dataset.key);
      if (at && frame.contentWindow) frame.contentWindow.scrollTo(at[0], at[1]);
    }, { once: true });
  }

  function exchange(figure, fresh) {
    const old = content(figure);
    remember(figure);
    if (old.localName === "pre") {
      const at = old.scrollTop;
      if (old.textContent !== content(fresh).textContent) old.textContent = content(fresh).textContent;
      old.className = content(fresh).className;
      old.scrollTop = at;
      return;
    }
    old.parentElement.className = content(fresh).parentElement.className;
    figure.querySelectorAll(".next").forEach((frame) => frame.remove());
    if (old.getAttribute("src") === content(fresh).getAttribute("src")) return;
    const next = document.importNode(content(fresh), true);
    next.className = "next";
    restored(next, figure);
    next.addEventListener("load", () => { next.className = ""; old.remove(); }, { once: true });
    old.parentElement.append(next);
  }

  // The figures of one row: those that stay keep their element, so that nothing flashes.
  function arrange(row, fresh) {
    const wanted = [...fresh.children];
    const now = new Map([...row.children].map((figure) => [figure.dataset.key, figure]));
    for (const [key, figure] of now) {
      if (wanted.some((other) => other.dataset.key === key)) continue;
      remember(figure);
      figure.remove();
    }
    wanted.forEach((other, at) => {
      let figure = now.get(other.dataset.key);
      if (figure) {
        exchange(figure, other);
      } else {
        figure = document.importNode(other, true);
        const frame = figure.querySelector("iframe");
        if (frame) restored(frame, figure);
      }
      if (row.children[at] !== figure) row.insertBefore(figure, row.children[at] || null);
    });
  }

  function put(fresh) {
    const looks = document.getElementById("looks");
    if (looks) sections(looks, fresh.getElementById("looks"));
    for (const part of fresh.querySelectorAll("[data-part], .names")) {
      const name = part.dataset.part;
      const here = document.querySelector(name ? `[data-part="${CSS.escape(name)}"]` : ".names");
      const busy = document.activeElement.matches("input, select, button") && here?.contains(document.activeElement);
      if (here && !busy && here.innerHTML !== part.innerHTML) here.innerHTML = part.innerHTML;
    }
    for (const row of fresh.querySelectorAll(".frames")) {
      const here = document.getElementById(row.id);
      if (here) arrange(here, row);
    }
    document.title = fresh.title;
    number = Number(fresh.body.dataset.number);
  }

  // A look that was added or taken away while the page of all looks is open.
  function sections(here, fresh) {
    const ids = [...fresh.children].map((section) => section.id);
    [...here.children].forEach((section) => ids.includes(section.id) || section.remove());
    [...fresh.children].forEach((section, at) => {
      if (here.children[at] && here.children[at].id === section.id) return;
      here.insertBefore(document.importNode(section, true), here.children[at] || null);
    });
  }

  let latest = 0;
  async function refresh() {
    const mine = ++latest;
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    if (mine === latest) put(new DOMParser().parseFromString(text, "text/html"));
  }

  function say(words, state) {
    const said = live.querySelector(".said");
    if (said.textContent !== words) said.textContent = words;
    live.dataset.state = state;
  }

  async function follow() {
    for (;;) {
      try {
        const answer = await fetch(`/changes?since=${number}`);
        if (!answer.ok) throw new Error(answer.statusText);
        const told = (await answer.json()).number;
        if (told !== number) {
          await refresh();
          say(`Changed at ${new Date().toLocaleTimeString()}`, "new");
        } else if (live.dataset.state === "lost") {
          say("Shows each change as it is saved", "");
        }
      } catch {
        say("The preview has ended; start it again, and this page goes on", "lost");
        await sleep(700);
      }
    }
  }

  const form = document.querySelector(".choices");
  form.addEventListener("change", () => {
    const query = new URLSearchParams(new FormData(form));
    if (!query.get("look")) query.delete("look");
    history.replaceState(null, "", `${location.pathname}?${query}`);
    refresh().catch(() => {});
  });
  form.classList.add("by-itself");
  for (const link of document.querySelectorAll(".frame iframe")) restored(link, link.closest("figure"));
  follow();
})();
