"""The page at /: the one to try the model in a browser, or where there is none, a list of links."""

import html
import importlib
import importlib.util
import urllib.parse

_PAGE = "tfapp.serving.page"  # render(card, name) -> HTML, CONTENT_SECURITY_POLICY
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_LINKS = ("/card", "/openapi.json", "/v1/models/{name}", "/v2/models/{name}", "/metrics")


def page_of(card, name):
    """The page.

    Args:
      card: of model_card.json, a dict; empty if there is none.
      name: of the model in URLs.

    Returns:
      its HTML, and its Content-Security-Policy.
    """
    if card and importlib.util.find_spec(_PAGE):
        page = importlib.import_module(_PAGE)
        return page.render(card, name), page.CONTENT_SECURITY_POLICY
    links = "".join(
        f'<li><a href="{html.escape(path)}">{html.escape(path)}</a></li>'
        for path in (link.format(name=urllib.parse.quote(name)) for link in _LINKS)
    )
    title = html.escape(name)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><ul>{links}</ul></html>"
    )
    return text, _POLICY
