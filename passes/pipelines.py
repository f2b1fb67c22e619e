"""Pipelines: tuples of passes, by name. A comment wherever the order matters."""

#: What reverse and forward mode need to see: one function, without calls, without dead code.
PREPARE = (
    "inline",
    "simplify",
    "carry-narrow",  # after simplify: dead reads are gone
    "ix-fuse",  # before AD: it must see fused loops, else it stores the tables between them
    "simplify",
)

#: Derivatives become code. Without derivative ops in the module this does nothing.
GRAD = (
    "ad-keep",  # before AD, which keeps what it says
    "ad-expand",
    "licm",  # before loops are unrolled: what all directions share is then what the function computes, too
    "cse",
    "inline{checkpoints=true}",  # after AD, which is what a checkpoint speaks to
    "ix-contract",  # after AD, which sees loops; before loops over windows are unrolled and accumulations turned round
    "unroll",  # after AD, whose text would grow with it; before accumulators are split along the unrolled axes
    "simplify",
    "disown",  # after dce: what nobody reads any more need not be owned
    "fold",
    "dce",
    "tape-narrow",  # after disown, which turns reads of what is owned into reads of the tape; it sees live reads only
    "ad-split",  # after unroll and dce: it takes straight bodies, and looks at what they cost
    "simplify",
    "accum-to-table",  # after simplify: dead accumulators are gone, indices are in affine form
    "simplify",
)

#: What makes the code short and its loops few; the last pass decides about memory and nothing may follow it.
OPTIMISE = (
    "own-to-table",  # after AD, for which what is not written costs nothing
    "ix-fuse",
    "simplify",
    "merge-sums",  # after fusion: the sums are those of one loop, and after cse: what they share is one value
    "pair-sums",  # after merge-sums: what both sides of a pair give is one sum
    "ix-share",  # after fusion: what two loops still compute alike, one cannot
    "licm",
    "dce",  # of loops, the results that have been hoisted
    "ix-sink",  # after licm, which takes out what does not depend on the loops inside either
    "cse",  # what has met outside of the loops
    "ix-interchange",  # after fusion, which sees tables of sums only while they are tables
    "ix-skip-zeros",  # after ix-sink: tangents of all directions lie side by side
    "ad-directions",  # after ix-skip-zeros, which looks for products of tangents as AD wrote them
    "licm-rows",  # after ix-sink, which takes the outer loop inside; and after what looks for products as AD wrote them
    "ix-columns",  # nothing after it inlines the columns again
    "carry-element",  # after all that asks which elements a loop reads
    "late-last",  # after that: more is carried as a number
    "dce",
    "ix-blocks",  # after all that moves loops: it sees which tables are left between them
)

#: All that happens to a program before it is lowered.
CPU = (*PREPARE, *GRAD, *OPTIMISE, "ix-own")

#: Upstream passes that take the in-process form to LLVM's dialect; it has no memrefs, so their passes are not needed.
#: No `canonicalize`: it takes longer than all others together, and LLVM does what it does.
UPSTREAM = (
    "cse",  # addresses: a third of the text
    "convert-scf-to-cf",
    "convert-math-to-llvm",
    "convert-math-to-libm",  # after math-to-llvm: what has no intrinsic
    "convert-vector-to-llvm",  # vector math has vectors
    "convert-to-llvm{filter-dialects=arith,cf,func,ub}",  # in one walk
    "reconcile-unrealized-casts",  # last: every conversion before it leaves casts
)

#: The same programs, without optimisation: the reference of the tests for the passes in between.
PLAIN = ("inline", "ad-keep", "ad-expand", "inline{checkpoints=true}", "dce", "ix-own")

#: What a released MLIR can run, with nothing of pydex in the process.
PORTABLE = (*CPU, "lower-to-scf")

PIPELINES: dict[str, tuple[str, ...]] = {
    "prepare": PREPARE,
    "grad": GRAD,
    "optimise": OPTIMISE,
    "cpu": CPU,
    "plain": PLAIN,
    "portable": PORTABLE,
}
