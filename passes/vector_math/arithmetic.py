"""What the functions are written in, besides Python's operators on `Value`: selects, bit patterns, rounding, Horner."""

from __future__ import annotations

from dataclasses import replace

from pydex.passes.vector_math.format import F32, F64, Format
from pydex.passes.vector_math.trace import Number, Value

#: From so many coefficients on, who waits for a polynomial gains by halves.
LONG = 9


def fma(a: Value, b: Value | Number, c: Value | Number) -> Value:
    """a * b + c, rounded once."""
    b, c = a.lift(b), a.lift(c)
    return a.trace.emit(f"math.fma {a.name}, {b.name}, {c.name} : {a.type}", "f", a.format)


def select(condition: Value, yes: Value | Number, no: Value | Number) -> Value:
    """yes where the condition holds, else no. At least one of them is a Value."""
    some = yes if isinstance(yes, Value) else no
    assert isinstance(some, Value)
    yes, no = some.lift(yes), some.lift(no)
    types = f"{condition.type}, {some.type}" if some.format.lanes else some.type
    return some.trace.emit(f"arith.select {condition.name}, {yes.name}, {no.name} : {types}", some.kind, some.format)


def absolute(x: Value) -> Value:
    return x.unary("math.absf")


def square_root(x: Value) -> Value:
    """IEEE square root, exactly rounded."""
    return x.unary("math.sqrt")


def copy_sign(magnitude: Value, sign: Value) -> Value:
    return magnitude.binary("math.copysign", sign)


def bits(x: Value) -> Value:
    """The bit pattern, as an integer."""
    return x.convert("arith.bitcast", "i")


def from_bits(pattern: Value) -> Value:
    return pattern.convert("arith.bitcast", "f")


def at_most(x: Value, limit: float) -> Value:
    """min(x, limit), NaN staying NaN: one instruction on x86."""
    return select(x > limit, limit, x)


def at_least(x: Value, limit: float) -> Value:
    """max(x, limit), NaN staying NaN."""
    return select(x < limit, limit, x)


def polynomial(x: Value, coefficients: tuple[float, ...]) -> Value:
    """c0 + c1 x + c2 x^2 + ..., Horner's rule."""
    result = x.lift(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result = fma(result, x, c)
    return result


def in_halves(x: Value, coefficients: tuple[float, ...]) -> Value:
    """The polynomial; if somebody waits for it, as two of x^2, even and odd terms, that do not wait for each other."""
    if not x.format.hurried or len(coefficients) < LONG:
        return polynomial(x, coefficients)
    square = x * x
    return fma(polynomial(square, coefficients[1::2]), x, polynomial(square, coefficients[::2]))


def nearest(x: Value, factor: float = 1.0, offset: int = 0) -> tuple[Value, Value]:
    """(n, field): the integer nearest to x * factor, and an integer whose low bits are n + offset.

    Adding 1.5 * 2^mantissa leaves the integer in the low bits, also where no vector instruction converts f64 to i64.
    For |n| < 2^(mantissa - 2).
    """
    shift = magic(x.format) + offset
    shifted = x + shift if factor == 1.0 else fma(x, factor, shift)
    return shifted - shift, bits(shifted)


def magic(fmt: Format) -> float:
    return 1.5 * 2.0**fmt.mantissa


def integer_to_float(i: Value) -> Value:
    """An integer of magnitude < 2^(mantissa - 2) as a float."""
    fmt = i.format
    return from_bits(i + fmt.bits_of(magic(fmt))) - magic(fmt)


def power_of_two(field: Value) -> Value:
    """2^(e - bias) where e, an exponent of a normal number, is in the low bits; what is above them falls off."""
    return from_bits(field << field.format.mantissa)


def times_power_of_two(x: Value, field: Value) -> Value:
    """x * 2^n, rounded once, where field is that of `nearest`: by an instruction of AVX-512, or by the C library."""
    fmt, whole = x.format, x.format.type("i")
    word = whole.replace("i64", "i32")
    if fmt.double:  # the low half of the pattern is n
        exponent = x.trace.emit(f"arith.trunci {field.name} : {whole} to {word}", "i", fmt)
    else:
        exponent = field - fmt.bits_of(magic(fmt))
    line = f'llvm.call_intrinsic "llvm.ldexp"({x.name}, {exponent.name}) : ({x.type}, {word}) -> {x.type}'
    return x.trace.emit(line, "f", fmt)


def widen(x: Value) -> Value:
    """f32 to f64, exactly."""
    return x.convert("arith.extf", "f", replace(F64, lanes=x.format.lanes))


def narrow(x: Value) -> Value:
    """f64 to the nearest f32; inf and denormals as IEEE rounding gives them."""
    return x.convert("arith.truncf", "f", replace(F32, lanes=x.format.lanes))
