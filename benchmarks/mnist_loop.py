"""The book's training as a whole process: `python -m benchmarks.mnist_loop WHO FOLDER ITERATIONS`.

Each contender reads the four files, trains on minibatches of 100 with learning rate 0.1, records every loss,
and measures the accuracy on both splits after every epoch. It fails if the network has not learnt.
"""

from __future__ import annotations

import json
import sys
from typing import Any

HIDDEN, BATCH, LR = 50, 100, 0.1


def by_the_book(folder: str, iterations: int, dtype: str) -> dict[str, list[float]]:
    """With float64 as in the book: images in float32, weights and one-hot labels in float64. With float32 all
    of them are float32."""
    import numpy as np

    from benchmarks.book import TwoLayerNet, train_neuralnet
    from benchmarks.mnist import read

    data = read(folder)
    for split in ("train", "test"):
        data[f"x_{split}"] = data[f"x_{split}"].astype(np.float32) / np.float32(255)
        data[f"t_{split}"] = np.eye(10, dtype=dtype)[data[f"t_{split}"]]
    return train_neuralnet(TwoLayerNet(784, HIDDEN, 10, dtype=dtype), data, iterations, BATCH, LR)


def pytorch(folder: str, iterations: int) -> dict[str, list[float]]:
    import torch

    from benchmarks.mnist import read

    torch.manual_seed(0)
    data = {k: torch.from_numpy(v.copy()) for k, v in read(folder).items()}
    x, t = data["x_train"].float() / 255, data["t_train"].long()
    splits = {"train": (x, t), "test": (data["x_test"].float() / 255, data["t_test"].long())}
    model = torch.nn.Sequential(torch.nn.Linear(784, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10))
    for layer in (model[0], model[2]):
        torch.nn.init.normal_(layer.weight, std=0.01)
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    criterion = torch.nn.CrossEntropyLoss()
    losses: list[Any] = []
    history: dict[str, list[float]] = {"train": [], "test": []}
    for i in range(iterations):
        rows = torch.randint(len(x), (BATCH,))
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), t[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        if i % (len(x) // BATCH) == 0:
            with torch.no_grad():
                for name, (images, labels) in splits.items():
                    history[name].append((model(images).argmax(1) == labels).float().mean().item())
    return {**history, "loss": torch.stack(losses).tolist()}


def main(who: str, folder: str, iterations: int) -> int:
    history = pytorch(folder, iterations) if who == "pytorch" else by_the_book(folder, iterations, who)
    print(json.dumps({"test": history["test"][-1], "loss": float(history["loss"][-1])}))
    learnt = iterations < 5000 or history["test"][-1] > 0.95
    return 0 if learnt else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
