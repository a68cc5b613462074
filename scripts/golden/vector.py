#!/usr/bin/env python3
"""Finds the polynomials of crates/radio_rec/src/nn/vector.rs, and writes tests/golden/vector.json: the functions to 40 digits.

    pip install mpmath==1.3.0
    python3 scripts/golden/vector.py

Prints the coefficients, which must be those of vector.rs. The file has, for each function, points x that are dense in its range,
the bits of the double nearest to the exact result, and how far the exact result is from it, in thousandths of a unit in the last place.
"""

import json
import math
import struct
import sys
from pathlib import Path

import mpmath
from mpmath import mp, mpf

OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/vector.json"
mp.prec = 200


def remez(f, low, high, degree):
    """The polynomial whose largest error over an interval is least (E. Remez, 1934), and that error."""
    count = degree + 2
    points = [(low + high) / 2 + (high - low) / 2 * mpmath.cos(mp.pi * (count - 1 - k) / (count - 1)) for k in range(count)]
    grid = [low + (high - low) * mpf(k) / 1500 for k in range(1501)]
    for _ in range(12):
        rows = mpmath.matrix(count, count)
        values = mpmath.matrix(count, 1)
        for row, x in enumerate(points):
            for power in range(degree + 1):
                rows[row, power] = x**power
            rows[row, degree + 1] = (-1) ** row
            values[row] = f(x)
        solved = mpmath.lu_solve(rows, values)
        coefficients = [solved[power] for power in range(degree + 1)]
        errors = [mpmath.polyval(coefficients[::-1], x) - f(x) for x in grid]
        # The largest error of each run of one sign.
        peaks = []
        for k, error in enumerate(errors):
            if peaks and mpmath.sign(error) == mpmath.sign(errors[peaks[-1]]):
                if abs(error) > abs(errors[peaks[-1]]):
                    peaks[-1] = k
            else:
                peaks.append(k)
        if len(peaks) < count:
            break
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        points = [grid[k] for k in peaks]
    return coefficients, max(abs(error) for error in errors)


def exp_rest(r):
    return mpf(1) / 2 + r / 6 if abs(r) < mpf(10) ** -20 else (mpmath.expm1(r) - r) / r**2


def ln_rest(z):
    if z < mpf(10) ** -20:
        return mpf(2) / 3 + 2 * z / 5
    s = mpmath.sqrt(z)
    return (mpmath.log1p(s) - mpmath.log1p(-s) - 2 * s) / (s * z)


def near_zero(signs):
    """Numbers of every size below 1."""
    return [sign * k * 2.0**-power for sign in signs for power in range(3, 70, 3) for k in (5, 7)]


def nearest(exact):
    """The double nearest to a number, and the rest in thousandths of a unit in the last place."""
    rounded = float(exact)
    bits = struct.unpack("<Q", struct.pack("<d", rounded))[0]
    return bits, int(mpmath.nint(1000 * (exact - mpf(rounded)) / mpf(math.ulp(rounded))))


FUNCTIONS = {
    "exp": (mpmath.exp, [-float(k) for k in range(709)] + [-k / 64 for k in range(128)] + near_zero([-1])),
    "tanh": (mpmath.tanh, [k / 32 for k in range(-64, 713)] + near_zero([-1, 1])),
    "sigmoid": (
        lambda x: 1 / (1 + mpmath.exp(-x)),
        [k / 8 for k in range(-320, 320)] + [-float(k) for k in range(40, 709, 4)] + near_zero([-1, 1]),
    ),
    "ln_1p": (mpmath.log1p, [k / 256 for k in range(640)] + [1.25 * 2.0**k for k in range(2, 999, 9)] + near_zero([1])),
}


def main():
    for name, f, low, high, degree in [
        ("EXP", exp_rest, -mpf("0.34658"), mpf("0.34658"), 10),
        ("LN_SERIES", ln_rest, mpf(0), ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * mpf("1.0001"), 6),
    ]:
        coefficients, error = remez(f, low, high, degree)
        print(name, "off by", mpmath.nstr(error, 3), *(repr(float(c)) for c in coefficients), sep="\n    ")
    golden = {"recipe": f"scripts/golden/vector.py, mpmath {mpmath.__version__}"}
    for name, (f, points) in FUNCTIONS.items():
        results = [nearest(f(mpf(x))) for x in points]
        golden[name] = {"x": points, "bits": [bits for bits, _ in results], "rest": [rest for _, rest in results]}
    OUT.write_text(json.dumps(golden, separators=(",", ":"), sort_keys=True) + "\n")
    print(f"wrote {OUT.name}, {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
