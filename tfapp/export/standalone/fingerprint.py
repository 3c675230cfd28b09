"""FarmHash's Fingerprint64, by which categories beyond a vocabulary are numbered.

github.com/google/farmhash; `tf.strings.to_hash_bucket_fast` is this number, less 2**63 - 1 often.
"""

_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F  # of FarmHash


def fingerprint(data):
    """The fingerprint of bytes, an int of 64 bits."""
    length = len(data)
    if length <= 16:
        return _hash_16(data, length)
    mul = _K2 + length * 2 & _MASK
    if length <= 64:
        a = _at(data, 0) * (_K1 if length <= 32 else _K2) & _MASK
        b, c, d = _at(data, 8), _at(data, length - 8) * mul, _at(data, length - 16) * _K2
        y = _right(a + b, 43) + _right(c, 30) + d
        z = _mixed(y, a + _right(b + _K2, 18) + c, mul)
        if length <= 32:
            return z
        e, f = _at(data, 16) * mul, _at(data, 24)
        g, h = (y + _at(data, length - 32)) * mul, (z + _at(data, length - 24)) * mul
        return _mixed(_right(e + f, 43) + _right(g, 30) + h, e + _right(f + a, 18) + g, mul)
    return _hash_long(data, length)


def _hash_16(data, length):
    mul = _K2 + length * 2
    if length >= 8:
        a, b = _at(data, 0) + _K2, _at(data, length - 8)
        return _mixed(_right(b, 37) * mul + a, (_right(a, 25) + b) * mul, mul)
    if length >= 4:
        first, last = (int.from_bytes(part, "little") for part in (data[:4], data[-4:]))
        return _mixed(length + (first << 3), last, mul)
    if length:
        y = data[0] + (data[length >> 1] << 8)
        z = length + (data[-1] << 2)
        return _shifted(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _hash_long(data, length):
    x, y = 81, 81 * _K1 + 113 & _MASK
    z = _shifted(y * _K2 + 113) * _K2
    v, w = (0, 0), (0, 0)
    x = x * _K2 + _at(data, 0)
    end, at = (length - 1) // 64 * 64, 0
    while at < end:
        x, y, z, v, w = _round(data, at, x, y, z, v, w, _K1, 1)
        at += 64
    mul = _K1 + ((z & 0xFF) << 1)
    rest = (length - 1) & 63
    w = (w[0] + rest, w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _round(data, end + rest - 63, x, y, z, v, w, mul, 9)
    first = _mixed(v[0], w[0], mul) + _shifted(y) * _K0 + z
    return _mixed(first, _mixed(v[1], w[1], mul) + x, mul)


def _round(data, at, x, y, z, v, w, mul, nine):
    x = _right(x + y + v[0] + _at(data, at + 8), 37) * mul
    y = _right(y + v[1] + _at(data, at + 48), 42) * mul
    x = (x ^ w[1] * nine) & _MASK
    y += v[0] * nine + _at(data, at + 40)
    z = _right(z + w[0], 33) * mul
    v = _weak(data, at, v[1] * mul, x + w[0])
    w = _weak(data, at + 32, z + w[1], y + _at(data, at + 16))
    return z & _MASK, y & _MASK, x & _MASK, v, w


def _weak(data, at, a, b):
    words = [_at(data, at + 8 * i) for i in range(4)]
    a += words[0]
    b, c = _right(b + a + words[3], 21), a
    a += words[1] + words[2]
    return a + words[3] & _MASK, b + _right(a, 44) + c & _MASK


def _at(data, position):
    return int.from_bytes(data[position : position + 8], "little")


def _right(value, bits):
    """64 bits, rotated to the right."""
    value &= _MASK
    return value >> bits | value << 64 - bits & _MASK


def _shifted(value):
    value &= _MASK
    return value ^ value >> 47


def _mixed(u, v, mul):
    a = _shifted((u ^ v) * mul)
    b = _shifted(((v & _MASK) ^ a) * mul)
    return b * mul & _MASK
