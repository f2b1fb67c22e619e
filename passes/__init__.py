"""Passes: how the IR changes. One pass, one file, named alike; imported on use."""

#: Name of a pass -> "module:Class". `tools/new_pass.py` adds a line.
PASSES: dict[str, str] = {
    "accum-to-table": "pydex.passes.accum_to_table:AccumToTable",
    "ad-expand": "pydex.passes.ad_expand:AdExpand",
    "ad-keep": "pydex.passes.ad_keep:AdKeep",
    "ad-split": "pydex.passes.ad_split:AdSplit",
    "carry-narrow": "pydex.passes.carry_narrow:CarryNarrow",
    "cse": "pydex.passes.cse:Cse",
    "dce": "pydex.passes.dce:Dce",
    "disown": "pydex.passes.disown:Disown",
    "fold": "pydex.passes.fold:Fold",
    "inline": "pydex.passes.inline:Inline",
    "ix-contract": "pydex.passes.ix_contract:IxContract",
    "ix-fuse": "pydex.passes.ix_fuse:IxFuse",
    "ix-interchange": "pydex.passes.ix_interchange:IxInterchange",
    "ix-own": "pydex.passes.ix_own:IxOwn",
    "ix-share": "pydex.passes.ix_share:IxShare",
    "ix-skip-zeros": "pydex.passes.ix_skip_zeros:IxSkipZeros",
    "ix-sink": "pydex.passes.ix_sink:IxSink",
    "licm": "pydex.passes.licm:Licm",
    "lower-to-scf": "pydex.passes.lower_to_scf:LowerToScf",
    "merge-sums": "pydex.passes.merge_sums:MergeSums",
    "simplify": "pydex.passes.simplify:Simplify",
    "tape-narrow": "pydex.passes.tape_narrow:TapeNarrow",
    "unroll": "pydex.passes.unroll:Unroll",
    "verify-scope": "pydex.passes.verify_scope:VerifyScope",
}
