"""The page in headless Chromium, on a phone and a desktop: what it sends, shows and says."""

import base64
import http.server
import io
import json
import shutil
import threading

import numpy as np
import PIL.Image
import pytest

from tests.serving.page import cards
from tfapp.serving.page import CONTENT_SECURITY_POLICY, render

pytestmark = pytest.mark.slow
SIZES = {"phone": (390, 844), "narrow": (320, 568), "desktop": (1280, 900)}
ANSWERED = "#answer :is(.bars, table, .headline)"


class Server(http.server.ThreadingHTTPServer):
    """Sends one card's page below a prefix, and a scripted answer to whatever is posted."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.card, self.answer, self.status, self.posted = None, None, 200, []

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        del args

    def do_GET(self):
        found = self.path == "/prefix/"
        text = render(self.server.card, "made") if found else "{}"
        self._send(200 if found else 404, "text/html; charset=utf-8", text)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posted.append((self.path, body))
        self._send(self.server.status, "application/json", json.dumps(self.server.answer))

    def _send(self, status, kind, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium is installed")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def server():
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def open_page(browser, server):
    """open_page(card, answer, size, status): the page; no console error, no request elsewhere."""
    contexts, complaints, urls = [], [], []

    def run(card, answer=None, *, size="desktop", status=200):
        server.card, server.answer, server.status, server.posted = card, answer, status, []
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: urls.append(request.url))
        page.goto(f"{server.origin}/prefix/")
        return page

    yield run
    for context in contexts:
        context.close()
    # Chromium itself notes a response that is an error.
    assert [text for text in complaints if "the server responded with a status" not in text] == []
    assert all(url.startswith((server.origin, "data:")) for url in urls)


def ask(page):
    page.click("#predict")
    page.wait_for_selector(ANSWERED)


def sent(server):
    """(signature, instance) of the last request."""
    path, body = server.posted[-1]
    assert path == "/prefix/v1/models/made:predict"
    (instance,) = body["instances"]
    return body["signature_name"], instance


def draw(page):
    """A vertical stroke through the middle of the canvas."""
    box = page.locator("#f0").bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] - 5, steps=5)
    page.mouse.up()


PROBABILITIES = {"predictions": [{"class_name": cards.EVIL, "probabilities": [0.75, 0.25]}]}


@pytest.mark.parametrize("size", SIZES)
def test_the_example_of_a_table_is_filled_in_sent_and_answered(open_page, server, size):
    page = open_page(cards.table(), PROBABILITIES, size=size)
    page.click("#example")
    page.wait_for_selector(ANSWERED)
    signature, instance = sent(server)
    assert signature == "serving_default"
    assert instance == cards.table()["example"]["request"]["instances"][0]
    assert page.locator(".headline strong").inner_text() == cards.EVIL  # as text
    assert page.locator(".share").all_inner_texts() == ["75.0%", "25.0%"]
    assert page.locator("img").count() == 0 and page.title() == "Try made"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_accessible(open_page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for card, schemes in ((cards.table(), ("light", "dark")), (cards.picture(), ("light",))):
        page = open_page(card, PROBABILITIES)
        page.click("#example")
        page.wait_for_selector(ANSWERED)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = axe.run(page)
            assert found.violations_count == 0, found.generate_report()


def test_what_is_wrong_is_said_at_its_field(open_page, server):
    page = open_page(cards.table(), {"error": "instances[0].rooms: 2.5 is no int64"}, status=400)
    page.click("#predict")
    page.wait_for_selector("#e0:not(:empty)")
    assert page.locator("#e0").inner_text() == "A number is needed."
    page.fill("#f0", "1,5")
    page.click("#predict")
    page.wait_for_selector("#e0:not(:empty)")
    assert "the decimal mark is a point" in page.locator("#e0").inner_text()
    page.fill("#f0", "1e999")  # which JSON has not
    page.click("#predict")
    assert page.locator("#e0").inner_text() == "1e999 is too large."
    assert not server.posted
    page.click("#example")
    page.wait_for_selector("#e8:not(:empty)")  # what the server says of the column rooms
    assert page.locator("#e8").inner_text() == "instances[0].rooms: 2.5 is no int64"
    assert page.locator("#f8").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "f8"
    page.fill("#f0", "120")
    assert page.locator("#h0").inner_text() == "Beyond what training had: 17 to 90 in training"


@pytest.mark.parametrize("head", ["age,debt,{evil},job,zip,born,note,agreed,rooms\n", ""])
def test_a_row_of_csv_fills_the_fields(open_page, server, head):
    page = open_page(cards.table(), PROBABILITIES)
    page.click("summary >> text=Paste")
    evil = '"' + cards.EVIL.replace('"', '""') + '"'
    page.fill("#csv", head.format(evil=evil) + f'41,,{evil},"a ""b"", c",8001,,,false,3')
    ask(page)
    assert sent(server)[1] == {
        "age": 41, "debt": None, "evil": cards.EVIL, "job": 'a "b", c', "zip": 8001, "born": "",
        "note": "", "agreed": False, "rooms": 3,
    }  # fmt: skip
    page.fill("#csv", "1,2")
    page.wait_for_selector("#csverror:not(:empty)")
    assert "has 2 values, the model takes 9" in page.locator("#csverror").inner_text()


def test_a_drawn_image_is_sent_as_a_file(open_page, server):
    page = open_page(cards.picture(), PROBABILITIES, size="phone")
    page.wait_for_selector("#dark0:checked")
    draw(page)  # asks by itself
    page.wait_for_selector(ANSWERED)
    signature, instance = sent(server)
    assert signature == "serving_bytes"
    image = PIL.Image.open(io.BytesIO(base64.b64decode(instance["image"]["b64"])))
    pixels = np.asarray(image.convert("L"))
    height, width = pixels.shape
    assert height * 6 == width * 8
    # White on black, as the example is.
    assert pixels[height // 2, width // 2] == 255 and pixels[height // 2, 0] == 0


def test_images_are_drawn_in_the_range_of_training(open_page, server, tmp_path):
    """The pixels of the digits that come with tfapp are 0 to 16: 255 would be far beyond."""
    card = cards.picture()
    card["inputs"][0]["range"] = [0, 16]
    page = open_page(card, PROBABILITIES)
    page.wait_for_selector("#dark0:checked")
    draw(page)
    page.wait_for_selector(ANSWERED)

    def brightest():
        file = base64.b64decode(sent(server)[1]["image"]["b64"])
        return int(np.asarray(PIL.Image.open(io.BytesIO(file)).convert("L")).max()), file

    assert brightest()[0] == 16
    for shade in (255, 12):  # of a file: any picture, and one as in training
        PIL.Image.new("L", (12, 16), shade).save(tmp_path / "a.png")
        with page.expect_response("**:predict"):
            page.set_input_files("#file0", tmp_path / "a.png")
        value, file = brightest()
        assert (value, file == (tmp_path / "a.png").read_bytes()) == (min(shade, 16), shade == 12)
        shown = "[...document.querySelector('canvas').getContext('2d').getImageData(9,9,1,1).data]"
        assert page.evaluate(shown)[0] == {255: 255, 12: 191}[shade]


def test_a_chosen_file_is_sent_as_it_is(open_page, server, tmp_path):
    PIL.Image.new("RGB", (50, 30), (200, 10, 10)).save(tmp_path / "a.jpg")
    page = open_page(cards.picture(3), PROBABILITIES)
    page.set_input_files("#file0", tmp_path / "a.jpg")
    page.wait_for_selector(ANSWERED)
    assert base64.b64decode(sent(server)[1]["image"]["b64"]) == (tmp_path / "a.jpg").read_bytes()
    page.set_input_files("#file0", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no"})
    page.wait_for_selector("#e0:not(:empty)")
    assert "no image" in page.locator("#e0").inner_text()


def test_without_serving_bytes_pixels_have_the_models_size_and_range(open_page, server, tmp_path):
    PIL.Image.new("RGB", (80, 60), (255, 0, 0)).save(tmp_path / "red.png")
    card = cards.picture(
        3,
        signature="serving_default",
        dtype="float32",
        instance={"image": np.zeros((8, 6, 3)).tolist()},
    )
    card["inputs"][0]["range"] = [-1.0, 1.0]
    page = open_page(card, PROBABILITIES)
    page.set_input_files("#file0", tmp_path / "red.png")
    page.wait_for_selector(ANSWERED)
    pixels = np.array(sent(server)[1]["image"])
    assert pixels.shape == (8, 6, 3)
    np.testing.assert_allclose(pixels, np.broadcast_to([1, -1, -1], pixels.shape), atol=1e-6)


def test_numbers_are_nested_as_the_model_takes_them(open_page, server):
    page = open_page(cards.vector(), {"predictions": [1234.5]})
    page.fill("#f0", "1 2 3")
    page.click("#predict")
    page.wait_for_selector("#e0:not(:empty)")
    assert page.locator("#e0").inner_text() == "6 numbers are needed, these are 3."
    page.fill("#f0", "[1, 2, 3]\n[4; 5 6.5]")
    ask(page)
    assert sent(server)[1] == {"x": [[1, 2, 3], [4, 5, 6.5]]}
    assert page.locator(".headline").inner_text() == "price: 1,234.5"


def text_card(kind, classes=()):
    text = cards.entry("text", "text", "string")
    return cards.card(text, instance={"text": "hi"}, kind=kind, classes=classes)


def test_the_rest_of_many_classes_is_behind_a_button(open_page):
    classes = [f"c{i}" for i in range(77)]
    answer = {"predictions": [{"probabilities": [i / 3003 for i in range(77)]}]}
    page = open_page(text_card("class", classes), answer)
    page.fill("#f0", "hello")
    ask(page)
    assert page.locator(".name").all_inner_texts() == [f"c{i}" for i in range(76, 66, -1)]
    page.click("text=Show all 77")
    assert page.locator(".name").count() == 77


def test_a_language_model_shows_the_next_token_and_goes_on_from_it(open_page, server):
    answer = {"predictions": [
        {"next_token": " be", "probabilities": [0.1, 0.6, 0.3], "perplexity": 3.5, "loss": 1.2}
    ]}  # fmt: skip
    page = open_page(text_card("tokens", ["", " be", "\n"]), answer)
    page.fill("#f0", "to")
    ask(page)
    assert page.locator(".name").all_inner_texts() == ["␣be", "⏎", "(nothing)"]
    page.click("text=Add it to the text")
    # Not by an expression: the page's policy does not let one be evaluated.
    page.locator("#request", has_text="to be").wait_for(state="attached")
    assert sent(server)[1] == {"text": "to be"}


def test_quantiles_are_an_interval_and_labels_are_named(open_page):
    page = open_page(text_card("real"), {"predictions": [{"q0.05": 10, "q0.5": 20, "q0.95": 40}]})
    page.click("#example")
    page.wait_for_selector(ANSWERED)
    assert "90% interval: 10 to 40" in page.locator("#answer").inner_text()
    assert page.locator(".headline").inner_text() == "y: 20"
    labels = {"predictions": [{"labels": "a|b", "probabilities": [0.9, 0.8, 0.1]}]}
    page = open_page(text_card("multi_label", ["a", "b", "c"]), labels)
    page.click("#example")
    page.wait_for_selector(ANSWERED)
    assert page.locator(".headline").inner_text() == "y: a|b"


def test_a_wide_table_is_asked_by_its_row(open_page, server):
    page = open_page(cards.wide(400), {"predictions": [0.5]})
    page.click("#example")
    page.wait_for_selector(ANSWERED)
    assert len(sent(server)[1]) == 400 and sent(server)[1]["c399"] == 0.5
    page.fill("#csv", "1,x" + ",0" * 398)
    page.click("#predict")
    page.wait_for_selector("#problem:not(:empty)")
    assert page.locator("#problem").inner_text() == "c1: x is not a number."


def test_a_server_that_is_gone_or_busy_is_reported(open_page):
    page = open_page(text_card("class", ["a"]), {"error": "too many requests wait"}, status=429)
    page.fill("#f0", "hello")
    page.click("#predict")
    page.wait_for_selector("#problem:not(:empty)")
    assert page.locator("#problem").inner_text() == "too many requests wait"
