// The fields of the form: each reads what was typed as a value of JSON, or says what is wrong.

const model = JSON.parse(document.getElementById('model').textContent);
const byId = (id) => document.getElementById(id);

class Problem extends Error {
  constructor(sentence, field) {
    super(sentence);
    this.field = field;
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

function nested(flat, shape) {
  if (shape.length < 2) return flat;
  const step = flat.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) =>
    nested(flat.slice(i * step, (i + 1) * step), shape.slice(1)));
}

const isWhole = (input) => !/^(b?float|string)/.test(input.dtype);

function numberOf(text, input, field) {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    const comma = /^[+-]?\d+,\d+$/.test(text) ? ', the decimal mark is a point' : '';
    throw new Problem(`${shortened(text)} is not a number${comma}.`, field);
  }
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Problem(`${shortened(text)} is too large.`, field);
  if (isWhole(input) && !Number.isInteger(value)) {
    throw new Problem(`${text} is not a whole number.`, field);
  }
  return value;
}

function shortened(text, length = 40) {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

// What was typed -> a value of JSON, by the kind of widget.
const readers = {
  number: (text, input, field) => (text.trim() ? numberOf(text.trim(), input, field) : null),
  code: (text) => (text ? Number(text) : null),
  boolean: (text) => text === 'true',
  choice: (text) => text,
  string: (text) => text,
  text: (text) => text,
  numbers(text, input, field) {
    const parts = text.split(/[\s,;[\]]+/).filter(Boolean);
    const size = sizeOf(input.shape);
    if (parts.length !== size) {
      throw new Problem(`${size} numbers are needed, these are ${parts.length}.`, field);
    }
    return nested(parts.map((part) => numberOf(part, input, field)), input.shape);
  },
};

function shown(value) {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.flat(Infinity).join(' ') : String(value);
}

const needed = {
  number: 'A number is needed.',
  text: 'A text is needed.',
  numbers: 'Numbers are needed.',
};

// A field whose value is a text, in an element of the page or, of a wide table, only here.
class Field {
  constructor(input, index) {
    this.input = input;
    this.control = byId(`f${index}`);
    this.hint = byId(`h${index}`);
    this.message = byId(`e${index}`);
    this.text = '';
    this.known = this.hint && this.hint.textContent;
    if (this.control) this.control.addEventListener('input', () => this.changed());
  }

  get value() {
    return this.control ? this.control.value : this.text;
  }

  set value(text) {
    this.text = text;
    if (this.control) this.control.value = text;
    this.changed();
  }

  // The value of JSON that is sent.
  async read() {
    const { input, value } = this;
    if (input.required && !value.trim()) {
      throw new Problem(needed[input.widget] || 'A value is needed.', this);
    }
    return readers[input.widget](value, input, this);
  }

  fill(value) {
    const text = shown(value);
    this.value = text;
    if (this.control && this.control.value !== text && this.control.tagName === 'SELECT') {
      this.control.value = '';
      throw new Problem(`${shortened(text)} is not among the values of training.`, this);
    }
  }

  clear() {
    this.value = '';
  }

  changed() {
    this.complain('');
    const { range, widget } = this.input;
    if (!range || widget !== 'number' || !this.control) return;
    const value = Number(this.value);
    const far = this.value.trim() !== '' && (value < range[0] || value > range[1]);
    this.hint.textContent = far ? `Beyond what training had: ${this.known}` : this.known;
    this.hint.classList.toggle('warn', far);
  }

  complain(sentence) {
    if (!this.control) return;
    this.message.textContent = sentence;
    if (sentence) this.control.setAttribute('aria-invalid', 'true');
    else this.control.removeAttribute('aria-invalid');
  }
}
