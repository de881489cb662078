#!/usr/bin/python3
"""A second forward pass of the model, written separately in PyTorch, must give the logits of `fabrica-gpt logits`.

The safetensors file is taken apart by hand, so that neither side can share a mistake with the other.
usage: forward_torch.py <fabrica-gpt> <model folder> [tokens]      ends non-zero beyond a relative error of 1e-4
"""
import json
import math
import pathlib
import random
import struct
import subprocess
import sys

import torch


def read_tensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    data = memoryview(raw)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", f"{name} is {entry['dtype']}"
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry["shape"]).double()
    return tensors


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def rotate(x, theta):
    """x: [heads, time, size]; the angle of pair (i, i + size/2) at time t is t * theta^(-2i/size)."""
    size = x.shape[-1]
    frequency = theta ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.outer(torch.arange(x.shape[-2], dtype=torch.float64), frequency)
    as_complex = torch.complex(x[..., : size // 2], x[..., size // 2 :]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat((as_complex.real, as_complex.imag), -1)


def forward(config, tensors, tokens):
    heads, kv_heads, eps = config["num_attention_heads"], config["num_key_value_heads"], config["rms_norm_eps"]
    width, time = config["hidden_size"], len(tokens)
    size = width // heads
    x = tensors["model.embed_tokens.weight"][torch.tensor(tokens)]
    future = torch.triu(torch.full((time, time), -math.inf, dtype=torch.float64), 1)
    for layer in range(config["num_hidden_layers"]):
        weight = lambda part: tensors[f"model.layers.{layer}.{part}.weight"]
        h = rms_norm(x, weight("input_layernorm"), eps)
        split = lambda part, n: (h @ weight(f"self_attn.{part}_proj").T).reshape(time, n, size).transpose(0, 1)
        q = rotate(split("q", heads), config["rope_theta"])
        k = rotate(split("k", kv_heads), config["rope_theta"]).repeat_interleave(heads // kv_heads, 0)
        v = split("v", kv_heads).repeat_interleave(heads // kv_heads, 0)
        p = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(size) + future, -1)
        x = x + (p @ v).transpose(0, 1).reshape(time, width) @ weight("self_attn.o_proj").T
        h = rms_norm(x, weight("post_attention_layernorm"), eps)
        gate = h @ weight("mlp.gate_proj").T
        x = x + (gate * torch.sigmoid(gate) * (h @ weight("mlp.up_proj").T)) @ weight("mlp.down_proj").T
    x = rms_norm(x, tensors["model.norm.weight"], eps)
    head = tensors["model.embed_tokens.weight"] if config["tie_word_embeddings"] else tensors["lm_head.weight"]
    return x @ head.T


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())
    length = int(sys.argv[3]) if len(sys.argv) == 4 else min(96, config["max_position_embeddings"])
    choose = random.Random(7)
    tokens = [choose.randrange(config["vocab_size"]) for _ in range(length)]
    command = [program, "logits", "--model", str(folder), "--tokens", ",".join(map(str, tokens))]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours = torch.tensor(answer["logits"], dtype=torch.float64).reshape(length, answer["vocab_size"])
    theirs = forward(config, read_tensors(folder / "model.safetensors"), tokens)
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"{length} tokens, {ours.numel()} logits, largest difference {error:.2e} of the largest logit")
    if not error < 1e-4:
        sys.exit("forward_torch.py: the logits differ")


if __name__ == "__main__":
    main()
