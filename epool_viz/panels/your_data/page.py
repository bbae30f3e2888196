"""Words and choices of the page, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.components.browser_store import HOURS
from epool_viz.guides import explained
from epool_viz.panels.registry import DASHBOARDS
from epool_viz.panels.shared.links import link
from epool_viz.panels.shared.opened_model import LARGEST_MODEL
from epool_viz.panels.shared.visitor_data import MOST_TEXT

PARTS: tuple[dict[str, str], ...] = (
    {"name": "sequences", "label": "sequences"},
    {"name": "model", "label": "model or motifs"},
    {"name": "kept", "label": "what is kept"},
)
HELP: dict[str, Any] = {
    "goal": "Bring your own sequences and your own network or motifs, once, and use them in every dashboard.",
    "order": [
        "Choose or paste sequences. If a line cannot be read, you are told which one and why.",
        "Choose a model or motif file, or paste a matrix. Look at the logos.",
        "Read what was assumed. If the logos look like noise, try another order of letters or axes.",
        "Open another dashboard and choose “yours, from the page Your data”.",
        "Press “Forget my data” when you are done; the browser drops it after some hours in any case.",
    ],
    "terms": explained(["Axes", "Batch-norm", "Turned round", "safetensors"]),
    "keys": [["Tab", "from one control to the next"], ["?", "this help"]],
}
LINKS: tuple[dict[str, str], ...] = tuple(
    {"href": link(row.name, row.visitor_choices), "label": row.short or row.title}
    for row in DASHBOARDS
    if row.visitor_choices is not None
)
SAMPLES = {"sequences": "Try with a sample: CRP0", "model": "Try with a sample: a CTCF network"}
SEQUENCES: dict[str, Any] = {
    "label": "Choose a sequence file",
    "note": "FASTA, or lines of name, sequence and label; plain or gzip, "
    f"up to {MOST_TEXT // 10**6} MB. Or drop it here.",
    "most": MOST_TEXT,
    "accept": ".fa,.fasta,.fna,.txt,.seq,.data,.tsv,.gz",
}
MODEL: dict[str, Any] = {
    "label": "Choose a model or motif file",
    "note": "safetensors, .npz, .npy, Keras .h5 or .keras, ONNX, MEME, JASPAR, TRANSFAC or a matrix as text, "
    f"up to {LARGEST_MODEL // 10**6} MB. Or drop it here.",
    "most": LARGEST_MODEL,
    "accept": ".safetensors,.npz,.npy,.h5,.hdf5,.keras,.onnx,.meme,.jaspar,.txt,.pfm",
}
PRIVACY = f"What you bring stays in your own browser, {HOURS} hours at most; the server writes nothing of it to disk."
MORE_PRIVACY = (
    "It is read in the memory of this page's Python, which ends with the page. A network that epool_viz trained is "
    "kept whole; of any other model, the first layer's kernels. On a computer that others use, press “Forget my data” "
    "before you go."
)
SHARED = (
    "Nobody can read it from another computer. But a browser keeps things by web address: where one address serves "
    "many projects, as on mybinder.org, another project opened there in this same browser could read it too. "
    f"“Forget my data”, or the {HOURS} hours, ends that; a private window forgets it when you close it."
)
NO_PICKLES = (
    "Files of torch.save (.pt, .pth) are refused here: they can run code when they are read. In Python, "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors') writes the same weights as numbers only; "
    "epool_viz.import_kernels reads .pt files on your own machine."
)
