"""The page at /: the one to try the model in a browser, or of an export without a card, links."""

import html
import urllib.parse

from tfapp.serving import page

# Of the list of links, which loads nothing at all.
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
    if card:
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
