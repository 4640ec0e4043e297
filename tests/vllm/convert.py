"""Writes safetensors that vLLM can load from a packaged GGUF file, once.

Run by the interpreter of the vLLM environment, which has torch and transformers; imports nothing
of the project: ``python convert.py MODEL.gguf TARGET_DIRECTORY``. The target appears complete or
not at all.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path


def convert_gguf(*, source: Path, target: Path) -> None:
    """``target`` holds the model of ``source`` in bfloat16, its tokenizer and a clean config."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        origin = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
        model = AutoModelForCausalLM.from_pretrained(
            **origin, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
        )
        model.save_pretrained(work, safe_serialization=True)
        AutoTokenizer.from_pretrained(**origin).save_pretrained(work)
        _clean_config(work / "config.json")
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _clean_config(path: Path) -> None:
    """The weights are plain now, so the config must no longer announce a quantization."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("quantization_config", None)
    config["architectures"] = ["LlamaForCausalLM"]
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


if __name__ == "__main__":
    convert_gguf(source=Path(sys.argv[1]), target=Path(sys.argv[2]))
