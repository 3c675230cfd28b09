// The form: reads the fields, asks the server, shows the answer or what is wrong near its field.

const answer = byId('answer');
const problem = byId('problem');
const csv = byId('csv');
const alone = model.inputs.length === 1;
let asking = null; // the AbortController of the request under way

const fields = model.inputs.map((input, i) => (input.widget === 'picture'
  ? new Picture(input, i, (isNew) => alone && predict(isNew))
  : new Field(input, i)));

function complain(found) {
  const sentence = found instanceof Problem ? found.message : `The page has failed: ${found}`;
  const { field } = found;
  if (!field || !field.control) {
    problem.textContent = field ? `${field.input.name}: ${sentence}` : sentence;
    return;
  }
  field.complain(sentence);
  field.control.focus();
}

function calm() {
  problem.textContent = '';
  fields.forEach((field) => field.complain(''));
}

// The field that a message of the server names: the longest name that stands in it as a word.
function fieldNamedIn(message) {
  const stands = (name) => {
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return name && new RegExp(`(^|[^\\p{L}\\p{N}_])${escaped}($|[^\\p{L}\\p{N}_])`, 'u').test(message);
  };
  const named = fields.filter(({ input }) => stands(input.name) || stands(input.argument));
  const length = ({ input }) => Math.max(input.name.length, input.argument.length);
  return named.sort((a, b) => length(b) - length(a))[0] || (alone ? fields[0] : undefined);
}

async function instance() {
  const found = {};
  for (const field of fields) found[field.input.argument] = await field.read();
  return found;
}

async function ask(body, signal) {
  let response;
  try {
    response = await fetch(model.url, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem('The server cannot be reached.');
  }
  const text = await response.text();
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(`The server answers ${response.status}, and no JSON.`);
  }
  if (response.ok && value && value.predictions) return [value.predictions[0], text];
  const message = (value && value.error) || `The server answers ${response.status}.`;
  throw new Problem(String(message), response.status === 400 ? fieldNamedIn(message) : undefined);
}

function showTraffic(body, text) {
  byId('sent').hidden = false;
  byId('request').textContent = `POST ${model.url}\n${shortened(body, 2000)}`;
  byId('response').textContent = shortened(text, 2000);
}

function showAnswer(prediction, scrolls) {
  answer.replaceChildren(...drawn(prediction, extend));
  if (!scrolls) return;
  const calmly = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const behavior = calmly ? 'auto' : 'smooth';
  answer.parentElement.scrollIntoView({ block: 'nearest', behavior });
}

// Appends a token to the text of a language model, and asks for the next one.
function extend(token) {
  fields[0].value += token;
  predict();
}

// `scrolls`: whether the answer is brought into view; not while more strokes may follow.
async function predict(scrolls = true) {
  if (asking) asking.abort();
  const mine = asking = new AbortController();
  calm();
  answer.setAttribute('aria-busy', 'true');
  try {
    if (model.wide) await fillFromCsv();
    const body = JSON.stringify({ signature_name: model.signature, instances: [await instance()] });
    const [prediction, text] = await ask(body, mine.signal);
    showTraffic(body, text);
    showAnswer(prediction, scrolls);
  } catch (error) {
    if (error.name !== 'AbortError') complain(error);
  } finally {
    if (asking === mine) {
      asking = null;
      answer.removeAttribute('aria-busy');
    }
  }
}

// Fills every field that takes its value; throws the first Problem.
async function fillAll(valueOf) {
  const problems = [];
  for (const field of fields) {
    try {
      await field.fill(valueOf(field));
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length) throw problems[0];
}

async function fillFromCsv() {
  const values = valuesOfCsv(csv.value, fields);
  await fillAll((field) => values.get(field));
}

async function fillExample() {
  calm();
  try {
    await fillAll((field) => model.example[field.input.argument]);
    if (model.wide) csv.value = asCsv(fields);
    await predict();
  } catch (error) {
    complain(error);
  }
}

function clear() {
  calm();
  fields.forEach((field) => field.clear());
  if (csv) csv.value = '';
  answer.replaceChildren(element('p', 'hint', 'Nothing has been asked yet.'));
  byId('sent').hidden = true;
}

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  predict();
});
byId('form').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) predict();
});
byId('clear').addEventListener('click', clear);
byId('example').hidden = !model.example;
byId('example').addEventListener('click', fillExample);
if (csv && !model.wide) {
  csv.addEventListener('input', async () => {
    calm();
    byId('csverror').textContent = '';
    if (!csv.value.trim()) return;
    try {
      await fillFromCsv();
    } catch (error) {
      if (error.field) complain(error);
      else byId('csverror').textContent = error.message;
    }
  });
}
