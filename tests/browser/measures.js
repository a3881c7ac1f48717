// What a person would see of a page, as data: the value of this file is an object of functions. Sizes in CSS pixels.
(() => {
  const BLOCKS = "h1, h2, h3, h4, h5, h6, p, li, dt, dd, th, td, div, button, label, pre, header, main, footer";

  // Hidden from the eye and left for screen readers: clipped to a dot.
  const clipped = (element) => element.closest(".hidden") !== null;
  const seen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !clipped(element);
  const inWords = (element) => `<${element.tagName.toLowerCase()}> ${(element.textContent || "").trim().slice(0, 50)}`;

  function textNodes() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (/\S/.test(walker.currentNode.data) && seen(walker.currentNode.parentElement)) found.push(walker.currentNode);
    }
    return found;
  }

  function rectsOf(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((rect) => rect.width > 0 && rect.height > 0);
  }

  // The boxes of the words alone: spaces may hang over the end of a line.
  function wordsOf(node) {
    return [...node.data.matchAll(/\S+/g)].flatMap((word) => {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      return [...range.getClientRects()];
    });
  }

  function cutOff(node) {
    for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== "visible") return true;
    }
    return false;
  }

  // --- colours: [red, green, blue, alpha], alpha from 0 to 1 --------------------------------------------------------

  function parsed(colour) {
    const found = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(colour);
    if (!found) throw new Error(`a colour that the tests do not read: ${colour}`);
    return [+found[1], +found[2], +found[3], found[4] === undefined ? 1 : +found[4]];
  }

  function over(top, below) {
    const mixed = [0, 1, 2].map((part) => top[part] * top[3] + below[part] * (1 - top[3]));
    return [...mixed, 1];
  }

  // What the browser paints where nobody names a colour.
  function canvas() {
    const probe = document.documentElement.appendChild(document.createElement("i"));
    probe.style.backgroundColor = "Canvas";
    const colour = parsed(getComputedStyle(probe).backgroundColor);
    probe.remove();
    return colour;
  }

  function background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") throw new Error(`text over a picture: ${inWords(at)}`);
      layers.push(parsed(style.backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    if (layers.at(-1)[3] < 1) layers.push(canvas());
    return layers.reduceRight((below, top) => over(top, below));
  }

  function opacity(element) {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= +getComputedStyle(at).opacity;
    return product;
  }

  // WCAG 2.2, "relative luminance" and "contrast ratio"
  function luminance(colour) {
    const [red, green, blue] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  const hex = (colour) =>
    "#" + colour.slice(0, 3).map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");

  function painted(element, words, style) {
    const behind = background(element);
    const [red, green, blue, alpha] = parsed(style.color);
    const ink = over([red, green, blue, alpha * opacity(element)], behind);
    return {
      words: words.trim().slice(0, 60), tag: element.tagName.toLowerCase(), ink: hex(ink), paper: hex(behind),
      contrast: Math.round(contrast(ink, behind) * 100) / 100, size: parseFloat(style.fontSize),
    };
  }

  return {
    // Every piece of text: its words, its size, its colour on its ground. Alt texts of missing pictures and
    // placeholders of empty fields too.
    texts() {
      const nodes = textNodes().filter((node) => rectsOf(node).length);
      const pictures = [...document.images].filter((image) => image.alt && !image.naturalWidth && seen(image));
      const fields = [...document.querySelectorAll("input[placeholder]")].filter((field) => !field.value && seen(field));
      return [
        ...nodes.map((node) => painted(node.parentElement, node.data, getComputedStyle(node.parentElement))),
        ...pictures.map((image) => painted(image, image.alt, getComputedStyle(image))),
        ...fields.map((field) => painted(field, field.placeholder, getComputedStyle(field, "::placeholder"))),
      ];
    },

    // What sticks out to the left or right of the window, in words; the window's own scroll bar first. What a box cuts
    // off does not stick out: `cut` tells of it.
    wide() {
      const root = document.documentElement;
      const found = [];
      if (root.scrollWidth > root.clientWidth) found.push(`scrolls to ${root.scrollWidth} of ${root.clientWidth}`);
      if (window.visualViewport && Math.abs(window.visualViewport.scale - 1) > 0.01) found.push("was shrunk to fit");
      const out = (rect) => rect.left < -0.5 || rect.right > root.getBoundingClientRect().left + root.clientWidth + 0.5;
      for (const element of document.body.querySelectorAll("*")) {
        if (seen(element) && out(element.getBoundingClientRect()) && !cutOff(element)) found.push(inWords(element));
      }
      for (const node of textNodes()) {
        if (wordsOf(node).some(out) && !cutOff(node)) found.push(`words: ${node.data.trim().slice(0, 50)}`);
      }
      return found;
    },

    // Boxes that cut their text off, in words.
    cut() {
      return [...document.body.querySelectorAll("*")].filter((element) => {
        const { overflowX, overflowY } = getComputedStyle(element);
        return seen(element) && element.clientWidth && (
          (overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1) ||
          (overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1));
      }).map(inWords);
    },

    // The blocks of text in the order of the source, each with the box of its own words (not of blocks within it).
    blocks() {
      const found = new Map();
      for (const node of textNodes()) {
        const block = node.parentElement.closest(BLOCKS);
        const rects = rectsOf(node);
        if (!rects.length) continue;
        const own = found.get(block) || { tag: block.tagName.toLowerCase(), words: "", rects: [], block };
        own.words = (own.words + node.data).replace(/\s+/g, " ");
        own.rects.push(...rects);
        found.set(block, own);
      }
      // Cells of a row, and columns of a section, may stand side by side.
      const all = [...document.querySelectorAll("*")];
      const isCell = (at) => (at.tagName === "TD" || /mj-column/.test(at.className)) &&
        [...at.parentElement.children].filter((other) => other.tagName === at.tagName).length > 1;
      const cellOf = (block) => {
        let at = block;
        while (at !== document.body && !isCell(at)) at = at.parentElement;
        return at === document.body ? null : at;
      };
      return [...found.values()].map(({ tag, words, rects, block }) => ({
        tag, words: words.trim(), cell: all.indexOf(cellOf(block)), row: all.indexOf(cellOf(block)?.parentElement),
        top: Math.min(...rects.map((rect) => rect.top)), bottom: Math.max(...rects.map((rect) => rect.bottom)),
        left: Math.min(...rects.map((rect) => rect.left)), right: Math.max(...rects.map((rect) => rect.right)),
      }));
    },

    // What can be pressed. `alone`: nothing but line breaks beside it, so it has no line of text to be small in.
    targets() {
      const isBreak = (node) => node === null || node.nodeName === "BR";
      const beside = (node, step) => {
        let at = node[step];
        while (at && at.nodeType === Node.TEXT_NODE && !/\S/.test(at.data)) at = at[step];
        return at;
      };
      return [...document.querySelectorAll("a[href], button, input:not([type=hidden])")].filter(seen).map((target) => {
        const box = target.getBoundingClientRect();
        return {
          words: (target.textContent || target.id).trim(), href: target.getAttribute("href") || "",
          alone: isBreak(beside(target, "previousSibling")) && isBreak(beside(target, "nextSibling")),
          underlined: getComputedStyle(target).textDecorationLine.includes("underline"),
          top: box.top, bottom: box.bottom, left: box.left, right: box.right, height: box.height, width: box.width,
        };
      });
    },

    headings() {
      return [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(seen).map((heading) => ({
        level: +heading.tagName[1], words: heading.textContent.trim(), top: heading.getBoundingClientRect().top,
      }));
    },

    // The pictures: whether they were loaded, and the room that each takes beside the room that its alt text needs.
    pictures() {
      return [...document.images].map((image) => {
        const copy = document.createElement("div");
        const style = getComputedStyle(image);
        copy.style.cssText = `position: absolute; width: ${image.clientWidth}px; font: ${style.font};`;
        copy.textContent = image.alt;
        document.body.append(copy);
        const needed = copy.offsetHeight;
        copy.remove();
        return {
          alt: image.alt, loaded: image.naturalWidth > 0, width: image.clientWidth, height: image.clientHeight, needed,
        };
      });
    },

    // The focused element and the ring around it; its contrast is the ring's against what is around the element.
    focus() {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return {
        words: (element.textContent || element.id).trim().slice(0, 60), tag: element.tagName.toLowerCase(),
        style: style.outlineStyle, width: parseFloat(style.outlineWidth),
        contrast: contrast(parsed(style.outlineColor), background(element.parentElement)),
      };
    },

    // Text twice as large and nothing else, as a mail program set to large type shows it.
    enlarge() {
      const all = [...document.body.querySelectorAll("*")];
      const sizes = all.map((element) => {
        const { fontSize, lineHeight } = getComputedStyle(element);
        return [parseFloat(fontSize), parseFloat(lineHeight)];
      });
      all.forEach((element, number) => {
        const [size, line] = sizes[number];
        element.style.setProperty("font-size", `${size * 2}px`, "important");
        if (line) element.style.setProperty("line-height", `${line * 2}px`, "important");
      });
    },
  };
})()
