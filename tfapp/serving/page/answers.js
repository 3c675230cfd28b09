// What the model answers, drawn: probabilities as bars, numbers with the label's name, intervals.

const FIRST = 10; // bars that are shown at once
const MOST = 1000; // bars that are ever shown

const asNumber = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });

function percent(share) {
  if (!Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.001) return '< 0.1%';
  if (share < 1 && share > 0.999) return '> 99.9%';
  return `${(100 * share).toFixed(1)}%`;
}

// A token with its spaces and line breaks made visible.
function visible(token) {
  return token.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥') || '(nothing)';
}

function bar(name, share) {
  const item = element('li');
  const line = element('div', 'line');
  line.append(element('span', 'name', name), element('span', 'share', percent(share)));
  const track = element('div', 'track');
  track.setAttribute('aria-hidden', 'true');
  const fill = element('div', 'fill');
  fill.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
  track.append(fill);
  item.append(line, track);
  return item;
}

function bars(probabilities, nameOf) {
  const sorted = probabilities.map((share, i) => [share ?? NaN, i]).sort((a, b) => b[0] - a[0]);
  const list = element('ol', 'bars');
  const add = (some) => list.append(...some.map(([share, i]) => bar(nameOf(i), share)));
  add(sorted.slice(0, FIRST));
  const box = element('div');
  box.append(list);
  if (sorted.length > FIRST) {
    const all = sorted.length <= MOST;
    const count = (all ? sorted.length : MOST).toLocaleString('en');
    const button = element('button', 'plain', all ? `Show all ${count}` : `Show the first ${count}`);
    button.type = 'button';
    button.addEventListener('click', () => {
      add(sorted.slice(FIRST, MOST));
      button.remove();
    });
    box.append(button);
  }
  return box;
}

function headline(before, what) {
  const line = element('p', 'headline');
  line.append(`${before}: `, element('strong', '', what));
  return line;
}

function numbersTable(caption, rows) {
  const table = element('table');
  table.append(element('caption', '', caption));
  for (const [name, value] of rows) {
    const head = element('th', '', name);
    head.scope = 'row';
    const row = element('tr');
    row.append(head, element('td', '', value));
    table.append(row);
  }
  return table;
}

function printed(value) {
  if (value === null) return '–';
  if (typeof value === 'number') return asNumber.format(value);
  return typeof value === 'string' ? value : shortened(JSON.stringify(value), 400);
}

const quantileOf = (name) => (/^q(0?\.\d+)$/.exec(name) || [])[1];

function interval(answers) {
  const { name } = model.label;
  const quantiles = Object.keys(answers).filter(quantileOf)
    .map((key) => [Number(quantileOf(key)), answers[key]]).sort((a, b) => a[0] - b[0]);
  const [[lowest, low], [highest, high]] = [quantiles[0], quantiles.at(-1)];
  const median = quantiles.find(([share]) => share === 0.5);
  const found = [];
  if (median) found.push(headline(name, printed(median[1])));
  if (high > low) {
    const share = asNumber.format(100 * (highest - lowest));
    const span = `${printed(low)} to ${printed(high)}`;
    found.push(element('p', '', `${share}% interval: ${span}`));
    const track = element('div', 'track');
    track.setAttribute('aria-hidden', 'true');
    for (const [, value] of quantiles) {
      const tick = element('div', 'tick');
      tick.style.left = `${(99 * (value - low)) / (high - low)}%`;
      track.append(tick);
    }
    found.push(track);
  }
  const rows = quantiles.map(([share, value]) =>
    [`${asNumber.format(100 * share)}% are at most`, printed(value)]);
  return [...found, numbersTable(name, rows)];
}

// `add`: called with the token that is to be appended to the text.
function nextToken(answers, add) {
  const { classes } = model.label;
  const button = element('button', 'plain', 'Add it to the text');
  button.type = 'button';
  button.addEventListener('click', () => add(answers.next_token));
  const found = [headline('Next', visible(answers.next_token)), button];
  found.push(bars(answers.probabilities, (i) => visible(classes[i] ?? `token ${i}`)));
  if (answers.perplexity !== undefined) {
    found.push(element('p', 'hint', `Perplexity of the text: ${printed(answers.perplexity)}`));
  }
  return found;
}

function classes(answers) {
  const { name, classes: names } = model.label;
  const found = [];
  if (answers.class_name !== undefined) found.push(headline(name, answers.class_name));
  if (answers.labels !== undefined) found.push(headline(name, answers.labels || 'none'));
  found.push(bars(answers.probabilities, (i) => names[i] ?? `class ${i}`));
  return found;
}

// Elements for a prediction: name of an answer -> value, or the value of the only one.
function drawn(prediction, add) {
  const single = prediction === null || typeof prediction !== 'object' || Array.isArray(prediction);
  const answers = single ? { [model.answers[0]]: prediction } : prediction;
  if (model.label.kind === 'tokens' && Array.isArray(answers.probabilities)) {
    return nextToken(answers, add);
  }
  if (Array.isArray(answers.probabilities)) return classes(answers);
  if (Object.keys(answers).some(quantileOf)) return interval(answers);
  const rows = Object.entries(answers).map(([key, value]) =>
    [key.replace(/^value_/, ''), printed(value)]);
  if (rows.length === 1) return [headline(model.label.name, rows[0][1])];
  return [numbersTable(model.label.name, rows)];
}
