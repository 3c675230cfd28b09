"""Learns a vocabulary of word pieces: the merges of byte-pair encoding, over characters.

Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units",
arXiv:1508.07909. Only the set of pieces is kept: texts are cut by longest match (tokens.py).
"""

import collections
import heapq
import itertools

LONGEST_PIECE = 16  # characters
_MOST_CHARACTERS = 4000
_RAREST = 2  # occurrences a character or a merge must have to become a piece


def learn_pieces(word_counts, size):
    """Returns at most `size` pieces, characters first, then merges in their order.

    Args:
      word_counts: word -> number of occurrences in train.
      size: of the vocabulary.
    """
    pieces = _characters(word_counts)[:size]
    words = [list(word) for word in sorted(word_counts)]
    counts = [word_counts[word] for word in sorted(word_counts)]
    pairs, places = collections.Counter(), collections.defaultdict(set)
    for i, word in enumerate(words):
        _count_pairs(word, counts[i], pairs, places, i)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    known = set(pieces)
    while heap and len(pieces) < size:
        count, pair = heapq.heappop(heap)
        if -count != pairs.get(pair, 0):  # outdated: it is in the heap again with its new count
            continue
        if -count < _RAREST:
            break
        piece = "".join(pair)
        if len(piece) > LONGEST_PIECE:
            continue
        if piece not in known:
            known.add(piece)
            pieces.append(piece)
        for changed in _merge(pair, words, counts, pairs, places):
            heapq.heappush(heap, (-pairs[changed], changed))
    return pieces


def _characters(word_counts):
    """The characters of the words, the most frequent first."""
    counts = collections.Counter()
    for word, count in word_counts.items():
        for character in word:
            counts[character] += count
    frequent = [c for c, count in counts.items() if count >= _RAREST]
    return sorted(frequent, key=lambda c: (-counts[c], c))[:_MOST_CHARACTERS]


def _count_pairs(word, count, pairs, places, place):
    changed = list(itertools.pairwise(word))
    for pair in changed:
        pairs[pair] += count
        if count > 0:
            places[pair].add(place)
    return changed


def _merge(pair, words, counts, pairs, places):
    """Merges `pair` wherever it occurs. Returns the pairs whose counts have changed, sorted."""
    changed = set()
    for i in places.pop(pair):
        changed.update(_count_pairs(words[i], -counts[i], pairs, places, i))
        merged, position, word = [], 0, words[i]
        while position < len(word):
            both = tuple(word[position : position + 2]) == pair
            merged.append("".join(pair) if both else word[position])
            position += 2 if both else 1
        words[i] = merged
        changed.update(_count_pairs(merged, counts[i], pairs, places, i))
    return sorted(p for p in changed if pairs[p] > 0)
