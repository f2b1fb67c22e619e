"""Which loop runs in vector lanes, and which does not."""

from pydex.dialects import ix
from pydex.dialects.text import parse
from pydex.passes.lower_lane_choice import Choice, Choices, width_of


def outermost(body: str, tables: str) -> ix.ForOp:
    """The outermost loop of a program over tables x and y."""
    module = parse(f'func.func @f({tables}) {{\n ix.sizes ["n", "m"]\n {body}\n func.return\n}}')
    return next(op for op in module.walk() if isinstance(op, ix.ForOp))


def chosen(body: str, tables: str) -> Choice:
    """The decision for it."""
    return Choices().of(outermost(body, tables))


TABLES = "%x: !ix.tab<[n, m], f64>, %y: !ix.tab<[m, n], f64>"


def loops(read: str, inner: str = "m", kind: str = "add f64") -> str:
    """Two loops, and what the inner one reads."""
    return f"""%t = ix.for %i "i" : !ix.idx<n> {{
      %s = ix.for %j "j" : !ix.idx<{inner}> {{
        {read}
        %q = arith.mulf %v, %v : f64
        ix.yield %q : f64
      }} -> ({kind})
      ix.yield %s : f64
    }} -> (add f64)"""


def test_columns_lie_side_by_side_in_lanes() -> None:
    read = "%v = ix.at %y[%j, %i : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64"
    made = chosen(loops(read), TABLES)
    assert made.width == 32
    assert made.reason.endswith("otherwise")


def test_rows_are_left_to_the_inner_loop() -> None:
    read = "%v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64"
    made = chosen(loops(read), TABLES)
    assert made.width == 0
    assert made.reason.startswith("lanes would not pay")


def test_sizes_that_depend_on_the_index_keep_a_loop_out_of_lanes() -> None:
    read = """%k = ix.index (%j * 1 : !ix.idx<i>) + 0 : !ix.idx<n>
        %z = ix.index () + 0 : !ix.idx<m>
        %v = ix.at %x[%k, %z : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64"""
    made = chosen(loops(read, inner="i"), TABLES)
    assert (made.width, made.reason) == (0, "sizes inside of it depend on its index")


def test_an_innermost_loop_is_left_to_llvm() -> None:
    body = """%t = ix.for %i : !ix.idx<n> {
      %z = ix.index () + 0 : !ix.idx<m>
      %v = ix.at %y[%z, %i : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64
      ix.yield %v : f64
    } -> (add f64)"""
    assert chosen(body, TABLES).width == 0


def test_a_vector_holds_as_many_as_fit_of_the_widest_numbers() -> None:
    read = "%v = ix.at %y[%j, %i : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64"
    assert width_of(outermost(loops(read), TABLES)) == 8
    assert width_of(outermost(loops(read).replace("f64", "f32"), TABLES.replace("f64", "f32"))) == 16
