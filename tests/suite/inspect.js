// Runs in a copy of a page, in a frame, and tells the frame's parent what is wrong with how it looks.
addEventListener('load', () => {
  const found = [];
  const report = (what, detail) => { if (found.length < 40) found.push(what + ': ' + detail); };
  const words = (text) => JSON.stringify(text.trim().slice(0, 60));
  const visible = (element) => element.checkVisibility();
  const slack = 1.5;

  for (const details of document.querySelectorAll('details')) details.open = true;

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) report('overflow', 'the page is ' + root.scrollWidth + ' wide');

  // Every line of text with its place.
  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const owner = node.parentElement;
    if (!node.data.trim() || owner.closest('script, style, title, desc') || !visible(owner)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const chart = owner.closest('svg');
    const block = chart ? owner : owner.closest('p, li, dt, dd, td, th, h1, h2, h3, caption, figcaption, summary, .line, .number') || owner;
    const rects = chart ? [owner.getBoundingClientRect()] : [...range.getClientRects()];
    for (const rect of rects) {
      if (rect.width < 1) continue;
      pieces.push({ rect, block, chart, owner, text: node.data });
      const scrolls = owner.closest('.table');
      if (!scrolls && (rect.right > root.clientWidth + slack || rect.left < -slack)) report('overflow', words(node.data));
      if (chart) {
        const frame = chart.getBoundingClientRect();
        if (rect.left < frame.left - slack || rect.right > frame.right + slack || rect.top < frame.top - slack || rect.bottom > frame.bottom + slack)
          report('outside its picture', words(node.data));
      }
    }
  }
  pieces.sort((a, b) => a.rect.top - b.rect.top);
  pieces.forEach((a, at) => {
    for (let next = at + 1; next < pieces.length; next += 1) {
      const b = pieces[next];
      if (b.rect.top > a.rect.bottom) break;
      if (a.block === b.block) continue;
      const wide = Math.min(a.rect.right, b.rect.right) - Math.max(a.rect.left, b.rect.left);
      const high = Math.min(a.rect.bottom, b.rect.bottom) - Math.max(a.rect.top, b.rect.top);
      if (wide > slack && high > 3) report('overlap', words(a.text) + ' and ' + words(b.text));
    }
  });

  // What holds nothing.
  for (const element of document.querySelectorAll('section, figure, nav, ul, dl, div, p, li, dt, dd, h1, h2, h3, table, td, th, caption, a')) {
    if (visible(element) && !element.textContent.trim() && !element.querySelector('svg')) report('empty', element.outerHTML.slice(0, 80));
  }
  for (const chart of document.querySelectorAll('svg')) {
    if (!visible(chart)) continue;
    const { width, height } = chart.getBoundingClientRect();
    if (width < 100 || height < 100) report('empty', 'a picture of ' + width + ' by ' + height);
    if (!chart.querySelector('.line[d], .bar[d], .mark[d], .cell[d]')) report('empty', 'a picture without data');
  }
  if (root.clientWidth < 700) {
    for (const chart of document.querySelectorAll('svg')) {
      if (visible(chart) && chart.getBoundingClientRect().width / chart.viewBox.baseVal.width < 0.9 && !chart.hasAttribute('width'))
        report('too small', 'a picture is scaled below nine tenths');
    }
  }

  // Letters against their ground: at least 4.5 to 1.
  const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (piece) => {
    const paper = piece.chart && piece.chart.querySelector('.paper');
    if (paper) return channels(getComputedStyle(paper).fill);
    for (let element = piece.owner; element; element = element.parentElement) {
      const colour = channels(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  for (const piece of pieces) {
    const style = getComputedStyle(piece.owner);
    const [a, b] = [luminance(channels(piece.chart ? style.fill : style.color)), luminance(ground(piece))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) report('contrast', contrast.toFixed(2) + ' at ' + words(piece.text));
  }

  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  parent.postMessage({ name: window.name, width: innerWidth, dark, texts: pieces.length, found }, '*');
});
