// An image: chosen, dropped, pasted or drawn. Files that the server can read are sent as they are.

const ENCODED = ['image/jpeg', 'image/png', 'image/gif', 'image/bmp'];
const NARROW = 128; // a range of bytes below which images in training were not 0 to 255
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
    this.onChange = onChange; // called with whether there is a new image, and not one more stroke
    const [low, high] = input.range || [0, 255];
    const isScaled = high > low && (input.dtype !== 'uint8' || high - low < NARROW);
    [this.low, this.high] = isScaled ? [low, high] : [0, 255];
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
        if (this.last) this.onChange(false);
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
    this.showBlob(image, blob);
    this.onChange(true);
  }

  // A file whose pixels are in the range of training is sent as it is, and shown brightened.
  showBlob(image, blob) {
    this.show(image);
    const isInRange = this.high >= 255 || this.brightest() <= this.high;
    if (isInRange) this.changePixels(this.context, (value) => this.toShown(value));
    this.file = isInRange && ENCODED.includes(blob.type) ? blob : null;
  }

  brightest() {
    const { data } = this.context.getImageData(0, 0, this.control.width, this.control.height);
    return data.reduce((most, value, i) => (i % 4 < 3 && value > most ? value : most), 0);
  }

  changePixels(context, change) {
    const { width, height } = context.canvas;
    const image = context.getImageData(0, 0, width, height);
    image.data.forEach((value, i) => {
      if (i % 4 < 3) image.data[i] = change(value);
    });
    context.putImageData(image, 0, 0);
  }

  // The values of training, from 0 to 255 of the canvas, and back.
  toSent(shown) {
    const value = this.low + (shown / 255) * (this.high - this.low);
    return isWhole(this.input) ? Math.round(value) : Number(value.toPrecision(7));
  }

  toShown(value) {
    return (255 * (value - this.low)) / (this.high - this.low);
  }

  // The canvas as a PNG, in the values of training.
  drawnFile() {
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [this.control.width, this.control.height];
    const context = copy.getContext('2d');
    context.drawImage(this.control, 0, 0);
    if (this.high < 255) this.changePixels(context, (value) => this.toSent(value));
    return new Promise((resolve) => copy.toBlob(resolve));
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
    return { b64: await base64Of(this.file || await this.drawnFile()) };
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
      if (channels === 1) return [this.toSent(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])];
      return [...rgb, 255].slice(0, channels).map((value) => this.toSent(value));
    };
    return Array.from({ length: this.height }, (_, row) =>
      Array.from({ length: this.width }, (__, column) => pixel(row, column)));
  }

  // The image of an example, in the values of the canvas, and its file if it has one.
  async fill(value) {
    if (value.b64 !== undefined) {
      const blob = new Blob([bytesOf(value.b64)], { type: 'image/png' });
      this.showBlob(await createImageBitmap(blob), blob);
      return;
    }
    const made = new ImageData(this.width, this.height);
    value.flat().forEach((pixel, i) => {
      [0, 1, 2, 3].forEach((channel) => {
        const given = this.channels === 1 ? pixel[0] : pixel[channel];
        const isOpaque = channel === 3 && this.channels < 4;
        made.data[i * 4 + channel] = isOpaque ? 255 : this.toShown(given);
      });
    });
    this.show(await createImageBitmap(made));
    this.file = null;
  }

  // Draws white on black if the border of the example is dark, as of handwritten digits.
  async matchExample() {
    if (!this.dark || !model.example) return;
    await this.fill(model.example[this.input.argument]);
    const { width, height } = this.control;
    const { data } = this.context.getImageData(0, 0, width, height);
    let [sum, count] = [0, 0];
    for (let i = 0; i < width * height; i += 1) {
      const [x, y] = [i % width, Math.floor(i / width)];
      if (x % (width - 1) === 0 || y % (height - 1) === 0) {
        sum += data[i * 4];
        count += 1;
      }
    }
    this.dark.checked = sum / count < 128;
    this.clear();
  }

  complain(sentence) {
    this.message.textContent = sentence;
  }
}
