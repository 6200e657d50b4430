"""Logistic regression in an HDF5 file laid out like a legacy Keras model."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from dragon_ledger.federation.example.features import NAMES, Array, Samples

KERNEL = "model_weights/dense/dense/kernel:0"
BIAS = "model_weights/dense/dense/bias:0"
MEAN = "model_weights/normalization/normalization/mean:0"
SCALE = "model_weights/normalization/normalization/scale:0"

_MEANS = (0.35, 0.1, 0.45, 6.0)
_SCALES = (0.2, 0.1, 0.2, 1.5)


def seeded(path: Path, seed: int) -> None:
    """Write the initial model of a plan's seed: the same file content for everyone."""
    kernel = np.random.default_rng(seed).normal(0.0, 0.01, size=(len(NAMES), 1))
    config = {"class_name": "LogisticRegression", "config": {"features": list(NAMES)}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "legacy"
        file.attrs["backend"] = "numpy"
        file[KERNEL] = kernel.astype(np.float32)
        file[BIAS] = np.zeros(1, dtype=np.float32)
        file[MEAN] = np.array(_MEANS, dtype=np.float32)
        file[SCALE] = np.array(_SCALES, dtype=np.float32)


def train(base: Path, target: Path, samples: Samples, steps: int, rate: float) -> dict[str, float]:
    """Descend from the base model on the samples and write the result; metrics after it."""
    with h5py.File(base, "r") as file:
        kernel = file[KERNEL][...].astype(np.float64)[:, 0]
        bias = float(file[BIAS][0])
        inputs = (samples.features - file[MEAN][...]) / file[SCALE][...]
    for _ in range(steps):
        error = _predict(inputs, kernel, bias) - samples.labels
        kernel -= rate * inputs.T @ error / len(error)
        bias -= rate * float(error.mean())
    with h5py.File(base, "r") as file, h5py.File(target, "w") as out:
        for name, value in file.attrs.items():
            out.attrs[name] = value
        file.copy("model_weights", out)
        out[KERNEL][...] = kernel.astype(np.float32)[:, None]
        out[BIAS][...] = np.float32(bias)
    return _metrics(_predict(inputs, kernel, bias), samples.labels)


def _predict(inputs: Array, kernel: Array, bias: float) -> Array:
    answer: Array = 1.0 / (1.0 + np.exp(-(inputs @ kernel + bias)))
    return answer


def _metrics(predicted: Array, labels: Array) -> dict[str, float]:
    clipped = np.clip(predicted, 1e-9, 1 - 1e-9)
    loss = -np.mean(labels * np.log(clipped) + (1 - labels) * np.log(1 - clipped))
    accuracy = np.mean((predicted > 0.5) == (labels > 0.5))  # noqa: PLR2004 (the usual threshold)
    return {"loss": float(loss), "accuracy": float(accuracy)}
