// An image: chosen, dropped, pasted or drawn. Files that the server can read are sent as they are.

const ENCODED = ['image/jpeg', 'image/png', 'image/gif', 'image/bmp'];
const SHOWN = 320; // pixels of the canvas's longer side, or the model's if it has more

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function base64Of(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

class Picture {
  constructor(input, index, onChange) {
    this.input = input;
    this.onChange = onChange;
    [this.height, this.width, this.channels] = input.shape;
    this.scale = Math.max(1, Math.round(SHOWN / Math.max(this.height, this.width)));
    this.control = byId(`f${index}`);
    this.control.width = this.width * this.scale;
    this.control.height = this.height * this.scale;
    this.control.style.maxWidth = `${Math.max(this.control.width, 64)}px`;
    this.context = this.control.getContext('2d', { willReadFrequently: true });
    this.message = byId(`e${index}`);
    this.brush = byId(`brush${index}`);
    this.ink = byId(`ink${index}`);
    this.dark = byId(`dark${index}`);
    this.listen(byId(`drop${index}`), byId(`file${index}`));
    this.clear();
    this.matchExample();
  }

  listen(drop, file) {
    file.addEventListener('change', () => {
      if (file.files.length) this.load(file.files[0]);
      file.value = '';
    });
    for (const name of ['dragenter', 'dragover']) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add('over');
      });
    }
    drop.addEventListener('dragleave', () => drop.classList.remove('over'));
    drop.addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      if (event.dataTransfer.files.length) this.load(event.dataTransfer.files[0]);
    });
    document.addEventListener('paste', (event) => {
      const pasted = [...event.clipboardData.files].find((f) => f.type.startsWith('image/'));
      if (pasted) this.load(pasted);
    });
    if (this.dark) this.dark.addEventListener('change', () => this.clear());
    this.listenToPointers();
  }

  listenToPointers() {
    const { control } = this;
    control.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      control.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.draw(event);
    });
    control.addEventListener('pointermove', (event) => this.last && this.draw(event));
    for (const name of ['pointerup', 'pointercancel']) {
      control.addEventListener(name, () => {
        if (this.last) this.onChange();
        this.last = null;
      });
    }
  }

  place(event) {
    const box = this.control.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * this.control.width) / box.width,
      ((event.clientY - box.top) * this.control.height) / box.height,
    ];
  }

  draw(event) {
    const { context } = this;
    const shortest = Math.min(this.control.width, this.control.height);
    context.strokeStyle = this.ink ? this.ink.value : this.dark.checked ? '#fff' : '#000';
    context.lineWidth = (shortest * this.brush.value) / 400;
    context.lineCap = context.lineJoin = 'round';
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of [...between, event]) {
      const place = this.place(each);
      context.beginPath();
      context.moveTo(...this.last);
      context.lineTo(...place);
      context.stroke();
      this.last = place;
    }
    this.file = null; // what is on the canvas is no file any more
    this.empty = false;
    this.complain('');
  }

  clear() {
    this.context.fillStyle = this.dark && this.dark.checked ? '#000' : '#fff';
    this.context.fillRect(0, 0, this.control.width, this.control.height);
    this.file = null;
    this.empty = true;
    this.complain('');
  }

  async load(blob) {
    let image;
    try {
      image = await createImageBitmap(blob);
    } catch {
      this.complain('This file is no image that the browser can read.');
      return;
    }
    this.show(image);
    this.file = model.bytes && ENCODED.includes(blob.type) ? blob : null;
    this.onChange();
  }

  // The largest centred window of the model's aspect ratio, which is what the model sees.
  show(image) {
    const { width, height } = this.control;
    const ratio = Math.min(image.width / width, image.height / height);
    const [w, h] = [width * ratio, height * ratio];
    this.clear();
    this.context.imageSmoothingEnabled = image.width > width || image.height > height;
    this.context.imageSmoothingQuality = 'high';
    this.context.drawImage(
      image, (image.width - w) / 2, (image.height - h) / 2, w, h, 0, 0, width, height);
    this.empty = false;
  }

  async read() {
    if (this.empty) throw new Problem('Draw or choose an image.', this);
    if (!model.bytes) return this.pixels();
    const blob = this.file || await new Promise((resolve) => this.control.toBlob(resolve));
    return { b64: await base64Of(blob) };
  }

  // [height, width, channels]: the mean of the canvas's pixels in each of the model's.
  pixels() {
    const { scale, control, channels } = this;
    const { data } = this.context.getImageData(0, 0, control.width, control.height);
    const mean = (row, column, channel) => {
      let sum = 0;
      for (let y = row * scale; y < (row + 1) * scale; y += 1) {
        for (let x = column * scale; x < (column + 1) * scale; x += 1) {
          sum += data[(y * control.width + x) * 4 + channel];
        }
      }
      return sum / scale ** 2;
    };
    const pixel = (row, column) => {
      const rgb = [0, 1, 2].map((channel) => mean(row, column, channel));
      if (channels === 1) return [this.inRange(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])];
      return [...rgb, 255].slice(0, channels).map((value) => this.inRange(value));
    };
    return Array.from({ length: this.height }, (_, row) =>
      Array.from({ length: this.width }, (__, column) => pixel(row, column)));
  }

  // 0 to 255 -> the values that images had in training.
  inRange(value) {
    if (this.input.dtype === 'uint8') return Math.round(value);
    const [low, high] = this.input.range || [0, 255];
    const scaled = low + (value / 255) * (high - low);
    return isWhole(this.input) ? Math.round(scaled) : Number(scaled.toPrecision(7));
  }

  async imageOf(value) {
    if (value.b64 !== undefined) {
      const blob = new Blob([bytesOf(value.b64)], { type: 'image/png' });
      return [await createImageBitmap(blob), blob];
    }
    const [low, high] = this.input.range || [0, 255];
    const made = new ImageData(this.width, this.height);
    value.flat().forEach((pixel, i) => {
      [0, 1, 2, 3].forEach((channel) => {
        const given = this.channels === 1 ? pixel[0] : pixel[channel];
        const part = this.input.dtype === 'uint8' ? given : (255 * (given - low)) / (high - low);
        made.data[i * 4 + channel] = channel === 3 && this.channels < 4 ? 255 : part;
      });
    });
    return [await createImageBitmap(made), null];
  }

  async fill(value) {
    const [image, blob] = await this.imageOf(value);
    this.show(image);
    this.file = blob;
  }

  // Draws white on black if the border of the example is dark, as of handwritten digits.
  async matchExample() {
    if (!this.dark || !model.example) return;
    const [image] = await this.imageOf(model.example[this.input.argument]);
    const small = document.createElement('canvas');
    [small.width, small.height] = [image.width, image.height];
    const context = small.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let [sum, count] = [0, 0];
    for (let i = 0; i < image.width * image.height; i += 1) {
      const [x, y] = [i % image.width, Math.floor(i / image.width)];
      if (x % (image.width - 1) && y % (image.height - 1)) continue;
      sum += data[i * 4];
      count += 1;
    }
    if (!this.empty || sum / count >= 128) return;
    this.dark.checked = true;
    this.clear();
  }

  complain(sentence) {
    this.message.textContent = sentence;
  }
}
