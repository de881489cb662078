"""The peer of bench/recipe.sh: the same model, batch, optimiser and threads in Debian's PyTorch, fp32.

usage: recipe_torch.py parameters.json threads seconds     prints {"tokens_per_s": [...], ...}: one figure a window
"""
import json
import math
import os
import sys
import time

parameters, threads, seconds = json.load(open(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(threads)
torch.manual_seed(1)
VOCAB, LAYERS, WIDTH, HEADS = (parameters[k] for k in ("vocab_size", "layers", "d_model", "heads"))
FF, CONTEXT = parameters["d_ff"], parameters["context"]
SIZE = WIDTH // HEADS
SEQUENCES = parameters["batch_tokens"] // CONTEXT

frequency = 10000.0 ** (-torch.arange(0, SIZE, 2) / SIZE)
angle = torch.outer(torch.arange(CONTEXT).float(), frequency)
COS, SIN = torch.cat((angle.cos(),) * 2, -1), torch.cat((angle.sin(),) * 2, -1)
FUTURE = torch.triu(torch.full((CONTEXT, CONTEXT), -math.inf), 1)


def rotate(x):
    a, b = x.chunk(2, -1)
    return x * COS + torch.cat((-b, a), -1) * SIN


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.gate_up, self.down = nn.Linear(WIDTH, 2 * FF, bias=False), nn.Linear(FF, WIDTH, bias=False)

    def forward(self, x):
        n = x.shape[0]
        q, k, v = (t.view(n, CONTEXT, HEADS, SIZE).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        p = torch.softmax(rotate(q) @ rotate(k).transpose(2, 3) / math.sqrt(SIZE) + FUTURE, -1)
        x = x + self.out((p @ v).transpose(1, 2).reshape(n, CONTEXT, WIDTH))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = Norm()
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.embed.weight.T


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)


def step():
    tokens = torch.randint(VOCAB, (SEQUENCES, CONTEXT + 1))
    loss = F.cross_entropy(model(tokens[:, :-1]).reshape(-1, VOCAB), tokens[:, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


step()
rates, cpu_rates = [], []
end = time.monotonic() + seconds
while time.monotonic() < end:
    begin, cpu, steps = time.monotonic(), time.process_time(), 0
    while time.monotonic() - begin < 3:
        step()
        steps += 1
    rates.append(steps * SEQUENCES * CONTEXT / (time.monotonic() - begin))
    cpu_rates.append(steps * SEQUENCES * CONTEXT / (time.process_time() - cpu))
print(json.dumps({"tokens_per_s": rates, "tokens_per_cpu_s": cpu_rates, "torch": torch.__version__}))
