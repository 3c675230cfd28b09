// A row of CSV, with or without the line of names above it, into the fields.

function parseCsv(text, delimiter) {
  const rows = [[]];
  const pattern = new RegExp(`("(?:[^"]|"")*"|[^${delimiter}\\r\\n]*)(${delimiter}|\\r?\\n|\\r|$)`, 'y');
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new Problem('A quotation mark is not closed.');
    const value = match[1];
    rows.at(-1).push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value.trim());
    if (match[2] === delimiter && pattern.lastIndex === text.length) rows.at(-1).push('');
    else if (match[2] !== delimiter && pattern.lastIndex < text.length) rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0]);
}

function delimiterOf(line) {
  const counts = [',', ';', '\t'].map((mark) => [line.split(mark).length, mark]);
  return counts.sort((a, b) => b[0] - a[0])[0][1];
}

function quoted(value) {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function asCsv(fields) {
  const names = fields.map((field) => quoted(field.input.name));
  return `${names.join(',')}\n${fields.map((field) => quoted(field.value)).join(',')}`;
}

// Field -> text, from what was pasted.
function valuesOfCsv(text, fields) {
  const rows = parseCsv(text, delimiterOf(text.split('\n')[0]));
  if (!rows.length) throw new Problem('Paste a row first.');
  const names = fields.map((field) => field.input.name);
  const places = names.map((name) => rows[0].indexOf(name));
  if (rows.length > 1 && places.every((place) => place >= 0)) {
    if (rows[1].length !== rows[0].length) {
      throw new Problem(`The row has ${rows[1].length} values below ${rows[0].length} names.`);
    }
    return new Map(fields.map((field, i) => [field, rows[1][places[i]]]));
  }
  if (rows.length > 1) {
    const lacking = names.filter((_, i) => places[i] < 0);
    throw new Problem(`The first line lacks the name ${shortened(lacking[0])}; ` +
      'a single row needs no names.');
  }
  if (rows[0].length !== fields.length) {
    throw new Problem(`The row has ${rows[0].length} values, the model takes ${fields.length}; ` +
      'paste the line of names above it as well.');
  }
  return new Map(fields.map((field, i) => [field, rows[0][i]]));
}
