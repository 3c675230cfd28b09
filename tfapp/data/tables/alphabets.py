"""How much a text looks like a language, which shows in what single-byte encoding a file is.

Read in the wrong encoding, the letters of a language become letters that it does not have, signs
within words, capitals within words, or a mixture of scripts.
"""

import collections
import itertools
import re
import unicodedata

_LANGUAGES = (
    "äöüß",  # German
    "éèêëàâçîïôûùüÿœæ",  # French
    "ñáéíóúü",  # Spanish
    "ãõáéíóúâêôçà",  # Portuguese
    "àèéìòù",  # Italian
    "àèéíïòóúüç",  # Catalan
    "æøåéäö",  # Danish, Norwegian, Swedish, Finnish
    "áéíóúýðþæö",  # Icelandic
    "éëïöüèê",  # Dutch
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovene
    "ăâîșțşţ",  # Romanian
    "çğıİöşüâ",  # Turkish
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņšūž",  # Latvian
    "äõöüšž",  # Estonian
)
_SCRIPTS = {  # and their most common letters
    "CYRILLIC": "оаеинтсрвл",
    "GREEK": "αοιετσνηρπς",
    "HEBREW": "יוהלארמתבש",
    "ARABIC": "اليمونرتبعةد",
    "THAI": "านรอกเงมยลส",
}
_COMMON = 0.6  # share of those letters from which a text is taken for one of the script
_WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~]+")  # between ASCII's signs, digits and blanks
_PUNCTUATION = set("–—‘’‚“”„…•«»‹›¿¡°§€£¥²³½¼¾©®™µ\u00a0")  # noqa: RUF001


def likeness(text):
    """How much the words of `text` that are not ASCII look like one language: at most 1."""
    words = collections.Counter(w for w in _WORD.findall(text) if not w.isascii())
    letters, bad, total = collections.Counter(), 0, 0
    for word, count in words.items():
        foreign = [c for c in word if not c.isascii()]
        total += count * len(foreign)
        bad += count * _flaws(word)
        for c in foreign:
            if c.isalpha():
                letters[c.lower() if c != "İ" else c] += count
            elif c not in _PUNCTUATION:
                bad += count
    if not total:
        return 1.0
    in_one_language = max(sum(letters[c] for c in alphabet) for alphabet in _LANGUAGES)
    in_one_script = max(_in_script(letters, name) for name in _SCRIPTS)
    signs = total - sum(letters.values())
    return (max(in_one_language, in_one_script) + signs - bad) / total


def _in_script(letters, script):
    """How many of the letters are of the script, fewer if its common letters are rare."""
    ours = {c: n for c, n in letters.items() if unicodedata.name(c, "?").startswith(script)}
    common = sum(n for c, n in ours.items() if c in _SCRIPTS[script])
    share = common / max(sum(ours.values()), 1)
    return sum(ours.values()) * (0.5 + 0.5 * min(share / _COMMON, 1))


def _flaws(word):
    """Capitals within a word, signs between letters, and letters of two scripts."""
    flaws = 0 if word.isupper() else sum(c.isupper() and not c.isascii() for c in word[1:])
    flaws += sum(a.islower() and b.isupper() for a, b in itertools.pairwise(word))
    inner = word.strip("".join(_PUNCTUATION))
    flaws += sum(not c.isalpha() and c != "\u2019" for c in inner)
    scripts = {unicodedata.name(c, "?").split(" ")[0] for c in word if c.isalpha()}
    return flaws + (len(word) if "LATIN" in scripts and scripts & _SCRIPTS.keys() else 0)
